// Between a body's reader and an answer's writer: rows are collected, looked up a chunk at a time
// and handed on with their verdicts. Nothing is allocated per row. Thread safety: one thread's.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/bulk_check.hpp"
#include "server/csv_splitter.hpp"

namespace suppressd {

/// Why a row is invalid before its address was looked at. Wire names: row_error_name().
enum class RowError : uint8_t {
  none = 0,
  line_too_long,   // over AppLimits.line_bytes_max
  bad_json,        // an NDJSON line that is no JSON, or no row
  not_a_string,    // a JSON value that cannot be an address
  missing_column,  // a CSV row without a cell in that column
};
std::string_view row_error_name(RowError error);

/// A row as its format gave it. The views live until the chunk was flushed.
struct CheckRow {
  std::string_view address;    // as given, its JSON or CSV quoting undone
  const char* line = nullptr;  // CSV: the row's bytes, the last ending_size of them its end
  uint32_t line_size = 0;
  uint8_t ending_size = 0;
  RowError error = RowError::none;
  std::optional<Channel> channel;  // fixed by the request, the list or the row itself
};

static_assert(sizeof(CheckRow) == 32);  // a chunk of them stays in L1

/// Rows of one list with their verdicts; the first one's index is given, the others follow.
struct CheckChunk {
  std::span<const CheckRow> rows;  // of each the error; the rest if the writer needs_rows()
  std::span<const RowVerdict> verdicts;
  std::span<const uint16_t> not_clear;  // which, in order
  uint64_t first_index = 0;
  std::optional<Channel> list;  // of JSON's "emails" and "phones"
};

struct CheckSummary {
  uint64_t sequence = 0;
  uint64_t clear = 0;
  uint64_t suppressed = 0;
  uint64_t invalid = 0;
  uint64_t checked() const { return clear + suppressed + invalid; }
};

/// What a CSV answer must know before its first row.
struct CsvStart {
  char delimiter = ',';
  bool byte_order_mark = false;
  size_t cells = 0;  // of the first row
  std::optional<CsvRow> header;
};

/// Writes verdicts in one answer format: begin(), then csv_start() for CSV bodies, rows()*, end().
class VerdictWriter {
 public:
  virtual ~VerdictWriter() = default;
  virtual std::string_view content_type() const = 0;
  /// Whether it looks at more of a row than its error.
  virtual bool needs_rows() const { return false; }
  virtual void begin(std::string& /*out*/) {}
  virtual void csv_start(const CsvStart& /*start*/, std::string& /*out*/) {}
  virtual void rows(const CheckChunk& chunk, std::string& out) = 0;
  virtual void end(const CheckSummary& summary, std::string& out) = 0;
};

class CheckRows {
 public:
  CheckRows(const SuppressionSet& set, SuppressionSet::Reader& reader, const FingerprintKey& key,
            Normalizer& normalizer, const CheckOptions& options, VerdictWriter& writer)
      : check_(set, reader, key, normalizer, options),
        channel_(options.channel),
        writer_(writer),
        needs_rows_(writer.needs_rows()) {}

  /// Where the writer appends from now on.
  void write_to(std::string& out) { out_ = &out; }

  void add(std::string_view address) { add(address, channel_); }
  void add(std::string_view address, std::optional<Channel> channel) {
    check_.push(address, channel);
    if (needs_rows_) set_address(size_, address, channel);
    kept();
  }
  /// Whole lines, each an address; the ends of lines are theirs. Longer ones than line_bytes_max
  /// are invalid.
  void add_lines(std::string_view text, size_t line_bytes_max);
  /// A CSV row: its bytes, of which the last `ending_size` are its end.
  void add_csv(std::string_view address, std::string_view line, size_t ending_size) {
    set_line(line, ending_size);
    add(address, channel_);
  }
  void add_invalid(RowError error, std::string_view line = {}, size_t ending_size = 0) {
    check_.push_invalid(AddressError::empty);  // RowError says what it is
    set_line(line, ending_size);
    rows_[size_].address = {};
    rows_[size_].error = error;
    kept();
  }

  /// JSON's "emails" or "phones" follow: indexes start again, addresses are of that channel.
  void start_list(Channel list);
  void csv_start(const CsvStart& start) { writer_.csv_start(start, *out_); }

  /// Looks up and writes what was added; afterwards the rows' views may go. Returns how many.
  size_t flush();

  const CheckSummary& summary() const { return summary_; }
  void set_sequence(uint64_t sequence) { summary_.sequence = sequence; }

 private:
  // Rows are written member by member, in place: a whole row put together elsewhere and copied here
  // in wide words would be read back before its narrow stores have settled.
  void set_address(size_t row, std::string_view address, std::optional<Channel> channel) {
    rows_[row].address = address;
    rows_[row].channel = channel;
  }
  void add_block(size_t line_bytes_max);
  void set_line(std::string_view line, size_t ending_size) {
    CheckRow& row = rows_[size_];
    row.line = line.data();
    row.line_size = static_cast<uint32_t>(line.size());
    row.ending_size = static_cast<uint8_t>(ending_size);
  }
  void kept() {
    if (++size_ == BulkCheck::rows_max) flush();
  }

  BulkCheck check_;
  std::optional<Channel> channel_;
  VerdictWriter& writer_;
  const bool needs_rows_;
  std::string* out_ = nullptr;
  CheckSummary summary_;
  std::optional<Channel> list_;
  uint64_t next_index_ = 0;
  size_t size_ = 0;
  std::array<CheckRow, BulkCheck::rows_max> rows_;  // without errors, but for rows added by now
};

}  // namespace suppressd
