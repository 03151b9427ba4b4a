// The change feed and the audit: what was changed, by whom and when, in order. A reader that has
// seen all of it may wait for more (long poll).
//
// Only changes that checks can see are told, so whoever reads change N finds it in force. The pages
// are read on the pool; a wait holds no thread.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "server/change_json.hpp"
#include "server/committer.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/list_limit.hpp"
#include "server/mailbox.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds feed_wait_max{60};
/// How soon a waiting reader lets go of a server that stops.
constexpr std::chrono::milliseconds drain_look{500};

struct FeedRequest {
  uint64_t after = 0;
  size_t limit = 0;
  std::chrono::seconds wait{0};
  std::optional<AccountNumber> account;  // nullopt: every change
};

void write_page(const AppParts& parts, const FeedRequest& request, Answer& answer) {
  const uint64_t visible = parts.committer.visible_sequence();
  const ChangePage page =
      parts.store.changes(request.after, visible, request.account, request.limit);
  Directory::View view;
  const Directory::Snapshot& directory = parts.directory.refresh(view);
  nlohmann::ordered_json json{{"items", nlohmann::ordered_json::array()}};
  for (const ChangePage::Item& item : page.items) {
    json["items"].push_back(change_json(item, directory));
  }
  json["after"] = page.after;
  json["more"] = page.after < visible;
  json["sequence"] = visible;
  write_json(json, 200, answer);
}

/// Waits for a change after the last one seen, then reads. A wake that finds only other accounts'
/// changes answers an empty page: its `after` has moved on, and the client asks again.
class FeedExchange final : public Exchange {
 public:
  FeedExchange(const AppParts& parts, Wake wake, const FeedRequest& request)
      : parts_(parts),
        wake_(std::move(wake)),
        request_(request),
        until_(Clock::now() + request.wait),
        mailbox_(std::make_shared<Mailbox<bool>>(wake_)) {}
  ~FeedExchange() override { stop_waiting(); }

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }
  Progress on_end(Answer& answer) override { return go_on(answer); }

  Progress on_wake(Answer& answer) override {
    if (read_) return read_->on_wake(answer);
    mailbox_->take();
    stop_waiting();
    return go_on(answer);
  }

 private:
  Progress go_on(Answer& answer) {
    while (must_wait()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now());
      visible_ticket_ = parts_.committer.when_visible(
          request_.after + 1, [mailbox = mailbox_] { mailbox->post(true); });
      timer_ticket_ = parts_.pool.run_after(std::min(left, drain_look),
                                            [mailbox = mailbox_] { mailbox->post(false); });
      if (mailbox_->arm()) return Progress::wait;
      mailbox_->take();
      stop_waiting();
    }
    read_ = read_exchange(parts_, wake_, [&parts = parts_, request = request_](Answer& result) {
      write_page(parts, request, result);
    });
    return read_->on_end(answer);
  }

  bool must_wait() const {
    return parts_.committer.visible_sequence() <= request_.after && Clock::now() < until_ &&
           parts_.health.phase.load(std::memory_order_relaxed) == Phase::ready;
  }

  void stop_waiting() {
    if (timer_ticket_ == 0) return;
    parts_.committer.forget(visible_ticket_);
    parts_.pool.forget(timer_ticket_);
    timer_ticket_ = 0;
  }

  const AppParts& parts_;
  const Wake wake_;
  const FeedRequest request_;
  const Clock::time_point until_;
  std::shared_ptr<Mailbox<bool>> mailbox_;
  uint64_t visible_ticket_ = 0;
  uint64_t timer_ticket_ = 0;
  std::unique_ptr<Exchange> read_;
};

/// A parameter that is a whole number of at most `most`; 0 when absent.
std::optional<Problem> read_number(const Query& query, const char* name, uint64_t most,
                                   uint64_t& value) {
  value = 0;
  const auto text = query.get(name);
  if (!text) return std::nullopt;
  const char* end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, value);
  if (result.ec == std::errc() && result.ptr == end && value <= most) return std::nullopt;
  return invalid_request_problem(
      name, "bad_value",
      std::string("Expected for ") + name + ": a number up to " + std::to_string(most) + ".");
}

std::optional<Problem> read_request(const Call& call, FeedRequest& request) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {"after", "limit", "wait"}, query)) {
    return problem;
  }
  if (auto problem = read_limit(query, request.limit)) return problem;
  // A reader ahead of the store follows another one's history: that must not pass as "no news".
  if (auto problem =
          read_number(query, "after", call.parts.committer.visible_sequence(), request.after)) {
    return problem;
  }
  uint64_t seconds = 0;
  if (auto problem = read_number(query, "wait", feed_wait_max.count(), seconds)) return problem;
  request.wait = std::chrono::seconds(seconds);
  return std::nullopt;
}

std::unique_ptr<Exchange> feed(Call& call, std::optional<AccountNumber> account) {
  FeedRequest request;
  if (auto problem = read_request(call, request)) return problem_exchange(*problem);
  request.account = account;
  return std::make_unique<FeedExchange>(call.parts, call.wake, request);
}

}  // namespace

std::unique_ptr<Exchange> get_changes(Call& call) {
  const bool staff = call.key->role == Role::admin || call.key->role == Role::support;
  return feed(call, staff ? std::nullopt : std::optional(call.key->account));
}

std::unique_ptr<Exchange> get_account_changes(Call& call) {
  return feed(call, call.account->number);
}

}  // namespace suppressd
