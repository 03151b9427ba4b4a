#include "server/import_row_finder.hpp"

#include <algorithm>
#include <cstring>

#include "server/text_encoding.hpp"

namespace suppressd {
namespace {

const char* find_byte(const char* at, const char* end, char byte) {
  if (at == end) return end;
  const void* const found = std::memchr(at, byte, static_cast<size_t>(end - at));
  return found == nullptr ? end : static_cast<const char*>(found);
}

/// Past the line end at `at`, which may be CR LF.
const char* past_line_end(const char* at, const char* end) {
  return *at == '\r' && at + 1 != end && at[1] == '\n' ? at + 2 : at + 1;
}

size_t distance(const char* begin, const char* end) {
  return static_cast<size_t>(end - begin);
}

}  // namespace

void ImportRowFinder::look_at(std::string_view window) {
  begin_ = window.data();
  end_ = begin_ + window.size();
  next_newline_ = next_return_ = next_quote_ = nullptr;
}

ImportRowFinder::Found ImportRowFinder::find(size_t at, bool whole) {
  const char* const begin = begin_ + at;
  if (next_newline_ == nullptr || next_newline_ < begin)
    next_newline_ = find_byte(begin, end_, '\n');
  if (next_return_ == nullptr || next_return_ < begin) next_return_ = find_byte(begin, end_, '\r');
  const char* const line_end = std::min(next_newline_, next_return_);
  Found found{Kind::row, distance(begin, line_end), distance(begin, line_end)};
  if (found.text_bytes > import_row_bytes_max) found.kind = Kind::too_long;
  if (line_end == end_) {
    if (found.kind == Kind::too_long && !whole) found.bytes = 0;
    if (found.kind == Kind::row && !whole) return {};
  } else {
    if (*line_end == '\r' && line_end + 1 == end_ && !whole) return {};
    found.bytes = distance(begin, past_line_end(line_end, end_));
  }
  if (found.kind == Kind::too_long || !delimiter_) return found;
  if (next_quote_ == nullptr || next_quote_ < begin) next_quote_ = find_byte(begin, end_, '"');
  return next_quote_ < line_end ? quoted_row(begin, found, whole) : found;
}

ImportRowFinder::Found ImportRowFinder::quoted_row(const char* begin, Found first_line,
                                                   bool whole) const {
  enum class State { cell_start, unquoted, quoted, quote_in_quoted };
  const size_t most = std::max(first_line.bytes, quoted_row_bytes_max);
  const bool all = distance(begin, end_) <= most;
  const char* const end = all ? end_ : begin + most;
  State state = State::cell_start;
  for (const char* at = begin; at != end; ++at) {
    if (state == State::quoted) {
      at = find_byte(at, end, '"');
      if (at == end) break;
      state = State::quote_in_quoted;
    } else if (*at == '"' && state != State::unquoted) {
      state = State::quoted;
    } else if (*at == '\n' || *at == '\r') {
      if (*at == '\r' && at + 1 == end_ && !whole) return {};
      return {Kind::row, distance(begin, at), distance(begin, past_line_end(at, end_))};
    } else {
      state = *at == *delimiter_ ? State::cell_start : State::unquoted;
    }
  }
  if (all && !whole) return {};
  if (all && state != State::quoted) {
    return {Kind::row, distance(begin, end), distance(begin, end)};
  }
  return {Kind::unclosed_quote, first_line.text_bytes, first_line.bytes};
}

ImportRowReader::ImportRowReader(const std::filesystem::path& text, std::optional<char> delimiter,
                                 uint64_t from, size_t read_bytes)
    : file_(text), read_bytes_(read_bytes), finder_(delimiter), base_(from) {
  if (from != 0) return;
  char start[utf8_mark.size()];
  const std::string_view read(start, file_.read(start, sizeof(start), 0));
  if (read == utf8_mark) base_ = utf8_mark.size();
}

bool ImportRowReader::next(RawImportRow& row) {
  while (true) {
    if (at_ == filled_) {
      if (whole_) return false;
      read_on();
      continue;
    }
    const ImportRowFinder::Found found = finder_.find(at_, whole_);
    if (found.kind == ImportRowFinder::Kind::more) {
      read_on();
      continue;
    }
    row.begin = base_ + at_;
    if (found.kind == ImportRowFinder::Kind::too_long) {
      row.error = ImportError::row_too_long;
      row.text = row.bytes = {};
      if (found.bytes == 0) {
        pass_over_line();
      } else {
        at_ += found.bytes;
      }
      row.end = base_ + at_;
      return true;
    }
    row.error =
        found.kind == ImportRowFinder::Kind::row ? ImportError::none : ImportError::unclosed_quote;
    row.text = {window_.data() + at_, found.text_bytes};
    row.bytes = {window_.data() + at_, found.bytes};
    at_ += found.bytes;
    row.end = base_ + at_;
    if (found.text_bytes > 0) return true;
  }
}

/// Keeps what is not read of the window, and adds to it.
void ImportRowReader::read_on() {
  const size_t rest = filled_ - at_;
  if (rest > 0 && at_ > 0) std::memmove(window_.data(), window_.data() + at_, rest);
  base_ += at_;
  at_ = 0;
  if (window_.size() < rest + read_bytes_) window_.resize(rest + read_bytes_);
  const size_t got = file_.read(window_.data() + rest, read_bytes_, base_ + rest);
  filled_ = rest + got;
  whole_ = got < read_bytes_;
  finder_.look_at({window_.data(), filled_});
}

/// To the end of the line that the window holds the start of, in constant memory.
void ImportRowReader::pass_over_line() {
  const auto is_end = [](char c) { return c == '\n' || c == '\r'; };
  while (true) {
    const char* const end = window_.data() + filled_;
    const char* const found = std::find_if(end - (filled_ - at_), end, is_end);
    at_ = static_cast<size_t>(found - window_.data());
    if (found != end && (*found == '\n' || found + 1 != end || whole_)) {
      at_ = static_cast<size_t>(past_line_end(found, end) - window_.data());
      return;
    }
    if (found == end && whole_) return;
    read_on();
  }
}

}  // namespace suppressd
