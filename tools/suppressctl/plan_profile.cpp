#include <algorithm>

#include "tools/suppressctl/bench_report.hpp"
#include "tools/suppressctl/failure.hpp"
#include "tools/suppressctl/plan.hpp"

namespace suppressctl {
namespace {

/// Written by `suppressctl bench`, less what planning does not read. The server had one thread, so
/// that the load generator had the other core.
constexpr const char* builtin_json = R"(
{"report":"suppressctl-bench","format":1,"date":"2026-11-23T03:17:26Z",
"machine":{"cpu":"AMD EPYC, virtual","cores":2},
"server":{"io_threads":1,"on_this_machine":true},"load":{"mean_batch":1000},
"points":[
{"offered_addresses_per_second":2.054e5,"addresses_per_second":2.059e5,
 "latency_seconds":{"p99":0.003801},"server":{"io_cpu_seconds_per_address":5.725e-07},
 "requests":{"shed":0,"failed":0,"wrong":0,"broken":0,"unanswered":0}},
{"offered_addresses_per_second":4.108e5,"addresses_per_second":4.109e5,
 "latency_seconds":{"p99":0.001507},"server":{"io_cpu_seconds_per_address":4.202e-07},
 "requests":{"shed":0,"failed":0,"wrong":0,"broken":0,"unanswered":0}},
{"offered_addresses_per_second":8.217e5,"addresses_per_second":8.218e5,
 "latency_seconds":{"p99":0.001712},"server":{"io_cpu_seconds_per_address":3.518e-07},
 "requests":{"shed":0,"failed":0,"wrong":0,"broken":0,"unanswered":0}},
{"offered_addresses_per_second":1.438e6,"addresses_per_second":1.438e6,
 "latency_seconds":{"p99":0.00331},"server":{"io_cpu_seconds_per_address":3.316e-07},
 "requests":{"shed":0,"failed":0,"wrong":0,"broken":0,"unanswered":0}},
{"offered_addresses_per_second":1.592e6,"addresses_per_second":1.592e6,
 "latency_seconds":{"p99":0.003604},"server":{"io_cpu_seconds_per_address":3.165e-07},
 "requests":{"shed":0,"failed":0,"wrong":0,"broken":0,"unanswered":0}},
{"offered_addresses_per_second":1.669e6,"addresses_per_second":1.669e6,
 "latency_seconds":{"p99":0.009175},"server":{"io_cpu_seconds_per_address":3.239e-07},
 "requests":{"shed":0,"failed":0,"wrong":0,"broken":0,"unanswered":0}},
{"offered_addresses_per_second":1.746e6,"addresses_per_second":1.739e6,
 "latency_seconds":{"p99":0.005243},"server":{"io_cpu_seconds_per_address":3.184e-07},
 "requests":{"shed":0,"failed":0,"wrong":0,"broken":0,"unanswered":0}},
{"offered_addresses_per_second":2.054e6,"addresses_per_second":2.051e6,
 "latency_seconds":{"p99":0.02163},"server":{"io_cpu_seconds_per_address":3.405e-07},
 "requests":{"shed":0,"failed":0,"wrong":0,"broken":0,"unanswered":0}}
],"sizes":[
{"entries":300000,"resident_bytes":1.023e8,"peak_bytes":1.07e8,"set_bytes":8.735e6,
 "disk_bytes":1.105e7,"rows_per_second":2.098e5,"start_seconds":0.2968,
 "start_after_kill_seconds":0.3221},
{"entries":1000000,"resident_bytes":1.768e8,"peak_bytes":1.768e8,"set_bytes":1.32e7,
 "disk_bytes":3.647e7,"rows_per_second":1.857e5,"start_seconds":0.9902,
 "start_after_kill_seconds":0.7845},
{"entries":3000000,"resident_bytes":3.361e8,"peak_bytes":3.538e8,"set_bytes":3.416e7,
 "disk_bytes":1.089e8,"rows_per_second":1.848e5,"start_seconds":2.937,
 "start_after_kill_seconds":2.358}
]}
)";

class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) {}

  [[noreturn]] void refuse(const std::string& why) const {
    throw Failure("The profile " + name_ + " cannot be used: " + why +
                  ". Profiles are what suppressctl bench --report writes.");
  }
  const Json& member(const Json& of, const char* name) const {
    if (!of.is_object() || !of.contains(name)) refuse("it has no '" + std::string(name) + "'");
    return of[name];
  }
  /// Finite and not below zero.
  double number(const Json& of, const char* name) const {
    const Json& value = member(of, name);
    if (!value.is_number() || !(value.get<double>() >= 0))
      refuse("'" + std::string(name) + "' is no number from 0");
    return value.get<double>();
  }
  const Json& list(const Json& of, const char* name) const {
    const Json& value = member(of, name);
    if (!value.is_array()) refuse("'" + std::string(name) + "' is no list");
    return value;
  }

 private:
  std::string name_;
};

Profile::Rate rate_of(const Reader& reader, const Json& json) {
  Profile::Rate rate;
  rate.offered = reader.number(json, "offered_addresses_per_second");
  rate.done = reader.number(json, "addresses_per_second");
  rate.p99 = reader.number(reader.member(json, "latency_seconds"), "p99");
  rate.cpu_per_address = reader.number(reader.member(json, "server"), "io_cpu_seconds_per_address");
  const Json& requests = reader.member(json, "requests");
  for (const char* error : {"shed", "failed", "wrong", "broken", "unanswered"})
    rate.errors += static_cast<uint64_t>(reader.number(requests, error));
  return rate;
}

Profile::Size size_of(const Reader& reader, const Json& json) {
  Profile::Size size;
  size.entries = reader.number(json, "entries");
  size.resident_bytes = reader.number(json, "resident_bytes");
  size.peak_bytes = reader.number(json, "peak_bytes");
  size.set_bytes = reader.number(json, "set_bytes");
  size.disk_bytes = reader.number(json, "disk_bytes");
  size.rows_per_second = reader.number(json, "rows_per_second");
  size.start_seconds = reader.number(json, "start_seconds");
  size.start_after_kill_seconds = reader.number(json, "start_after_kill_seconds");
  if (size.entries <= 0) reader.refuse("a size has no entries");
  return size;
}

}  // namespace

Profile parse_profile(std::string_view text, const std::string& name) {
  const Reader reader(name);
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) reader.refuse("it is no JSON");
  if (text_of(json.is_object() ? json : Json::object(), "report") != report_kind)
    reader.refuse("it is no report of suppressctl bench");
  if (reader.number(json, "format") != report_format) reader.refuse("its format is another");
  const Json& machine = reader.member(json, "machine");
  const Json& server = reader.member(json, "server");
  Profile profile;
  profile.name = name;
  profile.date = text_of(json, "date").substr(0, sizeof "2026-01-01" - 1);
  profile.machine = std::to_string(static_cast<int>(reader.number(machine, "cores"))) +
                    " cores of " + text_of(machine, "cpu");
  profile.threads = reader.number(server, "io_threads");
  const Json& shared = reader.member(server, "on_this_machine");
  profile.shared = shared.is_boolean() && shared.get<bool>();
  if (json.contains("load") && json["load"].contains("mean_batch"))
    profile.mean_batch = reader.number(json["load"], "mean_batch");
  for (const Json& point : reader.list(json, "points"))
    profile.rates.push_back(rate_of(reader, point));
  for (const Json& size : reader.list(json, "sizes"))
    profile.sizes.push_back(size_of(reader, size));
  if (!profile.rates.empty() && profile.threads < 1)
    reader.refuse("the server did not say how many threads serve connections");
  std::sort(profile.rates.begin(), profile.rates.end(),
            [](const auto& a, const auto& b) { return a.offered < b.offered; });
  std::sort(profile.sizes.begin(), profile.sizes.end(),
            [](const auto& a, const auto& b) { return a.entries < b.entries; });
  return profile;
}

const Profile& builtin_profile() {
  static const Profile profile = parse_profile(builtin_json, "built in");
  return profile;
}

}  // namespace suppressctl
