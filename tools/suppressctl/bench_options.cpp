#include "tools/suppressctl/bench_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "tools/suppressctl/failure.hpp"
#include "tools/suppressctl/quantity.hpp"

namespace suppressctl {
namespace {

constexpr Bounds p99_bounds{1e-5, 60};  // seconds
constexpr Bounds rate_bounds{1, 1e11};  // addresses a second
constexpr Bounds connection_bounds{1, 10'000};
constexpr Bounds sender_bounds{1, 256};          // threads
constexpr Bounds warm_up_bounds{0, 600};         // seconds
constexpr Bounds duration_bounds{0.05, 86'400};  // seconds, one measurement
constexpr Bounds repeat_bounds{1, 99};
constexpr Bounds precision_bounds{0.005, 1};
constexpr Bounds batch_bounds{1, 1e6};  // addresses a request
constexpr Bounds share_bounds{0, 1};
constexpr Bounds prepare_bounds{0, static_cast<double>(rows_prepared_max)};
constexpr Bounds add_bounds{0, 1e8};  // rows a second
constexpr Bounds add_row_bounds{1, 200'000};
constexpr Bounds different_bounds{1000, 5e7};  // 1.5 GiB of requests
constexpr Bounds seed_bounds{0, 1e18};
constexpr Bounds sweep_bounds{1, static_cast<double>(rows_prepared_max)};
constexpr Bounds thread_bounds{0, 512};
/// How long answers to what was sent are waited for once the measured time is over.
constexpr auto drain_time = std::chrono::seconds(5);

struct OptionRow {
  const char* name;
  std::string BenchText::*member;
  const char* takes;
  const char* sentence;
};
constexpr OptionRow rows[] = {
    {"--p99", &BenchText::p99, "TIME",
     "find the highest rate whose 99th percentile is within this"},
    {"--rates", &BenchText::rates, "N,N,…",
     "measure these addresses a second instead of searching"},
    {"--batches", &BenchText::batches, "N:W,…", "addresses a request, with weights"},
    {"--bodies", &BenchText::bodies, "F:W,…", "text, json, ndjson, csv, with weights"},
    {"--answers", &BenchText::answers, "F:W,…",
     "json, ndjson, text, bitmap, csv (of csv bodies), with weights"},
    {"--hits", &BenchText::hits, "SHARE", "of the addresses asked, from what --prepare added"},
    {"--prepare", &BenchText::prepare, "N",
     "first add the population's first N addresses to the account's list"},
    {"--addresses", &BenchText::addresses, "FILE",
     "ask for lines of this file instead of the made-up population"},
    {"--different", &BenchText::different, "N", "different addresses asked, about"},
    {"--adds", &BenchText::adds, "N/s", "add so many new addresses a second meanwhile"},
    {"--add-rows", &BenchText::add_rows, "N", "addresses a request that adds"},
    {"--connections", &BenchText::connections, "N", "connections, at most one request on each"},
    {"--senders", &BenchText::senders, "N", "threads that send"},
    {"--warm-up", &BenchText::warm_up, "TIME", "load before each measurement"},
    {"--duration", &BenchText::duration, "TIME", "of one measurement"},
    {"--repeats", &BenchText::repeats, "N", "measurements of each rate; the median p99 counts"},
    {"--precision", &BenchText::precision, "SHARE", "how near to the highest rate the search goes"},
    {"--seed", &BenchText::seed, "N", "another population, other draws"},
    {"--report", &BenchText::report, "FILE", "write all numbers as JSON, a profile for plan"},
    {"--html", &BenchText::html, "FILE", "write a page with plots"},
    {"--sweep", &BenchText::sweep, "N,N,…",
     "start a server of its own and measure memory, disk and start at these sizes; the load then "
     "runs against the largest"},
    {"--server-binary", &BenchText::server_binary, "FILE", "the suppressd that --sweep starts"},
    {"--server-threads", &BenchText::server_threads, "N",
     "of that server, to serve connections; 0 is one a core"},
};

template <class Choice, class Parse>
Mix<Choice> mix_of(const char* option, const std::string& text, Parse&& parse) {
  Mix<Choice> mix;
  for (const auto& [name, weight] : parse_mix(option, text)) mix.add(parse(name), weight);
  return mix;
}

void refuse(const std::string& sentence) {
  throw Failure(sentence);
}

void check_together(const BenchText& text, const BenchOptions& options) {
  if (options.plan.senders > options.plan.connections)
    refuse("--senders " + text.senders + " must not be more than --connections " +
           text.connections + ".");
  if (options.sweep.empty() != options.server_binary.empty())
    refuse("--sweep and --server-binary go together: the sweep starts servers of its own.");
  if (!options.sweep.empty() && options.prepare > 0)
    refuse("--prepare does not go with --sweep, whose largest size is what is on the list.");
  if (!std::is_sorted(options.sweep.begin(), options.sweep.end()))
    refuse("--sweep " + text.sweep + " must be in ascending order: one server grows through it.");
}

}  // namespace

double BenchOptions::mean_batch() const {
  double mean = 0;
  for (size_t i = 0; i < mix.batches.size(); ++i)
    mean += mix.batches.share(i) * mix.batches.choice(i);
  return mean;
}

void add_bench_options(CLI::App& command, BenchText& text) {
  for (const OptionRow& row : rows) {
    std::string& value = text.*row.member;
    std::string sentence = row.sentence;
    if (!value.empty()) sentence += " (" + value + ")";
    command.add_option(row.name, value, sentence)->type_name(row.takes);
  }
}

BenchOptions parse_bench_options(const BenchText& text) {
  BenchOptions options;
  const auto count = [](const char* name, const std::string& value, Bounds bounds) {
    return parse_count(name, value, bounds);
  };
  options.p99_goal =
      std::chrono::duration<double>(parse_time("--p99", text.p99, p99_bounds)).count();
  if (!text.rates.empty())
    for (const auto rate : parse_list("--rates", text.rates))
      options.rates.push_back(parse_rate("--rates", rate, rate_bounds));
  options.plan.connections =
      static_cast<unsigned>(count("--connections", text.connections, connection_bounds));
  options.plan.senders = static_cast<unsigned>(count("--senders", text.senders, sender_bounds));
  options.plan.warm_up = parse_time("--warm-up", text.warm_up, warm_up_bounds);
  options.plan.duration = parse_time("--duration", text.duration, duration_bounds);
  options.plan.drain = drain_time;
  options.repeats = static_cast<unsigned>(count("--repeats", text.repeats, repeat_bounds));
  options.precision = parse_share("--precision", text.precision, precision_bounds);
  options.mix.batches = mix_of<uint32_t>("--batches", text.batches, [&](const std::string& name) {
    return static_cast<uint32_t>(count("--batches", name, batch_bounds));
  });
  options.mix.bodies = mix_of<BodyFormat>("--bodies", text.bodies, parse_body_format);
  options.mix.answers = mix_of<AnswerFormat>("--answers", text.answers, parse_answer_format);
  options.mix.hits = parse_share("--hits", text.hits, share_bounds);
  options.mix.seed = count("--seed", text.seed, seed_bounds);
  options.mix.addresses = count("--different", text.different, different_bounds);
  options.mix.address_file = text.addresses;
  options.prepare = count("--prepare", text.prepare, prepare_bounds);
  options.adds_per_second = parse_rate("--adds", text.adds, add_bounds);
  options.add_rows = static_cast<uint32_t>(count("--add-rows", text.add_rows, add_row_bounds));
  if (!text.sweep.empty())
    for (const auto size : parse_list("--sweep", text.sweep))
      options.sweep.push_back(parse_count("--sweep", size, sweep_bounds));
  options.server_binary = text.server_binary;
  options.server_threads =
      static_cast<unsigned>(count("--server-threads", text.server_threads, thread_bounds));
  options.report_file = text.report;
  options.html_file = text.html;
  check_together(text, options);
  return options;
}

}  // namespace suppressctl
