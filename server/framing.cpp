#include "server/framing.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace suppressd {
namespace {

struct ErrorRow {
  std::string_view name;
  int status;
  std::string_view sentence;
};
constexpr std::array<ErrorRow, 21> errors = {{
    {"none", 200, ""},
    {"bare_line_end", 400, "Lines of the header must end in CR LF."},
    {"bad_request_line", 400, "The request line must be a method, a target and HTTP/1.1."},
    {"unsupported_version", 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."},
    {"header_too_large", 431, "The header is larger than 16384 bytes."},
    {"too_many_fields", 431, "The header has more than 64 fields."},
    {"folded_line", 400, "Folded header lines are not accepted."},
    {"control_byte", 400, "The header holds a control byte."},
    {"bad_field_name", 400, "A header field's name is not a token followed by a colon."},
    {"transfer_encoding_in_1_0", 400, "Transfer-Encoding does not exist in HTTP/1.0."},
    {"bad_transfer_encoding", 400, "The only accepted Transfer-Encoding is one `chunked`."},
    {"transfer_encoding_beside_length", 400,
     "Transfer-Encoding and Content-Length exclude each other."},
    {"repeated_content_length", 400, "Content-Length must be given once."},
    {"bad_content_length", 400, "Content-Length must be one decimal number."},
    {"bad_host", 400, "Exactly one Host field is required."},
    {"unknown_expect", 417, "The only expectation that can be met is 100-continue."},
    {"bad_chunk_size", 400, "A chunk's size must be a hexadecimal number below 2^60."},
    {"chunk_extension", 400, "Chunk extensions are not accepted."},
    {"chunk_line_too_long", 400, "A chunk's size line is longer than 256 bytes."},
    {"chunk_without_end", 400, "A chunk's data must be followed by CR LF."},
    {"trailers", 400, "Fields after a chunked body are not accepted."},
}};
static_assert(errors.size() == static_cast<size_t>(FramingError::trailers) + 1);

bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes the first line, without its CR LF, off the front.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 2, text.size()));
  return line;
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (equal_ignoring_case(trim(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

FramingError check_request_line(std::string_view line, Framing& framing) {
  const size_t method_end = line.find(' ');
  const size_t target_end = line.rfind(' ');
  if (method_end == line.npos || target_end <= method_end) return FramingError::bad_request_line;
  const std::string_view version = line.substr(target_end + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/")) return FramingError::bad_request_line;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return FramingError::unsupported_version;
  framing.http_1_1 = version == "HTTP/1.1";
  framing.keep_alive = framing.http_1_1;
  const std::string_view method = line.substr(0, method_end);
  if (!is_token(method) || method.size() > method_bytes_max) return FramingError::bad_request_line;
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const bool printable =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (target.empty() || !printable) return FramingError::bad_request_line;
  return FramingError::none;
}

/// What the fields that frame a request said, until all were seen.
struct FramingFields {
  size_t hosts = 0;
  size_t lengths = 0;
  size_t transfer_encodings = 0;
  bool transfer_encoding_is_chunked = false;
  bool unknown_expect = false;
};

FramingError take_length(std::string_view value, FramingFields& seen, Framing& framing) {
  if (++seen.lengths > 1) return FramingError::repeated_content_length;
  constexpr size_t digits_max = 18;  // stays below 2^60
  const bool digits =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (value.empty() || !digits || value.size() > digits_max) {
    return FramingError::bad_content_length;
  }
  uint64_t length = 0;
  for (char c : value) length = length * 10 + static_cast<uint64_t>(c - '0');
  framing.content_length = length;
  return FramingError::none;
}

FramingError take_field(std::string_view name, std::string_view value, FramingFields& seen,
                        Framing& framing) {
  if (equal_ignoring_case(name, "host")) {
    ++seen.hosts;
  } else if (equal_ignoring_case(name, "content-length")) {
    return take_length(value, seen, framing);
  } else if (equal_ignoring_case(name, "transfer-encoding")) {
    ++seen.transfer_encodings;
    seen.transfer_encoding_is_chunked = equal_ignoring_case(value, "chunked");
  } else if (equal_ignoring_case(name, "connection")) {
    if (has_token(value, "close")) framing.keep_alive = false;
    if (!framing.http_1_1 && has_token(value, "keep-alive")) framing.keep_alive = true;
  } else if (equal_ignoring_case(name, "expect")) {
    if (equal_ignoring_case(value, "100-continue")) {
      framing.expects_continue = framing.http_1_1;  // 1.0 clients do not know interim answers
    } else {
      seen.unknown_expect = true;
    }
  }
  return FramingError::none;
}

FramingError check_line(std::string_view line, FramingFields& seen, Framing& framing) {
  if (line.front() == ' ' || line.front() == '\t') return FramingError::folded_line;
  if (std::any_of(line.begin(), line.end(), is_control)) return FramingError::control_byte;
  const size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) return FramingError::bad_field_name;
  return take_field(line.substr(0, colon), trim(line.substr(colon + 1)), seen, framing);
}

/// The rules that need all fields.
FramingError conclude(const FramingFields& seen, Framing& framing) {
  if (seen.transfer_encodings > 0) {
    if (!framing.http_1_1) return FramingError::transfer_encoding_in_1_0;
    if (seen.transfer_encodings > 1 || !seen.transfer_encoding_is_chunked) {
      return FramingError::bad_transfer_encoding;
    }
    if (seen.lengths > 0) return FramingError::transfer_encoding_beside_length;
    framing.chunked = true;
  }
  if (seen.hosts > 1 || (framing.http_1_1 && seen.hosts == 0)) return FramingError::bad_host;
  return seen.unknown_expect ? FramingError::unknown_expect : FramingError::none;
}

}  // namespace

std::string_view error_name(FramingError error) {
  return errors[static_cast<size_t>(error)].name;
}
std::string_view sentence_of(FramingError error) {
  return errors[static_cast<size_t>(error)].sentence;
}
int status_of(FramingError error) {
  return errors[static_cast<size_t>(error)].status;
}

size_t find_head_end(std::string_view bytes, size_t scanned, FramingError& error) {
  for (size_t at = bytes.find('\n', scanned); at != bytes.npos; at = bytes.find('\n', at + 1)) {
    if (at == 0 || bytes[at - 1] != '\r') {
      error = FramingError::bare_line_end;
      return 0;
    }
    if (at >= 3 && bytes[at - 2] == '\n') return at + 1;
  }
  return 0;
}

FramingError check_head(std::string_view head, Framing& framing) {
  if (head.size() > header_bytes_max) return FramingError::header_too_large;
  std::string_view rest = head;
  if (FramingError error = check_request_line(take_line(rest), framing);
      error != FramingError::none) {
    return error;
  }
  FramingFields seen;
  size_t fields = 0;
  for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest)) {
    if (++fields > header_fields_max) return FramingError::too_many_fields;
    if (FramingError error = check_line(line, seen, framing); error != FramingError::none) {
      return error;
    }
  }
  return conclude(seen, framing);
}

bool ChunkDecoder::fail(FramingError error) {
  error_ = error;
  return false;
}

bool ChunkDecoder::take_size_digit(char c) {
  uint64_t digit = 0;
  if (c >= '0' && c <= '9') {
    digit = static_cast<uint64_t>(c - '0');
  } else if (lower(c) >= 'a' && lower(c) <= 'f') {
    digit = static_cast<uint64_t>(lower(c) - 'a' + 10);
  } else if (c == ';' || c == ' ' || c == '\t') {
    return fail(FramingError::chunk_extension);
  } else {
    return fail(FramingError::bad_chunk_size);
  }
  if (left_ >= (1ull << 56)) return fail(FramingError::bad_chunk_size);
  left_ = left_ * 16 + digit;
  return true;
}

/// One byte outside of chunk data.
bool ChunkDecoder::take(char c) {
  switch (state_) {
    case State::size:
      if (++line_bytes_ >= chunk_line_bytes_max) return fail(FramingError::chunk_line_too_long);
      if (c != '\r') return take_size_digit(c);
      if (line_bytes_ == 1) return fail(FramingError::bad_chunk_size);
      state_ = State::size_end;
      return true;
    case State::size_end:
      if (c != '\n') return fail(FramingError::bad_chunk_size);
      line_bytes_ = 0;
      state_ = left_ > 0 ? State::data : State::last_cr;
      return true;
    case State::data_end_cr:
      state_ = State::data_end_lf;
      return c == '\r' || fail(FramingError::chunk_without_end);
    case State::data_end_lf:
      state_ = State::size;
      return c == '\n' || fail(FramingError::chunk_without_end);
    case State::last_cr:
      state_ = State::last_lf;
      return c == '\r' || fail(FramingError::trailers);
    case State::last_lf:
      state_ = State::end;
      return c == '\n' || fail(FramingError::trailers);
    case State::data:
    case State::end:
      break;
  }
  return true;
}

ChunkDecoder::Status ChunkDecoder::next(std::string_view& input, std::string_view& data) {
  while (true) {
    if (error_ != FramingError::none) return Status::error;
    if (state_ == State::end) return Status::end;
    if (input.empty()) return Status::more;
    if (state_ == State::data) {
      const size_t taken = static_cast<size_t>(std::min<uint64_t>(left_, input.size()));
      data = input.substr(0, taken);
      input.remove_prefix(taken);
      left_ -= taken;
      if (left_ == 0) state_ = State::data_end_cr;
      return Status::data;
    }
    const char c = input.front();
    input.remove_prefix(1);
    if (!take(c)) return Status::error;
  }
}

}  // namespace suppressd
