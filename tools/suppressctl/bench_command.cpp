// suppressctl bench: what a server can do, measured from outside, for planning.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <thread>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/bench_html.hpp"
#include "tools/suppressctl/bench_options.hpp"
#include "tools/suppressctl/bench_report.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/metrics_text.hpp"
#include "tools/suppressctl/quantity.hpp"

namespace suppressctl {
namespace {

constexpr unsigned add_connections = 4;
constexpr auto capacity_time = std::chrono::seconds(2);

std::atomic<bool> interrupted{false};

void on_interrupt(int) {
  interrupted.store(true);
  std::signal(SIGINT, SIG_DFL);  // a second one ends the program at once
}

bool on_this_machine(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Json mix_json(const RequestMix& mix, const char* which) {
  Json json = Json::object();
  const auto fill = [&](const auto& choices, auto name) {
    for (size_t i = 0; i < choices.size(); ++i) json[name(choices.choice(i))] = choices.share(i);
  };
  const std::string_view kind = which;
  if (kind == "batches")
    fill(mix.batches, [](uint32_t size) { return std::to_string(size); });
  else if (kind == "bodies")
    fill(mix.bodies, [](BodyFormat format) { return std::string(name_of(format)); });
  else
    fill(mix.answers, [](AnswerFormat format) { return std::string(name_of(format)); });
  return json;
}

class Bench {
 public:
  Bench(const Settings& settings, BenchOptions options, std::string command)
      : settings_(settings), options_(std::move(options)) {
    report_.command = std::move(command);
    report_.date = now_text();
    report_.machine = this_machine();
  }

  int run() {
    if (!options_.sweep.empty()) sweep_sizes();
    endpoint_ = parse_endpoint(settings_.server);
    report_.server = endpoint_.host_field();
    report_.server_here = on_this_machine(endpoint_.host);
    if (!interrupted.load()) prepare();
    {
      Api api(settings_);
      report_.server_version = api.get("/version");
      report_.server_at_start = sample_server(api);
    }
    describe_load();
    if (!interrupted.load()) measure();
    report_.interrupted = interrupted.load();
    write();
    const bool held = !options_.rates.empty() || report_.search.highest;
    return held && !report_.interrupted ? exit_done : exit_no;
  }

 private:
  void say(const std::string& line) const {
    if (!settings_.quiet) std::fprintf(stderr, "%s\n", line.c_str());
  }

  void sweep_sizes() {
    server_.emplace(options_.server_binary, options_.server_threads);
    report_.sizes = sweep(*server_, settings_, options_.sweep, options_.mix.seed, interrupted,
                          [this](const std::string& line) { say(line); });
    settings_ = server_->settings(settings_);
    if (!report_.sizes.empty()) options_.mix.prepared = report_.sizes.back().entries;
  }

  void prepare() {
    if (options_.prepare == 0) return;
    report_.prepared =
        prepare_entries(settings_, options_.mix.seed, 0, options_.prepare, interrupted);
    options_.mix.prepared = report_.prepared.rows;
    say("Prepared " + grouped(report_.prepared.rows) + " entries in " +
        time_text(report_.prepared.seconds) + "; " + grouped(report_.prepared.added) +
        " of them were new.");
  }

  void describe_load() {
    const RequestMix& mix = options_.mix;
    const std::string hits = !mix.address_file.empty() ? "as in " + mix.address_file
                             : mix.prepared == 0       ? "none of ours: nothing was prepared"
                                                       : short_number(mix.hits * 100) + " % of " +
                                                       grouped(mix.prepared) + " prepared entries";
    report_.load = {
        {"batches", mix_json(mix, "batches")},
        {"bodies", mix_json(mix, "bodies")},
        {"answers", mix_json(mix, "answers")},
        {"mean_batch", options_.mean_batch()},
        {"hits", mix.prepared > 0 ? mix.hits : 0},
        {"hits_text", hits},
        {"connections", options_.plan.connections},
        {"senders", options_.plan.senders},
        {"adds_per_second", options_.adds_per_second},
        {"add_rows", options_.add_rows},
        {"warm_up_seconds", std::chrono::duration<double>(options_.plan.warm_up).count()},
        {"duration_seconds", std::chrono::duration<double>(options_.plan.duration).count()},
        {"repeats", options_.repeats},
        {"different_addresses", mix.addresses},
        {"seed", mix.seed}};
  }

  void measure() {
    const auto requests = std::make_shared<const std::vector<PreparedRequest>>(
        prepare_requests(settings_, endpoint_, options_.mix));
    source_ = [requests](uint64_t k) {
      return std::shared_ptr<const PreparedRequest>(requests, &(*requests)[k % requests->size()]);
    };
    double addresses = 0;
    for (const auto& request : *requests) addresses += request.addresses;
    addresses_a_request_ = addresses / static_cast<double>(requests->size());
    rows_added_until_ = rows_added_begin + static_cast<uint64_t>(report_.server_at_start.entries);

    SearchPlan plan{options_.p99_goal, 0, options_.precision, options_.repeats};
    const Measure measure_rate = [this](double rate) { return point(rate); };
    const auto stop = [] { return interrupted.load(); };
    if (!options_.rates.empty()) {
      report_.search = measure_rates(options_.rates, plan, measure_rate, stop);
      return;
    }
    plan.capacity = report_.capacity = capacity();
    say("Asked without pause it answers " + rate_text(plan.capacity) + " addresses/s.");
    report_.p99_goal = options_.p99_goal;
    report_.search = search(plan, measure_rate, stop);
  }

  double capacity() {
    LoadPlan plan = options_.plan;
    plan.duration = std::min<std::chrono::nanoseconds>(plan.duration, capacity_time);
    const LoadResult load = run_load(endpoint_, plan, source_, interrupted);
    if (load.counts.answered == 0 && !interrupted.load()) explain_failure();
    return load.addresses_per_second();
  }

  /// Asks once more, to say in the server's own words what is wrong.
  [[noreturn]] void explain_failure() {
    Connection connection(endpoint_, settings_.timeout);
    HttpRequest request = request_to(settings_, "POST", account_path(settings_, "/check"));
    request.fields.emplace_back("Content-Type", "text/plain");
    request.body = "somebody@example.com\n";
    const HttpAnswer answer = connection.exchange(request);
    if (answer.status >= 400) throw refusal_of(answer);
    throw Failure("No request of this mix was answered well; the account's list can be checked.");
  }

  LoadPoint point(double addresses_per_second) {
    LoadPlan plan = options_.plan;
    plan.rate = addresses_per_second / addresses_a_request_;
    Api api(settings_);
    const ServerSample before = sample_server(api);
    LoadResult adds;
    std::thread adding;
    if (options_.adds_per_second > 0) adding = std::thread([&] { adds = add_meanwhile(); });
    LoadResult load;
    std::exception_ptr failure;
    try {
      load = run_load(endpoint_, plan, source_, interrupted);
    } catch (...) {
      failure = std::current_exception();
    }
    if (adding.joinable()) adding.join();
    if (failure) std::rethrow_exception(failure);
    const ServerSample after = sample_server(api);

    LoadPoint point = point_of(load, addresses_per_second, plan);
    add_server_side(before, after, point);
    if (options_.adds_per_second > 0) {
      point.adds_offered = options_.adds_per_second;
      point.adds_done = adds.addresses_per_second();
      point.adds_p99 = std::chrono::duration<double>(adds.latency.percentile(0.99)).count();
      point.adds_errors = adds.counts.errors();
    }
    say(rate_text(point.offered) + "/s: p50 " + time_text(point.p50) + ", p99 " +
        time_text(point.p99) + ", p99.9 " + time_text(point.p999) +
        (point.counts.errors() > 0 ? ", " + grouped(point.counts.errors()) + " errors" : "") +
        (point.generator_limited ? " (the generator was late itself)" : ""));
    return point;
  }

  static void add_server_side(const ServerSample& before, const ServerSample& after,
                              LoadPoint& point) {
    const double checked = after.addresses_checked - before.addresses_checked;
    point.resident_bytes = after.resident_bytes;
    if (checked <= 0) return;
    point.cpu_per_address = (after.cpu_seconds - before.cpu_seconds) / checked;
    point.io_cpu_per_address = (after.io_cpu_seconds - before.io_cpu_seconds) / checked;
    if (after.io_threads > 0)
      point.utilization = point.io_cpu_per_address * point.done / after.io_threads;
  }

  /// New addresses at their own fixed times, for as long as the checks go on.
  LoadResult add_meanwhile() {
    LoadPlan plan = options_.plan;
    plan.rate = options_.adds_per_second / options_.add_rows;
    plan.connections = add_connections;
    plan.senders = 1;
    const RowWriter writer(options_.mix.seed);
    const uint64_t begin = rows_added_until_;
    uint64_t end = begin;
    const RequestSource source = [&](uint64_t k) {
      const uint64_t at = begin + k * options_.add_rows;
      end = std::max(end, at + options_.add_rows);
      return std::make_shared<const PreparedRequest>(
          writer.add_request(settings_, endpoint_, at, options_.add_rows));
    };
    LoadResult result = run_load(endpoint_, plan, source, interrupted);
    rows_added_until_ = end;
    return result;
  }

  void write() const {
    if (!options_.report_file.empty()) {
      Writer file = Writer::file(options_.report_file);
      file.append(to_json(report_).dump(2) + "\n");
      file.flush();
    }
    if (!options_.html_file.empty()) {
      Writer file = Writer::file(options_.html_file);
      file.append(html(report_));
      file.flush();
    }
    Writer output = Writer::standard_output();
    if (settings_.json)
      output.append(to_json(report_).dump() + "\n");
    else
      write_table(report_, output);
    output.flush();
  }

  Settings settings_;
  BenchOptions options_;
  Endpoint endpoint_;
  BenchReport report_;
  std::optional<OwnServer> server_;
  RequestSource source_;
  double addresses_a_request_ = 1;
  uint64_t rows_added_until_ = 0;
};

std::vector<std::string> arguments_of_this_program() {
  std::vector<std::string> arguments;
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) arguments.push_back(word);
  return arguments;
}

constexpr const char* footer =
    "Requests go out at fixed times, whatever the server does, and latencies count from the time\n"
    "that was meant, so a stall shows in every request that it delayed. Percentiles are exact to\n"
    "0.8 %. LAG is how late this program itself was; when it is not small beside the latencies,\n"
    "they are not the server's. Without --prepare nothing asked is on the list, unless "
    "--addresses\n"
    "says so. --prepare and --adds change the account's list and leave their entries there: use "
    "an\n"
    "account of its own. Ctrl-C stops the measurement and writes what there is.\n\n"
    "Exit codes: 0 measured; 1 no rate keeps the p99, or it was interrupted; 2 error.\n\n"
    "Examples:\n"
    "  suppressctl --account bench bench --prepare 1M --p99 5ms --html bench.html\n"
    "  suppressctl --account bench bench --rates 1M,5M --batches 100:8,10000:2 --bodies text,json\n"
    "  suppressctl bench --sweep 1M,10M --server-binary build/release/server/suppressd \\\n"
    "    --report profile.json";

}  // namespace

void add_bench(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, "bench", "Measure what a server can do: throughput, latency, memory, start", footer);
  const auto text = std::make_shared<BenchText>();
  add_bench_options(*command, *text);
  command->callback([&context, text] {
    BenchOptions options = parse_bench_options(*text);
    const Settings settings = context.settings();
    if (options.sweep.empty()) static_cast<void>(settings.required_account());
    std::signal(SIGINT, on_interrupt);
    context.exit_code =
        Bench(settings, std::move(options), command_text(arguments_of_this_program())).run();
  });
}

}  // namespace suppressctl
