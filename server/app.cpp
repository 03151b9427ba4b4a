#include "server/app.hpp"

#include "server/auth.hpp"
#include "server/committer.hpp"
#include "server/min_sequence.hpp"
#include "server/problem.hpp"
#include "server/router.hpp"

namespace suppressd {
namespace {

Problem unrouted_problem(const RouteMatch& match) {
  if (!match.allowed.empty()) {
    return {405,
            "method-not-allowed",
            "This path does not know that method.",
            "Allowed: " + match.allowed + ".",
            {{"Allow", match.allowed}},
            {},
            {}};
  }
  return {404, "unknown-path", "There is nothing at this path.", "", {}, {}, {}};
}

Problem loading_problem(const Health& health) {
  const double progress = health.load_progress.load(std::memory_order_relaxed);
  return {503,
          "loading",
          "The list is still being loaded.",
          "Checks are answered once the list is complete. See /readyz.",
          {{"Retry-After", "1"}},
          {},
          {{"progress", std::to_string(progress)}}};
}

Problem unauthenticated_problem() {
  return {401,
          "unauthenticated",
          "A key in force is needed.",
          "Send \"Authorization: Bearer <key>\" with a key that exists and is not revoked.",
          {{"WWW-Authenticate", "Bearer realm=\"suppressd\""}},
          {},
          {}};
}

Problem forbidden_problem(Role role, const Route& route) {
  std::string detail = "A key of role " + std::string(name_of(role)) + " may not do this.";
  if (role == Role::owner && route.pattern.find("/suppressions") != std::string_view::npos) {
    detail += " An account's own people change its list through a request to support.";
  }
  return {403, "forbidden", "The key's role does not allow this.", detail, {}, {}, {}};
}

/// One answer for an account that does not exist and one that the key is not bound to: a key learns
/// nothing about other accounts.
Problem unknown_account_problem() {
  return {404,
          "unknown-account",
          "There is no such account.",
          "It does not exist, or the key is bound to another one.",
          {},
          {},
          {}};
}

bool bound_to_one_account(Role role) {
  return role != Role::admin && role != Role::support;
}

}  // namespace

App::App(const AppParts& parts) : parts_(parts) {}

std::unique_ptr<Exchange> App::begin(const RequestHead& head, Worker& worker, Wake wake) {
  RouteMatch match = match_route(head.method, head.path);
  if (!match.route) return problem_exchange(unrouted_problem(match));
  const Route& route = *match.route;
  if (match.bad_encoding) {
    return problem_exchange({400,
                             "bad-path",
                             "The path is not properly percent-encoded.",
                             "It has a '%' that two hex digits do not follow.",
                             {},
                             {},
                             {}});
  }
  if (route.needs_ready && parts_.health.phase.load(std::memory_order_acquire) == Phase::loading) {
    return problem_exchange(loading_problem(parts_.health));
  }

  const Directory::Snapshot& directory = parts_.directory.refresh(worker.directory);
  Call call{parts_, head, worker, std::move(wake), directory, std::move(match.parts)};
  if (!route.roles.open()) {
    call.key = authenticate(head, directory);
    if (!call.key) return problem_exchange(unauthenticated_problem());
    if (!route.roles.contains(call.key->role)) {
      return problem_exchange(forbidden_problem(call.key->role, route));
    }
    if (!call.path.account.empty()) {
      call.account = directory.account(call.path.account);
      if (!call.account ||
          (bound_to_one_account(call.key->role) && call.account->number != call.key->account)) {
        return problem_exchange(unknown_account_problem());
      }
    }
  }
  if (route.reads) {
    uint64_t sequence = 0;
    if (auto problem = read_min_sequence(head, sequence)) return problem_exchange(*problem);
    if (sequence > parts_.committer.visible_sequence()) {
      // Begun again from the start then: the key may have been revoked meanwhile.
      return wait_for_sequence(
          parts_, sequence, head.has_body(), call.wake,
          [this, head, &worker, wake = call.wake] { return begin(head, worker, wake); });
    }
  }
  return route.handler(call);
}

}  // namespace suppressd
