// The exports of suppressions that providers' consoles and interfaces give, told by their columns,
// and what their words mean here. Each export's columns are those that its provider documents
// (tests/server/import_samples/README.md says where). Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.hpp"
#include "server/import_format.hpp"

namespace suppressd {

/// A column's name as names are compared: lower case, letters and digits of any script only.
/// "E-Mail Address" → "emailaddress".
std::string plain_column_name(std::string_view name);

/// One export. Names are plain; empty: it has no such column.
struct ImportExport {
  ImportOrigin origin = ImportOrigin::none;
  Reason reason = Reason::none;  // of rows that say none
  std::string_view email, reason_column, at, evidence;
};

/// The export whose columns these are (plain names).
std::optional<ImportExport> recognize_export(const std::vector<std::string>& names);

/// What a word says: a reason; Reason::none when it says that the address is not suppressed
/// ("subscribed", "soft bounce"); nullopt when it is no word that is known. Of SendGrid's exports
/// the word is the status of a reply, which `evidence` holds the text of: bounces suppress, blocks
/// for content, policy or the sender and what was only put off do not.
std::optional<Reason> parse_import_reason(ImportOrigin origin, std::string_view word,
                                          std::string_view evidence);

}  // namespace suppressd
