#include "tools/suppressctl/bench_report.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <thread>

#include "tools/suppressctl/quantity.hpp"

namespace suppressctl {
namespace {

Json counts_json(const LoadCounts& counts) {
  return {{"meant", counts.meant},         {"answered", counts.answered},
          {"addresses", counts.addresses}, {"shed", counts.shed},
          {"failed", counts.failed},       {"wrong", counts.wrong},
          {"broken", counts.broken},       {"unanswered", counts.unanswered},
          {"waited", counts.waited},       {"sent_bytes", counts.sent_bytes}};
}

Json point_json(const LoadPoint& point) {
  Json json{{"offered_addresses_per_second", point.offered},
            {"addresses_per_second", point.done},
            {"requests_per_second", point.requests_per_second},
            {"seconds", point.seconds},
            {"latency_seconds",
             {{"p50", point.p50},
              {"p90", point.p90},
              {"p99", point.p99},
              {"p99.9", point.p999},
              {"largest", point.largest},
              {"mean", point.mean}}},
            {"generator",
             {{"lag_p50_seconds", point.lag_p50},
              {"lag_p99_seconds", point.lag_p99},
              {"cpu_share", point.generator_cpu},
              {"was_the_limit", point.generator_limited}}},
            {"requests", counts_json(point.counts)},
            {"server",
             {{"cpu_seconds_per_address", point.cpu_per_address},
              {"io_cpu_seconds_per_address", point.io_cpu_per_address},
              {"io_utilization", point.utilization},
              {"resident_bytes", point.resident_bytes}}},
            {"holds", point.holds}};
  if (point.adds_offered > 0)
    json["adds"] = {{"offered_per_second", point.adds_offered},
                    {"per_second", point.adds_done},
                    {"request_p99_seconds", point.adds_p99},
                    {"errors", point.adds_errors}};
  return json;
}

Json size_json(const SizePoint& size) {
  return {{"entries", size.entries},
          {"resident_bytes", size.resident_bytes},
          {"resident_bytes_started", size.resident_bytes_started},
          {"peak_bytes", size.peak_bytes},
          {"set_bytes", size.set_bytes},
          {"disk_bytes", size.disk_bytes},
          {"image_bytes", size.image_bytes},
          {"rows_per_second", size.rows_per_second},
          {"start_seconds", size.start_seconds},
          {"start_after_kill_seconds", size.start_after_kill_seconds},
          {"stop_seconds", size.stop_seconds}};
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

void write_points(const BenchReport& report, Writer& writer) {
  Columns columns({"OFFERED/S", "DONE/S", "P50", "P99", "P99.9", "ERRORS", "CPU NS/ADDRESS",
                   "IO BUSY", "LAG P99", report.p99_goal > 0 ? "HOLDS" : ""});
  for (const LoadPoint& point : report.search.points) {
    const std::string held = report.p99_goal == 0      ? ""
                             : point.holds             ? "yes"
                             : point.generator_limited ? "no (generator)"
                                                       : "no";
    columns.add({rate_text(point.offered), rate_text(point.done), time_text(point.p50),
                 time_text(point.p99), time_text(point.p999), grouped(point.counts.errors()),
                 short_number(point.cpu_per_address * 1e9),
                 short_number(point.utilization * 100) + " %", time_text(point.lag_p99), held});
  }
  columns.write(writer);
}

void write_sizes(const BenchReport& report, Writer& writer) {
  Columns columns({"ENTRIES", "RESIDENT", "PEAK", "SET", "B/ENTRY", "DISK", "START",
                   "START AFTER KILL", "ADDED/S"});
  for (const SizePoint& size : report.sizes) {
    columns.add(
        {grouped(size.entries), bytes_text(size.resident_bytes), bytes_text(size.peak_bytes),
         bytes_text(size.set_bytes),
         short_number(size.set_bytes / static_cast<double>(std::max<uint64_t>(size.entries, 1))),
         bytes_text(size.disk_bytes), time_text(size.start_seconds),
         time_text(size.start_after_kill_seconds), rate_text(size.rows_per_second)});
  }
  columns.write(writer);
}

/// A word that a shell takes as one.
std::string shell_word(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=/.:,%+@";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Machine this_machine() {
  utsname name{};
  uname(&name);
  return {cpu_name(), std::max(1u, std::thread::hardware_concurrency()),
          static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE)),
          std::string(name.sysname) + " " + name.release + " " + name.machine};
}

Json to_json(const BenchReport& report) {
  Json json{{"report", report_kind},
            {"format", report_format},
            {"suppressctl", SUPPRESSD_VERSION},
            {"date", report.date},
            {"command", report.command},
            {"interrupted", report.interrupted},
            {"machine",
             {{"cpu", report.machine.cpu},
              {"cores", report.machine.cores},
              {"memory_bytes", report.machine.memory_bytes},
              {"system", report.machine.system}}},
            {"server",
             {{"address", report.server},
              {"on_this_machine", report.server_here},
              {"version", report.server_version},
              {"entries", report.server_at_start.entries},
              {"io_threads", report.server_at_start.io_threads},
              {"resident_bytes", report.server_at_start.resident_bytes},
              {"set_bytes", report.server_at_start.set_bytes},
              {"load_seconds", report.server_at_start.load_seconds}}},
            {"load", report.load},
            {"prepared",
             {{"rows", report.prepared.rows},
              {"added", report.prepared.added},
              {"seconds", report.prepared.seconds}}},
            {"capacity_addresses_per_second", report.capacity},
            {"p99_goal_seconds", report.p99_goal > 0 ? Json(report.p99_goal) : Json(nullptr)},
            {"highest", nullptr},
            {"points", Json::array()},
            {"sizes", Json::array()},
            {"doubts", doubts(report)}};
  for (const LoadPoint& point : report.search.points) json["points"].push_back(point_json(point));
  for (const SizePoint& size : report.sizes) json["sizes"].push_back(size_json(size));
  if (report.p99_goal > 0 && report.search.highest)
    json["highest"] = json["points"][*report.search.highest];
  return json;
}

std::vector<std::string> doubts(const BenchReport& report) {
  std::vector<std::string> found;
  if (report.interrupted) found.push_back("It was interrupted: what is here is what was measured.");
  if (report.server_here && !report.search.points.empty())
    found.push_back(
        "The server runs on this machine and shares its cores with the load generator: latencies "
        "near the limit are worse than from another machine. CPU an address is the server's own.");
  size_t limited = 0;
  for (const LoadPoint& point : report.search.points) limited += point.generator_limited ? 1 : 0;
  if (limited > 0)
    found.push_back("At " + std::to_string(limited) + " of " +
                    std::to_string(report.search.points.size()) +
                    " rates the load generator could not keep its own schedule (lag or CPU): those "
                    "latencies are partly its own. More --senders or another machine may help.");
  if (report.p99_goal > 0 && !report.search.points.empty() && !report.search.highest)
    found.push_back("No rate that was tried keeps the p99.");
  return found;
}

void write_table(const BenchReport& report, Writer& writer) {
  if (!report.sizes.empty()) write_sizes(report, writer);
  if (!report.sizes.empty() && !report.search.points.empty()) writer.append("\n");
  if (!report.search.points.empty()) write_points(report, writer);
  if (report.p99_goal > 0 && report.search.highest) {
    const LoadPoint& best = report.search.points[*report.search.highest];
    writer.append("\n" + rate_text(best.offered) + " addresses/s keep a p99 of " +
                  time_text(report.p99_goal) + " (measured " + time_text(best.p99) + ").\n");
  }
  for (const std::string& doubt : doubts(report)) writer.append("Note: " + doubt + "\n");
}

std::string command_text(const std::vector<std::string>& arguments) {
  std::string text;
  bool secret = false;
  for (const std::string& argument : arguments) {
    const std::string shown = secret                           ? "…"
                              : argument.starts_with("--key=") ? "--key=…"
                                                               : shell_word(argument);
    text += (text.empty() ? "" : " ") + shown;
    secret = argument == "--key";
  }
  return text;
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace suppressctl
