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

Problem bad_path_problem() {
  return {400,
          "bad-path",
          "The path is not properly percent-encoded.",
          "It has a '%' that two hex digits do not follow.",
          {},
          {},
          {}};
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
    detail +=
        " An account's own people change its list through a request to support: file one with POST "
        "/v1/accounts/{account}/requests.";
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

/// Any exchange, with the pattern of its route for the access log.
class RoutedExchange final : public Exchange {
 public:
  RoutedExchange(std::string_view pattern, std::unique_ptr<Exchange> inner)
      : pattern_(pattern), inner_(std::move(inner)) {}
  bool wants_body() const override { return inner_->wants_body(); }
  Progress on_body(std::string_view bytes, Answer& answer) override {
    return inner_->on_body(bytes, answer);
  }
  Progress on_end(Answer& answer) override { return inner_->on_end(answer); }
  Progress on_wake(Answer& answer) override { return inner_->on_wake(answer); }
  std::string_view route() const override { return pattern_; }
  uint64_t buffered_bytes() const override { return inner_->buffered_bytes(); }

 private:
  const std::string_view pattern_;  // the route table's: static
  std::unique_ptr<Exchange> inner_;
};

bool bound_to_one_account(Role role) {
  return role != Role::admin && role != Role::support;
}

/// Who is asking, may they, and of which account: fills the call in, or says no.
std::optional<Problem> admit(const Route& route, Call& call) {
  if (route.roles.open()) return std::nullopt;
  call.key = authenticate(call.head, call.directory);
  if (!call.key) return unauthenticated_problem();
  const Role role = call.key->role;
  const bool allowed = route.roles.contains(role);
  if (!allowed && !route.self_service.contains(role)) return forbidden_problem(role, route);
  if (call.path.account.empty()) return std::nullopt;
  call.account = call.directory.account(call.path.account);
  const bool other =
      call.account && bound_to_one_account(role) && call.account->number != call.key->account;
  if (!call.account || other) return unknown_account_problem();
  if (!allowed && !call.account->policies.self_service) return forbidden_problem(role, route);
  return std::nullopt;
}

}  // namespace

App::App(const AppParts& parts) : parts_(parts) {}

std::unique_ptr<Exchange> App::begin(const RequestHead& head, Worker& worker, Wake wake) {
  RouteMatch match = match_route(head.method, head.path);
  if (!match.route) return problem_exchange(unrouted_problem(match));
  const std::string_view pattern = match.route->pattern;
  return std::make_unique<RoutedExchange>(pattern,
                                          begin(head, worker, std::move(wake), std::move(match)));
}

std::unique_ptr<Exchange> App::begin(const RequestHead& head, Worker& worker, Wake wake,
                                     RouteMatch match) {
  const Route& route = *match.route;
  if (match.bad_encoding) return problem_exchange(bad_path_problem());
  if (route.needs_ready && !parts_.health.loaded.load(std::memory_order_acquire)) {
    return problem_exchange(loading_problem(parts_.health));
  }
  const Directory::Snapshot& directory = parts_.directory.refresh(worker.directory);
  Call call{parts_, head, worker, std::move(wake), directory, std::move(match.parts)};
  if (auto problem = admit(route, call)) return problem_exchange(std::move(*problem));
  uint64_t sequence = 0;
  if (route.reads) {
    if (auto problem = read_min_sequence(head, sequence)) return problem_exchange(*problem);
  }
  if (sequence <= parts_.committer.visible_sequence()) return route.handler(call);
  // Begun again from the start then: the key may have been revoked meanwhile.
  return wait_for_sequence(
      parts_, sequence, head.has_body(), call.wake,
      [this, head, &worker, wake = call.wake] { return begin(head, worker, wake); });
}

}  // namespace suppressd
