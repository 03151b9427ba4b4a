#include "tools/suppressctl/bench_sweep.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "bench/peers/child.hpp"
#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/bench_prepare.hpp"
#include "tools/suppressctl/failure.hpp"
#include "tools/suppressctl/metrics_text.hpp"
#include "tools/suppressctl/output.hpp"
#include "tools/suppressctl/quantity.hpp"

namespace suppressctl {
namespace {

using suppressd::bench::Child;
using suppressd::bench::TemporaryDirectory;
using Clock = std::chrono::steady_clock;

constexpr const char* account = "bench";
constexpr auto look_again = std::chrono::milliseconds(2);
constexpr auto start_deadline = std::chrono::minutes(30);
constexpr std::string_view image_prefix = "image";

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Octets in regular files below the folder whose name begins with `prefix`.
double bytes_below(const std::filesystem::path& folder, std::string_view prefix) {
  std::error_code error;
  double bytes = 0;
  for (std::filesystem::recursive_directory_iterator at(folder, error), end; at != end && !error;
       at.increment(error)) {
    if (at->is_regular_file(error) && at->path().filename().string().starts_with(prefix))
      bytes += static_cast<double>(at->file_size(error));
  }
  return bytes;
}

}  // namespace

struct OwnServer::Parts {
  std::string binary;
  unsigned threads;
  TemporaryDirectory directory;
  std::optional<Child> child;
  std::string url;

  std::string path(const char* name) const { return (directory.path() / name).string(); }
};

OwnServer::OwnServer(std::string binary, unsigned threads) : parts_(std::make_unique<Parts>()) {
  if (!std::filesystem::exists(binary)) throw Failure("There is no server program " + binary + ".");
  parts_->binary = std::move(binary);
  parts_->threads = threads;
}

OwnServer::~OwnServer() = default;

double OwnServer::start() {
  const auto begun = Clock::now();
  std::filesystem::remove(parts_->path("port"));
  parts_->child.emplace(
      std::vector<std::string>{parts_->binary, "--data-dir", parts_->path("data"), "--listen",
                               "127.0.0.1:0", "--port-file", parts_->path("port"), "--threads",
                               std::to_string(parts_->threads), "--log-level", "warning"},
      parts_->path("log"));
  const auto wait = [&](const auto& reached) {
    while (!reached()) {
      if (!parts_->child->running() || Clock::now() - begun > start_deadline)
        throw Failure("The server program did not start; its log: " + [&] {
          std::ifstream log(parts_->path("log"));
          std::string line;
          std::getline(log, line);
          return printable(line);
        }());
      std::this_thread::sleep_for(look_again);
    }
  };
  unsigned port = 0;
  wait([&] { return bool(std::ifstream(parts_->path("port")) >> port); });
  parts_->url = "http://127.0.0.1:" + std::to_string(port);
  Settings to;
  to.server = parts_->url;
  Api api(to);
  wait([&] { return api.fetch("/readyz").status == 200; });
  return since(begun);
}

double OwnServer::stop(int signal) {
  const auto begun = Clock::now();
  const int status = parts_->child->end(signal);
  if (signal == SIGTERM && status != 0)
    throw Failure("The server program ended with exit code " + std::to_string(status) + ".");
  return since(begun);
}

uint64_t OwnServer::peak_resident_bytes() const {
  return parts_->child->peak_resident_bytes();
}

double OwnServer::disk_bytes() const {
  return bytes_below(parts_->path("data"), "");
}

double OwnServer::image_bytes() const {
  return bytes_below(parts_->path("data"), image_prefix);
}

Settings OwnServer::settings(const Settings& ours) const {
  Settings to = ours;
  to.server = parts_->url;
  to.account = account;
  std::ifstream(parts_->path("data/admin.key")) >> to.key;
  return to;
}

namespace {

ServerSample look_at(const OwnServer& server, const Settings& ours) {
  const Settings settings = server.settings(ours);
  Api api(settings);
  return sample_server(api);
}

}  // namespace

std::vector<SizePoint> sweep(OwnServer& server, const Settings& ours,
                             const std::vector<uint64_t>& sizes, uint64_t seed,
                             const std::atomic<bool>& interrupted,
                             const std::function<void(const std::string&)>& say) {
  std::vector<SizePoint> points;
  server.start();
  const Settings first = server.settings(ours);
  Api(first).post("/v1/accounts", Json{{"account", account}});
  uint64_t held = 0;
  for (const uint64_t size : sizes) {
    SizePoint point;
    const Prepared prepared = prepare_entries(server.settings(ours), seed, held, size, interrupted);
    if (interrupted.load()) break;
    held = size;
    const ServerSample full = look_at(server, ours);
    point.entries = static_cast<uint64_t>(full.entries);
    point.rows_per_second =
        prepared.seconds > 0 ? static_cast<double>(prepared.rows) / prepared.seconds : 0;
    point.resident_bytes = full.resident_bytes;
    point.set_bytes = full.set_bytes;
    point.peak_bytes = static_cast<double>(server.peak_resident_bytes());
    point.stop_seconds = server.stop(SIGTERM);
    point.disk_bytes = server.disk_bytes();
    point.image_bytes = server.image_bytes();
    point.start_seconds = server.start();
    point.resident_bytes_started = look_at(server, ours).resident_bytes;
    server.stop(SIGKILL);
    point.start_after_kill_seconds = server.start();
    points.push_back(point);
    say(grouped(point.entries) + " entries: " + bytes_text(point.resident_bytes) + " resident, " +
        bytes_text(point.disk_bytes) + " on disk, started in " + time_text(point.start_seconds) +
        ", after a kill in " + time_text(point.start_after_kill_seconds));
  }
  return points;
}

}  // namespace suppressctl
