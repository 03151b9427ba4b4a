// The bulk check: raw addresses in, verdicts out, in chunks of at most rows_max. The codecs of the
// server push each address as they split it off the body, or whole lines of text; run() looks the
// whole chunk up at once, so that the set can prefetch. Allocates nothing per address.
//
// Plain addresses, nearly all of them, go through in blocks of a few KiB that stay in L1: lines and
// classes by SIMD (address_lines.hpp), then hashes, a length class at a time. An address that is
// pushed by itself waits in such a block for others. What is not plain goes to the Normalizer, one
// at a time; the verdicts are the same. Thread safety: one thread's.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "core/address.hpp"
#include "core/address_lines.hpp"
#include "core/fingerprint.hpp"
#include "core/suppression_set.hpp"
#include "core/types.hpp"

namespace suppressd {

/// The answer for one address. `reason` and `scope` mean something when suppressed, `error` when
/// invalid.
struct RowVerdict {
  Verdict verdict = Verdict::clear;
  Reason reason = Reason::none;
  Scope scope = Scope::account;
  AddressError error = AddressError::none;
  bool operator==(const RowVerdict&) const = default;
};

struct CheckOptions {
  AccountNumber account = platform_number;
  std::optional<Channel> channel = {};  // empty: an '@' decides for each address
  Region region = {};                   // default region of national phone numbers
  Purpose purpose = Purpose::marketing;
};

class BulkCheck {
 public:
  static constexpr size_t rows_max = 1024;  // a chunk: fingerprints and verdicts stay in L1/L2

  BulkCheck(const SuppressionSet& set, SuppressionSet::Reader& reader, const FingerprintKey& key,
            Normalizer& normalizer, const CheckOptions& options, Kernel kernel = best_kernel());

  /// `raw` need not outlive the call. Precondition: !full().
  void push(std::string_view raw) { push(raw, options_.channel); }
  void push(std::string_view raw, std::optional<Channel> channel);
  /// A row that holds no address at all (a missing CSV cell, a JSON value that is not a string).
  void push_invalid(AddressError error);

  /// Reads a block of whole lines off the start of `text`, as AddressLines does. They stay readable
  /// until the next push() or read_lines(), over any run().
  size_t read_lines(std::string_view text);
  const AddressLines& lines() const { return lines_; }
  /// Pushes lines [first, first + count) of the block, a row each. Those that are not plain get
  /// their row too, but are left to settle(): their line numbers are returned, in order, until the
  /// next call. Precondition: room for them.
  std::span<const uint32_t> push_lines(size_t first, size_t count, std::optional<Channel> channel);
  /// The address of a row that push_lines() left open.
  void settle(size_t row, std::string_view raw, std::optional<Channel> channel);
  void settle_invalid(size_t row, AddressError error);

  size_t size() const { return size_; }
  bool full() const { return size_ == rows_max; }

  /// Verdicts of everything pushed since the last run, in order. The span lives until the next
  /// push, and so do those below.
  std::span<const RowVerdict> run();
  /// The rows of that chunk that are not clear, in order; `invalid_rows` of them are invalid.
  std::span<const uint16_t> not_clear() const { return {not_clear_.data(), not_clear_size_}; }
  size_t invalid_rows() const { return run_invalid_; }

 private:
  static constexpr size_t waiting_octets_max = 64;  // longer addresses are no plain emails
  /// Where the address of a line belongs, and what it may be.
  struct Target {
    uint16_t row;
    std::optional<Channel> channel;
  };
  /// Addresses pushed one by one, each made a line.
  struct Waiting {
    size_t count = 0;
    size_t bytes = 0;
    std::array<Target, rows_max> targets;
    std::array<uint8_t, rows_max> sizes;
    std::array<char, AddressLines::bytes_max> text;

    bool room() const { return bytes + waiting_octets_max < text.size(); }
    void add(std::string_view raw, Target target);
  };

  template <class TargetOf>
  std::span<const uint32_t> settle_plain_lines(size_t first, size_t count, TargetOf target_of);
  bool settle_short(const AddressLines::Line& line, Target target);
  void settle_waiting();

  const SuppressionSet& set_;
  SuppressionSet::Reader& reader_;
  const FingerprintKey& key_;
  Normalizer& normalizer_;
  CheckOptions options_;
  size_t size_ = 0;
  size_t invalid_size_ = 0;
  size_t not_clear_size_ = 0;
  size_t run_invalid_ = 0;
  std::array<Fingerprint, rows_max> addresses_;
  std::array<Finding, rows_max> findings_;
  std::array<RowVerdict, rows_max> verdicts_;
  std::array<uint16_t, rows_max> not_clear_;
  struct Invalid {
    uint16_t row;
    AddressError error;
  };
  std::array<Invalid, rows_max> invalid_;
  // The lines of a block by what is to be done with them.
  std::array<EmailPiece, rows_max> short_emails_;
  std::array<EmailPiece, rows_max> long_emails_;
  std::array<uint32_t, rows_max> other_lines_;
  Waiting waiting_;
  AddressLines lines_;
};

}  // namespace suppressd
