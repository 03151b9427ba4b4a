// Payloads of JSON: whatever is missing or of another kind reads as absent, and what is unknown is
// passed over, since providers add members at any time. Included by the readers of payloads only:
// simdjson's header is heavy. Thread safety: one thread's.
#pragma once

#include <simdjson.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/records.hpp"
#include "server/simdjson_choice.hpp"
#include "server/time_text.hpp"

namespace suppressd {

class WebhookJson {
 public:
  using Element = simdjson::dom::element;
  using Object = simdjson::dom::object;

  WebhookJson() { choose_simdjson(); }
  /// False when the text is not JSON. The element lives as long as this does.
  [[nodiscard]] bool parse(std::string_view text, Element& whole) {
    padded_.assign(text);
    padded_.append(simdjson::SIMDJSON_PADDING, ' ');
    return parser_.parse(padded_.data(), text.size(), false).get(whole) == simdjson::SUCCESS;
  }

 private:
  simdjson::dom::parser parser_;
  std::string padded_;
};

inline std::string_view text_at(const simdjson::dom::object& object, std::string_view name) {
  std::string_view text;
  return object[name].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}
inline std::optional<int64_t> number_at(const simdjson::dom::object& object,
                                        std::string_view name) {
  int64_t number = 0;
  if (object[name].get_int64().get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}
inline bool is_true_at(const simdjson::dom::object& object, std::string_view name) {
  bool value = false;
  return object[name].get_bool().get(value) == simdjson::SUCCESS && value;
}
inline std::optional<simdjson::dom::object> object_at(const simdjson::dom::object& object,
                                                      std::string_view name) {
  simdjson::dom::object inner;
  if (object[name].get_object().get(inner) != simdjson::SUCCESS) return std::nullopt;
  return inner;
}
inline std::optional<simdjson::dom::array> array_at(const simdjson::dom::object& object,
                                                    std::string_view name) {
  simdjson::dom::array array;
  if (object[name].get_array().get(array) != simdjson::SUCCESS) return std::nullopt;
  return array;
}
/// The text there, or the first one of a list.
inline std::string_view first_text_at(const simdjson::dom::object& object, std::string_view name) {
  simdjson::dom::array array;
  if (object[name].get_array().get(array) != simdjson::SUCCESS) return text_at(object, name);
  std::string_view text;
  for (const simdjson::dom::element one : array) {
    if (one.get_string().get(text) == simdjson::SUCCESS) return text;
  }
  return {};
}
/// RFC 3339 as text; 0 when there is none.
inline TimeMs time_at(const simdjson::dom::object& object, std::string_view name) {
  return parse_time(text_at(object, name)).value_or(0);
}
/// Seconds since 1970, whole or with a fraction; 0 when there are none.
inline TimeMs seconds_at(const simdjson::dom::object& object, std::string_view name) {
  double seconds = 0;
  constexpr double seconds_max = 253'402'300'799;  // the end of the year 9999
  if (object[name].get_double().get(seconds) != simdjson::SUCCESS) return 0;
  if (!(seconds >= 0 && seconds <= seconds_max)) return 0;
  return static_cast<TimeMs>(std::llround(seconds * 1000));
}

}  // namespace suppressd
