#include "tools/suppressctl/http_client.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "tests/tools/stub_server.hpp"

namespace suppressctl {
namespace {

using tools_tests::answer_with;
using tools_tests::StubAnswer;
using tools_tests::StubRequest;
using tools_tests::StubServer;

HttpAnswer get(const StubServer& server, std::chrono::seconds patience = std::chrono::seconds(20)) {
  Connection connection(parse_endpoint(server.url()), patience);
  HttpRequest request;
  request.target = "/";
  return connection.exchange(request);
}

TEST_CASE("a server address is a URL with a host, and defaults to the scheme's port") {
  CHECK(parse_endpoint("http://127.0.0.1:8080").port == "8080");
  CHECK(parse_endpoint("http://example.com").port == "80");
  const Endpoint secure = parse_endpoint("https://[::1]:8443/base/");
  CHECK(secure.tls);
  CHECK(secure.host == "::1");
  CHECK(secure.port == "8443");
  CHECK(secure.prefix == "/base");
  CHECK(secure.host_field() == "[::1]:8443");
  for (const char* bad : {"", "127.0.0.1:8080", "ftp://x", "http://", "http://:80", "http://a:b",
                          "http://user@host", "http://[::1", "http://a b"})
    CHECK_THROWS_AS(parse_endpoint(bad), Failure);
}

TEST_CASE("whole answers come back, with a length or in chunks") {
  const StubServer plain([](auto&) { return answer_with(200, "hello", "text/plain"); });
  CHECK(get(plain).body == "hello");
  const StubServer chunked([](auto&) {
    return StubAnswer{
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n"
        "0\r\n\r\n",
        false};
  });
  CHECK(get(chunked).body == "hello");
}

TEST_CASE("an answer that ends early is no answer") {
  for (const char* bytes :
       {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        // Only the closed connection would mark its end: it could be a part.
        "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nhello"}) {
    const StubServer server([bytes](auto&) { return StubAnswer{bytes, true}; });
    INFO(bytes);
    CHECK_THROWS_AS(get(server), ConnectionLost);
  }
}

TEST_CASE("what is no HTTP is refused") {
  const StubServer server([](auto&) { return StubAnswer{"SSH-2.0-OpenSSH_9.2\r\n\r\n", true}; });
  CHECK_THROWS_AS(get(server), ConnectionLost);
}

TEST_CASE("a silent server counts as gone after a while") {
  StubServer server(nullptr, [](int socket, const StubRequest&) {
    char byte;
    ::recv(socket, &byte, 1, 0);  // until the client gives up
  });
  CHECK_THROWS_AS(get(server, std::chrono::seconds(1)), ConnectionLost);
}

TEST_CASE("a server that is not there is named in the error") {
  std::string url;
  {
    const StubServer gone([](auto&) { return StubAnswer{}; });
    url = gone.url();
  }
  Connection connection(parse_endpoint(url), std::chrono::seconds(5));
  HttpRequest request;
  request.target = "/";
  CHECK_THROWS_WITH(connection.exchange(request), Catch::Contains(url.substr(7)));
}

TEST_CASE("a connection is kept, and made anew when the server closed it meanwhile") {
  int answered = 0;
  const StubServer server([&answered](auto&) {
    StubAnswer answer = answer_with(200, "x", "text/plain");
    answer.close_after = ++answered == 2;  // without saying so in its fields
    return answer;
  });
  Connection connection(parse_endpoint(server.url()), std::chrono::seconds(20));
  HttpRequest request;
  request.target = "/";
  for (int i = 0; i < 4; ++i) CHECK(connection.exchange(request).body == "x");
  CHECK(server.connections() == 2);
  CHECK(server.requests().size() == 4);
}

TEST_CASE("a refusal is heard although the body is still being sent") {
  StubServer server(nullptr, [](int socket, const StubRequest&) {
    const StubAnswer answer = answer_with(401, "no", "text/plain", "Connection: close\r\n");
    ::send(socket, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL);
    char sink[65536];
    while (::recv(socket, sink, sizeof sink, 0) > 0) {
    }
  });
  Connection connection(parse_endpoint(server.url()), std::chrono::seconds(20));
  const std::string body(32 << 20, 'x');
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.body = body;
  const HttpAnswer answer = connection.exchange(request);
  CHECK(answer.status == 401);
  CHECK(answer.body == "no");
}

TEST_CASE("an answer that streams while the body does never blocks either side") {
  // Echoes piece by piece and reads on only when its answer was taken: with a client that first
  // sends everything, both would wait for ever once the socket buffers are full.
  constexpr size_t size = 32 << 20;
  StubServer server(nullptr, [](int socket, const StubRequest& head) {
    std::string out =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + head.body;
    size_t echoed = head.body.size();
    char piece[65536];
    while (::send(socket, out.data(), out.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(out.size()) &&
           echoed < size) {
      const ssize_t n = ::recv(socket, piece, sizeof piece, 0);
      if (n <= 0) return;
      out.assign(piece, static_cast<size_t>(n));
      echoed += out.size();
    }
    ::recv(socket, piece, 1, 0);  // until the client closes
  });
  std::string body(size, 'x');
  for (size_t i = 0; i < size; i += 4099) body[i] = static_cast<char>('a' + i % 23);
  Connection connection(parse_endpoint(server.url()), std::chrono::seconds(20));
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.body = body;
  CHECK(connection.exchange(request).body == body);
}

TEST_CASE("a sink gets the pieces of an answer, and nothing of a refusal") {
  std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(100, static_cast<char>('a' + i % 26));
    chunks += "64\r\n" + piece + "\r\n";
    expected += piece;
  }
  const StubServer server([&](const StubRequest& request) {
    if (request.target == "/no") return answer_with(404, "no", "text/plain");
    const bool cut = request.target == "/cut";
    return StubAnswer{chunks + (cut ? "" : "0\r\n\r\n"), cut};
  });
  Connection connection(parse_endpoint(server.url()), std::chrono::seconds(20));
  std::string got;
  size_t pieces = 0;
  HttpRequest request;
  request.sink = [&](std::string_view piece) {
    got += piece;
    ++pieces;
  };
  request.target = "/";
  CHECK(connection.exchange(request).body.empty());
  CHECK(got == expected);
  CHECK(pieces > 1);
  request.target = "/no";
  CHECK(connection.exchange(request).body == "no");
  CHECK(got == expected);
  request.target = "/cut";
  CHECK_THROWS_AS(connection.exchange(request), ConnectionLost);
  // A sink that fails ends the exchange; the connection can be used again.
  request.target = "/";
  request.sink = [](std::string_view) { throw Failure("full"); };
  CHECK_THROWS_WITH(connection.exchange(request), "full");
  got.clear();
  request.sink = [&got](std::string_view piece) { got += piece; };
  connection.exchange(request);
  CHECK(got == expected);
}

}  // namespace
}  // namespace suppressctl
