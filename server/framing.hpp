// The rules by which a request's bytes are cut out of a connection, stricter than HTTP's grammar
// and than Beast's parser: whatever two implementations could read differently is refused and the
// connection closed, so that no proxy in front can be made to see other requests than we do.
// Pure functions over bytes; no sockets. Thread safety: values; a ChunkDecoder is one request's.
//
// A head is refused for
//   line ends other than CR LF; folded lines; control bytes; names that are not tokens
//   more than 64 fields, or more than header_bytes_max in all
//   Transfer-Encoding with HTTP/1.0, other than exactly one `chunked`, or beside Content-Length
//   more than one Content-Length line, or one that is not a plain decimal number
//   on HTTP/1.1 anything but exactly one Host; on HTTP/1.0 more than one
//   an Expect that is not 100-continue (417)
// A chunked body is refused for chunk extensions, chunk lines over chunk_line_bytes_max, trailers,
// and sizes past 2^60.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace suppressd {

inline constexpr size_t header_bytes_max = 16 * 1024;
inline constexpr size_t header_fields_max = 64;
inline constexpr size_t method_bytes_max = 32;
inline constexpr size_t chunk_line_bytes_max = 256;  // the size's digits and its line end

enum class FramingError : uint8_t {
  none,
  bare_line_end,
  bad_request_line,
  unsupported_version,
  header_too_large,
  too_many_fields,
  folded_line,
  control_byte,
  bad_field_name,
  transfer_encoding_in_1_0,
  bad_transfer_encoding,
  transfer_encoding_beside_length,
  repeated_content_length,
  bad_content_length,
  bad_host,
  unknown_expect,
  bad_chunk_size,
  chunk_extension,
  chunk_line_too_long,
  chunk_without_end,
  trailers,
};
/// A stable name for logs and tests, such as "bad_host".
std::string_view error_name(FramingError error);
/// One sentence for the client.
std::string_view sentence_of(FramingError error);
/// 400, 417, 431 or 505.
int status_of(FramingError error);

/// How a request is framed, as its checked head says.
struct Framing {
  bool http_1_1 = true;
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  std::optional<uint64_t> content_length;
};

/// Where the first head in these bytes ends (one past its empty line); 0 when it is not all there.
/// `scanned` bytes were looked at by an earlier call. A line feed without its carriage return sets
/// `error`: waiting for more would not help.
size_t find_head_end(std::string_view bytes, size_t scanned, FramingError& error);

/// Checks a whole head, from its request line to its empty line. `framing` is filled as far as the
/// head could be read, so that an error can be answered in the client's version.
[[nodiscard]] FramingError check_head(std::string_view head, Framing& framing);

/// Takes the data out of a chunked body, in place, wherever its bytes are split.
class ChunkDecoder {
 public:
  enum class Status : uint8_t { more, data, end, error };

  /// Consumes bytes from the front of `input`. `data`: a view into `input` was found; call again.
  /// `more`: the input is used up. `end`: the body is whole, and what is left of `input` belongs to
  /// the next request. `error`: see error(); nothing after it can be trusted.
  [[nodiscard]] Status next(std::string_view& input, std::string_view& data);
  FramingError error() const { return error_; }

 private:
  enum class State : uint8_t {
    size,
    size_end,
    data,
    data_end_cr,
    data_end_lf,
    last_cr,
    last_lf,
    end
  };
  bool take(char c);
  bool take_size_digit(char c);
  bool fail(FramingError error);

  State state_ = State::size;
  FramingError error_ = FramingError::none;
  uint64_t left_ = 0;  // of the chunk's data
  size_t line_bytes_ = 0;
};

}  // namespace suppressd
