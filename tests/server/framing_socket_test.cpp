// Each framing rule once more over a socket: refused with its status, and the connection closed.
#include <catch2/catch.hpp>

#include "tests/server/raw_client.hpp"
#include "tests/server/test_exchange.hpp"

using namespace suppressd;
using namespace suppressd::test;

TEST_CASE("each broken framing rule is answered and closes the connection", "[framing][session]") {
  struct Case {
    std::string what, request;
    int status;
  };
  const std::string start = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  std::string many_fields;
  for (int i = 0; i < 64; ++i) many_fields += "F: v\r\n";
  const std::vector<Case> cases = {
      {"transfer coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"another transfer coding", start + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {"two transfer codings",
       start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"transfer coding beside a length",
       start + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
      {"two lengths", start + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"a list of lengths", start + "Content-Length: 1, 1\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"a folded line", start + "A: b\r\n c\r\n\r\n", 400},
      {"a control byte", start + "A: \x01\r\n\r\n", 400},
      {"a bare line feed", "GET / HTTP/1.1\nHost: x\n\n", 400},
      {"too many fields", start + many_fields + "\r\n", 431},
      {"a header too large", start + "A: " + std::string(17'000, 'a'), 431},
      {"an unknown version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
      {"a TLS hello", "\x16\x03\x01\x02\n", 400},
      {"a relative target", "GET echo HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"an unknown expectation", start + "Expect: wonders\r\n\r\n", 417},
      {"a chunk extension", chunked + "1;a=b\r\nx\r\n0\r\n\r\n", 400},
      {"a long chunk line", chunked + std::string(300, '0') + "1\r\n", 400},
      {"a bad chunk size", chunked + "zz\r\n", 400},
      {"trailers", chunked + "1\r\nx\r\n0\r\nA: b\r\n\r\n", 400},
      {"a chunk without its end", chunked + "1\r\nxy", 400},
  };
  TestServer server;
  for (const Case& row : cases) {
    INFO(row.what);
    RawClient client(server.port());
    client.send(row.request);
    client.finish_sending();
    const RawAnswer answer = client.read_answer();
    CHECK(answer.status == row.status);
    CHECK(answer.has("application/problem+json"));
    CHECK(answer.has("Connection: close"));
    CHECK(answer.body.find("/problems/bad-framing") != answer.body.npos);
    CHECK(client.closed_by_server());
  }
  CHECK(server.metrics.sum(&ThreadCounters::framing_errors) == cases.size());
}

TEST_CASE("a request smuggled behind a refused one is never answered", "[framing][session]") {
  TestServer server;
  RawClient client(server.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nGGET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(client.read_answer().status == 400);
  CHECK(client.closed_by_server());
}
