// What the server says of itself on /metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/suppressctl/api.hpp"

namespace suppressctl {

/// The value of a sample in Prometheus' text format: of `name`, with `labels` as written there
/// without the braces. nullopt when it is not there.
std::optional<double> metric(std::string_view text, std::string_view name,
                             std::string_view labels = "");

/// One look at a server; what it does not say is zero.
struct ServerSample {
  double cpu_seconds = 0;
  double io_cpu_seconds = 0;  // of the threads that serve connections
  double io_threads = 0;
  double addresses_checked = 0;
  double resident_bytes = 0;
  double set_bytes = 0;
  double set_growths = 0;
  double entries = 0;
  double load_seconds = 0;
};
/// Throws Failure when there is no such page.
ServerSample sample_server(Api& api);

}  // namespace suppressctl
