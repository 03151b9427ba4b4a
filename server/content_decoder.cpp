#include "server/content_decoder.hpp"

#include <string>
#include <vector>

#include "server/inflater.hpp"
#include "server/media_type.hpp"
#include "server/problem.hpp"

namespace suppressd {
namespace {

constexpr size_t piece_bytes = 64 * 1024;  // decoded at once

class DecodingExchange final : public Exchange {
 public:
  DecodingExchange(std::unique_ptr<Inflater> inflater, std::unique_ptr<Exchange> inner,
                   uint64_t decoded_bytes_max)
      : inflater_(std::move(inflater)),
        inner_(std::move(inner)),
        decoded_bytes_max_(decoded_bytes_max),
        piece_(piece_bytes) {}

  bool wants_body() const override { return true; }
  std::string_view route() const override { return inner_->route(); }
  uint64_t buffered_bytes() const override {
    return kept_.size() + piece_.size() + inner_->buffered_bytes();
  }

  Progress on_body(std::string_view bytes, Answer& answer) override {
    return decode(bytes, answer);
  }

  Progress on_end(Answer& answer) override {
    if (!inflater_->whole()) {
      return fail({400,
                   "truncated-body",
                   "The compressed body ends too early.",
                   "Send the whole of it.",
                   {},
                   {},
                   {}},
                  answer);
    }
    ended_ = true;
    return inner_->on_end(answer);
  }

  Progress on_wake(Answer& answer) override {
    const Progress progress = told(inner_->on_wake(answer), answer);
    if (progress != Progress::more || ended_) return progress;
    const std::string kept = std::move(kept_);
    kept_.clear();
    return decode(kept, answer);
  }

 private:
  Progress decode(std::string_view input, Answer& answer) {
    while (true) {
      const size_t before = input.size();
      const size_t written = inflater_->inflate(input, piece_.data(), piece_.size());
      coded_bytes_ += before - input.size();
      decoded_bytes_ += written;
      if (auto problem = over_limit()) return fail(*std::move(problem), answer);
      if (written > 0) {
        const Progress progress = told(inner_->on_body({piece_.data(), written}, answer), answer);
        if (progress == Progress::wait) kept_.assign(input);
        if (progress != Progress::more) return progress;
      }
      if (inflater_->fault() != InflateFault::none) {
        return fail({400,
                     "damaged-body",
                     "The compressed body cannot be decoded.",
                     std::string(inflater_->sentence()),
                     {},
                     {},
                     {}},
                    answer);
      }
      if (input.empty() && written < piece_.size()) return Progress::more;
    }
  }

  std::optional<Problem> over_limit() const {
    if (decoded_bytes_ > decoded_bytes_max_) return too_large_problem(decoded_bytes_max_);
    if (inflated_too_far(coded_bytes_, decoded_bytes_)) {
      return Problem{413,
                     "body-too-large",
                     "The body is larger than this route accepts.",
                     "It grows more than 200-fold when decoded; send it with less compression.",
                     {},
                     {},
                     {}};
    }
    return std::nullopt;
  }

  /// Remembers whether the inner exchange has begun to answer.
  Progress told(Progress progress, const Answer& answer) {
    answered_ |= !answer.body.empty();
    return progress;
  }

  Progress fail(const Problem& problem, Answer& answer) {
    if (answered_) return Progress::broken;
    write_problem(problem, answer);
    return Progress::done;
  }

  const std::unique_ptr<Inflater> inflater_;
  const std::unique_ptr<Exchange> inner_;
  const uint64_t decoded_bytes_max_;
  uint64_t coded_bytes_ = 0;
  uint64_t decoded_bytes_ = 0;
  bool answered_ = false;
  bool ended_ = false;
  std::vector<char> piece_;
  std::string kept_;  // input not decoded yet, while the inner exchange waits
};

}  // namespace

std::unique_ptr<Exchange> decode_content(std::string_view coding, std::unique_ptr<Exchange> inner,
                                         uint64_t decoded_bytes_max) {
  const std::string name = to_lower(coding);
  if (name.empty() || name == "identity" || !inner->wants_body()) return inner;
  std::unique_ptr<Inflater> inflater;
  if (name == "gzip" || name == "x-gzip") inflater = make_inflater(Coding::gzip);
  if (name == "zstd") inflater = make_inflater(Coding::zstd);
  if (!inflater) {
    return problem_exchange({415,
                             "unsupported-content-coding",
                             "The body's Content-Encoding is not accepted here.",
                             "Accepted: gzip, zstd; one of them, once.",
                             {{"Accept-Encoding", "gzip, zstd"}},
                             {},
                             {}});
  }
  return std::make_unique<DecodingExchange>(std::move(inflater), std::move(inner),
                                            decoded_bytes_max);
}

}  // namespace suppressd
