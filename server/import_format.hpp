// What an import's file is: its shape, its columns, and which provider exported it. Found from the
// start of the text (in UTF-8 by then, import_text.hpp) and what the caller said; what the caller
// said wins. What nobody said is found by the columns' names, in several languages and spellings,
// without regard to case, spaces and punctuation; then by what the cells hold:
//
//  - email: named so, else the column of whose cells most are addresses.
//  - phone: named so, else a column of E.164 numbers.
//  - reason, time, region: named so, and every cell of the sample can be read as one.
//  - an export of ours (email_given, …; csv_splitter.hpp reads what contact_csv.hpp writes): its
//    columns "field.x" become the fields x, and the others that it derives are left out.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/types.hpp"
#include "server/problem.hpp"

namespace suppressd {

inline constexpr size_t import_sample_bytes = 256 << 10;  // of the text, to find the format in

enum class ImportShape : uint8_t { csv, text, ndjson };  // tab separated is csv with a tab
std::string_view name_of(ImportShape shape);
std::optional<ImportShape> parse_import_shape(std::string_view name);  // "tsv" is for the caller

/// Whose export of suppressions the file is, by its header.
enum class ImportOrigin : uint8_t { none, ses, sendgrid, mailgun, postmark, mailchimp };
std::string_view name_of(ImportOrigin origin);

/// What the caller said; nullopt and empty: find out.
struct ImportWish {
  std::optional<ImportShape> shape;
  std::optional<char> delimiter;
  std::optional<bool> header;
  /// Whether rows are suppressions: else reasons, times and evidence are free fields like any other
  /// column, and no row is left out because its reason suppresses nobody.
  bool suppressions = true;
  /// Names or 0-based numbers of columns (of NDJSON: members' names). Digits alone are a number. A
  /// column may hold both channels: then an @ tells each cell's.
  std::optional<std::string> email, phone, reason, at, evidence, region;
  /// Free fields: column → field; nullopt: every named column that is nothing else. Empty: none.
  std::optional<std::vector<std::pair<std::string, std::string>>> fields;
};

struct ImportFormat {
  ImportShape shape = ImportShape::csv;
  char delimiter = ',';
  bool header = false;  // the first row is names
  ImportOrigin origin = ImportOrigin::none;
  /// Of rows that name no reason of their own. Found for exports of known origin; a caller who knows
  /// better may set it.
  Reason origin_reason = Reason::none;
  size_t columns = 1;  // of the first row
  /// 0-based columns of CSV. Of text: which channels its lines may hold.
  std::optional<size_t> email, phone, reason, at, evidence, region;
  std::vector<std::pair<size_t, std::string>> fields;
  /// Members of NDJSON.
  std::string email_member, phone_member, reason_member, at_member, evidence_member, region_member;
  std::optional<std::vector<std::pair<std::string, std::string>>>
      member_fields;  // nullopt: all others
  bool operator==(const ImportFormat&) const = default;
};

/// A problem (422) when the text is empty (empty-import), or nothing in it can be an address or a
/// wished column is not there (unmappable-import): it says which columns there are, by name where
/// the first row is names. `whole`: the sample is all of the text.
std::variant<ImportFormat, Problem> find_import_format(std::string_view sample, bool whole,
                                                       const ImportWish& wish);

/// Kept in a job's plan: the format as JSON text and back. nullopt: no such text.
std::string format_text(const ImportFormat& format);
std::optional<ImportFormat> parse_format_text(std::string_view text);

}  // namespace suppressd
