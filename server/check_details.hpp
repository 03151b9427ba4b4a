// ?detail=full: each hit with all its causes, read from the store. The store may block, so hits are
// collected on the I/O thread, looked up and written on the worker pool, and sent from the I/O
// thread again; one bounded piece at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "persistence/store.hpp"
#include "server/check_request.hpp"
#include "server/check_rows.hpp"

namespace suppressd {

/// Rows waiting for their causes. Shared with the pool's task, which may outlive the exchange; used
/// by one thread at a time: the I/O thread while no task runs, else the task.
class DetailBatch {
 public:
  static constexpr size_t text_bytes_max = 256 * 1024;  // about; a piece ends with a whole result

  DetailBatch(AccountNumber account, Audience audience, bool lines)
      : account_(account), audience_(audience), lines_(lines) {}

  struct Row {
    uint64_t index = 0;
    std::optional<Channel> list;
    RowVerdict verdict;
    RowError error = RowError::none;
    Channel channel = Channel::email;
    std::string canonical;  // of hits
  };
  void add(Row row) { rows_.push_back(std::move(row)); }
  bool empty() const { return next_ == rows_.size(); }

  /// Writes results into text() until it is full or all are written. Blocks; never throws.
  void write(const Store& store);

  std::string& text() { return text_; }
  bool failed() const { return failed_; }

 private:
  void append(const Row& row, const Store& store);

  const AccountNumber account_;
  const Audience audience_;
  const bool lines_;  // NDJSON
  std::vector<Row> rows_;
  size_t next_ = 0;
  bool first_ = true;
  bool failed_ = false;
  std::string text_;
};

/// Collects what is not clear into the batch; begins and ends the answer as the plain writer does.
class DetailWriter : public VerdictWriter {
 public:
  DetailWriter(const CheckRequest& request, Normalizer& normalizer,
               std::shared_ptr<DetailBatch> batch);

  std::string_view content_type() const override { return plain_->content_type(); }
  bool needs_rows() const override { return true; }
  void begin(std::string& out) override { plain_->begin(out); }
  void rows(const CheckChunk& chunk, std::string& out) override;
  void end(const CheckSummary& summary, std::string& out) override { plain_->end(summary, out); }

 private:
  std::unique_ptr<VerdictWriter> plain_;
  Normalizer& normalizer_;
  Region region_;
  std::shared_ptr<DetailBatch> batch_;
};

}  // namespace suppressd
