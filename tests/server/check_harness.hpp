// A check without sockets: a real store, set and committer on a temporary directory with a small
// list, and exchanges driven from memory as a session drives them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/bulk_check.hpp"
#include "server/app.hpp"
#include "server/committer.hpp"
#include "server/import_files.hpp"
#include "server/worker_pool.hpp"

namespace suppressd::testing {

/// Printed on failure; SUPPRESSD_SEED replays it.
uint64_t random_seed();
/// SUPPRESSD_TEST_SIZE, by which big loops are multiplied; 1 by default.
size_t test_size();

struct CheckCall {
  std::string type = "text/plain";
  std::string accept = "";  // empty: no Accept field
  std::string query = "";
  std::string coding = "";
};

struct CheckAnswer {
  int status = 0;
  Fields fields;
  std::string body;
  bool broken = false;
  bool early = false;  // answered before the body's end

  std::string field(std::string_view name) const;
  nlohmann::json json() const;
  /// Of a problem document.
  std::string problem() const;
};

/// What the model says of an address: the wire's words.
struct Expected {
  std::string verdict = "clear", reason, scope, error;
  bool operator==(const Expected&) const = default;
};

class CheckServer {
 public:
  explicit CheckServer(const AppLimits& limits = {}, unsigned pool_threads = 2,
                       size_t pool_tasks_max = pool_queue_tasks_max);
  ~CheckServer();

  /// The body is fed in the given pieces. Bytes of the answer are taken after every call.
  CheckAnswer check(const CheckCall& call, const std::vector<std::string_view>& pieces);
  CheckAnswer check(const CheckCall& call, std::string_view body, size_t piece_bytes = 256 * 1024);
  std::unique_ptr<Exchange> begin(const CheckCall& call, Wake wake);

  /// The plain model: normalize, look into two maps, apply the rule.
  Expected expect(std::string_view raw, const CheckOptions& options);
  CheckOptions options() const;

  Metrics& metrics() { return metrics_; }
  Committer& committer() { return *committer_; }
  WorkerPool& pool() { return pool_; }
  const Account& account() const { return account_; }

 private:
  void add(AccountNumber scope, std::string_view raw, Reason reason);
  void commit(Change change);

  std::filesystem::path directory_;
  SuppressionSet set_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Committer> committer_;
  Directory accounts_;
  Health health_;
  Metrics metrics_;
  WorkerPool pool_;
  Worker worker_;
  Account account_;
  AppLimits limits_;
  ImportFiles imports_{directory_, {}};
  std::map<std::string, Reason> mine_, platform_;  // by canonical address
};

/// Built once: opening a store costs more than most tests.
CheckServer& check_server();

/// Addresses as they come: hits of every kind, clear ones, broken ones; mixed case, white space,
/// quotes, delimiters, IDN, phones. Valid UTF-8 without line breaks. `bytes_max` bounds each.
std::vector<std::string> mixed_addresses(std::mt19937_64& random, size_t count);

// The same addresses as bodies.
std::string text_body(const std::vector<std::string>& addresses);
std::string json_body(const std::vector<std::string>& addresses);
std::string ndjson_body(const std::vector<std::string>& addresses);
/// The address stands in column 1, named "e-mail", of three.
std::string csv_body(const std::vector<std::string>& addresses, char delimiter,
                     std::string_view ending, bool header);

}  // namespace suppressd::testing
