// From text to verdicts in one process, all stages: lines of a text, trimmed, in lower case,
// hashed, looked up. Ours (BulkCheck over blocks of lines) against what one would write first:
// std::getline, tolower, XXH3 and absl::flat_hash_set, one address at a time. Both hold the same
// members and read the same text; one address in ten is a member; they take turns, medians count.
//
//   text_peers [MEMBERS] [--addresses N] [--rounds N] [--no-goals]
//
// Goal 9. The peer is spared what ours does beyond it: it takes every line for an email, refuses
// none, and keeps 64 bits of hash and no reason. Exit code 1 when the goal is missed, 2 when the
// answers differ.
#define XXH_INLINE_ALL
#include <absl/container/flat_hash_set.h>
#include <xxhash.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>

#include "bench/addresses.hpp"
#include "bench/goals.hpp"
#include "bench/measure.hpp"
#include "core/bulk_check.hpp"

namespace suppressd::bench {
namespace {

constexpr AccountNumber asking_account = 7;

struct Arguments {
  uint64_t members = 10'000'000;
  size_t addresses = 1'000'000;
  size_t rounds = 5;
  bool goals = true;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const bool has_value = i + 1 < count;
    if (name == "--addresses" && has_value) {
      arguments.addresses = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--rounds" && has_value) {
      arguments.rounds = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--no-goals") {
      arguments.goals = false;
    } else {
      arguments.members = std::strtoull(name.c_str(), nullptr, 10);
    }
  }
  return arguments;
}

/// What a side made of the text.
struct Verdicts {
  uint64_t suppressed = 0;
  uint64_t checksum = 0;  // of the positions

  void add(uint64_t position) {
    ++suppressed;
    checksum += position * 0x9e3779b97f4a7c15;
  }
  bool operator==(const Verdicts&) const = default;
};

/// std::hash of a hash is itself.
struct Same {
  size_t operator()(uint64_t hash) const { return hash; }
};

class Plain {
 public:
  explicit Plain(uint64_t members) {
    members_.reserve(members);
    for (uint64_t i = 0; i < members; ++i) {
      const std::string address = address_of(i);
      members_.insert(XXH3_64bits(address.data(), address.size()));
    }
  }

  Verdicts check(const std::string& text) const {
    std::istringstream lines(text);
    Verdicts verdicts;
    uint64_t position = 0;
    for (std::string line; std::getline(lines, line); ++position) {
      for (char& c : line) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (members_.contains(XXH3_64bits(line.data(), line.size()))) verdicts.add(position);
    }
    return verdicts;
  }

 private:
  absl::flat_hash_set<uint64_t, Same> members_;
};

class Ours {
 public:
  explicit Ours(uint64_t members) : key_(make_key()) {
    for (uint64_t i = 0; i < members; ++i) {
      const std::string address = address_of(i);
      set_.put(key_(CanonicalAddress::from_stored(Channel::email, address)), platform_number,
               slot_state(Reason::hard_bounce));
    }
  }

  Verdicts check(std::string_view text) {
    Verdicts verdicts;
    uint64_t position = 0;
    while (const size_t taken = check_->read_lines(text)) {
      const AddressLines& lines = check_->lines();
      for (size_t first = 0; first < lines.size();) {
        const size_t row = check_->size();
        const size_t count = std::min(lines.size() - first, BulkCheck::rows_max - row);
        for (const uint32_t i : check_->push_lines(first, count, std::nullopt)) {
          check_->settle(row + i - first, lines.raw(lines.line(i)), std::nullopt);
        }
        first += count;
        if (check_->full()) run(position, verdicts);
      }
      text.remove_prefix(taken);
    }
    run(position, verdicts);
    return verdicts;
  }

 private:
  static FingerprintKey make_key() {
    std::array<std::byte, fingerprint_secret_bytes> secret;
    for (size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i * 73 + 11);
    return FingerprintKey(secret);
  }

  void run(uint64_t& position, Verdicts& verdicts) {
    const auto rows = check_->run();
    for (const uint16_t row : check_->not_clear()) {
      if (rows[row].verdict == Verdict::suppressed) verdicts.add(position + row);
    }
    position += rows.size();
  }

  FingerprintKey key_;
  SuppressionSet set_;
  SuppressionSet::Reader reader_{set_};
  Normalizer normalizer_;
  const std::unique_ptr<BulkCheck> check_ = std::make_unique<BulkCheck>(
      set_, reader_, key_, normalizer_, CheckOptions{.account = asking_account});
};

/// Nanoseconds of CPU an address.
double timed(const std::function<Verdicts()>& check, size_t addresses, Verdicts& verdicts) {
  const double begin = thread_cpu_seconds();
  verdicts = check();
  return (thread_cpu_seconds() - begin) / static_cast<double>(addresses) * 1e9;
}

int run(const Arguments& arguments) {
  std::printf("%s", environment().c_str());
  Plain plain(arguments.members);
  Ours ours(arguments.members);
  std::string text;
  for (const std::string& address : asked_addresses(arguments.addresses, arguments.members, 1)) {
    text.append(address).append("\n");
  }
  std::vector<double> plain_cost, our_cost;
  Verdicts theirs, mine;
  for (size_t round = 0; round <= arguments.rounds; ++round) {  // round 0 warms up
    const double plain_once = timed([&] { return plain.check(text); }, arguments.addresses, theirs);
    const double our_once = timed([&] { return ours.check(text); }, arguments.addresses, mine);
    if (!(theirs == mine)) {
      std::fprintf(stderr, "text_peers: the answers differ\n");
      return 2;
    }
    if (round == 0) continue;
    plain_cost.push_back(plain_once);
    our_cost.push_back(our_once);
  }
  std::printf("entries     %llu; %zu addresses, %zu bytes of text\n",
              static_cast<unsigned long long>(arguments.members), arguments.addresses, text.size());
  std::printf("checksum    %llu suppressed, %016llx\n\n",
              static_cast<unsigned long long>(mine.suppressed),
              static_cast<unsigned long long>(mine.checksum));
  std::printf("  getline + tolower + XXH3 + absl  %8.1f ns/address\n", median(plain_cost));
  std::printf("  BulkCheck over blocks of lines   %8.1f ns/address\n\n", median(our_cost));
  const bool met = report_goal(9, "getline+absl", median(plain_cost) / median(our_cost));
  return met || !arguments.goals ? 0 : 1;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  namespace bench = suppressd::bench;
  return bench::run_program("text_peers", [&] { return bench::run(bench::parse(count, values)); });
}
