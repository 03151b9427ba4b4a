#include "tools/suppressctl/columns.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/address.hpp"
#include "server/csv_splitter.hpp"
#include "tools/suppressctl/failure.hpp"
#include "tools/suppressctl/output.hpp"

namespace suppressctl {
namespace {

constexpr std::string_view white_space = " \t\r\n\v\f";
/// Still longer than any address the server reads.
constexpr size_t value_octets_max = 2 * suppressd::raw_address_octets_max;
constexpr size_t columns_named_max = 12;

constexpr std::array address_names = {
    "email",        "e-mail",      "email_address", "email address", "emailaddress",
    "mail",         "address",     "recipient",     "phone",         "phone_number",
    "phone number", "phonenumber", "mobile",        "msisdn",        "tel"};

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(white_space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string out(trimmed(text));
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::vector<std::string> names_of(std::string_view header, char delimiter) {
  std::vector<std::string> names;
  suppressd::CsvCells cells(header, delimiter);
  std::string scratch;
  for (std::string_view cell; cells.next(cell);)
    names.push_back(lower(suppressd::csv_unquote(cell, scratch)));
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < columns_named_max; ++i)
    text += (i == 0 ? "" : ", ") + printable(names[i]);
  return names.size() > columns_named_max ? text + ", …" : text;
}

}  // namespace

std::string_view cell_text(std::string_view row, char delimiter, size_t column,
                           std::string& scratch) {
  const auto cell = suppressd::csv_cell(row, delimiter, column);
  return cell ? suppressd::csv_unquote(*cell, scratch) : std::string_view{};
}

bool is_header(const RowBatch& first_row, char delimiter, size_t address_column,
               HeaderChoice choice) {
  if (choice != HeaderChoice::guess) return choice == HeaderChoice::yes;
  std::string scratch;
  return suppressd::csv_cell_is_name(
      cell_text(first_row.text(0), delimiter, address_column, scratch));
}

size_t find_column(std::string_view header, char delimiter, std::string_view wanted) {
  const auto names = names_of(header, delimiter);
  size_t number = 0;
  const auto read = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  if (read.ec == std::errc{} && read.ptr == wanted.data() + wanted.size()) {
    if (number >= 1 && number <= names.size()) return number - 1;
    throw Failure("There is no column " + std::string(wanted) + "; the first row has " +
                  std::to_string(names.size()) + ".");
  }
  const auto found = std::find(names.begin(), names.end(), lower(wanted));
  if (found == names.end())
    throw Failure("There is no column '" + printable(wanted) +
                  "'. The first row has: " + listed(names) + ".");
  if (std::find(found + 1, names.end(), lower(wanted)) != names.end())
    throw Failure("Several columns are called '" + printable(wanted) +
                  "'; say which by its number, from 1.");
  return static_cast<size_t>(found - names.begin());
}

std::optional<size_t> column_named(std::string_view header, char delimiter, std::string_view name) {
  const auto names = names_of(header, delimiter);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

size_t guess_address_column(std::string_view header, char delimiter) {
  const auto names = names_of(header, delimiter);
  if (names.size() == 1) return 0;
  std::vector<size_t> candidates;
  for (size_t i = 0; i < names.size(); ++i)
    if (std::find(address_names.begin(), address_names.end(), names[i]) != address_names.end())
      candidates.push_back(i);
  if (candidates.size() == 1) return candidates[0];
  // The names may be data, and data is not for error texts: only columns we know are named.
  std::vector<std::string> known;
  for (const size_t i : candidates) known.push_back(names[i]);
  throw Failure(known.empty() ? "Which column holds the addresses? Say --column NAME or a number."
                              : "Which column holds the addresses, " + listed(known) +
                                    "? Say --column NAME or a number.");
}

void append_value_line(std::string_view value, std::string& body) {
  value = trimmed(value).substr(0, value_octets_max);
  const size_t begin = body.size();
  body += value;
  for (size_t i = begin; i < body.size(); ++i)
    if (body[i] == '\n' || body[i] == '\r') body[i] = '\x01';
  body += '\n';
}

std::optional<char> parse_delimiter(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "tab" || text == "\\t") return '\t';
  if (text == "," || text == ";" || text == "\t") return text[0];
  throw Failure("The delimiter must be ',', ';' or 'tab'.");
}

}  // namespace suppressctl
