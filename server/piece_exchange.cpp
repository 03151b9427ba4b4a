#include "server/piece_exchange.hpp"

#include <chrono>

#include "server/mailbox.hpp"
#include "server/store_exchange.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

constexpr std::chrono::milliseconds full_pool_pause{20};
constexpr uint64_t source_bytes = 64 << 10;  // that a source holds beside its piece, about

class PieceExchange final : public Exchange {
 public:
  PieceExchange(const AppParts& parts, Wake wake, std::shared_ptr<PieceSource> source,
                Fields fields)
      : parts_(parts),
        source_(std::move(source)),
        fields_(std::move(fields)),
        wake_(std::move(wake)),
        mailbox_(std::make_shared<Mailbox<Piece>>(wake_)) {}

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }

  Progress on_end(Answer& answer) override {
    if (!parts_.pool.run(turn())) {
      write_problem(busy_problem(), answer);
      return Progress::done;
    }
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  Progress on_wake(Answer& answer) override {
    Piece piece = std::move(mailbox_->take().front());
    if (piece.problem) return fail(*piece.problem, answer);
    if (!piece.last) ask_for_more();
    if (!piece.octets.empty() || piece.last) begin(piece, answer);
    answer.body.append(piece.octets);
    if (piece.last) return Progress::done;
    // One piece a call: the session calls again only once it has room for more.
    if (!mailbox_->arm()) wake_();
    return Progress::wait;
  }

  uint64_t buffered_bytes() const override { return source_bytes + last_piece_bytes_; }

 private:
  WorkerPool::Task turn() const {
    return [source = source_, mailbox = mailbox_] { mailbox->post(source->next()); };
  }

  /// The answer is under way: a full pool is waited for.
  void ask_for_more() {
    if (!parts_.pool.run(turn())) parts_.pool.run_after(full_pool_pause, turn());
  }

  void begin(const Piece& piece, Answer& answer) {
    last_piece_bytes_ = piece.octets.size();
    if (std::exchange(begun_, true)) return;
    answer.status = 200;
    answer.fields.insert(answer.fields.end(), fields_.begin(), fields_.end());
    answer.fields.emplace_back(sequence_field, std::to_string(piece.sequence));
  }

  Progress fail(const Problem& problem, Answer& answer) {
    if (begun_) return Progress::broken;
    write_problem(problem, answer);
    return Progress::done;
  }

  const AppParts& parts_;
  const std::shared_ptr<PieceSource> source_;
  const Fields fields_;
  const Wake wake_;
  const std::shared_ptr<Mailbox<Piece>> mailbox_;
  uint64_t last_piece_bytes_ = 0;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Exchange> piece_exchange(const AppParts& parts, Wake wake,
                                         std::shared_ptr<PieceSource> source, Fields fields) {
  return std::make_unique<PieceExchange>(parts, std::move(wake), std::move(source),
                                         std::move(fields));
}

}  // namespace suppressd
