// The real program: exit codes, signals, and what it leaves behind.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/server/suppressd_process.hpp"

using namespace suppressd::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

int exit_code(const fs::path& scratch, const std::vector<std::string>& arguments,
              std::string& errors) {
  Process process(scratch, arguments, false);
  const int code = process.wait();
  errors = process.errors();
  return code;
}

bool refuses_connections(uint16_t port) {
  try {
    RawClient client(port);
    return false;
  } catch (const std::runtime_error&) {
    return true;
  }
}

const std::string live = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("the program explains itself and ends with 0", "[process]") {
  const TemporaryDirectory scratch;
  for (const char* argument : {"--help", "--version", "config"}) {
    Process process(scratch.path, {argument}, false);
    CHECK(process.wait() == 0);
    CHECK_FALSE(process.output().empty());
    CHECK(process.errors().empty());
  }
}

TEST_CASE("a bad option or configuration ends with 2 and one sentence", "[process]") {
  const TemporaryDirectory scratch;
  std::string errors;
  CHECK(exit_code(scratch.path, {"--no-such-option"}, errors) == 2);
  CHECK_THAT(errors, Contains("--no-such-option"));
  CHECK(exit_code(scratch.path, {"--threads", "many"}, errors) == 2);
  CHECK_THAT(errors, Contains("--threads"));
  const fs::path file = scratch.path / "bad.toml";
  std::ofstream(file) << "threads = 1\ntreads = 2\n";
  CHECK(exit_code(scratch.path, {"--config", file}, errors) == 2);
  CHECK_THAT(errors, Contains("bad.toml:2: ") && Contains("treads"));
  CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
}

TEST_CASE("SIGTERM and SIGINT stop in order with 0, and a restart finds what was there",
          "[process]") {
  const TemporaryDirectory scratch;
  const fs::path data = scratch.path / "data";
  std::string first_key;
  for (int signal : {SIGTERM, SIGINT}) {
    Process process(scratch.path, {"--data-dir", data});
    process.wait_until_ready();
    struct stat status {};
    REQUIRE(stat((data / "admin.key").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const std::string key = read_file(data / "admin.key");
    if (!first_key.empty()) CHECK(key == first_key);
    first_key = key;
    process.signal(signal);
    CHECK(process.wait() == 0);
    CHECK_THAT(process.errors(), Contains("\"event\":\"stopped\""));
  }
}

TEST_CASE("a stop leaves an image, and the next start reads it; a damaged one is deleted",
          "[process]") {
  const TemporaryDirectory scratch;
  const fs::path data = scratch.path / "data", image = data / "image";
  const auto start_and_stop = [&](std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--data-dir", data};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Process process(scratch.path, arguments);
    process.wait_until_ready();
    process.signal(SIGTERM);
    CHECK(process.wait() == 0);
    return process.errors();
  };
  CHECK_THAT(start_and_stop({"--image-interval", "0"}), Contains("\"from\":\"store\""));
  CHECK_FALSE(fs::exists(image));
  CHECK_THAT(start_and_stop(), Contains("\"event\":\"image written\""));
  REQUIRE(fs::exists(image));
  const std::string second = start_and_stop();
  CHECK_THAT(second, Contains("\"from\":\"image\"") && Contains("\"replayed\":0"));
  CHECK_THAT(second, !Contains("image written"));  // nothing changed
  std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100'000);
  file.put('x');
  file.close();
  const std::string third = start_and_stop();
  CHECK_THAT(third, Contains("the image was not used") && Contains("damaged"));
  CHECK_THAT(third, Contains("\"from\":\"store\"") && Contains("image written"));
}

TEST_CASE("images are written while the server runs, when something changed", "[process]") {
  const TemporaryDirectory scratch;
  const fs::path image = scratch.path / "data" / "image";
  Process process(scratch.path, {"--data-dir", scratch.path / "data", "--image-interval", "10ms"});
  process.wait_until_ready();
  eventually([&] { return fs::exists(image); });  // the first key was created
  process.signal(SIGKILL);
  process.wait();
  Process again(scratch.path, {"--data-dir", scratch.path / "data"});
  again.wait_until_ready();
  // Ready is said to callers just before it is written to the log.
  eventually([&] { return again.errors().find("\"event\":\"ready\"") != std::string::npos; });
  CHECK_THAT(again.errors(), Contains("\"from\":\"image\""));
}

TEST_CASE("every line on standard error is a JSON object, and none holds a key or a path",
          "[process]") {
  const TemporaryDirectory scratch;
  Process process(scratch.path, {"--data-dir", scratch.path / "data"});
  process.wait_until_ready();
  {
    RawClient client(process.port());
    client.send(
        "GET /v1/accounts/demo/suppressions/email/ann@example.com HTTP/1.1\r\nHost: x\r\n"
        "Authorization: Bearer secret-key-text\r\nX-Request-Id: known-id\r\n\r\n");
    CHECK(client.read_answer().status >= 400);
  }
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
  std::istringstream lines(process.errors());
  bool seen = false;
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line);
    seen |= object.value("request_id", "") == "known-id";
  }
  CHECK(seen);
  CHECK_THAT(process.errors(), !Contains("ann@example.com") && !Contains("secret-key-text"));
}

TEST_CASE("a port in use ends with 4", "[process]") {
  const TemporaryDirectory scratch;
  Process process(scratch.path, {"--data-dir", scratch.path / "data"});
  const std::string address = "127.0.0.1:" + std::to_string(process.port());
  const TemporaryDirectory other;
  std::string errors;
  CHECK(exit_code(other.path, {"--data-dir", other.path / "data", "--listen", address}, errors) ==
        4);
  CHECK_THAT(errors, Contains("cannot listen on " + address));
}

TEST_CASE("a data directory in use ends with 3", "[process]") {
  const TemporaryDirectory scratch;
  Process process(scratch.path, {"--data-dir", scratch.path / "data"});
  process.wait_until_ready();
  const TemporaryDirectory other;
  std::string errors;
  CHECK(exit_code(other.path, {"--data-dir", scratch.path / "data", "--listen", "127.0.0.1:0"},
                  errors) == 3);
  CHECK_THAT(errors, Contains("in use"));
}

TEST_CASE("a request under way at SIGTERM is finished first", "[process]") {
  const TemporaryDirectory scratch;
  Process process(scratch.path, {"--data-dir", scratch.path / "data"});
  process.wait_until_ready();
  const uint16_t port = process.port();
  std::string key;
  std::ifstream(scratch.path / "data" / "admin.key") >> key;
  const std::string body = R"({"account":"late"})";
  RawClient client(port);
  client.send("POST /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key +
              "\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_answer().status == 100);  // now it is under way
  process.signal(SIGTERM);
  eventually([&] { return refuses_connections(port); });
  client.send(body);
  const RawAnswer answer = client.read_answer();
  CHECK(answer.status == 201);
  CHECK(answer.has("Connection: close"));
  client.close();
  CHECK(process.wait() == 0);
}

TEST_CASE("a request that does not end is cut off at the stop-deadline", "[process]") {
  const TemporaryDirectory scratch;
  Process process(scratch.path, {"--data-dir", scratch.path / "data", "--stop-deadline", "50ms",
                                 "--header-deadline", "1000"});
  process.wait_until_ready();
  RawClient client(process.port());
  client.send(live + live.substr(0, 10));
  CHECK(client.read_answer().status == 200);
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
  CHECK(client.closed_by_server());
}

TEST_CASE("a second signal ends the stop at once with 5", "[process]") {
  const TemporaryDirectory scratch;
  Process process(scratch.path, {"--data-dir", scratch.path / "data", "--stop-deadline", "1000",
                                 "--header-deadline", "1000"});
  process.wait_until_ready();
  const uint16_t port = process.port();
  RawClient client(port);
  client.send(live + live.substr(0, 10));
  CHECK(client.read_answer().status == 200);
  process.signal(SIGTERM);
  eventually([&] { return refuses_connections(port); });
  process.signal(SIGTERM);
  CHECK(process.wait() == 5);
}
