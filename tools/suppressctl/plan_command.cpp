// suppressctl plan: from a measured profile to cores, memory, disk, start time and machines.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <memory>

#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/failure.hpp"
#include "tools/suppressctl/plan.hpp"
#include "tools/suppressctl/quantity.hpp"

namespace suppressctl {
namespace {

constexpr Bounds entry_bounds{1, 1e12};
constexpr Bounds check_bounds{1, 1e12};  // addresses a second
constexpr Bounds p99_bounds{1e-5, 60};   // seconds
constexpr Bounds add_bounds{0, 1e9};     // rows a second
constexpr Bounds free_bounds{0, 0.9};
constexpr Bounds scaling_bounds{0.1, 1};
constexpr Bounds spare_bounds{0, 1000};
constexpr Bounds core_bounds{1, 4096};
constexpr Bounds memory_bounds{1024.0 * 1024, 1e15};

/// As typed.
struct PlanText {
  std::string entries, checks, p99 = "5ms", adds = "0", profile, headroom = "30%",
                               memory_headroom = "20%", scaling = "85%", spares = "1", machine;
};

/// cores=16,memory=64GiB
PlanRequest::OneMachine parse_machine(const std::string& text) {
  PlanRequest::OneMachine machine;
  for (const std::string_view part : parse_list("--machine", text)) {
    const size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    if (name == "cores")
      machine.cores = static_cast<double>(parse_count("--machine cores", value, core_bounds));
    else if (name == "memory")
      machine.memory_bytes =
          static_cast<double>(parse_bytes("--machine memory", value, memory_bounds));
    else
      throw Failure("--machine has cores and memory, as in cores=16,memory=64GiB; not '" +
                    std::string(name) + "'.");
  }
  if (machine.cores == 0 || machine.memory_bytes == 0)
    throw Failure("--machine needs both cores and memory, as in cores=16,memory=64GiB.");
  return machine;
}

PlanRequest parse_request(const PlanText& text) {
  PlanRequest request;
  request.entries = static_cast<double>(parse_count("--entries", text.entries, entry_bounds));
  request.checks = parse_rate("--checks", text.checks, check_bounds);
  request.p99 = std::chrono::duration<double>(parse_time("--p99", text.p99, p99_bounds)).count();
  request.adds = parse_rate("--adds", text.adds, add_bounds);
  request.headroom = parse_share("--headroom", text.headroom, free_bounds);
  request.memory_headroom = parse_share("--memory-headroom", text.memory_headroom, free_bounds);
  request.scaling = parse_share("--scaling", text.scaling, scaling_bounds);
  request.spares = static_cast<unsigned>(parse_count("--spares", text.spares, spare_bounds));
  if (!text.machine.empty()) request.machine = parse_machine(text.machine);
  return request;
}

Profile read_profile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure("The profile " + path + " cannot be read.");
  return parse_profile(
      std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()), path);
}

int plan(const PlanText& text, const Flags& flags) {
  const PlanRequest request = parse_request(text);
  Profile given;
  if (!text.profile.empty()) given = read_profile(text.profile);
  // What a profile did not measure comes from the built-in one, and the output says so.
  const Profile& rates = given.rates.empty() ? builtin_profile() : given;
  const Profile& sizes = given.sizes.empty() ? builtin_profile() : given;
  const Plan made = make_plan(request, rates, sizes);
  Writer output = Writer::standard_output();
  if (flags.json)
    output.append(to_json(request, made, rates, sizes).dump() + "\n");
  else
    write_plan(request, made, rates, sizes, output);
  output.flush();
  return made.obstacles.empty() ? exit_done : exit_no;
}

constexpr const char* footer =
    "How it is counted, from what the profile measured:\n"
    "  D         the highest rate whose p99 is within --p99, served by T threads\n"
    "  cores     checks / (D / T) / (1 - headroom), / scaling when that is more than T,\n"
    "            + adds / W, where W are the rows a second that were added in the profile\n"
    "  set       entries * the set's octets an entry at the profile's largest size\n"
    "  memory    (set + growth + other) / (1 - memory headroom)\n"
    "            growth = set / 64 * 9/8: one shard of 64 at a time is written anew, an eighth\n"
    "            larger; other = the most that was held beyond the set, at least 512 MiB\n"
    "  disk      2 * entries * the data directory's octets an entry\n"
    "  start     the line through the profile's smallest and largest size\n"
    "  machines  checks' cores / (a machine's cores - cores for adds), rounded up, + spares;\n"
    "            each holds all entries and takes all writes\n\n"
    "A p99 holds for requests like those measured: see --batches of bench. Without --profile, a\n"
    "profile that the project measured is used; one of your own machine is better.\n\n"
    "Exit codes: 0 planned; 1 it cannot be done this way, and the last lines say why; 2 error.\n\n"
    "Examples:\n"
    "  suppressctl plan --entries 1e9 --checks 2e6/s --p99 5ms\n"
    "  suppressctl plan --entries 1e9 --checks 50e6/s --machine cores=16,memory=64GiB\n"
    "  suppressctl plan --entries 200M --checks 2M --adds 20k --profile profile.json --json";

}  // namespace

void add_plan(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, "plan", "Turn a measured profile into cores, memory, disk and machines", footer);
  const auto text = std::make_shared<PlanText>();
  const auto option = [&](const char* name, std::string& value, const char* takes,
                          const std::string& sentence) {
    return command
        ->add_option(name, value, value.empty() ? sentence : sentence + " (" + value + ")")
        ->type_name(takes);
  };
  option("--entries", text->entries, "N", "suppressions to hold")->required();
  option("--checks", text->checks, "N/s", "addresses to check a second, at the busiest")
      ->required();
  option("--p99", text->p99, "TIME", "what 99 of 100 requests must be answered within");
  option("--adds", text->adds, "N/s", "suppressions added a second meanwhile");
  option("--profile", text->profile, "FILE", "what bench --report wrote");
  option("--headroom", text->headroom, "SHARE", "of the cores' rate, left free");
  option("--memory-headroom", text->memory_headroom, "SHARE", "of the memory, left free");
  option("--scaling", text->scaling, "SHARE",
         "what a core adds beyond those that the profile was measured with");
  option("--machine", text->machine, "cores=N,memory=SIZE", "how many machines like this one");
  option("--spares", text->spares, "N", "machines that may fail");
  command->callback([&context, text] { context.exit_code = plan(*text, context.flags); });
}

}  // namespace suppressctl
