// The session over real loopback sockets: what the bytes on the wire do, whatever exchange answers.
#include "server/session.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/server/raw_client.hpp"
#include "tests/server/test_exchange.hpp"

using namespace suppressd;
using namespace suppressd::test;
using namespace std::chrono_literals;

namespace {

std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

std::string chunk(std::string_view data) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + std::string(data) + "\r\n";
}

std::string chunked_head(std::string_view path) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
}

/// Waits for another thread's doing, not for a time.
template <class Condition>
void eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + 60s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) FAIL("what was waited for does not happen");
    std::this_thread::yield();
  }
}

/// The shape of a list that a streaming client may send: recognizable at every offset.
std::string patterned(size_t bytes) {
  std::string text(bytes, ' ');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

}  // namespace

TEST_CASE("a body comes back as it was sent, and the connection is kept", "[session]") {
  TestServer server;
  RawClient client(server.port());
  for (std::string_view body : {"hello", "", "again"}) {
    REQUIRE(client.send(post("/echo", body)));
    const RawAnswer answer = client.read_answer();
    CHECK(answer.status == 200);
    CHECK(answer.whole);
    CHECK(answer.body == body);
    CHECK_FALSE(answer.has("Connection: close"));
  }
  CHECK(server.metrics.sum(&ThreadCounters::connections_opened) == 1);
}

TEST_CASE("pipelined requests are answered one after the other, in order", "[session]") {
  TestServer server;
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += i % 2 == 0 ? post("/echo", std::to_string(i))
                           : chunked_head("/echo") + chunk(std::to_string(i)) + "0\r\n\r\n";
  }
  REQUIRE(client.send(requests));
  for (int i = 0; i < 100; ++i) CHECK(client.read_answer().body == std::to_string(i));
}

TEST_CASE("requests that arrive a byte at a time are read all the same", "[session]") {
  TestServer server;
  RawClient client(server.port());
  client.send_byte_by_byte(post("/echo", "slowly") + chunked_head("/echo") + chunk("in ") +
                           chunk("chunks") + "0\r\n\r\n" + post("/echo", "done"));
  CHECK(client.read_answer().body == "slowly");
  CHECK(client.read_answer().body == "in chunks");
  CHECK(client.read_answer().body == "done");
}

TEST_CASE("a body of many buffers arrives whole, by length and in chunks", "[session]") {
  TestServer server;
  RawClient client(server.port());
  const std::string body = patterned(3'000'000);
  std::string chunked = chunked_head("/echo");
  for (size_t at = 0; at < body.size(); at += 70'001) {
    chunked += chunk(std::string_view(body).substr(at, 70'001));
  }
  REQUIRE(client.send(post("/echo", body) + chunked + "0\r\n\r\n" + post("/echo", "next")));
  CHECK(client.read_answer().body == body);
  CHECK(client.read_answer().body == body);
  CHECK(client.read_answer().body == "next");
}

TEST_CASE("an answer streams while its body is still being sent", "[session]") {
  TestServer server;
  RawClient client(server.port());
  const std::string body = patterned(8 << 20);

  SECTION("a client that sends everything before it reads does not deadlock") {
    REQUIRE(client.send(post("/stream", body)));
    const RawAnswer answer = client.read_answer();
    CHECK(answer.has("Transfer-Encoding: chunked"));
    CHECK(answer.whole);
    CHECK(answer.body == body);
  }
  SECTION("the first bytes come before the last are sent") {
    REQUIRE(client.send(post("/stream", body).substr(0, body.size() / 2)));
    eventually([&] { return server.metrics.sum(&ThreadCounters::bytes_sent) > body.size() / 4; });
  }
}

TEST_CASE("reading pauses while the client does not take its answer", "[session]") {
  Listener::Options options;
  options.limits.answer_buffer_bytes_max = 256 * 1024;
  TestServer server(options);
  RawClient client(server.port(), 16 * 1024);
  const std::string body = patterned(16 << 20);
  std::thread sender([&] { client.send(post("/stream", body)); });
  const RawAnswer answer = client.read_answer();
  sender.join();
  CHECK(answer.whole);
  CHECK((answer.body == body));
  CHECK(server.observed.largest_answer <= 256 * 1024 + large_buffer_bytes);
}

TEST_CASE("100-continue is sent only to who wants the body", "[session]") {
  TestServer server;
  const std::string expect = "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n";

  SECTION("wanted") {
    RawClient client(server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + expect);
    CHECK(client.read_answer().status == 100);
    client.send("body");
    CHECK(client.read_answer().body == "body");
    client.send(post("/echo", "kept alive"));
    CHECK(client.read_answer().body == "kept alive");
  }
  SECTION("not wanted: the final answer, and the connection ends") {
    RawClient client(server.port());
    client.send("POST /ignore HTTP/1.1\r\nHost: x\r\n" + expect);
    const RawAnswer answer = client.read_answer();
    CHECK(answer.status == 200);
    CHECK(answer.has("Connection: close"));
    CHECK(client.closed_by_server());
  }
  SECTION("already on its way: no interim answer") {
    RawClient client(server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + expect + "body");
    CHECK(client.read_answer().body == "body");
  }
  SECTION("another expectation: 417") {
    RawClient client(server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: a-miracle\r\n\r\n");
    CHECK(client.read_answer().status == 417);
    CHECK(client.closed_by_server());
  }
}

TEST_CASE("an early answer reaches a client that is still sending", "[session]") {
  TestServer server;
  RawClient client(server.port());
  client.send("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
  client.send(patterned(100'000));
  const RawAnswer answer = client.read_answer();
  CHECK(answer.status == 403);
  CHECK(answer.whole);
  CHECK(answer.body == "refused early");
  CHECK(answer.has("Connection: close"));
  CHECK(client.closed_by_server());
}

TEST_CASE("a client that goes on sending after an early answer is cut off", "[session]") {
  Listener::Options options;
  options.limits.drain_bytes_max = 64 * 1024;
  options.limits.drain_deadline = 1h;
  TestServer server(options);
  RawClient client(server.port());
  client.send("POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string more = chunk(patterned(60'000));
  while (client.send(more)) {
  }
  eventually([&] { return server.metrics.sum(&ThreadCounters::connections_closed) == 1; });
}

TEST_CASE("a small body nobody wanted does not cost the connection", "[session]") {
  TestServer server;
  RawClient client(server.port());
  client.send(post("/ignore", "unread") + post("/echo", "next"));
  const RawAnswer first = client.read_answer();
  CHECK(first.body == "ignored");
  CHECK_FALSE(first.has("Connection: close"));
  CHECK(client.read_answer().body == "next");
}

TEST_CASE("HTTP/1.0 is answered in its own way", "[session]") {
  TestServer server;
  SECTION("the connection closes by default") {
    RawClient client(server.port());
    client.send("POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi");
    const RawAnswer answer = client.read_answer();
    CHECK(answer.head.starts_with("HTTP/1.0 200 OK\r\n"));
    CHECK(answer.has("Content-Length: 2"));
    CHECK(answer.body == "hi");
    CHECK(client.closed_by_server());
  }
  SECTION("keep-alive is kept when asked for") {
    RawClient client(server.port());
    for (int i = 0; i < 2; ++i) {
      client.send("POST /echo HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi");
      const RawAnswer answer = client.read_answer();
      CHECK(answer.has("Connection: keep-alive"));
      CHECK(answer.body == "hi");
    }
  }
  SECTION("a long answer ends with the connection") {
    RawClient client(server.port());
    const std::string body = patterned(1 << 20);
    client.send("POST /stream HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    const RawAnswer answer = client.read_answer();
    CHECK_FALSE(answer.has("Transfer-Encoding"));
    CHECK(answer.has("Connection: close"));
    CHECK(answer.whole);
    CHECK((answer.body == body));
  }
}

TEST_CASE("HEAD is answered like GET, without the body", "[session]") {
  TestServer server;
  RawClient client(server.port());
  client.send("HEAD /big?5 HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawAnswer head = client.read_answer(true);
  CHECK(head.status == 200);
  CHECK(head.has("Content-Length: 5\r\n"));
  client.send(post("/echo", "next"));
  CHECK(client.read_answer().body == "next");
}

TEST_CASE("a broken answer can be told from a whole one", "[session]") {
  TestServer server;
  SECTION("HTTP/1.1: no last chunk") {
    RawClient client(server.port());
    const std::string body = patterned(1 << 20);
    client.send(chunked_head("/stream") + chunk(body) + "zz\r\n");
    const RawAnswer answer = client.read_answer();
    CHECK(answer.status == 200);
    CHECK_FALSE(answer.whole);
  }
  SECTION("HTTP/1.0: a reset") {
    Listener::Options options;
    options.limits.rate_window = 50ms;
    options.limits.tick = 5ms;
    TestServer impatient(options);
    RawClient client(impatient.port());
    const std::string body = patterned(1 << 20);
    client.send("POST /stream HTTP/1.0\r\nContent-Length: 9999999\r\n\r\n" + body);
    const RawAnswer answer = client.read_answer();
    CHECK_FALSE(answer.whole);
    CHECK(client.was_reset());
  }
  SECTION("before anything was sent it is a 500") {
    RawClient client(server.port());
    client.send("GET /broken?10 HTTP/1.1\r\nHost: x\r\n\r\n");
    const RawAnswer answer = client.read_answer();
    CHECK(answer.status == 500);
    CHECK(answer.has("application/problem+json"));
    CHECK(client.closed_by_server());
  }
  SECTION("so is an exception") {
    RawClient client(server.port());
    client.send(post("/throw", "x"));
    CHECK(client.read_answer().status == 500);
  }
}

TEST_CASE("an exchange that waits goes on when another thread wakes it", "[session]") {
  TestServer server;
  RawClient client(server.port());
  SECTION("after the body") {
    client.send(post("/wait", "x") + post("/echo", "next"));
    server.observed.wakes.take()();
    CHECK(client.read_answer().body == "woken");
    CHECK(client.read_answer().body == "next");
  }
  SECTION("in the middle of the body") {
    const std::string body = patterned(1 << 20);
    std::thread sender(
        [&] { client.send(chunked_head("/wait-body") + chunk(body) + "0\r\n\r\n"); });
    server.observed.wakes.take()();
    sender.join();
    CHECK((client.read_answer().body == body));
  }
  SECTION("a wake that comes before its wait is not lost") {
    client.send(
        "POST /woken-first HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(client.read_answer().status == 100);  // by now the wake was seen
    client.send("x");
    CHECK(client.read_answer().body == "woken");
  }
  SECTION("a second wake does nothing") {
    client.send(post("/wait", "x"));
    const Wake wake = server.observed.wakes.take();
    wake();
    wake();
    CHECK(client.read_answer().body == "woken");
    wake();
    client.send(post("/wait", "x"));
    server.observed.wakes.take()();
    CHECK(client.read_answer().body == "woken");
  }
}

TEST_CASE("a wake after the client has left harms nobody", "[session]") {
  TestServer server;
  Wake wake;
  {
    RawClient client(server.port());
    // The pipelined garbage makes the server notice that the client has gone: it must write to
    // learn.
    client.send(post("/wait", "x"));
    wake = server.observed.wakes.take();
  }
  CHECK(server.observed.exchanges_alive == 1);
  wake();
  eventually([&] { return server.observed.exchanges_alive == 0; });
  wake();
  RawClient other(server.port());
  other.send(post("/echo", "still here"));
  CHECK(other.read_answer().body == "still here");
}

TEST_CASE("an exchange that waits outlives its connection until it is woken", "[session]") {
  TestServer server;
  RawClient client(server.port());
  client.send(chunked_head("/flood-wait?50000000") + chunk("x"));
  const Wake wake = server.observed.wakes.take();
  client.close();  // over unread bytes: a reset, so the server's writing fails
  eventually([&] { return server.metrics.sum(&ThreadCounters::connections_closed) == 1; });
  CHECK(server.observed.exchanges_alive == 1);
  wake();
  eventually([&] { return server.observed.exchanges_alive == 0; });
}

TEST_CASE("a wake after the listener has gone harms nobody", "[session]") {
  Wake wake;
  {
    TestServer server;
    RawClient client(server.port());
    client.send(post("/wait", "x"));
    wake = server.observed.wakes.take();
    CHECK_FALSE(server.listener.drain(0ms));
  }
  wake();
}

TEST_CASE("deadlines are totals", "[session]") {
  Listener::Options options;
  options.limits.tick = 5ms;
  SECTION("a header that trickles in is answered 408") {
    options.limits.header_deadline = 100ms;
    TestServer server(options);
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHo");
    const RawAnswer answer = client.read_answer();
    CHECK(answer.status == 408);
    CHECK(client.closed_by_server());
    CHECK(server.metrics.sum(&ThreadCounters::deadlines_passed) == 1);
  }
  SECTION("a body below the minimum rate is answered 408") {
    options.limits.rate_window = 50ms;
    TestServer server(options);
    RawClient client(server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc");
    CHECK(client.read_answer().status == 408);
    CHECK(client.closed_by_server());
  }
  SECTION("an answer nobody takes is cut off") {
    options.limits.rate_window = 50ms;
    TestServer server(options);
    RawClient client(server.port(), 4096);
    client.send("GET /big?50000000 HTTP/1.1\r\nHost: x\r\n\r\n");
    eventually([&] { return server.metrics.sum(&ThreadCounters::connections_closed) == 1; });
    CHECK_FALSE(client.read_answer().whole);
  }
  SECTION("an idle connection is closed without a word") {
    options.limits.idle_deadline = 50ms;
    TestServer server(options);
    RawClient client(server.port());
    client.send(post("/echo", "x"));
    CHECK(client.read_answer().body == "x");
    CHECK(client.closed_by_server());
  }
}

TEST_CASE("past the connection limit a request is shed with 503", "[session]") {
  Listener::Options options;
  options.connections_max = 2;
  TestServer server(options);
  RawClient first(server.port());
  RawClient second(server.port());
  first.send(post("/echo", "1"));
  second.send(post("/echo", "2"));
  CHECK(first.read_answer().body == "1");
  CHECK(second.read_answer().body == "2");
  RawClient third(server.port());
  third.send(post("/echo", "3"));
  const RawAnswer answer = third.read_answer();
  CHECK(answer.status == 503);
  CHECK(answer.has("Retry-After: "));
  CHECK(third.closed_by_server());
  third.close();
  CHECK(server.metrics.sum(&ThreadCounters::connections_refused) == 1);
  first.close();
  eventually([&] { return server.metrics.sum(&ThreadCounters::connections_closed) >= 2; });
  RawClient fourth(server.port());
  fourth.send(post("/echo", "4"));
  CHECK(fourth.read_answer().body == "4");
}

TEST_CASE("past the byte budget a request is shed with 503", "[session]") {
  Listener::Options options;
  options.in_flight_bytes_max = 1 << 20;
  TestServer server(options);
  RawClient client(server.port());
  std::thread sender([&] { client.send(post("/hold", std::string(4 << 20, 'x'))); });
  const RawAnswer answer = client.read_answer();
  CHECK(answer.status == 503);
  client.finish_sending();
  sender.join();
  RawClient other(server.port());
  other.send(post("/hold", std::string(1 << 19, 'x')));
  CHECK(other.read_answer().body == std::to_string(1 << 19));
}

TEST_CASE("X-Request-Id is echoed when it is one, else made", "[session]") {
  TestServer server;
  RawClient client(server.port());
  client.send(post("/echo", "", "X-Request-Id: batch-7.part_3\r\n"));
  CHECK(client.read_answer().has("X-Request-Id: batch-7.part_3\r\n"));
  client.send(post("/echo", "", "X-Request-Id: a@b.example\r\n"));
  const RawAnswer made = client.read_answer();
  CHECK_FALSE(made.has("a@b"));
  CHECK(made.has("X-Request-Id: "));
  CHECK(made.has("\r\nDate: "));
}

TEST_CASE("draining finishes what is under way and closes the rest", "[session]") {
  TestServer server;
  RawClient idle(server.port());
  idle.send(post("/echo", "x"));
  CHECK(idle.read_answer().body == "x");
  RawClient busy(server.port());
  busy.send(post("/wait", "x"));
  const Wake wake = server.observed.wakes.take();
  bool whole = false;
  std::thread drainer([&] { whole = server.listener.drain(60s); });
  CHECK(idle.closed_by_server());
  CHECK_THROWS(RawClient(server.port()));
  wake();
  const RawAnswer answer = busy.read_answer();
  CHECK(answer.body == "woken");
  CHECK(answer.has("Connection: close"));
  CHECK(busy.closed_by_server());
  busy.close();
  drainer.join();
  CHECK(whole);
}

TEST_CASE("two listeners cannot share a port", "[session]") {
  TestServer server;
  Listener::Options options;
  options.address.port = server.port();
  CHECK_THROWS_AS(TestServer(options), ListenError);
}

TEST_CASE("several threads listen on the one port that the kernel chose", "[session]") {
  Listener::Options options;
  options.threads = 4;
  TestServer server(options);
  for (int i = 0; i < 32; ++i) {
    RawClient client(server.port());
    client.send(post("/echo", "x"));
    CHECK(client.read_answer().body == "x");
  }
}
