// What became of each row of an imported file, and the sums of it. The committer keeps both in the
// commit of the rows themselves, so that they are never ahead of what was done nor behind it.
//
//   a row    fate: 1 | email: 1 | phone: 1 | error: 1
//   address  0x80 it has one | 0x20 exempt | 0x10 the platform's suppression | 0x0f the reason
//
// Rows lie in parts, as they were committed: a key names the first row of a part. Stored: frozen.
// Thread safety: values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/contact.hpp"

namespace suppressd {

/// What an import did with a row. In an import of suppressions the first three are of those.
enum class ImportFate : uint8_t {
  pending = 0,  // the committer says
  created = 1,
  updated = 2,
  unchanged = 3,
  restored = 4,
  kept_deleted = 5,  // recognized among the deleted contacts, and left there
  conflict = 6,      // its addresses belong to two contacts, or to two rows of the file
  too_many = 7,      // more fields or segments than a contact may have
  duplicate = 8,     // an earlier row has its email, or without one its phone
  invalid = 9,
};
inline constexpr size_t import_fates = 10;
std::string_view name_of(ImportFate fate);

struct ImportMark {
  static constexpr uint8_t present = 0x80, exempt = 0x20, platform = 0x10, reason_bits = 0x0f;
  static constexpr size_t octets = 4;

  ImportFate fate = ImportFate::pending;
  std::array<uint8_t, channels> addresses{};
  /// The server's number for why it is invalid. Of a pending row of suppressions: 1 when the file
  /// repeats it, so that it is a duplicate unless it says more than the rows before it.
  uint8_t error = 0;

  void set(size_t channel, const Standing& standing);
  Reason reason(size_t channel) const {
    return static_cast<Reason>(addresses[channel] & reason_bits);
  }
  Scope scope(size_t channel) const {
    return (addresses[channel] & platform) != 0 ? Scope::platform : Scope::account;
  }
  /// The channel whose suppression counts for the row; nullopt: no address of it is suppressed.
  std::optional<size_t> suppressed() const;
  /// Neither invalid nor a duplicate, and a check says clear of all its addresses.
  bool clear() const;
  bool operator==(const ImportMark&) const = default;
};

/// The part of a file that a change is about.
struct ImportPart {
  uint64_t first_row = 0;
  std::vector<ImportMark> rows;  // pending ones: the change's rows, in order
};

/// Sums over all rows so far.
struct ImportCounts {
  uint64_t rows = 0, clear = 0, suppressed = 0;
  std::array<uint64_t, import_fates> fates{};
  std::map<std::pair<Scope, Reason>, uint64_t> reasons;  // of the suppressed ones
  std::map<uint8_t, uint64_t> errors;                    // of the invalid ones
  TimeMs first_at = 0, last_at = 0;  // when the first part was stored, and the last

  void add(const ImportMark& row);
  bool operator==(const ImportCounts&) const = default;
};

void encode(const std::vector<ImportMark>& rows, std::string& out);
/// nullopt for what encode() cannot have written; so below.
std::optional<std::vector<ImportMark>> decode_import_rows(std::string_view bytes);
void encode(const ImportCounts& counts, std::string& out);
std::optional<ImportCounts> decode_import_counts(std::string_view bytes);

}  // namespace suppressd
