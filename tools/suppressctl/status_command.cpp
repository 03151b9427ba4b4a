// suppressctl status: is the server ready, and how much does it hold.
#include <CLI/CLI.hpp>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/metrics_text.hpp"
#include "tools/suppressctl/output.hpp"

namespace suppressctl {
namespace {

constexpr const char* memory_metric = "process_resident_memory_bytes";

std::string mebibytes(const std::optional<double>& bytes) {
  return bytes ? grouped(static_cast<uint64_t>(*bytes / (1 << 20))) + " MiB" : "";
}

int status(const Settings& settings) {
  Api api(settings);
  const HttpAnswer readiness = api.fetch("/readyz");
  if (readiness.status != 200 && readiness.status != 503) throw refusal_of(readiness);
  const Json ready = parse_answer(readiness.body);
  const Json version = api.get("/version");
  const auto memory = metric(api.fetch("/metrics").body, memory_metric);
  Writer output = Writer::standard_output();
  if (settings.json) {
    Json json{{"server", settings.server}};
    json.update(ready);
    json.update(version);
    json["memory_bytes"] = memory ? Json(static_cast<uint64_t>(*memory)) : Json(nullptr);
    output.append(json.dump() + "\n");
  } else {
    std::string state = text_of(ready, "status");
    if (state == "loading")
      state += " " + std::to_string(static_cast<int>(ready.value("progress", 0.0) * 100)) + " %";
    Columns columns({"SERVER", "STATUS", "ENTRIES", "SEQUENCE", "VERSION", "MEMORY"});
    columns.add({settings.server, state, grouped(ready.value("entries", uint64_t{0})),
                 grouped(ready.value("sequence", uint64_t{0})), text_of(version, "version"),
                 mebibytes(memory)});
    columns.write(output);
  }
  output.flush();
  return readiness.status == 200 ? exit_done : exit_no;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, "status", "Show whether the server is ready and what it holds",
                  "Exit codes: 0 ready, 1 running but not ready (loading, draining, unhealthy), 2 "
                  "no server.\n\n"
                  "Examples:\n"
                  "  suppressctl status\n"
                  "  until suppressctl status --quiet > /dev/null; do sleep 1; done");
  command->callback([&context] { context.exit_code = status(context.settings()); });
}

}  // namespace suppressctl
