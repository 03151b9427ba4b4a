#include "tools/suppressctl/metrics_text.hpp"

#include <algorithm>
#include <cstdlib>

namespace suppressctl {

std::optional<double> metric(std::string_view text, std::string_view name,
                             std::string_view labels) {
  std::string begin(name);
  if (!labels.empty()) begin.append("{").append(labels).append("}");
  begin += ' ';
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(begin)) continue;
    return std::strtod(std::string(line.substr(begin.size())).c_str(), nullptr);
  }
  return std::nullopt;
}

ServerSample sample_server(Api& api) {
  const HttpAnswer answer = api.fetch("/metrics");
  if (answer.status != 200) throw refusal_of(answer);
  const auto value = [&](std::string_view name, std::string_view labels = "") {
    return metric(answer.body, name, labels).value_or(0);
  };
  ServerSample sample;
  sample.cpu_seconds = value("process_cpu_seconds_total");
  sample.io_cpu_seconds = value("suppressd_io_cpu_seconds_total");
  sample.io_threads = value("suppressd_io_threads");
  for (const char* verdict : {"clear", "suppressed", "invalid"})
    sample.addresses_checked +=
        value("suppressd_addresses_checked_total", "verdict=\"" + std::string(verdict) + "\"");
  sample.resident_bytes = value("process_resident_memory_bytes");
  sample.set_bytes = value("suppressd_set_bytes");
  sample.set_growths = value("suppressd_set_growths_total");
  sample.entries = value("suppressd_set_entries");
  sample.load_seconds = value("suppressd_load_seconds");
  return sample;
}

}  // namespace suppressctl
