#include "persistence/moderation.hpp"

#include <array>

namespace suppressd {
namespace {

template <class Value, size_t count>
std::optional<Value> parse(std::string_view name, const std::array<Value, count>& values) {
  for (const Value value : values) {
    if (name == name_of(value)) return value;
  }
  return std::nullopt;
}

template <size_t count>
std::string_view name_at(const std::array<std::string_view, count>& names, size_t number) {
  return number < count ? names[number] : std::string_view();
}

}  // namespace

std::string_view name_of(RequestKind kind) {
  constexpr std::array<std::string_view, 4> names = {"", "blacklist", "unsubscribe", "reactivate"};
  return name_at(names, static_cast<size_t>(kind));
}

std::optional<RequestKind> parse_request_kind(std::string_view name) {
  return parse(
      name, std::array{RequestKind::blacklist, RequestKind::unsubscribe, RequestKind::reactivate});
}

std::string_view name_of(RequestState state) {
  constexpr std::array<std::string_view, 5> names = {"", "open", "approved", "approved_in_part",
                                                     "rejected"};
  return name_at(names, static_cast<size_t>(state));
}

std::optional<RequestState> parse_request_state(std::string_view name) {
  return parse(name, std::array{RequestState::open, RequestState::approved,
                                RequestState::approved_in_part, RequestState::rejected});
}

std::string_view name_of(JobKind kind) {
  constexpr std::array<std::string_view, 9> names = {"",
                                                     "delete_contacts",
                                                     "restore_contacts",
                                                     "fill_segment",
                                                     "delete_segment",
                                                     "apply_request",
                                                     "recalculate_counts",
                                                     "erase_contact",
                                                     "import_contacts"};
  return name_at(names, static_cast<size_t>(kind));
}

std::string_view name_of(JobState state) {
  constexpr std::array<std::string_view, 7> names = {"",     "running", "paused",   "cancelled",
                                                     "done", "failed",  "uploading"};
  return name_at(names, static_cast<size_t>(state));
}

}  // namespace suppressd
