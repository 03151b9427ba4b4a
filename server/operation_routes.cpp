// What operators and load balancers ask: is it alive, is it ready, what is it.
#include <nlohmann/json.hpp>

#include "server/committer.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/openapi.hpp"

namespace suppressd {
namespace {

std::string_view name_of(Phase phase) {
  constexpr std::array<std::string_view, 4> names = {"loading", "ready", "draining", "unhealthy"};
  return names[static_cast<size_t>(phase)];
}

}  // namespace

std::unique_ptr<Exchange> get_livez(Call&) {
  return json_exchange({{"status", "alive"}});
}

std::unique_ptr<Exchange> get_readyz(Call& call) {
  const AppParts& parts = call.parts;
  Phase phase = parts.health.phase.load(std::memory_order_acquire);
  if (phase == Phase::ready && !parts.committer.healthy()) phase = Phase::unhealthy;
  const bool ready = phase == Phase::ready;
  Answer answer;
  if (!ready) answer.fields.emplace_back("Retry-After", "1");
  const double progress = ready ? 1.0 : parts.health.load_progress.load(std::memory_order_relaxed);
  write_json({{"status", name_of(phase)},
              {"sequence", parts.committer.visible_sequence()},
              {"entries", parts.set.entries()},
              {"progress", progress}},
             ready ? 200 : 503, answer);
  return answer_exchange(std::move(answer));
}

std::unique_ptr<Exchange> get_version(Call&) {
#ifdef NDEBUG
  constexpr std::string_view build = "release";
#else
  constexpr std::string_view build = "debug";
#endif
  return json_exchange({{"version", SUPPRESSD_VERSION},
                        {"build", build},
                        {"compiler", "g++ " __VERSION__},
                        {"kernel", name_of(best_kernel())},
                        {"normalizer_version", normalizer_version}});
}

std::unique_ptr<Exchange> get_openapi(Call&) {
  Answer answer;
  answer.fields.emplace_back("Content-Type", "application/json");
  answer.body = openapi_document;
  return answer_exchange(std::move(answer));
}

}  // namespace suppressd
