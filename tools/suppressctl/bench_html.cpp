#include "tools/suppressctl/bench_html.hpp"

#include "tools/suppressctl/bench_plot.hpp"
#include "tools/suppressctl/quantity.hpp"

namespace suppressctl {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1c2430; --faint: #5b6675;
  --rule: #d8dee6; --s0: #1f6fb2; --s1: #b8500b; --s2: #7a3fa0; --goal: #0b7a43; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181e; --ink: #e6eaf0; --faint: #a3adba; --rule: #323a45;
    --s0: #6db3f2; --s1: #f0a060; --s2: #c79be6; --goal: #5ecf92; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
p { margin: .4rem 0; } .lead { font-size: 1.1rem; } .faint { color: var(--faint); }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--rule); border-radius: 6px;
  font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .title { font-size: 13px; } svg .tick { fill: var(--faint); }
.grid { stroke: var(--rule); } .axis { stroke: var(--faint); }
.l { fill: none; stroke-width: 2; } .m { stroke: var(--ground); }
.l.s0 { stroke: var(--s0); } .l.s1 { stroke: var(--s1); stroke-dasharray: 7 3; }
.l.s2 { stroke: var(--s2); stroke-dasharray: 2 3; }
.m.s0, svg .name.s0 { fill: var(--s0); } .m.s1, svg .name.s1 { fill: var(--s1); }
.m.s2, svg .name.s2 { fill: var(--s2); }
.goal { stroke: var(--goal); stroke-dasharray: 10 5; } svg .goal-name { fill: var(--goal); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--faint); font-weight: 600; }
.facts td { white-space: normal; text-align: left; } .facts td:first-child { width: 12rem; }
)";

std::string entries_tick(double value) {
  return rate_text(value);
}

class Page {
 public:
  void raw(const std::string& markup) { out_ += markup; }
  void element(const std::string& name, const std::string& text, const std::string& type = "") {
    out_ += "<" + name + (type.empty() ? "" : " class=\"" + type + "\"") + ">" + escaped(text) +
            "</" + name + ">\n";
  }
  void table(const std::vector<std::string>& headers,
             const std::vector<std::vector<std::string>>& rows, const std::string& type = "") {
    out_ += "<div class=\"table\"><table" + (type.empty() ? "" : " class=\"" + type + "\"") + ">\n";
    if (!headers.empty()) {
      out_ += "<thead><tr>";
      for (const std::string& header : headers) element("th", header);
      out_ += "</tr></thead>\n";
    }
    out_ += "<tbody>\n";
    for (const auto& row : rows) {
      out_ += "<tr>";
      for (const std::string& cell : row) element("td", cell);
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table></div>\n";
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string mix_text(const Json& mix) {
  std::string text;
  for (const auto& [name, share] : mix.items())
    text += (text.empty() ? "" : ", ") + name + " " +
            short_number(share.template get<double>() * 100) + " %";
  return text;
}

void add_facts(Page& page, const BenchReport& report) {
  const ServerSample& server = report.server_at_start;
  std::vector<std::vector<std::string>> rows{
      {"Server", report.server + ": suppressd " + text_of(report.server_version, "version") + ", " +
                     text_of(report.server_version, "compiler") + ", kernel " +
                     text_of(report.server_version, "kernel")},
      {"Entries", grouped(static_cast<uint64_t>(server.entries)) + " (" +
                      bytes_text(server.set_bytes) + " of lines, " +
                      bytes_text(server.resident_bytes) + " resident)"},
      {"Server's threads", short_number(server.io_threads) + " serve connections"},
      {"Measured from", report.machine.cpu + ", " + std::to_string(report.machine.cores) +
                            " cores, " + bytes_text(report.machine.memory_bytes) + ", " +
                            report.machine.system +
                            (report.server_here ? "; the server runs on the same machine" : "")}};
  if (report.load.contains("batches")) {
    rows.push_back({"Addresses a request", mix_text(report.load["batches"])});
    rows.push_back({"Bodies", mix_text(report.load["bodies"])});
    rows.push_back({"Answers", mix_text(report.load["answers"])});
    rows.push_back({"Hits", text_of(report.load, "hits_text")});
    rows.push_back({"Connections", std::to_string(report.load.value("connections", 0)) + ", from " +
                                       std::to_string(report.load.value("senders", 0)) +
                                       " sending threads"});
    if (report.load.value("adds_per_second", 0.0) > 0)
      rows.push_back({"Added at the same time",
                      rate_text(report.load.value("adds_per_second", 0.0)) + " rows/s, " +
                          grouped(report.load.value("add_rows", uint64_t{0})) + " a request"});
  }
  rows.push_back({"Date", report.date});
  page.table({}, rows, "facts");
  page.element("pre", report.command);
}

void add_rates(Page& page, const BenchReport& report) {
  const std::vector<LoadPoint>& points = report.search.points;
  if (points.empty()) return;
  Plot plot;
  plot.title = "Latency percentiles against the offered rate";
  plot.x = {"offered addresses a second", Scale::linear, rate_text};
  plot.y = {"latency from the intended time", Scale::logarithmic, time_text};
  plot.series = {{"p50", {}}, {"p99", {}}, {"p99.9", {}}};
  for (const LoadPoint& point : points) {
    plot.series[0].points.emplace_back(point.offered, point.p50);
    plot.series[1].points.emplace_back(point.offered, point.p99);
    plot.series[2].points.emplace_back(point.offered, point.p999);
  }
  plot.y_line = report.p99_goal;
  plot.y_line_name = "p99 goal " + time_text(report.p99_goal);
  page.element("h2", "Throughput and latency");
  page.raw(svg(plot));
  std::vector<std::vector<std::string>> rows;
  for (const LoadPoint& point : points)
    rows.push_back({rate_text(point.offered), rate_text(point.done),
                    short_number(point.requests_per_second), time_text(point.p50),
                    time_text(point.p99), time_text(point.p999), time_text(point.largest),
                    grouped(point.counts.shed), grouped(point.counts.errors() - point.counts.shed),
                    short_number(point.cpu_per_address * 1e9),
                    short_number(point.utilization * 100) + " %", time_text(point.lag_p99),
                    report.p99_goal == 0 ? ""
                    : point.holds        ? "yes"
                                         : "no"});
  page.table({"Offered/s", "Done/s", "Requests/s", "p50", "p99", "p99.9", "Largest", "429, 503",
              "Other errors", "CPU ns/address", "I/O busy", "Lag p99",
              report.p99_goal == 0 ? "" : "Holds"},
             rows);
  page.element("p",
               "Open loop: requests are sent at fixed times whatever the server does, and a "
               "latency counts from the time that was meant, waiting for a connection included. "
               "Lag is how late the load generator itself was; I/O busy is the share of their "
               "time that the server's connection threads used.",
               "faint");
}

void add_size_plot(Page& page, const BenchReport& report, const std::string& title,
                   const Axis& axis,
                   const std::vector<std::pair<std::string, double SizePoint::*>>& members) {
  Plot plot;
  plot.title = title;
  plot.x = {"entries", Scale::linear, entries_tick};
  plot.y = axis;
  for (const auto& [name, member] : members) {
    Series series{name, {}};
    for (const SizePoint& size : report.sizes)
      series.points.emplace_back(static_cast<double>(size.entries), size.*member);
    plot.series.push_back(std::move(series));
  }
  page.element("h2", title);
  page.raw(svg(plot));
  std::vector<std::string> headers{"Entries"};
  for (const auto& [name, member] : members) headers.push_back(name);
  std::vector<std::vector<std::string>> rows;
  for (const SizePoint& size : report.sizes) {
    rows.push_back({grouped(size.entries)});
    for (const auto& [name, member] : members) rows.back().push_back(axis.tick_text(size.*member));
  }
  page.table(headers, rows);
}

}  // namespace

std::string html(const BenchReport& report) {
  Page page;
  page.raw(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<title>suppressd, measured</title>\n<style>");
  page.raw(style);
  page.raw("</style>\n</head>\n<body>\n");
  page.element("h1", "suppressd, measured");
  if (report.p99_goal > 0 && report.search.highest) {
    const LoadPoint& best = report.search.points[*report.search.highest];
    page.element("p",
                 rate_text(best.offered) + " addresses a second keep a p99 of " +
                     time_text(report.p99_goal) + ".",
                 "lead");
  }
  for (const std::string& doubt : doubts(report)) page.element("p", doubt);
  add_facts(page, report);
  add_rates(page, report);
  if (!report.sizes.empty()) {
    add_size_plot(page, report, "Memory against entries", {"memory", Scale::linear, bytes_text},
                  {{"Resident", &SizePoint::resident_bytes},
                   {"Peak while adding", &SizePoint::peak_bytes},
                   {"Set", &SizePoint::set_bytes}});
    add_size_plot(page, report, "Start time against entries",
                  {"time from start to ready", Scale::linear, time_text},
                  {{"After a stop", &SizePoint::start_seconds},
                   {"After a kill", &SizePoint::start_after_kill_seconds}});
    add_size_plot(page, report, "Disk against entries",
                  {"data directory", Scale::linear, bytes_text},
                  {{"All", &SizePoint::disk_bytes}, {"Image", &SizePoint::image_bytes}});
  }
  page.raw("</body>\n</html>\n");
  return page.take();
}

}  // namespace suppressctl
