#include "server/min_sequence.hpp"

#include <charconv>

#include "server/committer.hpp"
#include "server/mailbox.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

Problem not_reached_problem(uint64_t current) {
  return {503,
          "sequence-not-reached",
          "The wanted sequence is not visible yet.",
          "Try again, or ask without Suppress-Min-Sequence.",
          {{"Retry-After", "1"}},
          {},
          {{"sequence", std::to_string(current)}}};
}

class WaitingExchange final : public Exchange {
 public:
  WaitingExchange(const AppParts& parts, uint64_t sequence, bool expects_body, Wake wake,
                  std::function<std::unique_ptr<Exchange>()> begin)
      : parts_(parts),
        sequence_(sequence),
        expects_body_(expects_body),
        begin_(std::move(begin)),
        mailbox_(std::make_shared<Mailbox<bool>>(std::move(wake))) {}
  ~WaitingExchange() override { stop_waiting(); }

  bool wants_body() const override { return expects_body_; }

  Progress on_body(std::string_view bytes, Answer& answer) override {
    if (inner_) return inner_->on_body(bytes, answer);
    held_.append(bytes);
    return start_waiting(answer);
  }

  Progress on_end(Answer& answer) override {
    if (inner_) return inner_->on_end(answer);
    ended_ = true;
    return start_waiting(answer);
  }

  Progress on_wake(Answer& answer) override {
    if (inner_) return after_inner(inner_->on_wake(answer), answer);
    mailbox_->take();  // visible, or too late: the sequence itself says which
    stop_waiting();
    const uint64_t current = parts_.committer.visible_sequence();
    if (current < sequence_) {
      write_problem(not_reached_problem(current), answer);
      return Progress::done;
    }
    inner_ = begin_();
    if (!inner_->wants_body()) return inner_->on_end(answer);
    if (held_.empty()) return after_inner(Progress::more, answer);
    const std::string held = std::exchange(held_, {});
    return after_inner(inner_->on_body(held, answer), answer);
  }

  uint64_t buffered_bytes() const override {
    return inner_ ? inner_->buffered_bytes() : held_.size();
  }

 private:
  Progress start_waiting(Answer& answer) {
    visible_ticket_ =
        parts_.committer.when_visible(sequence_, [mailbox = mailbox_] { mailbox->post(true); });
    timer_ticket_ = parts_.pool.run_after(min_sequence_wait_max,
                                          [mailbox = mailbox_] { mailbox->post(false); });
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  void stop_waiting() {
    if (timer_ticket_ == 0) return;
    parts_.committer.forget(visible_ticket_);
    parts_.pool.forget(timer_ticket_);
    timer_ticket_ = 0;
  }

  /// The body's end was told before the inner exchange was there to hear it.
  Progress after_inner(Progress progress, Answer& answer) {
    if (progress != Progress::more || !ended_) return progress;
    ended_ = false;
    return inner_->on_end(answer);
  }

  const AppParts& parts_;
  const uint64_t sequence_;
  const bool expects_body_;
  std::function<std::unique_ptr<Exchange>()> begin_;
  std::shared_ptr<Mailbox<bool>> mailbox_;
  uint64_t visible_ticket_ = 0;
  uint64_t timer_ticket_ = 0;
  std::string held_;
  bool ended_ = false;
  std::unique_ptr<Exchange> inner_;
};

}  // namespace

std::optional<Problem> read_min_sequence(const RequestHead& head, uint64_t& sequence) {
  sequence = 0;
  const auto text = head.field("suppress-min-sequence");
  if (!text) return std::nullopt;
  const char* end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, sequence);
  if (result.ec == std::errc() && result.ptr == end) return std::nullopt;
  return Problem{400,
                 "bad-min-sequence",
                 "Suppress-Min-Sequence is not a sequence number.",
                 "Send the number that a write answered in Suppress-Sequence.",
                 {},
                 {},
                 {}};
}

std::unique_ptr<Exchange> wait_for_sequence(const AppParts& parts, uint64_t sequence,
                                            bool expects_body, Wake wake,
                                            std::function<std::unique_ptr<Exchange>()> begin) {
  return std::make_unique<WaitingExchange>(parts, sequence, expects_body, std::move(wake),
                                           std::move(begin));
}

}  // namespace suppressd
