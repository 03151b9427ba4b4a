#include "server/csv_splitter.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace suppressd {
namespace {

const char* find(const char* at, const char* end, char byte) {
  const void* const found = std::memchr(at, byte, static_cast<size_t>(end - at));
  return found == nullptr ? end : static_cast<const char*>(found);
}

/// The first byte past a quoted cell's closing quote, or `end`. `at` stands after the opening one.
const char* closing_quote_end(const char* at, const char* end) {
  while (true) {
    at = find(at, end, '"');
    if (at == end) return end;
    if (at + 1 == end || at[1] != '"') return at + 1;
    at += 2;
  }
}

}  // namespace

bool CsvCells::next(std::string_view& cell) {
  if (ended_) return false;
  const char* const begin = rest_.data();
  const char* const end = begin + rest_.size();
  const char* at = begin;
  if (!rest_.empty() && *begin == '"') at = closing_quote_end(begin + 1, end);
  if (at != end) at = find(at, end, delimiter_);
  cell = {begin, static_cast<size_t>(at - begin)};
  ended_ = at == end;
  if (!ended_) rest_.remove_prefix(cell.size() + 1);
  return true;
}

std::string_view csv_unquote(std::string_view cell, std::string& scratch) {
  if (cell.empty() || cell.front() != '"') return cell;
  cell.remove_prefix(1);
  const size_t quote = cell.find('"');
  if (quote == std::string_view::npos) return cell;
  if (quote + 1 == cell.size()) return cell.substr(0, quote);
  scratch.clear();
  for (size_t at = 0; at < cell.size(); ++at) {
    if (cell[at] == '"') {
      if (at + 1 == cell.size() || cell[at + 1] != '"') {
        scratch.append(cell.substr(at + 1));
        break;
      }
      ++at;
    }
    scratch.push_back(cell[at]);
  }
  return scratch;
}

std::optional<std::string_view> csv_cell(std::string_view row, char delimiter, size_t column) {
  CsvCells cells(row, delimiter);
  std::string_view cell;
  for (size_t i = 0; cells.next(cell); ++i) {
    if (i == column) return cell;
  }
  return std::nullopt;
}

size_t csv_cell_count(std::string_view row, char delimiter) {
  CsvCells cells(row, delimiter);
  std::string_view cell;
  size_t count = 0;
  while (cells.next(cell)) ++count;
  return count;
}

bool csv_cell_is_name(std::string_view text) {
  bool letter = false;
  for (const char c : text) {
    if (c == '@' || (c >= '0' && c <= '9')) return false;
    letter |= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
  }
  return letter;
}

std::optional<char> CsvSplitter::detect_delimiter(std::string_view start, bool whole) {
  constexpr std::array<char, 3> candidates = {',', ';', '\t'};
  std::array<size_t, 3> counts{};
  bool quoted = false;
  const std::string_view seen = start.substr(0, detection_bytes_max);
  bool decided = whole || seen.size() == detection_bytes_max;
  for (const char c : seen) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') {
      decided = true;
      break;
    }
    for (size_t i = 0; i < candidates.size(); ++i) counts[i] += c == candidates[i];
  }
  if (!decided) return std::nullopt;
  return candidates[static_cast<size_t>(std::max_element(counts.begin(), counts.end()) -
                                        counts.begin())];
}

CsvRow CsvSplitter::without_ending(std::string_view row) {
  size_t size = row.size();
  if (size > 0 && row[size - 1] == '\n') --size;
  if (size > 0 && row[size - 1] == '\r') --size;
  return {row.substr(0, size), row.substr(size)};
}

const char* CsvSplitter::row_end(const char* at, const char* end, State& state) const {
  const char delimiter = *delimiter_;
  for (; at != end; ++at) {
    switch (state) {
      case State::quoted:
        at = find(at, end, '"');
        if (at == end) return nullptr;
        state = State::quote_in_quoted;
        continue;
      case State::after_return:
        return *at == '\n' ? at + 1 : at;
      case State::quote_in_quoted:
      case State::cell_start:
        if (*at == '"') {
          state = State::quoted;
          continue;
        }
        state = State::unquoted;
        break;
      case State::unquoted:
        break;
    }
    if (*at == delimiter) state = State::cell_start;
    if (*at == '\r') state = State::after_return;
    if (*at == '\n') return at + 1;
  }
  return nullptr;
}

// Most rows hold no quote and no lone CR: then the next LF ends the row. Each byte is looked for
// from where it was last found, so that a text without it is searched once and not once a row.
const char* CsvSplitter::plain_row_end(const char* at, const char* end) {
  if (next_newline_ == nullptr || next_newline_ < at) next_newline_ = find(at, end, '\n');
  const char* const newline = next_newline_;
  if (newline == end) return nullptr;
  if (next_quote_ == nullptr || next_quote_ < at) next_quote_ = find(at, end, '"');
  if (next_quote_ < newline) return nullptr;
  if (next_return_ == nullptr || next_return_ < at) next_return_ = find(at, end, '\r');
  if (next_return_ + 1 < newline) return nullptr;
  return newline + 1;
}

}  // namespace suppressd
