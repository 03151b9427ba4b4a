// Durable writes beside plain RocksDB, on the same disk: a CSV file from suppressctl through the
// server, acknowledged, against WriteBatch(1000) with a log (not synced) of the same records in the
// same, random order; and single adds of 64 callers against one synced put at a time.
//
//   import_peers SUPPRESSD SUPPRESSCTL [--rows N] [--peer-rows N] [--rounds N] [--seconds S]
//                [--no-goals]
//
// Ours starts with an empty directory each time and stops when the last row is acknowledged. The
// peer's rate falls as its store grows, so measuring it on fewer rows flatters it. Exit code 1 when
// a goal is missed, 2 when something fails.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/goals.hpp"
#include "bench/measure.hpp"
#include "bench/peers/add_callers.hpp"
#include "bench/peers/child.hpp"
#include "bench/peers/http_client.hpp"
#include "persistence/codec.hpp"
#include "persistence/keys.hpp"

namespace suppressd::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned callers = 64;
constexpr size_t peer_batch_rows = 1'000;
constexpr auto start_deadline = std::chrono::seconds(60);

struct Arguments {
  std::string suppressd, suppressctl;
  uint64_t rows = 20'000'000;
  uint64_t peer_rows = 2'000'000;
  size_t rounds = 1;
  double seconds = 3;
  bool goals = true;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  std::vector<std::string> programs;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const bool has_value = i + 1 < count;
    if (name == "--rows" && has_value) {
      arguments.rows = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--peer-rows" && has_value) {
      arguments.peer_rows = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--rounds" && has_value) {
      arguments.rounds = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--seconds" && has_value) {
      arguments.seconds = std::strtod(values[++i], nullptr);
    } else if (name == "--no-goals") {
      arguments.goals = false;
    } else {
      programs.push_back(name);
    }
  }
  if (programs.size() != 2 || arguments.rows == 0 || arguments.rounds == 0) {
    std::fprintf(stderr,
                 "usage: import_peers SUPPRESSD SUPPRESSCTL [--rows N] [--peer-rows N] "
                 "[--rounds N] [--seconds S] [--no-goals]\n");
    std::exit(2);
  }
  arguments.suppressd = programs[0];
  arguments.suppressctl = programs[1];
  arguments.peer_rows = std::min(arguments.peer_rows, arguments.rows);
  return arguments;
}

struct Row {
  std::string address;
  Reason reason;
};

/// Different numbers, in an order that is none. About 30 octets, as addresses in the wild.
Row row_of(uint64_t number) {
  static constexpr const char* names[] = {"maria.", "john_", "olena.k.", "sales-"};
  static constexpr const char* domains[] = {"gmail.com", "example.org", "mail.example.net",
                                            "company.example"};
  static constexpr Reason reasons[] = {Reason::unsubscribe, Reason::manual, Reason::hard_bounce,
                                       Reason::complaint};
  const Fingerprint mixed = fingerprint_of(number);
  return {names[mixed.high & 3] + std::to_string(mixed.high >> 34) + "." + std::to_string(number) +
              "@" + domains[mixed.high >> 2 & 3],
          reasons[mixed.high >> 4 & 3]};
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void wait_until(const std::function<bool()>& ready) {
  const auto begin = Clock::now();
  while (!ready()) {
    if (Clock::now() - begin > start_deadline) throw std::runtime_error("a server did not start");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// A server of ours with an empty list and one account.
class Server {
 public:
  explicit Server(const std::string& suppressd)
      : child_({suppressd, "--data-dir", (directory_.path() / "data").string(), "--listen",
                "127.0.0.1:0", "--log-level", "warning", "--port-file", port_file().string()},
               directory_.path() / "log") {
    wait_until([&] { return std::ifstream(port_file()) >> port_ && port_ != 0; });
    wait_until(
        [&] { return HttpClient(port_, "").request("GET", "/readyz", "", "").status == 200; });
    std::ifstream(directory_.path() / "data" / "admin.key") >> key_;
    const HttpAnswer made =
        HttpClient(port_, key_)
            .request("POST", "/v1/accounts", "application/json", R"({"account":"bench"})");
    if (made.status != 201) throw std::runtime_error("the server did not make an account");
  }

  /// Seconds from the start of suppressctl to its end, which is behind the last acknowledgement.
  double import_file(const std::string& suppressctl, const std::string& file, uint64_t rows) {
    ::setenv("SUPPRESSCTL_KEY", key_.c_str(), 1);
    ::setenv("XDG_STATE_HOME", directory_.path().c_str(), 1);
    const auto log = directory_.path() / "import";
    const auto begin = Clock::now();
    Child importing(
        {suppressctl, "import", file, "--server", "http://127.0.0.1:" + std::to_string(port_),
         "--account", "bench", "--json", "--quiet"},
        log);
    while (importing.running()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const double seconds = seconds_since(begin);
    std::string said;
    std::getline(std::ifstream(log), said);
    if (said.find("\"added\":" + std::to_string(rows) + ",") == std::string::npos) {
      throw std::runtime_error("the import did not add every row: " + said);
    }
    return seconds;
  }

  double cpu_seconds() const { return child_.cpu_seconds(); }
  uint64_t peak_bytes() const { return child_.peak_resident_bytes(); }
  double adds_a_second(double seconds, uint64_t first) const {
    const AddedOnes added = add_singly(port_, key_, "bench", callers, seconds, first);
    return static_cast<double>(added.adds) / added.seconds;
  }

 private:
  std::filesystem::path port_file() const { return directory_.path() / "port"; }

  TemporaryDirectory directory_;
  Child child_;
  uint16_t port_ = 0;
  std::string key_;
};

/// Plain RocksDB with its defaults.
class Rocks {
 public:
  Rocks() {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(options, (directory_.path() / "db").string(), &opened));
    database_.reset(opened);
  }

  double rows_a_second(uint64_t rows) {
    const auto begin = Clock::now();
    rocksdb::WriteBatch batch;
    for (uint64_t number = 0; number < rows;) {
      batch.Clear();
      for (size_t i = 0; i < peer_batch_rows && number < rows; ++i, ++number) {
        const auto [key, value] = record_of(row_of(number));
        check(batch.Put(key, value));
      }
      check(database_->Write({}, &batch));
    }
    return static_cast<double>(rows) / seconds_since(begin);
  }

  double synced_puts_a_second(double seconds) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const auto begin = Clock::now();
    uint64_t puts = 0;
    while (seconds_since(begin) < seconds) {
      const auto [key, value] = record_of(row_of(++puts));
      check(database_->Put(synced, key, value));
    }
    return static_cast<double>(puts) / seconds_since(begin);
  }

 private:
  static void check(const rocksdb::Status& status) {
    if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
  }
  static std::pair<std::string, std::string> record_of(const Row& row) {
    Suppression record;
    record.causes.push_back(
        {row.reason, "import", 1'700'000'000'000, "k_0123456789abcdef", "", ""});
    std::string value;
    encode(record, value);
    return {suppression_key(1, Channel::email, row.address), std::move(value)};
  }

  TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::DB> database_;
};

void write_csv(const std::filesystem::path& path, uint64_t rows) {
  std::ofstream file(path, std::ios::binary);
  file << "email,reason\n";
  for (uint64_t number = 0; number < rows; ++number) {
    const Row row = row_of(number);
    file << row.address << ',' << name_of(row.reason) << '\n';
  }
  if (!file.flush()) throw std::runtime_error("the CSV file cannot be written");
}

bool compare_imports(const Arguments& arguments) {
  TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "list.csv";
  write_csv(file, arguments.rows);
  std::vector<double> ours, peers;
  double cpu = 0;
  uint64_t peak = 0;
  for (size_t round = 0; round < arguments.rounds; ++round) {
    {
      Server server(arguments.suppressd);
      const double seconds =
          server.import_file(arguments.suppressctl, file.string(), arguments.rows);
      ours.push_back(static_cast<double>(arguments.rows) / seconds);
      cpu = server.cpu_seconds();
      peak = server.peak_bytes();
    }
    peers.push_back(Rocks().rows_a_second(arguments.peer_rows));
  }
  std::printf(
      "%llu rows imported: %.0f rows/s, %.0f ns of the server's CPU a row, peak %.0f MiB; "
      "WriteBatch(1000) of %llu: %.0f rows/s\n",
      static_cast<unsigned long long>(arguments.rows), median(ours),
      cpu / static_cast<double>(arguments.rows) * 1e9, static_cast<double>(peak) / 0x1p20,
      static_cast<unsigned long long>(arguments.peer_rows), median(peers));
  return report_goal(
      13, "WriteBatch(1000)", median(ours) / median(peers),
      std::to_string(arguments.rows) + " rows, peer " + std::to_string(arguments.peer_rows));
}

bool compare_adds(const Arguments& arguments) {
  std::vector<double> ours, peers;
  Server server(arguments.suppressd);
  for (size_t round = 0; round < arguments.rounds; ++round) {
    peers.push_back(Rocks().synced_puts_a_second(arguments.seconds));
    ours.push_back(server.adds_a_second(arguments.seconds, round * 1'000'000'000));
  }
  std::printf("%u callers: %.0f adds/s acknowledged; one synced put at a time: %.0f/s\n", callers,
              median(ours), median(peers));
  return report_goal(14, "synced put", median(ours) / median(peers));
}

int run(const Arguments& arguments) {
  std::printf("%s", environment().c_str());
  const bool imports = compare_imports(arguments);
  const bool adds = compare_adds(arguments);
  return (imports && adds) || !arguments.goals ? 0 : 1;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  namespace bench = suppressd::bench;
  return bench::run_program("import_peers",
                            [&] { return bench::run(bench::parse(count, values)); });
}
