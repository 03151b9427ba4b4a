// NDJSON bodies of the check: a JSON document a line. Most lines are plain and never enter the
// parser; a malformed one is an invalid row.
#include <simdjson.h>

#include <cstring>
#include <deque>

#include "server/check_body.hpp"
#include "server/check_json_value.hpp"
#include "server/line_splitter.hpp"
#include "server/simdjson_choice.hpp"

namespace suppressd {
namespace {

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
    return json_at_end(document) ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
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
    return validate_json(value, json_nesting_max);
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
      } else if (auto error = validate_json(value, json_nesting_max)) {
        return error;
      }
    }
    return found ? simdjson::SUCCESS : simdjson::NO_SUCH_FIELD;
  }

  static simdjson::error_code parse_address(ondemand::value& value, Row& row) {
    ondemand::json_type type{};
    if (auto error = value.type().get(type)) return error;
    if (type == ondemand::json_type::string) return read_json_string(value, row.address);
    row.error = RowError::not_a_string;
    return validate_json(value, json_nesting_max);
  }

  LineSplitter splitter_;
  ondemand::parser parser_;
  std::string line_;                // the line being parsed, padded
  std::deque<std::string> copies_;  // addresses from parsed lines, while the rows' views live
};

}  // namespace

std::unique_ptr<BodyReader> make_ndjson_reader(const AppLimits& limits) {
  return std::make_unique<NdjsonReader>(limits.line_bytes_max);
}

}  // namespace suppressd
