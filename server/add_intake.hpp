// Rows of an adding request on their way from the reader of its body to the store: gathered in
// batches, the bad ones only counted and listed. Thread safety: one thread's.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "persistence/bulk_run.hpp"
#include "server/problem.hpp"
#include "server/suppression_rows.hpp"
#include "server/time_text.hpp"

namespace suppressd {

inline constexpr size_t errors_listed_max = 10'000;  // in an answer; all are counted

/// Rows that were read, in order; the bad ones only counted and listed.
class Intake final : public RowSink {
 public:
  Intake(AccountNumber scope, std::string by, size_t rows_max)
      : scope_(scope), by_(std::move(by)), rows_max_(rows_max) {}

  void row(const RowView& row) override {
    if (!batch_ || batch_->full() || batch_->rows().size() == rows_max_) renew();
    uint32_t& usual = usual_causes_[static_cast<size_t>(row.cause.reason)];
    uint32_t cause = usual;
    if (!row.default_cause || usual == no_cause) cause = batch_->cause(row.cause);
    if (row.default_cause) usual = cause;
    batch_->add(row.channel, row.address, row.given, row.region, cause);
    ++next_index_;
  }
  void fault(const RowFault& error) override {
    ++invalid;
    if (errors.size() < errors_listed_max) {
      errors.push_back({next_index_, std::string(error.field), std::string(error.code)});
    }
    ++next_index_;
  }

  /// Batches are cut where the rows say, however the body arrived: so a repetition makes the same.
  bool has_whole_batch() const { return !whole_.empty(); }
  bool empty() const { return whole_.empty() && !batch_; }
  /// The first batch, whole or not. Precondition: not empty().
  std::unique_ptr<BulkRun> take() {
    if (whole_.empty()) return std::move(batch_);
    std::unique_ptr<BulkRun> first = std::move(whole_.front());
    whole_.pop_front();
    return first;
  }
  uint64_t memory_bytes() const {
    uint64_t bytes = batch_ ? batch_->memory_bytes() : 0;
    for (const auto& batch : whole_) bytes += batch->memory_bytes();
    return bytes;
  }

  uint64_t invalid = 0;
  std::vector<Problem::Row> errors;

 private:
  static constexpr uint32_t no_cause = UINT32_MAX;
  void renew() {
    if (batch_) whole_.push_back(std::move(batch_));
    batch_ = std::make_unique<BulkRun>(scope_, by_, now_ms());
    usual_causes_.fill(no_cause);
  }

  const AccountNumber scope_;
  const std::string by_;
  const size_t rows_max_;
  std::unique_ptr<BulkRun> batch_;  // being filled; never empty
  std::deque<std::unique_ptr<BulkRun>> whole_;
  /// Causes of rows that name a reason and nothing else, by reason.
  std::array<uint32_t, static_cast<size_t>(Reason::legal) + 1> usual_causes_;
  uint64_t next_index_ = 0;
};

}  // namespace suppressd
