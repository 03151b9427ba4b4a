// The framing rules as a table of literal heads and bodies; no sockets.
#include "server/framing.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace suppressd;

namespace {

struct HeadCase {
  std::string what;
  std::string head;
  FramingError error;
};

std::string fields(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "F: v\r\n";
  return text;
}

const std::vector<HeadCase>& head_cases() {
  using enum FramingError;
  const std::string start = "POST / HTTP/1.1\r\nHost: x\r\n";
  static const std::vector<HeadCase> cases = {
      {"the least of 1.1", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", none},
      {"the least of 1.0", "GET / HTTP/1.0\r\n\r\n", none},
      {"absolute form", "GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", none},
      {"no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n", bad_request_line},
      {"an empty target", "GET  HTTP/1.1\r\nHost: x\r\n\r\n", bad_request_line},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", bad_request_line},
      {"bytes past ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
       bad_request_line},
      {"a tab in the target", "GET /\t HTTP/1.1\r\nHost: x\r\n\r\n", bad_request_line},
      {"a method that is no token", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n", bad_request_line},
      {"an over-long method", std::string(33, 'M') + " / HTTP/1.1\r\nHost: x\r\n\r\n",
       bad_request_line},
      {"no version", "GET /\r\nHost: x\r\n\r\n", bad_request_line},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", unsupported_version},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", unsupported_version},
      {"a lower-case version", "GET / http/1.1\r\nHost: x\r\n\r\n", bad_request_line},
      {"transfer coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
       transfer_encoding_in_1_0},
      {"chunked", start + "Transfer-Encoding: chunked\r\n\r\n", none},
      {"chunked, in capitals", start + "TRANSFER-ENCODING:\tCHUNKED \r\n\r\n", none},
      {"identity", start + "Transfer-Encoding: identity\r\n\r\n", bad_transfer_encoding},
      {"gzip and chunked", start + "Transfer-Encoding: gzip, chunked\r\n\r\n",
       bad_transfer_encoding},
      {"chunked twice in a line", start + "Transfer-Encoding: chunked, chunked\r\n\r\n",
       bad_transfer_encoding},
      {"chunked in two lines",
       start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       bad_transfer_encoding},
      {"an empty transfer coding", start + "Transfer-Encoding:\r\n\r\n", bad_transfer_encoding},
      {"chunked with a parameter", start + "Transfer-Encoding: chunked;q=1\r\n\r\n",
       bad_transfer_encoding},
      {"chunked behind a vertical tab",
       start + "Transfer-Encoding: \x0b"
               "chunked\r\n\r\n",
       control_byte},
      {"chunked beside a length", start + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       transfer_encoding_beside_length},
      {"a length", start + "Content-Length: 3\r\n\r\n", none},
      {"two lengths", start + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
       repeated_content_length},
      {"two equal lengths", start + "Content-Length: 3\r\ncontent-length: 3\r\n\r\n",
       repeated_content_length},
      {"a list of lengths", start + "Content-Length: 3, 3\r\n\r\n", bad_content_length},
      {"a signed length", start + "Content-Length: +3\r\n\r\n", bad_content_length},
      {"a negative length", start + "Content-Length: -3\r\n\r\n", bad_content_length},
      {"a hexadecimal length", start + "Content-Length: 0x3\r\n\r\n", bad_content_length},
      {"an empty length", start + "Content-Length:\r\n\r\n", bad_content_length},
      {"a length past 64 bits", start + "Content-Length: 99999999999999999999\r\n\r\n",
       bad_content_length},
      {"no host", "GET / HTTP/1.1\r\n\r\n", bad_host},
      {"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", bad_host},
      {"two hosts in 1.0", "GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", bad_host},
      {"a folded line", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", folded_line},
      {"a line folded with a tab", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", folded_line},
      {"white space before the first field", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", folded_line},
      {"a NUL in a value", start + std::string("A: b\0c\r\n\r\n", 10), control_byte},
      {"a lone CR in a value", start + "A: b\rc\r\n\r\n", control_byte},
      {"DEL in a value", start + "A: b\x7f\r\n\r\n", control_byte},
      {"UTF-8 in a value", start + "A: b\xc3\xa4\r\n\r\n", none},
      {"a space before the colon", start + "Content-Length : 3\r\n\r\n", bad_field_name},
      {"no colon", start + "nonsense\r\n\r\n", bad_field_name},
      {"no name", start + ": v\r\n\r\n", bad_field_name},
      {"a name that is no token", start + "A(b): v\r\n\r\n", bad_field_name},
      {"64 fields", "GET / HTTP/1.1\r\nHost: x\r\n" + fields(63) + "\r\n", none},
      {"65 fields", "GET / HTTP/1.1\r\nHost: x\r\n" + fields(64) + "\r\n", too_many_fields},
      {"a header over its limit", start + "A: " + std::string(header_bytes_max, 'a') + "\r\n\r\n",
       header_too_large},
      {"100-continue", start + "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n", none},
      {"another expectation", start + "Expect: 200-ok\r\n\r\n", unknown_expect},
      {"framing before expectations", "POST / HTTP/1.1\r\nExpect: 200-ok\r\n\r\n", bad_host},
  };
  return cases;
}

/// Decodes a chunked body given in pieces that end at these offsets.
ChunkDecoder::Status decode(std::string_view body, const std::vector<size_t>& cuts,
                            std::string& data, std::string& left, FramingError& error) {
  ChunkDecoder decoder;
  auto status = ChunkDecoder::Status::more;
  size_t at = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t end = i < cuts.size() ? cuts[i] : body.size();
    std::string_view input = body.substr(at, end - at);
    at = end;
    std::string_view view;
    while ((status = decoder.next(input, view)) == ChunkDecoder::Status::data) data += view;
    if (status == ChunkDecoder::Status::more) continue;
    left = std::string(input) + std::string(body.substr(at));
    break;
  }
  error = decoder.error();
  return status;
}

}  // namespace

TEST_CASE("a head is accepted or refused for its own reason", "[framing]") {
  for (const HeadCase& row : head_cases()) {
    INFO(row.what);
    Framing framing;
    CHECK(error_name(check_head(row.head, framing)) == error_name(row.error));
  }
}

TEST_CASE("a head's end is found wherever it is split", "[framing]") {
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\nnext";
  for (size_t scanned = 0; scanned < request.size() - 4; ++scanned) {
    FramingError error = FramingError::none;
    CHECK(find_head_end(request.substr(0, scanned), 0, error) == 0);
    CHECK(find_head_end(request, scanned, error) == request.size() - 4);
    CHECK(error == FramingError::none);
  }
}

TEST_CASE("a bare line feed is refused without waiting for more", "[framing]") {
  for (std::string_view head :
       {"GET / HTTP/1.1\nHost: x\n\n", "\nGET", "GET / HTTP/1.1\r\nA: b\n"}) {
    FramingError error = FramingError::none;
    CHECK(find_head_end(head, 0, error) == 0);
    CHECK(error == FramingError::bare_line_end);
  }
}

TEST_CASE("what a head says of its request is read", "[framing]") {
  Framing framing;
  REQUIRE(check_head("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 042\r\n"
                     "Expect: 100-continue\r\nConnection: foo, Close\r\n\r\n",
                     framing) == FramingError::none);
  CHECK(framing.content_length == 42u);
  CHECK(framing.expects_continue);
  CHECK_FALSE(framing.keep_alive);
  CHECK_FALSE(framing.chunked);

  framing = Framing{};
  REQUIRE(check_head("POST / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
                     framing) == FramingError::none);
  CHECK_FALSE(framing.http_1_1);
  CHECK(framing.keep_alive);
  CHECK_FALSE(framing.expects_continue);
}

TEST_CASE("a chunked body decodes the same wherever it is split", "[framing]") {
  const std::string body = "5\r\nhello\r\n00001\r\n \r\nA\r\n0123456789\r\n0\r\n\r\nGET /";
  for (size_t first = 0; first <= body.size(); ++first) {
    for (size_t second = first; second <= body.size(); ++second) {
      std::string data, left;
      FramingError error{};
      CHECK(decode(body, {first, second}, data, left, error) == ChunkDecoder::Status::end);
      CHECK(data == "hello 0123456789");
      CHECK(left == "GET /");
    }
  }
}

TEST_CASE("a chunked body is refused for its own reason, wherever it is split", "[framing]") {
  using enum FramingError;
  const std::vector<std::pair<std::string, FramingError>> cases = {
      {"5;a=b\r\nhello\r\n0\r\n\r\n", chunk_extension},
      {"5 \r\nhello\r\n0\r\n\r\n", chunk_extension},
      {"g\r\n", bad_chunk_size},
      {"\r\nhello\r\n", bad_chunk_size},
      {"0x5\r\nhello\r\n", bad_chunk_size},
      {"-5\r\nhello\r\n", bad_chunk_size},
      {"5\nhello\r\n", bad_chunk_size},
      {"5\rhello\r\n", bad_chunk_size},
      {"10000000000000000\r\n", bad_chunk_size},
      {"ffffffffffffffff\r\n", bad_chunk_size},
      {std::string(255, '0') + "5\r\nhello\r\n", chunk_line_too_long},
      {"5\r\nhello!\r\n", chunk_without_end},
      {"5\r\nhello\r\r\n", chunk_without_end},
      {"5\r\nhello\n", chunk_without_end},
      {"0\r\nTrailer: x\r\n\r\n", trailers},
      {"0\r\n\n", trailers},
      {"0\r\n\rx", trailers},
  };
  for (const auto& [body, expected] : cases) {
    INFO(body);
    for (size_t cut = 0; cut <= body.size(); ++cut) {
      std::string data, left;
      FramingError error{};
      CHECK(decode(body, {cut}, data, left, error) == ChunkDecoder::Status::error);
      CHECK(error_name(error) == error_name(expected));
    }
  }
}

TEST_CASE("a chunk's size line may be 256 bytes long and no longer", "[framing]") {
  std::string data, left;
  FramingError error{};
  const std::string longest = std::string(253, '0') + "1\r\nx\r\n0\r\n\r\n";
  CHECK(decode(longest, {}, data, left, error) == ChunkDecoder::Status::end);
  CHECK(data == "x");
  CHECK(decode("0" + longest, {}, data, left, error) == ChunkDecoder::Status::error);
  CHECK(error == FramingError::chunk_line_too_long);
}

TEST_CASE("a cut-off chunked body is never taken for a whole one", "[framing]") {
  const std::string body = "5\r\nhello\r\n0\r\n\r\n";
  for (size_t length = 0; length < body.size(); ++length) {
    std::string data, left;
    FramingError error{};
    CHECK(decode(body.substr(0, length), {}, data, left, error) == ChunkDecoder::Status::more);
  }
}
