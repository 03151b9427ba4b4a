// The options of `suppressctl bench`, parsed and checked: one table row each with name, default,
// what it takes and a sentence, from which --help is made too.
#pragma once

#include <string>
#include <vector>

#include "tools/suppressctl/bench_load.hpp"
#include "tools/suppressctl/bench_requests.hpp"

namespace CLI {
class App;
}

namespace suppressctl {

/// As typed.
struct BenchText {
  std::string p99 = "5ms", rates, connections = "16", senders = "1", warm_up = "1s",
              duration = "5s", repeats = "3", precision = "5%", batches = "1000", bodies = "text",
              answers = "json", hits = "10%", prepare = "0", addresses, adds = "0",
              add_rows = "10000", different = "1M", seed = "1", report, html, sweep, server_binary,
              server_threads = "0";
};

struct BenchOptions {
  double p99_goal = 0;        // seconds
  std::vector<double> rates;  // empty: search
  LoadPlan plan;              // all but the rate
  unsigned repeats = 1;
  double precision = 0;
  RequestMix mix;
  uint64_t prepare = 0;
  double adds_per_second = 0;
  uint32_t add_rows = 0;
  std::vector<uint64_t> sweep;
  std::string server_binary;
  unsigned server_threads = 0;
  std::string report_file, html_file;

  double mean_batch() const;
};

void add_bench_options(CLI::App& command, BenchText& text);
/// Throws Failure that names the option.
BenchOptions parse_bench_options(const BenchText& text);

}  // namespace suppressctl
