#include "server/sequel_exchange.hpp"

#include <stdexcept>

#include "server/committer.hpp"
#include "server/mailbox.hpp"
#include "server/store_exchange.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

std::unique_ptr<Exchange> run_read(const ReadSequel& read) {
  try {
    return read();
  } catch (const std::invalid_argument&) {
    return problem_exchange(invalid_request_problem("cursor", "bad_value",
                                                    "The cursor is not one that this list gave."));
  } catch (const std::exception&) {
    return problem_exchange(storage_problem());
  }
}

/// Waits for a Result that another thread posts, makes an exchange of it and goes on as that.
template <class Result>
class SequelExchange final : public Exchange {
 public:
  using Box = std::shared_ptr<Mailbox<Result>>;
  /// False when it was not taken on.
  using Begin = std::function<bool(const Box&)>;
  using Next = std::function<std::unique_ptr<Exchange>(Result)>;

  SequelExchange(Wake wake, Begin begin, Next next)
      : begin_(std::move(begin)),
        next_(std::move(next)),
        mailbox_(std::make_shared<Mailbox<Result>>(std::move(wake))) {}

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }

  Progress on_end(Answer& answer) override {
    if (!begin_(mailbox_)) {
      write_problem(busy_problem(), answer);
      return Progress::done;
    }
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  Progress on_wake(Answer& answer) override {
    if (then_) return then_->on_wake(answer);
    then_ = next_(std::move(mailbox_->take().front()));
    return then_->on_end(answer);
  }

  uint64_t buffered_bytes() const override { return then_ ? then_->buffered_bytes() : 0; }

 private:
  const Begin begin_;
  const Next next_;
  const std::shared_ptr<Mailbox<Result>> mailbox_;
  std::unique_ptr<Exchange> then_;
};

}  // namespace

std::unique_ptr<Exchange> read_then(const AppParts& parts, Wake wake, ReadSequel read) {
  using Sequel = SequelExchange<std::unique_ptr<Exchange>>;
  const auto begin = [&parts, read = std::move(read)](const Sequel::Box& mailbox) {
    return parts.pool.run([mailbox, read] { mailbox->post(run_read(read)); });
  };
  return std::make_unique<Sequel>(std::move(wake), begin,
                                  [](std::unique_ptr<Exchange> next) { return next; });
}

std::unique_ptr<Exchange> commit_then(const AppParts& parts, Wake wake, Change change,
                                      OutcomeSequel next) {
  using Sequel = SequelExchange<Outcome>;
  const auto begin = [&parts, change = std::move(change)](const Sequel::Box& mailbox) mutable {
    return parts.committer.submit(std::move(change),
                                  [mailbox](const Outcome& outcome) { mailbox->post(outcome); });
  };
  const auto go_on = [next = std::move(next)](const Outcome& outcome) {
    if (auto problem = outcome_problem(outcome)) return problem_exchange(std::move(*problem));
    return next(outcome);
  };
  return std::make_unique<Sequel>(std::move(wake), begin, go_on);
}

}  // namespace suppressd
