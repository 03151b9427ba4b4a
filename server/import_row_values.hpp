// One row's values as an ImportRow: addresses made canonical, reasons, times and regions read, with
// the row's error where one of them is bad. Thread safety: one thread's.
#pragma once

#include <optional>
#include <string_view>

#include "server/import_rows.hpp"

namespace suppressd {

/// As given, quotes undone. Those that the row does not have are null views.
struct ImportValues {
  /// Of either channel: an @ tells. Then `email` and `phone` are null.
  std::string_view either;
  std::string_view email, phone, reason, at, evidence, region;
};

/// The text of a cell without the ' that an export for spreadsheets puts in front of what looks like
/// a formula.
std::string_view without_spreadsheet_quote(std::string_view cell);

class ImportValueReader {
 public:
  ImportValueReader(const ImportFormat& format, Region default_region, Normalizer& normalizer)
      : origin_(format.origin),
        origin_reason_(format.origin_reason),
        default_region_(default_region),
        normalizer_(normalizer) {}

  /// Fills all of the row but its place and its fields.
  ImportError read(const ImportValues& values, ImportRow& row);

 private:
  ImportError address(std::string_view given, std::optional<Channel> channel, ImportRow& row);
  ImportError read_addresses(const ImportValues& values, ImportRow& row);

  const ImportOrigin origin_;
  const Reason origin_reason_;
  const Region default_region_;
  Normalizer& normalizer_;
};

}  // namespace suppressd
