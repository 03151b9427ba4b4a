// The load generator: requests at fixed times over several connections, whatever the server does.
//
// Invariants
//  1. Open loop. Request k is meant to be sent at start + k / rate. A request that finds no free
//     connection waits in line, and its latency counts from when it was meant to be sent to the
//     last octet of its answer, so a server that stalls is seen to stall by every request that it
//     made wait, not by one for each connection ("no coordinated omission").
//  2. Every request that was meant for the measured time is in the histogram: one that has no
//     answer when the drain ends counts as unanswered, with its age by then.
//  3. The generator reports on itself: `lag` is how much later than meant a request was sent
//     although a connection was free. When its 99th percentile is not small beside the latencies,
//     they are the generator's.
// Every answer is drained and verified. A lost connection is opened again; it fails one request.
// Thread safety: run_load() blocks and uses threads of its own; `interrupted` may be set by anyone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "tools/suppressctl/bench_histogram.hpp"
#include "tools/suppressctl/bench_requests.hpp"
#include "tools/suppressctl/http_client.hpp"

namespace suppressctl {

struct LoadCounts {
  uint64_t meant = 0;       // requests meant for the measured time
  uint64_t answered = 0;    // status 200 and every address accounted for
  uint64_t addresses = 0;   // of these
  uint64_t shed = 0;        // 429 and 503: the server protects itself
  uint64_t failed = 0;      // any other status
  uint64_t wrong = 0;       // status 200, but not every address was checked
  uint64_t broken = 0;      // the connection ended first
  uint64_t unanswered = 0;  // when the drain ended
  uint64_t waited = 0;      // found all connections busy when they were to be sent
  uint64_t sent_bytes = 0;

  uint64_t errors() const { return shed + failed + wrong + broken + unanswered; }
  void add(const LoadCounts& other);
};

struct LoadResult {
  LatencyHistogram latency;
  LatencyHistogram lag;
  LoadCounts counts;
  double seconds = 0;  // from the first measured request to the last measured answer, at least the
                       // measured time
  double generator_cpu_seconds = 0;  // of the sending threads, warm-up and drain included

  double addresses_per_second() const {
    return seconds > 0 ? static_cast<double>(counts.addresses) / seconds : 0;
  }
  void add(const LoadResult& other);
};

struct LoadPlan {
  /// Requests a second of all senders together; 0: each connection asks again as soon as it was
  /// answered, which measures what the server can do but no latency.
  double rate = 0;
  std::chrono::nanoseconds warm_up{0};
  std::chrono::nanoseconds duration{0};
  std::chrono::nanoseconds drain{0};
  unsigned connections = 1;  // of all senders together, at least one each
  unsigned senders = 1;      // threads
};

/// The k-th request. Called by all senders' threads.
using RequestSource = std::function<std::shared_ptr<const PreparedRequest>(uint64_t k)>;
/// Whether an answer of status 200 accounts for every address of its request.
bool accounts_for_all(const PreparedRequest& request, const class AnswerReader& answer);

/// Throws Failure when no connection can be made at the start.
LoadResult run_load(const Endpoint& endpoint, const LoadPlan& plan, const RequestSource& source,
                    const std::atomic<bool>& interrupted);

}  // namespace suppressctl
