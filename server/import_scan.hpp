// Which rows of an import repeat an earlier one, in constant memory: the text is read once and the
// fingerprint of each address goes into one of many bucket files; then each bucket is sorted in
// memory, where all that has one fingerprint lies together, and the first row wins.
//
//   record      fingerprint: 12 | row * 4 + role: 8      (96 bits: see below)
//   duplicates  two bits a row, row 0 in the lowest of the first octet: 1 repeats an earlier row's
//               identity, 2 its phone is in an earlier row
//
// A row's identity is its email, or without one its phone. 96 bits of 200 million addresses agree
// by chance with a probability below 1e-12. Nothing here survives the process: whoever was stopped
// begins anew. Thread safety: one thread's. Errors: std::filesystem::filesystem_error.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/fingerprint.hpp"
#include "server/import_rows.hpp"

namespace suppressd {

class ImportScan {
 public:
  /// `rows` stands at the text's start.
  ImportScan(std::filesystem::path folder, const FingerprintKey& key,
             std::unique_ptr<ImportRows> rows);
  ~ImportScan();

  /// Goes on for about so long; true once `duplicates` is written, durably.
  bool go_on(std::chrono::milliseconds time);

  uint64_t rows = 0;
  uint64_t usable = 0;     // of them: neither invalid nor repeating; known at the end
  uint64_t addresses = 0;  // of valid rows, repeated ones too
  std::map<uint8_t, uint64_t> errors;

 private:
  struct Buckets;
  void read_row(const ImportRow& row);
  void mark_repeats();
  void mark(uint64_t place);

  const std::filesystem::path folder_;
  const FingerprintKey& key_;
  std::unique_ptr<ImportRows> reader_;
  std::unique_ptr<Buckets> buckets_;
  ImportRow row_;
  size_t next_bucket_ = 0;
};

/// Reads what a scan wrote.
class ImportDuplicates {
 public:
  enum Mark : uint8_t { none = 0, repeats = 1, phone_taken = 2 };  // bits

  explicit ImportDuplicates(const std::filesystem::path& file);
  ~ImportDuplicates();
  ImportDuplicates(const ImportDuplicates&) = delete;
  ImportDuplicates& operator=(const ImportDuplicates&) = delete;
  uint8_t of(uint64_t row);

 private:
  const std::filesystem::path file_;
  int descriptor_ = -1;
  std::string piece_;
  uint64_t piece_begins_ = 0;  // octet
};

}  // namespace suppressd
