// Imports in the real program, killed at any moment: while the file arrives, while it is looked
// through, between its parts. No row is lost, none is there twice.
#include <catch2/catch.hpp>

#include <random>

#include "tests/server/check_harness.hpp"
#include "tests/server/process_connection.hpp"
#include "tests/server/suppressd_process.hpp"

namespace suppressd::test {
namespace {

using nlohmann::json;

const std::string imports = "/v1/accounts/acme/imports";
constexpr size_t unique_rows = 24'000, rows_to_a_repeat = 10;

std::string made_file() {
  std::string file = "email,city\n";
  for (size_t i = 0; i < unique_rows; ++i) {
    file += "name" + std::to_string(i) + "@example.com,Kyiv\n";
    if (i % rows_to_a_repeat == 0) file += "NAME" + std::to_string(i / 2) + "@example.com,Lviv\n";
  }
  return file;
}

Request upload(const std::string& key, const std::string& file) {
  return {"POST", imports, key, {{"content-type", "text/csv"}, {"idempotency-key", "file"}}, file};
}

/// A connection that breaks off, or a program that ends, in the middle of the file.
void send_a_part(uint16_t port, const std::string& key, const std::string& file, size_t octets) {
  RawClient client(port);
  client.send("POST " + imports + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key +
              "\r\nContent-Type: text/csv\r\nIdempotency-Key: file\r\nContent-Length: " +
              std::to_string(file.size()) + "\r\n\r\n" + file.substr(0, octets));
}

void require_whole(Connection& connection, const std::string& key, const std::string& file) {
  const json report = connection.ask(key, "GET", imports + "/j1");
  INFO(report.dump(1));
  const size_t repeats = unique_rows / rows_to_a_repeat;
  REQUIRE(report["state"] == "done");
  REQUIRE(report["rows"] == unique_rows + repeats);
  REQUIRE(report["total"] == unique_rows + repeats);
  REQUIRE(report["new"] == unique_rows);
  REQUIRE(report["duplicate"] == repeats);
  REQUIRE(report["clear"] == unique_rows);
  REQUIRE(connection.ask(key, "GET", "/v1/accounts/acme/counts")["email"]["active"] == unique_rows);
  std::string clean = "email,city\n";
  for (size_t at = file.find('\n') + 1; at < file.size();) {
    const size_t end = file.find('\n', at) + 1;
    if (file[at] == 'n') clean += file.substr(at, end - at);
    at = end;
  }
  REQUIRE(connection.send({"GET", imports + "/j1/clean", key, {}, {}}).body == clean);
  const json made = connection.ask(key, "POST", "/v1/accounts/acme/counts/recalculate")["job"];
  json job;
  eventually([&] {
    job = connection.ask(key, "GET", "/v1/accounts/acme/jobs/" + made["id"].get<std::string>());
    return job["state"] != "running";
  });
  INFO(job.dump());
  REQUIRE(job["result"]["differences"].empty());
}

}  // namespace

TEST_CASE("killed at any moment, an import loses no row and repeats none", "[process][imports]") {
  const uint64_t seed = testing::random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  const std::string file = made_file();
  for (size_t round = 0; round < testing::test_size(); ++round) {
    const TemporaryDirectory scratch;
    const fs::path data = scratch.path / "data";
    std::string key;
    auto process =
        std::make_unique<Process>(scratch.path, std::vector<std::string>{"--data-dir", data});
    const auto start_again = [&] {
      process->signal(SIGKILL);
      REQUIRE(process->wait() == -SIGKILL);
      process =
          std::make_unique<Process>(scratch.path, std::vector<std::string>{"--data-dir", data});
      process->wait_until_ready();
    };
    process->wait_until_ready();
    std::ifstream(data / "admin.key") >> key;
    Connection(process->port())
        .ask(key, "POST", "/v1/accounts", {{"account", "acme"}, {"name", "acme"}});
    send_a_part(process->port(), key, file, random() % file.size());
    start_again();
    const Reply uploaded = Connection(process->port()).send(upload(key, file));
    INFO(uploaded.body);
    REQUIRE(uploaded.status == 202);
    REQUIRE(uploaded.json()["import"]["id"] == "j1");
    uint64_t rows_before = 0;
    for (size_t kill = 0; kill < 5; ++kill) {
      Connection connection(process->port());
      const uint64_t enough = random() % (unique_rows / 2);
      json report;
      eventually([&] {
        report = connection.ask(key, "GET", imports + "/j1");
        return report["rows"] >= enough || report["state"] != "running";
      });
      INFO(report.dump(1));
      REQUIRE(report["rows"] >= rows_before);
      rows_before = report["rows"];
      start_again();
    }
    Connection connection(process->port());
    eventually([&] { return connection.ask(key, "GET", imports + "/j1")["state"] != "running"; });
    require_whole(connection, key, file);
    // Whoever lost the answer asks again.
    REQUIRE(connection.send(upload(key, file)).status == 200);
  }
}

}  // namespace suppressd::test
