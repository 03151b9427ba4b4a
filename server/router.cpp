#include "server/router.hpp"

#include <algorithm>
#include <array>

#include "server/handlers.hpp"
#include "server/query.hpp"

namespace suppressd {
namespace {

constexpr RoleSet anybody = RoleSet::open_to_all();
constexpr RoleSet every_key{Role::admin, Role::support, Role::owner, Role::sender, Role::checker};
constexpr RoleSet staff{Role::admin, Role::support};
constexpr RoleSet staff_and_owner{Role::admin, Role::support, Role::owner};
constexpr RoleSet staff_and_sender{Role::admin, Role::support, Role::sender};
constexpr RoleSet staff_and_owner_and_sender{Role::admin, Role::support, Role::owner, Role::sender};
constexpr RoleSet admin_only{Role::admin};
constexpr RoleSet owner_if_allowed{Role::owner};

constexpr bool always = false;     // answers while the set is loading
constexpr bool when_ready = true;  // 503 while the set is loading
constexpr bool acts = false;
constexpr bool reads = true;  // Suppress-Min-Sequence counts

// The hot route first: the table is searched from the top.
constexpr std::array route_table{
    Route{"POST", "/v1/accounts/{account}/check", every_key, when_ready, reads, post_check},

    Route{"GET", "/v1/accounts/{account}/explain", staff_and_owner, when_ready, reads, get_explain},
    Route{"POST", "/v1/accounts/{account}/suppressions", staff_and_sender, when_ready, acts,
          post_suppressions, owner_if_allowed},
    Route{"GET", "/v1/accounts/{account}/suppressions", staff_and_owner, when_ready, reads,
          get_suppressions},
    Route{"GET", "/v1/accounts/{account}/suppressions/{channel}/{address}", staff_and_owner,
          when_ready, reads, get_suppression},
    Route{"DELETE", "/v1/accounts/{account}/suppressions/{channel}/{address}", staff, when_ready,
          acts, delete_suppression, owner_if_allowed},
    Route{"PUT", "/v1/accounts/{account}/suppressions/{channel}/{address}/exemption", staff,
          when_ready, acts, put_exemption, owner_if_allowed},
    Route{"DELETE", "/v1/accounts/{account}/suppressions/{channel}/{address}/exemption", staff,
          when_ready, acts, delete_exemption, owner_if_allowed},

    Route{"POST", "/v1/platform/suppressions", staff, when_ready, acts, post_suppressions},
    Route{"GET", "/v1/platform/suppressions", staff, when_ready, reads, get_suppressions},
    Route{"GET", "/v1/platform/suppressions/{channel}/{address}", staff, when_ready, reads,
          get_suppression},
    Route{"DELETE", "/v1/platform/suppressions/{channel}/{address}", staff, when_ready, acts,
          delete_suppression},

    // Contacts and what happens to them.
    Route{"POST", "/v1/accounts/{account}/contacts", staff_and_owner_and_sender, when_ready, acts,
          post_contacts},
    Route{"GET", "/v1/accounts/{account}/contacts", staff_and_owner, when_ready, reads,
          get_contacts},
    Route{"GET", "/v1/accounts/{account}/contacts/{id}", staff_and_owner, when_ready, reads,
          get_contact},
    Route{"PATCH", "/v1/accounts/{account}/contacts/{id}", staff_and_owner, when_ready, acts,
          patch_contact},
    Route{"DELETE", "/v1/accounts/{account}/contacts/{id}", staff_and_owner, when_ready, acts,
          delete_contact},
    Route{"POST", "/v1/accounts/{account}/contacts/{id}/restore", staff_and_owner, when_ready, acts,
          post_contact_restore},
    Route{"POST", "/v1/accounts/{account}/contacts/{id}/erase", staff, when_ready, acts,
          post_contact_erase},
    Route{"GET", "/v1/accounts/{account}/contacts/{id}/activity", staff_and_owner, when_ready,
          reads, get_contact_activity},
    Route{"POST", "/v1/accounts/{account}/delete-contacts", staff_and_owner, when_ready, acts,
          post_delete_contacts},
    Route{"POST", "/v1/accounts/{account}/restore-contacts", staff_and_owner, when_ready, acts,
          post_restore_contacts},

    // Jobs, segments, exports.
    Route{"GET", "/v1/accounts/{account}/jobs", staff_and_owner, when_ready, reads, get_jobs},
    Route{"GET", "/v1/accounts/{account}/jobs/{id}", staff_and_owner, when_ready, reads, get_job},
    Route{"POST", "/v1/accounts/{account}/jobs/{id}/pause", staff_and_owner, when_ready, acts,
          post_job_pause},
    Route{"POST", "/v1/accounts/{account}/jobs/{id}/resume", staff_and_owner, when_ready, acts,
          post_job_resume},
    Route{"POST", "/v1/accounts/{account}/jobs/{id}/cancel", staff_and_owner, when_ready, acts,
          post_job_cancel},
    Route{"POST", "/v1/accounts/{account}/segments", staff_and_owner, when_ready, acts,
          post_segment},
    Route{"GET", "/v1/accounts/{account}/segments", staff_and_owner, when_ready, reads,
          get_segments},
    Route{"GET", "/v1/accounts/{account}/segments/{id}", staff_and_owner, when_ready, reads,
          get_segment},
    Route{"PATCH", "/v1/accounts/{account}/segments/{id}", staff_and_owner, when_ready, acts,
          patch_segment},
    Route{"DELETE", "/v1/accounts/{account}/segments/{id}", staff_and_owner, when_ready, acts,
          delete_segment},
    Route{"GET", "/v1/accounts/{account}/segments/{id}/contacts", staff_and_owner, when_ready,
          reads, get_segment_contacts},
    Route{"POST", "/v1/accounts/{account}/segments/{id}/contacts", staff_and_owner, when_ready,
          acts, post_segment_contacts},
    Route{"DELETE", "/v1/accounts/{account}/segments/{id}/contacts", staff_and_owner, when_ready,
          acts, delete_segment_contacts},
    Route{"GET", "/v1/accounts/{account}/exports", staff_and_owner, when_ready, reads, get_export},
    Route{"POST", "/v1/accounts/{account}/exports", staff_and_owner, when_ready, acts, post_export},

    // Imports.
    Route{"POST", "/v1/accounts/{account}/imports", staff_and_owner_and_sender, when_ready, acts,
          post_import},
    Route{"GET", "/v1/accounts/{account}/imports", staff_and_owner_and_sender, when_ready, reads,
          get_imports},
    Route{"GET", "/v1/accounts/{account}/imports/{id}", staff_and_owner_and_sender, when_ready,
          reads, get_import},
    Route{"DELETE", "/v1/accounts/{account}/imports/{id}", staff_and_owner_and_sender, when_ready,
          acts, delete_import},
    Route{"PATCH", "/v1/accounts/{account}/imports/{id}/upload", staff_and_owner_and_sender,
          when_ready, acts, patch_import_upload},
    Route{"GET", "/v1/accounts/{account}/imports/{id}/progress", staff_and_owner_and_sender,
          when_ready, reads, get_import_progress},
    Route{"GET", "/v1/accounts/{account}/imports/{id}/rows", staff_and_owner_and_sender, when_ready,
          reads, get_import_rows},
    Route{"GET", "/v1/accounts/{account}/imports/{id}/clean", staff_and_owner_and_sender,
          when_ready, reads, get_import_clean},
    Route{"POST", "/v1/accounts/{account}/imports/{id}/pause", staff_and_owner_and_sender,
          when_ready, acts, post_import_pause},
    Route{"POST", "/v1/accounts/{account}/imports/{id}/resume", staff_and_owner_and_sender,
          when_ready, acts, post_import_resume},
    Route{"POST", "/v1/accounts/{account}/imports/{id}/cancel", staff_and_owner_and_sender,
          when_ready, acts, post_import_cancel},
    Route{"POST", "/v1/accounts/{account}/imports/{id}/confirm", staff, when_ready, acts,
          post_import_confirm, owner_if_allowed},

    // Requests, events, counts.
    Route{"POST", "/v1/accounts/{account}/requests", staff_and_owner, when_ready, acts,
          post_request},
    Route{"GET", "/v1/accounts/{account}/requests", staff_and_owner, when_ready, reads,
          get_account_requests},
    Route{"GET", "/v1/accounts/{account}/requests/{id}", staff_and_owner, when_ready, reads,
          get_request},
    Route{"POST", "/v1/accounts/{account}/requests/{id}/approve", staff, when_ready, acts,
          post_request_approve},
    Route{"POST", "/v1/accounts/{account}/requests/{id}/reject", staff, when_ready, acts,
          post_request_reject},
    Route{"GET", "/v1/requests", staff, when_ready, reads, get_requests},
    Route{"POST", "/v1/accounts/{account}/events", staff_and_sender, when_ready, acts, post_events},
    Route{"POST", "/v1/classify", every_key, when_ready, acts, post_classify},
    Route{"GET", "/v1/accounts/{account}/counts", staff_and_owner, when_ready, reads, get_counts},
    Route{"POST", "/v1/accounts/{account}/counts/recalculate", staff_and_owner, when_ready, acts,
          post_counts_recalculate},
    Route{"GET", "/v1/accounts/{account}/analytics", staff_and_owner, when_ready, reads,
          get_analytics},
    Route{"GET", "/v1/accounts/{account}/causes", staff_and_owner, when_ready, reads, get_causes},

    // Webhooks. A provider has no key: the delivery itself proves whose it is.
    Route{"POST", "/v1/accounts/{account}/webhooks/{provider}", anybody, when_ready, acts,
          post_webhook},
    Route{"GET", "/v1/accounts/{account}/webhooks", staff_and_owner, when_ready, reads,
          get_webhooks},
    Route{"GET", "/v1/accounts/{account}/webhooks/{provider}", staff_and_owner, when_ready, reads,
          get_webhook},
    Route{"PUT", "/v1/accounts/{account}/webhooks/{provider}", staff_and_owner, when_ready, acts,
          put_webhook},
    Route{"DELETE", "/v1/accounts/{account}/webhooks/{provider}", staff_and_owner, when_ready, acts,
          delete_webhook},

    // One-click unsubscribe: the token is the proof.
    Route{"POST", "/v1/accounts/{account}/unsubscribe-tokens", staff_and_owner_and_sender,
          when_ready, acts, post_unsubscribe_tokens},
    Route{"GET", "/u/{token}", anybody, when_ready, acts, get_unsubscribe},
    Route{"POST", "/u/{token}", anybody, when_ready, acts, post_unsubscribe},

    Route{"POST", "/v1/accounts", admin_only, when_ready, acts, post_account},
    Route{"GET", "/v1/accounts", staff, when_ready, reads, get_accounts},
    Route{"GET", "/v1/accounts/{account}", staff_and_owner, when_ready, reads, get_account},
    Route{"PATCH", "/v1/accounts/{account}", staff_and_owner, when_ready, acts, patch_account},
    Route{"POST", "/v1/accounts/{account}/policies/simulate", staff, when_ready, reads,
          post_policies_simulate},
    Route{"POST", "/v1/accounts/{account}/policies/expire", staff, when_ready, acts,
          post_policies_expire},
    Route{"GET", "/v1/accounts/{account}/changes", staff_and_owner, when_ready, reads,
          get_account_changes},
    Route{"GET", "/v1/changes", staff_and_owner, when_ready, reads, get_changes},
    Route{"POST", "/v1/keys", admin_only, when_ready, acts, post_key},
    Route{"GET", "/v1/keys", admin_only, when_ready, reads, get_keys},
    Route{"DELETE", "/v1/keys/{id}", admin_only, when_ready, acts, delete_key},

    Route{"GET", "/livez", anybody, always, acts, get_livez},
    Route{"GET", "/readyz", anybody, always, acts, get_readyz},
    Route{"GET", "/metrics", anybody, always, acts, get_metrics},
    Route{"GET", "/version", anybody, always, acts, get_version},
    Route{"GET", "/openapi.json", anybody, always, acts, get_openapi},
};

constexpr bool every_route_says_who() {
  return std::all_of(route_table.begin(), route_table.end(),
                     [](const Route& route) { return !route.roles.empty(); });
}
static_assert(every_route_says_who(), "a route without roles");

constexpr bool only_operation_and_deliveries_are_open() {
  return std::all_of(route_table.begin(), route_table.end(), [](const Route& route) {
    const bool delivery = route.method == "POST" && route.pattern.ends_with("/webhooks/{provider}");
    return route.roles.open() != (route.pattern.starts_with("/v1/") && !delivery);
  });
}
static_assert(only_operation_and_deliveries_are_open(), "a /v1/ route that needs no key");

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);  // the '/'
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

std::string* part_named(std::string_view name, PathParts& parts) {
  if (name == "{account}") return &parts.account;
  if (name == "{channel}") return &parts.channel;
  if (name == "{address}") return &parts.address;
  return &parts.id;
}

bool matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    if (path.front() != '/') return false;
    const std::string_view expected = take_segment(pattern);
    const std::string_view given = take_segment(path);
    const bool fits = expected.starts_with('{') ? !given.empty() : expected == given;
    if (!fits) return false;
  }
  return pattern.empty() && path.empty();
}

/// False when a part's percent-encoding is malformed.
bool read_parts(std::string_view pattern, std::string_view path, PathParts& parts) {
  while (!pattern.empty()) {
    const std::string_view expected = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (!expected.starts_with('{')) continue;
    std::optional<std::string> decoded = percent_decode(given);
    if (!decoded) return false;
    *part_named(expected, parts) = std::move(*decoded);
  }
  return true;
}

}  // namespace

std::span<const Route> routes() {
  return route_table;
}

RouteMatch match_route(std::string_view method, std::string_view path) {
  RouteMatch match;
  for (const Route& route : route_table) {
    if (!matches(route.pattern, path)) continue;
    if (route.method == method) {
      match.route = &route;
      match.bad_encoding = !read_parts(route.pattern, path, match.parts);
      return match;
    }
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method;
  }
  return match;
}

}  // namespace suppressd
