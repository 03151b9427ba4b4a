// How fast a start is, beside what its parts could be compared with: reading an image against `cat`
// of the same file, warm and cold (goal 10), and against Redis loading an RDB of the same members
// (goal 11); scanning the store with two threads against one plain iterator (goal 12).
//
//   start_peers [entries] [--rounds N] [--redis-members N] [--only image|redis|store] [--no-goals]
//
// Both sides take turns in the same cache state; medians of wall time count. The image is of a set
// filled in this process; Redis has at most --redis-members members (10 million), and the same
// number is then loaded from an image. Exit code 1 when a goal is missed, 2 when something fails.
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/goals.hpp"
#include "bench/measure.hpp"
#include "bench/peers/child.hpp"
#include "bench/peers/made_store.hpp"
#include "persistence/image.hpp"
#include "persistence/store.hpp"

namespace suppressd::bench {
namespace {

namespace fs = std::filesystem;
constexpr unsigned threads = 2;
constexpr size_t members_per_call = 10'000;
constexpr size_t puts_ahead = 32;
constexpr uint64_t bytes_per_member = 100;  // of a Redis set

struct Arguments {
  uint64_t entries = 10'000'000;
  uint64_t redis_members = 10'000'000;
  size_t rounds = 5;
  std::string only;
  bool goals = true;
  bool wants(const char* part) const { return only.empty() || only == part; }
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const std::string value = i + 1 < count ? values[i + 1] : "";
    const auto number = [&] { return ++i, std::strtoull(value.c_str(), nullptr, 10); };
    if (name == "--rounds") {
      arguments.rounds = number();
    } else if (name == "--redis-members") {
      arguments.redis_members = number();
    } else if (name == "--only") {
      arguments.only = value, ++i;
    } else if (name == "--no-goals") {
      arguments.goals = false;
    } else {
      arguments.entries = std::strtoull(name.c_str(), nullptr, 10);
    }
  }
  if (arguments.entries == 0 || arguments.rounds == 0) {
    throw std::runtime_error(
        "usage: start_peers [entries] [--rounds N] [--redis-members N] "
        "[--only image|redis|store] [--no-goals]");
  }
  return arguments;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

FingerprintKey fixed_key() {
  std::array<std::byte, fingerprint_secret_bytes> secret;
  for (size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i * 37 + 11);
  return FingerprintKey(secret);
}

/// Free memory of a virtual machine may be with its host, and come back page by page at the first
/// touch. So that neither side pays for that, as much as the next load needs is touched before.
void bring_memory(uint64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory");
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 1, bytes);
  munmap(memory, bytes);
}

/// Two threads, each with half of the shards.
void fill(SuppressionSet& set, uint64_t entries) {
  set.reserve(entries);
  const FingerprintKey key = fixed_key();
  std::array<std::thread, threads> running;
  for (unsigned half = 0; half < threads; ++half) {
    running[half] = std::thread([&, half] {
      std::array<Fingerprint, puts_ahead> ahead;
      uint64_t taken = 0;
      const auto put = [&](uint64_t i) {
        set.put(ahead[i % puts_ahead], platform_number, slot_state(Reason::hard_bounce));
      };
      for (uint64_t i = 0; i < entries; ++i) {
        const std::string address = sorted_address(i, entries);
        const Fingerprint print = key(CanonicalAddress::from_stored(Channel::email, address));
        if (set.shard_of(print) % threads != half) continue;
        if (taken >= puts_ahead) put(taken - puts_ahead);
        ahead[taken++ % puts_ahead] = print;
        set.prefetch(print);
      }
      for (uint64_t i = taken - std::min<uint64_t>(taken, puts_ahead); i < taken; ++i) put(i);
    });
  }
  for (std::thread& thread : running) thread.join();
}

/// The image of `entries` entries and what must come out of it.
class MadeImage {
 public:
  explicit MadeImage(uint64_t entries) {
    SuppressionSet set;
    fill(set, entries);
    ImageWritten written;
    const double seconds = seconds_of(
        [&] { written = write_image(path(), set, {}, ImageCaching::keep, [] { return true; }); });
    if (!written.written) throw std::runtime_error("the image was not written: " + written.failure);
    bytes_ = static_cast<double>(written.bytes);
    entries_ = set.entries();
    digest_ = set.digest();
    std::printf("image       %.0f MB of %llu entries, written in %.2f s (%.2f GB/s)\n",
                bytes_ / 1e6, static_cast<unsigned long long>(entries_), seconds,
                bytes_ / seconds / 1e9);
  }

  fs::path path() const { return directory_.path() / "image"; }
  double bytes() const { return bytes_; }
  uint64_t entries() const { return entries_; }

  /// Seconds from nothing to a set that could answer.
  double load() const {
    bring_memory(static_cast<uint64_t>(bytes_));
    SuppressionSet set;
    const double seconds = seconds_of([&] {
      std::string refusal;
      std::atomic<double> progress{0};
      const std::optional<Image> image = Image::open(path(), refusal);
      if (!image || !image->load(set, threads, progress, 1.0, refusal)) {
        throw std::runtime_error("the image was refused: " + refusal);
      }
    });
    if (set.entries() != entries_ || set.digest() != digest_) {
      throw std::runtime_error("the image holds something else");
    }
    return seconds;
  }

  double cat() const {
    return seconds_of([&] {
      Child child({"cat", path().string()}, "/dev/null");
      if (child.end(0) != 0) throw std::runtime_error("cat failed");
    });
  }

  void forget_cache() const {
    const int file = open(path().c_str(), O_RDONLY | O_CLOEXEC);
    fdatasync(file);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }

 private:
  TemporaryDirectory directory_;
  double bytes_ = 0;
  uint64_t entries_ = 0;
  Digest digest_;
};

bool compare_with_cat(const MadeImage& image, size_t rounds) {
  double smallest = 1e9;
  std::string note;
  for (const bool cold : {false, true}) {
    std::vector<double> ours, cats;
    for (size_t round = 0; round <= rounds; ++round) {  // round 0 warms up
      if (cold) image.forget_cache();
      cats.push_back(image.cat());
      if (cold) image.forget_cache();
      ours.push_back(image.load());
      if (round == 0) cats.clear(), ours.clear();
    }
    const double ratio = median(cats) / median(ours);
    char text[160];
    std::snprintf(text, sizeof text, "%s %.2f (%.2f GB/s against %.2f)", cold ? "cold" : "warm",
                  ratio, image.bytes() / median(ours) / 1e9, image.bytes() / median(cats) / 1e9);
    note += (note.empty() ? "" : ", ") + std::string(text);
    smallest = std::min(smallest, ratio);
  }
  return report_goal(10, "cat", smallest, note);
}

/// A Redis whose set `set` holds the members, saved to an RDB.
class RedisDump {
 public:
  explicit RedisDump(uint64_t members) : members_(members) {
    Child server(command(), directory_.path() / "log");
    connect(server);
    for (uint64_t begin = 0; begin < members; begin += members_per_call) add(begin);
    call("SAVE");
  }

  /// Seconds that Redis says loading took.
  double load() {
    bring_memory(members_ * bytes_per_member);
    const fs::path log = directory_.path() / ("log" + std::to_string(++starts_));
    Child server(command(), log);
    connect(server);
    double seconds = -1;
    while (seconds < 0) {
      if (!server.running()) throw std::runtime_error("redis did not start");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      std::ifstream lines(log);
      for (std::string line; std::getline(lines, line);) {
        constexpr std::string_view said = "DB loaded from disk: ";
        if (const size_t at = line.find(said); at != line.npos) {
          seconds = std::strtod(line.c_str() + at + said.size(), nullptr);
        }
      }
    }
    return seconds;
  }

 private:
  std::vector<std::string> command() {
    port_ = free_port();
    return {"redis-server",
            "--port",
            std::to_string(port_),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            directory_.path().string()};
  }
  void connect(Child& server) {
    do {
      if (!server.running()) throw std::runtime_error("redis did not start");
      context_.reset(redisConnect("127.0.0.1", port_));
    } while (!context_ || context_->err != 0);
  }
  void call(const std::string& verb) {
    const std::unique_ptr<redisReply, FreeReply> reply(
        static_cast<redisReply*>(redisCommand(context_.get(), verb.c_str())));
    if (!reply || reply->type == REDIS_REPLY_ERROR) throw std::runtime_error("redis refused");
  }
  void add(uint64_t begin) {
    std::vector<std::string> parts{"SADD", "set"};
    for (uint64_t i = begin; i < std::min(begin + members_per_call, members_); ++i) {
      parts.push_back(sorted_address(i, members_));
    }
    std::vector<const char*> texts;
    for (const std::string& part : parts) texts.push_back(part.c_str());
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(
        redisCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(), nullptr)));
    if (!reply || reply->type == REDIS_REPLY_ERROR) throw std::runtime_error("redis refused");
  }

  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  const uint64_t members_;
  TemporaryDirectory directory_;
  uint16_t port_ = 0;
  int starts_ = 0;
  std::unique_ptr<redisContext, FreeContext> context_;
};

bool compare_with_redis(const MadeImage& image, size_t rounds) {
  RedisDump redis(image.entries());
  std::vector<double> ours, theirs;
  for (size_t round = 0; round < rounds; ++round) {
    theirs.push_back(std::max(redis.load(), 1e-3));  // it tells milliseconds
    ours.push_back(image.load());
  }
  const auto entries = static_cast<double>(image.entries());
  char note[160];
  std::snprintf(note, sizeof note, "%.0f M entries/s against %.2f, %.0f M entries",
                entries / median(ours) / 1e6, entries / median(theirs) / 1e6, entries / 1e6);
  return report_goal(11, "Redis RDB", median(theirs) / median(ours), note);
}

bool compare_with_iterator(uint64_t entries, size_t rounds) {
  const TemporaryDirectory directory;
  const double made = seconds_of([&] { make_store(directory.path() / "data", entries); });
  std::printf("store       made in %.1f s\n", made);
  std::vector<double> ours, theirs;
  StoreOptions options;
  options.directory = directory.path() / "data";
  for (size_t round = 0; round <= rounds; ++round) {  // round 0 warms up
    theirs.push_back(seconds_of([&] {
      if (count_with_iterator(options.directory) != entries) {
        throw std::runtime_error("the iterator saw another number of entries");
      }
    }));
    bring_memory(entries * bytes_per_member);
    SuppressionSet set;
    const std::unique_ptr<Store> store = Store::open(options);
    ours.push_back(seconds_of([&] {
      std::atomic<double> progress{0};
      store->load(set, threads, progress);
    }));
    if (round == 0) ours.clear(), theirs.clear();
  }
  const auto count = static_cast<double>(entries);
  char note[160];
  std::snprintf(note, sizeof note, "%.2f M entries/s against %.2f, %.0f M entries",
                count / median(ours) / 1e6, count / median(theirs) / 1e6, count / 1e6);
  return report_goal(12, "one iterator", median(theirs) / median(ours), note);
}

int run(const Arguments& arguments) {
  std::printf("%sthreads     %u\n", environment().c_str(), threads);
  bool met = true;
  if (arguments.wants("image")) {
    met &= compare_with_cat(MadeImage(arguments.entries), arguments.rounds);
  }
  if (arguments.wants("redis")) {
    const MadeImage image(std::min(arguments.entries, arguments.redis_members));
    met &= compare_with_redis(image, arguments.rounds);
  }
  if (arguments.wants("store")) met &= compare_with_iterator(arguments.entries, arguments.rounds);
  return met || !arguments.goals ? 0 : 1;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  namespace bench = suppressd::bench;
  return bench::run_program("start_peers", [&] { return bench::run(bench::parse(count, values)); });
}
