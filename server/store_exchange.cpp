#include "server/store_exchange.hpp"

#include <stdexcept>

#include "server/committer.hpp"
#include "server/mailbox.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

void run_read(const StoreRead& read, Answer& answer) {
  try {
    read(answer);
  } catch (const std::invalid_argument&) {
    write_problem(invalid_request_problem("cursor", "bad_value",
                                          "The cursor is not one that this list gave."),
                  answer);
  } catch (const std::exception&) {
    // StorageFailure, or memory ran out: either way nothing true can be said about the list.
    write_problem(storage_problem(), answer);
  }
}

class ReadExchange final : public Exchange {
 public:
  ReadExchange(const AppParts& parts, Wake wake, StoreRead read)
      : parts_(parts),
        read_(std::move(read)),
        mailbox_(std::make_shared<Mailbox<Answer>>(std::move(wake))) {}

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }

  Progress on_end(Answer& answer) override {
    const bool queued = parts_.pool.run([mailbox = mailbox_, read = std::move(read_)] {
      Answer result;
      run_read(read, result);
      mailbox->post(std::move(result));
    });
    if (!queued) {
      write_problem(busy_problem(), answer);
      return Progress::done;
    }
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  Progress on_wake(Answer& answer) override {
    answer = std::move(mailbox_->take().front());
    return Progress::done;
  }

 private:
  const AppParts& parts_;
  StoreRead read_;
  std::shared_ptr<Mailbox<Answer>> mailbox_;
};

class CommitExchange final : public Exchange {
 public:
  CommitExchange(const AppParts& parts, Wake wake, Change change, OutcomeAnswer finish)
      : parts_(parts),
        change_(std::move(change)),
        finish_(std::move(finish)),
        mailbox_(std::make_shared<Mailbox<Outcome>>(std::move(wake))) {}

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }

  Progress on_end(Answer& answer) override {
    const bool queued = parts_.committer.submit(
        std::move(change_),
        [mailbox = mailbox_](const Outcome& outcome) { mailbox->post(outcome); });
    if (!queued) {
      write_problem(busy_problem(), answer);
      return Progress::done;
    }
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  Progress on_wake(Answer& answer) override {
    const Outcome outcome = mailbox_->take().front();
    if (const auto problem = outcome_problem(outcome)) {
      write_problem(*problem, answer);
    } else {
      finish_(outcome, answer);
    }
    return Progress::done;
  }

 private:
  const AppParts& parts_;
  Change change_;
  OutcomeAnswer finish_;
  std::shared_ptr<Mailbox<Outcome>> mailbox_;
};

}  // namespace

std::unique_ptr<Exchange> read_exchange(const AppParts& parts, Wake wake, StoreRead read) {
  return std::make_unique<ReadExchange>(parts, std::move(wake), std::move(read));
}

std::unique_ptr<Exchange> commit_exchange(const AppParts& parts, Wake wake, Change change,
                                          OutcomeAnswer answer) {
  return std::make_unique<CommitExchange>(parts, std::move(wake), std::move(change),
                                          std::move(answer));
}

std::optional<Problem> outcome_problem(const Outcome& outcome) {
  switch (outcome.status) {
    case Outcome::Status::unknown:
      return write_unknown_problem();
    case Outcome::Status::refused:
      return storage_problem();
    case Outcome::Status::idempotency_mismatch:
      return Problem{422,
                     "idempotency-key-reused",
                     "The Idempotency-Key was used for another request.",
                     "Give each request its own key; repeat a request unchanged.",
                     {},
                     {},
                     {}};
    default:
      return std::nullopt;
  }
}

void add_outcome_fields(const Outcome& outcome, Answer& answer) {
  answer.fields.emplace_back(sequence_field, std::to_string(outcome.sequence));
  if (outcome.status == Outcome::Status::replayed) {
    answer.fields.emplace_back("Idempotent-Replay", "true");
  }
}

}  // namespace suppressd
