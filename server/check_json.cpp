// JSON bodies of the check. A document is collected (its size is limited), proved well-formed as a
// whole, and only then read: a malformed one is a clean 400, whatever its size.
#include <simdjson.h>

#include "server/check_body.hpp"
#include "server/check_json_value.hpp"
#include "server/simdjson_choice.hpp"

namespace suppressd {
namespace {

constexpr size_t rows_per_step = 16 * 1024;  // between two chances to send what was found

class JsonReader : public BodyReader {
 public:
  explicit JsonReader(uint64_t bytes_max) : bytes_max_(bytes_max) { choose_simdjson(); }

  ReadState feed(std::string_view piece, CheckRows&) override {
    if (text_.size() + piece.size() > bytes_max_) return fail(too_large_problem(bytes_max_));
    text_.append(piece);
    return ReadState::more;
  }

  uint64_t buffered_bytes() const override { return text_.size(); }

  ReadState finish(CheckRows& rows) override {
    if (!validated_) {
      if (!validate_document()) return ReadState::error;
      validated_ = true;
      document_.rewind();
      root_ = document_.get_object();
      member_ = root_.begin();
      return enter_list(rows);
    }
    for (size_t i = 0; i < rows_per_step; ++i) {
      while (!(element_ != elements_end_)) {
        ++member_;
        if (const ReadState state = enter_list(rows); state == ReadState::done) return state;
      }
      add(*element_, rows);
      ++element_;
    }
    return ReadState::more;
  }

 private:
  struct List {
    std::string_view name;
    std::optional<Channel> channel;
    bool seen = false;
  };

  bool refuse(std::string detail) {
    malformed("malformed-json", std::move(detail));
    return false;
  }
  bool refuse(simdjson::error_code error) {
    if (error == simdjson::DEPTH_ERROR) return refuse("The document is nested too deeply.");
    return refuse(std::string("The document cannot be read: ") + simdjson::error_message(error));
  }

  List* list_of(std::string_view name) {
    for (List& list : lists_) {
      if (list.name == name) return &list;
    }
    return nullptr;
  }

  bool validate_document() {
    text_.reserve(text_.size() + simdjson::SIMDJSON_PADDING);
    if (auto error = parser_.iterate(text_.data(), text_.size(), text_.capacity()).get(document_))
      return refuse(error);
    ondemand::object root;
    if (auto error = document_.get_object().get(root)) {
      return error == simdjson::INCORRECT_TYPE ? refuse("The document must be an object.")
                                               : refuse(error);
    }
    for (auto member : root) {
      ondemand::field field;
      if (auto error = std::move(member).get(field)) return refuse(error);
      if (!validate_member(field)) return false;
    }
    if (!json_at_end(document_)) return refuse("Something follows the document.");
    return validate_lists();
  }

  bool validate_member(ondemand::field& field) {
    std::string_view name;
    if (auto error = field.unescaped_key().get(name)) return refuse(error);
    List* const list = list_of(name);
    if (list == nullptr) return refuse_member("", "unknown_member");
    if (list->seen) return refuse_member(name, "given_twice");
    list->seen = true;
    ondemand::array array;
    if (auto error = field.value().get_array().get(array)) {
      return error == simdjson::INCORRECT_TYPE ? refuse_member(name, "not_a_list") : refuse(error);
    }
    for (auto element : array) {
      ondemand::value value;
      if (auto error = element.get(value)) return refuse(error);
      if (auto error = validate_json(value, json_nesting_max)) return refuse(error);
    }
    return true;
  }

  bool validate_lists() {
    if (lists_[0].seen == (lists_[1].seen || lists_[2].seen))
      return refuse_member("", lists_[0].seen ? "lists_mixed" : "no_list");
    return true;
  }

  bool refuse_member(std::string_view name, std::string error) {
    fail(invalid_request_problem(
        std::string(name), std::move(error),
        R"(Send {"addresses":[...]}, or {"emails":[...],"phones":[...]}, or one of those two.)"));
    return false;
  }

  /// Stands at a member: starts its list. The document was validated, so nothing fails.
  ReadState enter_list(CheckRows& rows) {
    if (!(member_ != members_end_)) return ReadState::done;
    ondemand::field field = *member_;
    const std::string_view name = field.unescaped_key();
    if (const List* list = list_of(name); list->channel) rows.start_list(*list->channel);
    array_ = field.value().get_array();
    element_ = array_.begin();
    return ReadState::more;
  }

  static void add(ondemand::value value, CheckRows& rows) {
    std::string_view text;
    if (value.type() == ondemand::json_type::string &&
        read_json_string(value, text) == simdjson::SUCCESS) {
      rows.add(text);
    } else {
      rows.add_invalid(RowError::not_a_string);
    }
  }

  const uint64_t bytes_max_;
  std::string text_;
  std::array<List, 3> lists_ = {
      {{"addresses", std::nullopt}, {"emails", Channel::email}, {"phones", Channel::phone}}};
  bool validated_ = false;
  ondemand::parser parser_;
  ondemand::document document_;
  ondemand::object root_;
  ondemand::object_iterator member_, members_end_;
  ondemand::array array_;
  ondemand::array_iterator element_, elements_end_;
};

}  // namespace

std::unique_ptr<BodyReader> make_json_reader(const AppLimits& limits) {
  return std::make_unique<JsonReader>(limits.json_body_bytes_max);
}

}  // namespace suppressd
