#include "server/json_rows.hpp"

#include <charconv>

#include "server/json_body.hpp"
#include "server/simdjson_choice.hpp"

namespace suppressd {

namespace dom = simdjson::dom;

JsonRows::JsonRows(std::string_view list, std::string_view row, bool bare)
    : list_(list), row_(row), bare_(bare) {
  choose_simdjson();
}

bool JsonRows::line(std::string_view text, dom::element& row) {
  padded_.assign(text);
  padded_.append(simdjson::SIMDJSON_PADDING, ' ');
  return parser_.parse(padded_.data(), text.size(), false).get(row) == simdjson::SUCCESS;
}

std::optional<Problem> JsonRows::open(std::string document) {
  const size_t size = document.size();
  padded_ = std::move(document);
  padded_.append(simdjson::SIMDJSON_PADDING, ' ');
  dom::element json;
  if (parser_.parse(padded_.data(), size, false).get(json) != simdjson::SUCCESS) {
    const std::string_view text = std::string_view(padded_).substr(0, size);
    return malformed_json_problem(json_error_octet(text).value_or(size));
  }
  dom::array array;
  if (bare_ && json.get_array().get(array) == simdjson::SUCCESS) {
    array_ = array;
    next_row_ = array.begin();
    return std::nullopt;
  }
  const std::string listed = "{\"" + std::string(list_) + "\":[…]}";
  dom::object object;
  if (json.get_object().get(object) != simdjson::SUCCESS) {
    return invalid_body_problem(
        {{std::nullopt, "", "not_an_object"}},
        "Expected an object of one " + std::string(row_) + ", or " + listed + ".");
  }
  dom::element list;
  if (object.at_key(list_).get(list) != simdjson::SUCCESS) {
    single_ = json;
    return std::nullopt;
  }
  if (object.size() != 1 || list.get_array().get(array) != simdjson::SUCCESS) {
    return invalid_body_problem({{std::nullopt, std::string(list_), "not_a_list"}},
                                "Expected " + listed + " with no other member.");
  }
  array_ = array;
  next_row_ = array.begin();
  return std::nullopt;
}

bool JsonRows::next(dom::element& row) {
  if (single_) {
    row = *single_;
    single_.reset();
    return true;
  }
  if (!array_ || next_row_ == array_->end()) return false;
  row = *next_row_;
  ++next_row_;
  return true;
}

size_t JsonRows::document_bytes() const {
  // The text, and as much again for what the parser made of it.
  return array_ || single_ ? 2 * padded_.size() : 0;
}

bool read_digits(const simdjson::dom::element& value, std::span<char, 4> digits,
                 std::string_view& text) {
  uint64_t number = 0;
  if (value.get_uint64().get(number) != simdjson::SUCCESS || number > 999) return false;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text = {digits.data(), static_cast<size_t>(end - digits.data())};
  return true;
}

}  // namespace suppressd
