// The whole application without a port: a store in a temporary directory, set, committer, directory
// and App, and a caller that walks an exchange as the session does.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "server/app.hpp"
#include "server/auth.hpp"
#include "server/committer.hpp"
#include "server/import_files.hpp"
#include "server/job_runner.hpp"
#include "server/worker_pool.hpp"

namespace suppressd::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "suppressd-app-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What came back, whole.
struct Reply {
  int status = 0;
  Fields fields;
  std::string body;
  bool broken = false;

  std::string field(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (key == name) return value;
    }
    return "";
  }
  nlohmann::json json() const { return nlohmann::json::parse(body); }
  /// The slug of a problem document.
  std::string problem() const {
    const std::string type = json().at("type");
    return type.substr(type.rfind('/') + 1);
  }
};

/// Blocks until an exchange's wake was called. Outlives the exchange.
class WakeSignal {
 public:
  void give() {
    const std::lock_guard lock(mutex_);
    given_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return given_; });
    given_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool given_ = false;
};

struct Request {
  std::string method = "GET";
  std::string target = "/";
  std::string key;  // Authorization, when not empty
  Fields fields;    // lower-case names
  std::string body;
  size_t piece_bytes = std::string::npos;  // how the body arrives
  bool declare_length = true;              // false: chunked
};

/// Walks an exchange from its head to its whole answer.
inline Reply walk(App& app, Worker& worker, const Request& request) {
  RequestHead head;
  head.method = request.method;
  const size_t mark = request.target.find('?');
  head.path = request.target.substr(0, mark);
  if (mark != std::string::npos) head.query = request.target.substr(mark + 1);
  head.fields = request.fields;
  if (!request.key.empty()) head.fields.emplace_back("authorization", "Bearer " + request.key);
  head.chunked = !request.declare_length;
  if (request.declare_length && !request.body.empty()) head.content_length = request.body.size();

  const auto signal = std::make_shared<WakeSignal>();
  const auto exchange = app.begin(head, worker, [signal] { signal->give(); });
  Reply reply;
  Answer answer;
  Progress progress = Progress::more;
  const auto settle = [&](Progress next) {
    progress = next;
    for (;;) {
      reply.body += std::exchange(answer.body, {});
      if (progress != Progress::wait) return progress == Progress::more;
      signal->wait();
      progress = exchange->on_wake(answer);
    }
  };
  bool going = true;
  if (exchange->wants_body()) {
    for (size_t at = 0; going && at < request.body.size();) {
      const std::string piece = request.body.substr(at, request.piece_bytes);
      at += piece.size();
      going = settle(exchange->on_body(piece, answer));
    }
  }
  if (going) settle(exchange->on_end(answer));
  reply.status = answer.status;
  reply.fields = answer.fields;
  reply.broken = progress == Progress::broken;
  return reply;
}

struct AppDriverOptions {
  AppLimits limits;
  ImportLimits import_limits{};
  size_t pool_queue_tasks_max = 64;
  bool loaded = true;
  /// Shared with whoever opens the same data directory again; null: one of its own.
  std::shared_ptr<TemporaryFolder> folder{};
  SnsClient* sns = nullptr;  // outlives the driver
};

/// Admin key in `admin`; accounts and keys are made through the API, as a client would.
class AppDriver {
 public:
  explicit AppDriver(const AppDriverOptions& options = {})
      : folder_(options.folder ? options.folder : std::make_shared<TemporaryFolder>()),
        store_(open(folder_->path(), set_)),
        committer_(*store_, set_,
                   [this](std::span<const Change> changes, std::span<const Outcome> outcomes) {
                     if (during_commit) during_commit();
                     directory_.apply(changes, outcomes);
                     bell_.notice(changes, outcomes);
                   }),
        imports_(folder_->path(), options.import_limits),
        jobs_(*store_, imports_, committer_, bell_, 2),
        pool_(2, options.pool_queue_tasks_max),
        app_({*store_, set_, committer_, directory_, health_, metrics_, pool_, imports_,
              options.limits, options.sns}),
        worker_(set_, metrics_.add_thread()) {
    directory_.load(store_->accounts(), store_->keys(), store_->webhooks());
    ensure_admin_key(*store_, committer_, folder_->path());
    std::ifstream file(folder_->path() / "admin.key");
    std::getline(file, admin);
    health_.loaded = options.loaded;
    health_.phase = options.loaded ? Phase::ready : Phase::loading;
    if (options.loaded) jobs_.start();
  }

  Reply send(const Request& request) { return walk(app_, worker_, request); }
  Reply get(const std::string& target) { return send({"GET", target, admin, {}, {}}); }
  Reply remove(const std::string& target) { return send({"DELETE", target, admin, {}, {}}); }
  Reply post(const std::string& target, const std::string& body,
             const std::string& type = "application/json") {
    return send({"POST", target, admin, {{"content-type", type}}, body});
  }
  Reply put(const std::string& target, const std::string& body) {
    return send({"PUT", target, admin, {{"content-type", "application/json"}}, body});
  }

  void make_account(const std::string& id, const std::string& region = "") {
    nlohmann::json body{{"account", id}, {"name", id}};
    if (!region.empty()) body["default_region"] = region;
    require(post("/v1/accounts", body.dump()), 201);
  }
  struct Key {
    std::string id, text;
  };
  Key make_key(Role role, const std::string& account = "") {
    nlohmann::json body{{"role", name_of(role)}, {"name", "test"}};
    if (!account.empty()) body["account"] = account;
    const Reply reply = post("/v1/keys", body.dump());
    require(reply, 201);
    return {reply.json()["id"], reply.json()["key"]};
  }
  /// The check's one verdict: "clear", or "suppressed:<scope>:<reason>", or "invalid:<error>".
  std::string verdict(const std::string& account, const std::string& address,
                      const std::string& query = "") {
    const Reply reply =
        post("/v1/accounts/" + account + "/check" + query, address + "\n", "text/plain");
    require(reply, 200);
    const auto results = reply.json()["results"];
    if (results.empty()) return "clear";
    const auto& one = results[0];
    if (one["verdict"] == "invalid") return "invalid:" + one["error"].get<std::string>();
    return "suppressed:" + one["scope"].get<std::string>() + ":" + one["reason"].get<std::string>();
  }

  App& app() { return app_; }
  SuppressionSet& set() { return set_; }
  Metrics& metrics() { return metrics_; }
  Health& health() { return health_; }
  Committer& committer() { return committer_; }
  Store& store() { return *store_; }
  WorkerPool& pool() { return pool_; }
  ImportFiles& imports() { return imports_; }
  const std::filesystem::path& data_dir() const { return folder_->path(); }

  std::string admin;
  /// Runs on the committer's thread after each group is stored. Set while nothing is queued.
  std::function<void()> during_commit;

 private:
  static std::unique_ptr<Store> open(const std::filesystem::path& folder, SuppressionSet& set) {
    StoreOptions options;
    options.directory = folder;
    options.block_cache_bytes = 8 << 20;
    options.write_buffer_bytes = 4 << 20;
    auto store = Store::open(options);
    std::atomic<double> progress{0};
    store->load(set, 1, progress);
    return store;
  }
  static void require(const Reply& reply, int status) {
    if (reply.status != status) {
      throw std::runtime_error("answered " + std::to_string(reply.status) + ": " + reply.body);
    }
  }

  std::shared_ptr<TemporaryFolder> folder_;
  SuppressionSet set_{small_set()};
  std::unique_ptr<Store> store_;
  Directory directory_;
  Health health_;
  Metrics metrics_;
  JobBell bell_;
  Committer committer_;
  ImportFiles imports_;
  JobRunner jobs_;
  WorkerPool pool_;
  App app_;
  Worker worker_;

  static SuppressionSet::Options small_set() {
    SuppressionSet::Options options;
    options.shards = 2;
    options.ranges_per_shard = 16;
    return options;
  }
};

}  // namespace suppressd::test
