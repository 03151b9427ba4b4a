#include "tools/suppressctl/bench_answer.hpp"

#include <catch2/catch.hpp>

#include "tools/suppressctl/bench_load.hpp"

using namespace suppressctl;

namespace {

/// Feeds the bytes in pieces of that size; how many were left over once the answer was whole.
size_t feed(AnswerReader& reader, std::string_view bytes, size_t piece) {
  reader.begin();
  for (size_t at = 0; at < bytes.size(); at += piece) {
    std::string_view part = bytes.substr(at, piece);
    REQUIRE(reader.feed(part));
    if (reader.whole()) return part.size() + (bytes.size() - std::min(bytes.size(), at + piece));
    REQUIRE(part.empty());
  }
  return 0;
}

bool understood(std::string_view bytes) {
  AnswerReader reader;
  reader.begin();
  return reader.feed(bytes);
}

const std::string sized =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 46\r\n\r\n"
    R"({"results":[],"sequence":9,"checked":12,"a":1})";
const std::string chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "10\r\n{\"results\":[],\n\n\r\n"
    "D\r\n\"checked\":120\r\n"
    "1\r\n}\r\n0\r\n\r\n";

}  // namespace

TEST_CASE("answers are read whole, however they are cut") {
  AnswerReader reader;
  for (size_t piece = 1; piece <= sized.size(); ++piece) {
    INFO("pieces of " << piece);
    CHECK(feed(reader, sized, piece) == 0);
    CHECK(reader.whole());
    CHECK(reader.status() == 200);
    CHECK(reader.body_bytes() == 46);
    CHECK(reader.number("checked") == 12u);
    CHECK(reader.keep_alive());
  }
  for (size_t piece = 1; piece <= chunked.size(); ++piece) {
    INFO("pieces of " << piece);
    CHECK(feed(reader, chunked, piece) == 0);
    CHECK(reader.whole());
    CHECK(reader.body_bytes() == 30);
    CHECK(reader.body_lines() == 2);
    CHECK(reader.number("checked") == 120u);
  }
}

TEST_CASE("an answer ends where it ends") {
  AnswerReader reader;
  CHECK(feed(reader, sized + "HTTP", 1000) == 4);
  CHECK(feed(reader, "HTTP/1.1 204 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 7) == 0);
  CHECK(reader.whole());
  CHECK_FALSE(reader.keep_alive());
  CHECK(feed(reader, "HTTP/1.1 100 Continue\r\n\r\n" + sized, 5) == 0);
  CHECK(reader.status() == 200);
  CHECK(reader.whole());
  CHECK(feed(reader, sized.substr(0, sized.size() - 1), 9) == 0);
  CHECK_FALSE(reader.whole());
}

TEST_CASE("what is no answer of ours is an error") {
  CHECK_FALSE(understood("ICY 200 OK\r\n\r\n"));
  CHECK_FALSE(understood("HTTP/1.1 abc\r\n\r\n"));
  CHECK_FALSE(understood("HTTP/1.1 200 OK\r\n\r\n"));  // its end could only be a closed connection
  CHECK_FALSE(understood("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n"));
  CHECK_FALSE(understood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"));
  CHECK_FALSE(understood("HTTP/1.1 200 OK\r\n" + std::string(20'000, 'a')));
}

TEST_CASE("an answer accounts for every address of its request, or is wrong") {
  const auto judge = [](AnswerFormat format, uint32_t addresses, const std::string& body) {
    AnswerReader reader;
    feed(reader,
         "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
         4096);
    PreparedRequest request;
    request.answer = format;
    request.addresses = addresses;
    return accounts_for_all(request, reader);
  };
  CHECK(judge(AnswerFormat::json, 3, R"({"results":[],"checked":3})"));
  CHECK_FALSE(judge(AnswerFormat::json, 3, R"({"results":[],"checked":2})"));
  CHECK(judge(AnswerFormat::json, 3, R"({"added":1,"updated":0,"unchanged":1,"invalid":1})"));
  CHECK_FALSE(judge(AnswerFormat::json, 3, R"({"added":1,"updated":0})"));
  CHECK(judge(AnswerFormat::ndjson, 3, "{\"index\":1}\n{\"summary\":{\"checked\":3}}\n"));
  CHECK(judge(AnswerFormat::bitmap, 9, "ab"));
  CHECK_FALSE(judge(AnswerFormat::bitmap, 17, "ab"));
  CHECK(judge(AnswerFormat::text, 2, "a@example.com\nb@example.com\n"));
  CHECK_FALSE(judge(AnswerFormat::text, 1, "a@example.com\nb@example.com\n"));
  CHECK(judge(AnswerFormat::csv, 1, "address,verdict,reason,scope\na,clear,,\n"));
  CHECK_FALSE(judge(AnswerFormat::csv, 2, "address,verdict,reason,scope\na,clear,,\n"));
}
