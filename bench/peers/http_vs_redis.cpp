// CPU that a checked address costs the server, over HTTP on loopback, 10,000 addresses a request:
// text checks against Redis' SMISMEMBER of as many members a call; against a server of ours that
// reads the same bodies and drops them; and JSON, NDJSON and CSV bodies against text. All servers
// hold the same members; one address in ten asked is one. They take turns, and medians count.
//
//   http_vs_redis SUPPRESSD [--members N] [--rounds N] [--seconds S] [--no-goals]
//
// Goals 6, 7 and 8. CPU time is user + system time of the server process (/proc/PID/stat); a round
// goes on until it has used S of it. All must name the same number of members. Exit code 1 when a
// goal is missed, 2 when answers differ or a server fails. `redis-server` and `drain_server` are
// looked for on the PATH.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "bench/goals.hpp"
#include "bench/measure.hpp"
#include "bench/peers/http_peers.hpp"

namespace suppressd::bench {
namespace {

struct Arguments {
  std::string suppressd;
  uint64_t members = 10'000'000;
  size_t rounds = 5;
  double seconds = 1;
  bool goals = true;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const bool has_value = i + 1 < count;
    if (name == "--members" && has_value) {
      arguments.members = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--rounds" && has_value) {
      arguments.rounds = std::strtoull(values[++i], nullptr, 10);
    } else if (name == "--seconds" && has_value) {
      arguments.seconds = std::strtod(values[++i], nullptr);
    } else if (name == "--no-goals") {
      arguments.goals = false;
    } else {
      arguments.suppressd = name;
    }
  }
  if (arguments.suppressd.empty() || arguments.members == 0 || arguments.rounds == 0) {
    std::fprintf(stderr,
                 "usage: http_vs_redis SUPPRESSD [--members N] [--rounds N] [--seconds S] "
                 "[--no-goals]\n");
    std::exit(2);
  }
  return arguments;
}

/// Asks until the server has used up `seconds` of CPU, all different requests at least once; notes
/// the cost of an address. Returns the members that the different requests named.
uint64_t one_round(Peer& peer, double seconds) {
  uint64_t members = 0;
  size_t requests = 0;
  const double begin = peer.child().cpu_seconds();
  double used = 0;
  while (requests < different_requests || used < seconds) {
    const uint64_t found = peer.ask(requests);
    members += requests < different_requests ? found : 0;
    ++requests;
    used = peer.child().cpu_seconds() - begin;
  }
  const auto addresses = static_cast<double>(requests * addresses_per_request);
  peer.nanoseconds.push_back(used / addresses * 1e9);
  return members;
}

/// All peers in turn, so that a slow moment of the machine falls on each; true when their answers
/// agree.
bool run_rounds(const std::vector<std::unique_ptr<Peer>>& peers, const Arguments& arguments) {
  uint64_t members = 0;
  for (size_t round = 0; round <= arguments.rounds; ++round) {  // round 0 warms up
    for (const auto& peer : peers) {
      const uint64_t found = one_round(*peer, arguments.seconds);
      if (round == 0) peer->nanoseconds.clear();
      if (members == 0) members = found;
      if (peer->answers() && found != members) return false;
    }
  }
  std::printf("checksum    %llu members in %zu requests\n\n",
              static_cast<unsigned long long>(members), different_requests);
  return true;
}

void print(const std::vector<std::unique_ptr<Peer>>& peers) {
  std::printf("  %-36s %16s %18s\n", "", "CPU ns/address", "M addresses/CPU-s");
  for (const auto& peer : peers) {
    const double cost = median(peer->nanoseconds);
    std::printf("  %-36s %16.1f %18.2f\n", peer->name(), cost, 1000 / cost);
  }
  std::printf("\n");
}

int run(const Arguments& arguments) {
  std::printf("%s", environment().c_str());
  std::vector<std::unique_ptr<Peer>> peers;
  peers.push_back(make_redis(arguments.members));
  std::printf("members     %llu in each; %zu addresses a request, one in ten a member\n",
              static_cast<unsigned long long>(arguments.members), addresses_per_request);
  Suppressd server(arguments.suppressd, arguments.members);
  constexpr const char* json = "application/json";
  for (const Body body : {Body::text, Body::json, Body::ndjson, Body::csv}) {
    peers.push_back(make_check(server, body, json, arguments.members));
  }
  peers.push_back(make_check(server, Body::text, "application/octet-stream", arguments.members));
  peers.push_back(make_drain("drain_server", arguments.members));
  if (!run_rounds(peers, arguments)) {
    std::fprintf(stderr, "http_vs_redis: the servers' answers differ\n");
    return 2;
  }
  print(peers);
  const auto cost = [&](size_t i) { return median(peers[i]->nanoseconds); };
  const double text = cost(1);
  bool met = report_goal(6, "Redis", cost(0) / text);
  met &= report_goal(7, "drain", cost(6) / text);
  met &= report_goal(8, "json", text / cost(2));
  met &= report_goal(8, "ndjson", text / cost(3));
  met &= report_goal(8, "csv", text / cost(4));
  return met || !arguments.goals ? 0 : 1;
}

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  namespace bench = suppressd::bench;
  return bench::run_program("http_vs_redis",
                            [&] { return bench::run(bench::parse(count, values)); });
}
