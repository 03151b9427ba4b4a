// What a measurement found, as a value, as JSON (which `suppressctl plan` reads as a profile), as a
// table for the terminal, and as a page for people (bench_html.hpp).
//
// JSON: seconds, octets and addresses a second throughout; member names say which. `format` is 1.
// A reader must ignore members that it does not know.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/bench_prepare.hpp"
#include "tools/suppressctl/bench_search.hpp"
#include "tools/suppressctl/bench_sweep.hpp"
#include "tools/suppressctl/metrics_text.hpp"
#include "tools/suppressctl/output.hpp"

namespace suppressctl {

inline constexpr const char* report_kind = "suppressctl-bench";
inline constexpr int report_format = 1;

/// The machine that this program runs on.
struct Machine {
  std::string cpu;
  unsigned cores = 0;
  double memory_bytes = 0;
  std::string system;
};
Machine this_machine();

struct BenchReport {
  std::string command;  // as typed, without the key
  std::string date;     // RFC 3339, UTC
  Machine machine;
  std::string server;        // its address
  bool server_here = false;  // on this machine, so it shares the cores with the load
  Json server_version = Json::object();
  ServerSample server_at_start;
  Json load = Json::object();  // the options that decided what was sent
  Prepared prepared;
  double p99_goal = 0;  // 0: none was asked for
  double capacity = 0;  // addresses a second, asked without pause
  SearchResult search;
  std::vector<SizePoint> sizes;
  bool interrupted = false;
};

Json to_json(const BenchReport& report);
/// The rates, and the sizes if there are any, with a sentence on what holds and what to doubt.
void write_table(const BenchReport& report, Writer& writer);
/// What makes the numbers less than they look; empty when nothing does.
std::vector<std::string> doubts(const BenchReport& report);

/// The command line as typed, fit for a shell and without the key's value.
std::string command_text(const std::vector<std::string>& arguments);
std::string now_text();

}  // namespace suppressctl
