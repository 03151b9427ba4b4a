// Which column of a CSV holds what, and values as a line of a text body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/suppressctl/rows.hpp"

namespace suppressctl {

enum class HeaderChoice { guess, yes, no };

/// Whether the first row names the columns. By itself a row is a header when the address column's
/// cell could be no address; then nothing that should be checked slips through as a header.
bool is_header(const RowBatch& first_row, char delimiter, size_t address_column,
               HeaderChoice choice);

/// A column by its name in the header or its number from 1. Throws Failure naming the columns.
size_t find_column(std::string_view header, char delimiter, std::string_view wanted);
/// The column with exactly that name, if there is one.
std::optional<size_t> column_named(std::string_view header, char delimiter, std::string_view name);
/// The column of addresses when nobody said: the only one, or the one with such a name.
size_t guess_address_column(std::string_view header, char delimiter);

/// The cell's text, without its quotes; empty when the row has no such column.
std::string_view cell_text(std::string_view row, char delimiter, size_t column,
                           std::string& scratch);

/// Appends the value as one line of a text body. Outer white space goes, as the server would drop
/// it; a line break inside becomes another control character, and far too long text is cut to what
/// is still too long: either is as invalid as before.
void append_value_line(std::string_view value, std::string& body);

/// --delimiter: one character, or "tab". Throws Failure.
std::optional<char> parse_delimiter(std::string_view text);

}  // namespace suppressctl
