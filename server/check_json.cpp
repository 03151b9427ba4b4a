// JSON and NDJSON bodies of the check.
//
// A JSON document is collected (its size is limited), proved well-formed as a whole, and only then
// read: a malformed one is a clean 400, whatever its size. An NDJSON line is plain most of the time
// and then never enters the parser; a malformed one is an invalid row.
#include <simdjson.h>

#include <cstring>
#include <deque>

#include "server/check_body.hpp"
#include "server/line_splitter.hpp"
#include "server/simdjson_choice.hpp"

namespace suppressd {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr int nesting_max = 32;              // of values that are not addresses
constexpr size_t rows_per_step = 16 * 1024;  // between two chances to send what was found

/// The characters of a JSON string as written, between its quotes.
std::string_view written_string(ondemand::value& value) {
  const std::string_view token = value.raw_json_token();
  return token.substr(1, token.rfind('"') - 1);
}

bool has_escape(std::string_view written) {
  return written.find('\\') != std::string_view::npos;
}

/// The string's text. Without escapes it is a view into the document.
simdjson::error_code read_string(ondemand::value& value, std::string_view& text) {
  const std::string_view written = written_string(value);
  if (has_escape(written)) return value.get_string().get(text);
  text = written;
  return simdjson::SUCCESS;
}

/// The parser is lazy: what nobody reads is not looked at. This looks at all of a value.
simdjson::error_code validate(ondemand::value value, int depth) {
  ondemand::json_type type{};
  if (auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::string: {
      std::string_view text;
      return read_string(value, text);
    }
    case ondemand::json_type::number:
      return value.get_double().error();
    case ondemand::json_type::boolean:
      return value.get_bool().error();
    case ondemand::json_type::null: {
      bool null = false;
      if (auto error = value.is_null().get(null)) return error;
      return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
    case ondemand::json_type::array: {
      if (depth == 0) return simdjson::DEPTH_ERROR;
      ondemand::array array;
      if (auto error = value.get_array().get(array)) return error;
      for (auto element : array) {
        ondemand::value inner;
        if (auto error = element.get(inner)) return error;
        if (auto error = validate(inner, depth - 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::object: {
      if (depth == 0) return simdjson::DEPTH_ERROR;
      ondemand::object object;
      if (auto error = value.get_object().get(object)) return error;
      for (auto member : object) {
        std::string_view key;
        if (auto error = member.unescaped_key().get(key)) return error;
        ondemand::value inner;
        if (auto error = member.value().get(inner)) return error;
        if (auto error = validate(inner, depth - 1)) return error;
      }
      return simdjson::SUCCESS;
    }
  }
  return simdjson::TAPE_ERROR;
}

bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

// ---- One document ----

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
    if (!at_end(document_)) return refuse("Something follows the document.");
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
      if (auto error = validate(value, nesting_max)) return refuse(error);
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
        read_string(value, text) == simdjson::SUCCESS) {
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

// ---- A document a line ----

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Whether one of the word's eight bytes is a control character, a quote or a backslash.
bool special(uint64_t word) {
  constexpr uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  const auto zero_byte = [](uint64_t w) { return (w - ones) & ~w; };
  return ((zero_byte(word & ~(ones * 0x1F)) | zero_byte(word ^ ones * '"') |
           zero_byte(word ^ ones * '\\')) &
          tops) != 0;
}

uint64_t load(const char* at, size_t bytes) {
  uint64_t word = 0x2020202020202020;
  std::memcpy(&word, at, bytes);
  return word;
}

/// Characters between quotes that all stand for themselves.
bool plain(std::string_view text) {
  const char* at = text.data();
  size_t left = text.size();
  for (; left > 8; at += 8, left -= 8) {
    if (special(load(at, 8))) return false;
  }
  return !special(load(at, left));
}

class NdjsonReader : public BodyReader {
 public:
  explicit NdjsonReader(size_t line_bytes_max) : splitter_(line_bytes_max) { choose_simdjson(); }

  ReadState feed(std::string_view piece, CheckRows& rows) override {
    copies_.clear();
    splitter_.feed(piece, Sink{*this, rows});
    return checked(ReadState::more);
  }
  ReadState finish(CheckRows& rows) override {
    copies_.clear();
    splitter_.finish(Sink{*this, rows});
    return checked(ReadState::done);
  }

 private:
  struct Sink {
    NdjsonReader& reader;
    CheckRows& rows;
    void line(std::string_view line) { reader.line(line, rows); }
    void overlong_line() { rows.add_invalid(RowError::line_too_long); }
  };
  struct Row {
    std::string_view address;
    std::optional<Channel> channel;
    RowError error = RowError::none;
  };

  ReadState checked(ReadState state) {
    return splitter_.utf16() ? malformed("malformed-json", "The text is UTF-16; send it as UTF-8.")
                             : state;
  }

  void line(std::string_view line, CheckRows& rows) {
    const std::string_view text = trim(line);
    Row row;
    if (text.empty()) {
      rows.add(text);  // an empty line counts, as in text bodies
      return;
    }
    if (!plain_string(text, row) && !plain_object(text, row)) row = parse(text);
    if (row.error != RowError::none) {
      rows.add_invalid(row.error);
    } else if (row.channel) {
      rows.add(row.address, row.channel);
    } else {
      rows.add(row.address);
    }
  }

  static bool plain_string(std::string_view text, Row& row) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
    row.address = text.substr(1, text.size() - 2);
    return plain(row.address);
  }

  /// {"address":"…"}, {"email":"…"} or {"phone":"…"}, as most programs write them.
  static bool plain_object(std::string_view text, Row& row) {
    struct Member {
      std::string_view start;
      std::optional<Channel> channel;
    };
    static constexpr std::array<Member, 3> members = {{{R"({"address":)", std::nullopt},
                                                       {R"({"email":)", Channel::email},
                                                       {R"({"phone":)", Channel::phone}}};
    for (const Member& member : members) {
      if (!text.starts_with(member.start) || text.back() != '}') continue;
      row.channel = member.channel;
      text.remove_suffix(1);
      return plain_string(trim(text.substr(member.start.size())), row);
    }
    return false;
  }

  Row parse(std::string_view text) {
    line_.assign(text);
    line_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    Row row;
    ondemand::document document;
    if (parser_.iterate(line_.data(), line_.size(), line_.capacity()).get(document) !=
        simdjson::SUCCESS)
      return {{}, {}, RowError::bad_json};
    if (parse_document(document, row) != simdjson::SUCCESS) return {{}, {}, RowError::bad_json};
    if (row.error == RowError::none) row.address = copies_.emplace_back(row.address);
    return row;
  }

  simdjson::error_code parse_document(ondemand::document& document, Row& row) {
    ondemand::json_type type{};
    if (auto error = document.type().get(type)) return error;
    if (type == ondemand::json_type::string) {
      if (auto error = document.get_string().get(row.address)) return error;
    } else if (type == ondemand::json_type::object) {
      if (auto error = parse_object(document, row)) return error;
    } else {
      row.error = RowError::not_a_string;
      if (auto error = validate_root(document, type)) return error;
    }
    return at_end(document) ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
  }

  static simdjson::error_code validate_root(ondemand::document& document,
                                            ondemand::json_type type) {
    if (type == ondemand::json_type::number) return document.get_double().error();
    if (type == ondemand::json_type::boolean) return document.get_bool().error();
    if (type == ondemand::json_type::null) {
      bool null = false;
      if (auto error = document.is_null().get(null)) return error;
      return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
    ondemand::value value;
    if (auto error = document.get_value().get(value)) return error;
    return validate(value, nesting_max);
  }

  /// One of "address", "email" and "phone" is needed, "channel" may stand beside "address"; other
  /// members are not looked at, as other columns of a CSV are not.
  static simdjson::error_code parse_object(ondemand::document& document, Row& row) {
    ondemand::object object;
    if (auto error = document.get_object().get(object)) return error;
    bool found = false;
    for (auto member : object) {
      std::string_view name;
      if (auto error = member.unescaped_key().get(name)) return error;
      ondemand::value value;
      if (auto error = member.value().get(value)) return error;
      if (name == "address" || name == "email" || name == "phone") {
        if (found) return simdjson::INCORRECT_TYPE;
        found = true;
        if (name != "address") row.channel = parse_channel(name);
        if (auto error = parse_address(value, row)) return error;
      } else if (name == "channel") {
        std::string_view channel;
        if (auto error = value.get_string().get(channel)) return error;
        if (row.channel || !parse_channel(channel)) return simdjson::INCORRECT_TYPE;
        row.channel = parse_channel(channel);
      } else if (auto error = validate(value, nesting_max)) {
        return error;
      }
    }
    return found ? simdjson::SUCCESS : simdjson::NO_SUCH_FIELD;
  }

  static simdjson::error_code parse_address(ondemand::value& value, Row& row) {
    ondemand::json_type type{};
    if (auto error = value.type().get(type)) return error;
    if (type == ondemand::json_type::string) return read_string(value, row.address);
    row.error = RowError::not_a_string;
    return validate(value, nesting_max);
  }

  LineSplitter splitter_;
  ondemand::parser parser_;
  std::string line_;                // the line being parsed, padded
  std::deque<std::string> copies_;  // addresses from parsed lines, while the rows' views live
};

}  // namespace

std::unique_ptr<BodyReader> make_json_reader(const AppLimits& limits) {
  return std::make_unique<JsonReader>(limits.json_body_bytes_max);
}

std::unique_ptr<BodyReader> make_ndjson_reader(const AppLimits& limits) {
  return std::make_unique<NdjsonReader>(limits.line_bytes_max);
}

}  // namespace suppressd
