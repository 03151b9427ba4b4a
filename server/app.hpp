// The application: from a request's head to the Exchange that answers it. Knows no sockets.
// Assembled in main.cpp; the session calls begin() on the I/O thread that read the head.
#pragma once

#include <memory>
#include <string>

#include "core/address.hpp"
#include "core/suppression_set.hpp"
#include "persistence/store.hpp"
#include "server/directory.hpp"
#include "server/exchange.hpp"
#include "server/health.hpp"
#include "server/metrics.hpp"

namespace suppressd {

class Committer;
struct RouteMatch;
class ImportFiles;
class SnsClient;   // server/sns_client.hpp
class WorkerPool;  // server/worker_pool.hpp: blocking reads of the store

struct AppLimits {
  uint64_t json_body_bytes_max = 64ull << 20;       // one JSON document
  uint64_t streaming_body_bytes_max = 64ull << 30;  // text, NDJSON, CSV, after decompression
  uint64_t line_bytes_max = 1ull << 20;             // one line or CSV row
  uint32_t bounce_agreement = 3;    // accounts whose hard bounces the platform believes; 0: none's
  size_t run_rows_min = 50'000;     // rows added by one request that are stored as a run
  size_t run_rows_max = 1'000'000;  // and at most so many in one; see persistence/bulk_run.hpp
};

/// What belongs to one I/O thread; used by that thread alone.
struct Worker {
  Worker(const SuppressionSet& set, ThreadCounters& thread_counters)
      : reader(set), counters(thread_counters) {}
  SuppressionSet::Reader reader;
  ThreadCounters& counters;
  Normalizer normalizer;
  Directory::View directory;
};

/// Everything the application works with. Main owns these; they outlive the App and its exchanges.
struct AppParts {
  Store& store;
  SuppressionSet& set;
  Committer& committer;
  Directory& directory;
  Health& health;
  Metrics& metrics;
  WorkerPool& pool;
  ImportFiles& imports;
  AppLimits limits;
  SnsClient* sns = nullptr;  // null: nothing can be fetched, so SES proves nothing
};

/// Immutable; must outlive the exchanges it began.
class App {
 public:
  explicit App(const AppParts& parts);

  /// Never null: errors are exchanges too. `worker` is the calling I/O thread's and outlives it.
  std::unique_ptr<Exchange> begin(const RequestHead& head, Worker& worker, Wake wake);

 private:
  std::unique_ptr<Exchange> begin(const RequestHead& head, Worker& worker, Wake wake,
                                  RouteMatch match);

  AppParts parts_;
};

}  // namespace suppressd
