// A run: rows of an import gathered in compact form, to be stored as sorted files instead of row by
// row. One scope, one caller, one time; at most run_rows_max rows and run_bytes_max octets.
//
// The octets of a row are those of its row in `changes` (codec.cpp), as if the address were new:
// mostly it is, and then the rows of a change are written as they stand here. Texts of causes are
// kept once for all rows that share them.
//
//   bytes   | row | row | row | …        row of `changes`; a row that opens a change has its cause
//   causes  | cause | cause | …          as in a suppression
//
// Thread safety: a value, one thread's at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.hpp"
#include "core/fingerprint.hpp"
#include "persistence/change.hpp"
#include "persistence/codec.hpp"

namespace suppressd {

inline constexpr size_t run_rows_max = 1'000'000;
inline constexpr size_t run_bytes_max = 96ull << 20;  // of rows and causes
/// Rows of a run that may name addresses known already, or one address with several causes. Their
/// records are read and merged while the committer waits; a run with more is stored in changes.
inline constexpr size_t run_known_rows_max = 20'000;
static_assert(run_rows_max % change_rows_max == 0);

class BulkRun {
 public:
  enum class Fate : uint8_t {
    alone,      // the only row of its address that says something; the address looks new
    repeated,   // says what an earlier row of this run says
    entangled,  // merged with other rows, or with what is stored
  };
  struct Row {
    Fingerprint address;
    uint32_t offset;  // of its octets
    uint32_t cause;   // its number
    Fate fate;
  };

  BulkRun(AccountNumber scope, std::string by, TimeMs at);

  /// The number of a cause, for add(). `at` 0: the time of the run; `by` is the run's.
  uint32_t cause(CauseView cause);
  /// `given` is empty when equal to the address.
  void add(Channel channel, std::string_view address, std::string_view given, Region region,
           uint32_t cause);

  bool full() const { return rows_.size() >= run_rows_max || octets() >= run_bytes_max; }
  size_t memory_bytes() const;
  /// 128 bits of all that the rows say, but for times that were not given.
  std::string content_hash() const;
  /// The rows from `first` on, at most change_rows_max, as a change without its idempotency. Times
  /// that were not given are 0.
  Change change(size_t first) const;
  /// Fills in the rows' fingerprints.
  void fingerprint(const FingerprintKey& key);

  std::vector<Row>& rows() { return rows_; }
  const std::vector<Row>& rows() const { return rows_; }
  /// With its cause.
  EncodedRow row(const Row& row) const;
  std::string_view address(const Row& row) const;
  Channel channel(const Row& row) const;
  Reason reason(const Row& row) const { return causes_[row.cause].reason; }
  std::string_view encoded_cause(const Row& row) const { return text(causes_[row.cause]); }
  /// Hints that the row, then its octets, will be read soon.
  void prefetch_row(size_t number) const { __builtin_prefetch(&rows_[number]); }
  void prefetch_octets(size_t number) const {
    const char* octets = bytes_.data() + rows_[number].offset;
    __builtin_prefetch(octets);
    __builtin_prefetch(octets + 40);
  }
  /// The octets of the rows [first, last).
  std::string_view octets_of(size_t first, size_t last) const;
  AccountNumber scope() const { return scope_; }
  const std::string& by() const { return by_; }
  TimeMs at() const { return at_; }

  std::optional<Idempotency> idempotency;

 private:
  struct StoredCause {
    uint32_t offset;
    uint32_t size;
    Reason reason;
    bool timed;  // its time was given
  };
  size_t octets() const { return bytes_.size() + cause_bytes_.size(); }
  std::string_view text(const StoredCause& cause) const {
    return std::string_view(cause_bytes_).substr(cause.offset, cause.size);
  }
  bool same_cause(uint32_t one, uint32_t other) const {
    return one == other || text(causes_[one]) == text(causes_[other]);
  }

  AccountNumber scope_;
  std::string by_;
  TimeMs at_;
  std::vector<Row> rows_;
  std::string bytes_;
  std::string cause_bytes_;
  std::vector<StoredCause> causes_;
  std::vector<uint32_t> known_causes_;  // by hash, 0: none; a later one displaces an earlier
  std::string scratch_;
};

/// Decodes what encode(CauseView) wrote. The text must be one that it wrote.
Cause decode_cause(std::string_view bytes);

}  // namespace suppressd
