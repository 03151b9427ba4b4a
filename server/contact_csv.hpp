// Contacts as CSV (RFC 4180, CRLF): what an export's file holds.
//
// Cells are byte-exact: what is stored, quoted where it must be. For a spreadsheet a cell that one
// could take for a formula (it starts with = + - @ TAB or CR) gets a ' in front, unless it is a
// plain E.164 number. Whoever reads such a file back takes that one off again.
//
// Thread safety: none; one thread's at a time.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "persistence/contact.hpp"

namespace suppressd {

struct CsvStyle {
  Channel channel = Channel::email;
  bool all_columns = false;  // else the channel's address alone
  bool for_spreadsheet = false;
};

/// A cell and the comma after it.
void append_csv_cell(std::string_view text, bool for_spreadsheet, std::string& out);
/// Makes the last cell's comma the row's end.
void end_csv_row(std::string& out);

/// Whether a cell gets that one.
bool looks_like_formula(std::string_view cell);

class ContactCsv {
 public:
  explicit ContactCsv(const CsvStyle& style) : style_(style) {}

  /// Each field's name that occurs is a column. All contacts first, with all columns only.
  void learn_fields(const Contact& contact);
  void header(std::string& out) const;
  void row(const Contact& contact, std::string& out) const;

 private:
  void cell(std::string_view text, std::string& out) const;

  const CsvStyle style_;
  std::set<std::string> fields_;
};

}  // namespace suppressd
