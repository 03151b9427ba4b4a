#include "server/json_body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "server/content_decoder.hpp"
#include "server/media_type.hpp"

namespace suppressd {
namespace {

using nlohmann::json;

/// Accepts anything and keeps nothing but the place of the first error.
struct ErrorFinder : nlohmann::json_sax<json> {
  std::optional<size_t> octet;
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    octet = position == 0 ? 0 : position - 1;  // nlohmann counts what it has read
    return false;
  }
};

class BodyExchange final : public Exchange {
 public:
  BodyExchange(uint64_t octets_max, BodyHandler next)
      : octets_max_(octets_max), next_(std::move(next)) {}

  bool wants_body() const override { return true; }

  Progress on_body(std::string_view bytes, Answer& answer) override {
    if (body_.size() + bytes.size() > octets_max_) {
      write_problem(too_large_problem(octets_max_), answer);
      return Progress::done;
    }
    body_.append(bytes);
    return Progress::more;
  }

  Progress on_end(Answer& answer) override {
    inner_ = next_(std::move(body_));
    return inner_->on_end(answer);
  }

  Progress on_wake(Answer& answer) override { return inner_->on_wake(answer); }
  uint64_t buffered_bytes() const override {
    return inner_ ? inner_->buffered_bytes() : body_.size();
  }

 private:
  const uint64_t octets_max_;
  BodyHandler next_;
  std::string body_;
  std::unique_ptr<Exchange> inner_;
};

}  // namespace

std::optional<size_t> json_error_octet(std::string_view text) {
  ErrorFinder finder;
  json::sax_parse(text, &finder);
  return finder.octet;
}

std::optional<Problem> check_media_type(const RequestHead& head, std::string_view accepted) {
  const auto type = media_type(head.field("content-type").value_or(""));
  std::string_view rest = accepted;
  while (type && !rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 2));
    if (*type == one) return std::nullopt;
  }
  return media_type_problem(accepted);
}

std::unique_ptr<Exchange> body_exchange(const RequestHead& head, uint64_t octets_max,
                                        BodyHandler next) {
  if (head.content_length.value_or(0) > octets_max) {
    return problem_exchange(too_large_problem(octets_max));
  }
  return decode_content(head.field("content-encoding").value_or(""),
                        std::make_unique<BodyExchange>(octets_max, std::move(next)), octets_max);
}

struct JsonMembers::Impl {
  json object;
  std::set<std::string, std::less<>> asked;
  std::vector<Problem::Row> errors;

  const json* list(std::string_view name, size_t most);
};

JsonMembers::JsonMembers() : impl_(std::make_unique<Impl>()) {}
JsonMembers::~JsonMembers() = default;

std::optional<Problem> JsonMembers::parse(std::string_view text, JsonMembers& out) {
  if (const auto octet = json_error_octet(text)) return malformed_json_problem(*octet);
  out.impl_->object = json::parse(text);
  if (!out.impl_->object.is_object()) {
    return invalid_body_problem({{std::nullopt, "", "not_an_object"}},
                                "The body must be an object.");
  }
  return std::nullopt;
}

std::optional<std::string> JsonMembers::text(std::string_view name, size_t octets_max) {
  impl_->asked.emplace(name);
  const auto found = impl_->object.find(name);
  if (found == impl_->object.end()) return std::nullopt;
  if (!found->is_string()) {
    fail(name, "not_a_string");
    return std::nullopt;
  }
  if (found->get_ref<const std::string&>().size() > octets_max) {
    fail(name, "too_long");
    return std::nullopt;
  }
  return found->get<std::string>();
}

std::optional<bool> JsonMembers::boolean(std::string_view name) {
  impl_->asked.emplace(name);
  const auto found = impl_->object.find(name);
  if (found == impl_->object.end()) return std::nullopt;
  if (found->is_boolean()) return found->get<bool>();
  fail(name, "not_a_boolean");
  return std::nullopt;
}

std::optional<uint64_t> JsonMembers::number(std::string_view name, uint64_t most) {
  impl_->asked.emplace(name);
  const auto found = impl_->object.find(name);
  if (found == impl_->object.end()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<uint64_t>() <= most) return found->get<uint64_t>();
  fail(name, found->is_number_unsigned() ? "too_large" : "not_a_number");
  return std::nullopt;
}

/// The member's list, or null where there is none or it is too long: that is told then.
const nlohmann::json* JsonMembers::Impl::list(std::string_view name, size_t most) {
  asked.emplace(name);
  const auto found = object.find(name);
  if (found == object.end()) return nullptr;
  if (found->is_array() && found->size() <= most) return &*found;
  errors.push_back(
      {std::nullopt, std::string(name), found->is_array() ? "too_many" : "not_a_list"});
  return nullptr;
}

std::optional<std::vector<std::string>> JsonMembers::texts(std::string_view name, size_t most) {
  const json* const list = impl_->list(name, most);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const json& one : *list) {
    if (!one.is_string()) {
      fail(texts.size(), name, "not_a_string");
      return std::nullopt;
    }
    texts.push_back(one);
  }
  return texts;
}

std::optional<std::vector<uint64_t>> JsonMembers::numbers(std::string_view name, size_t most,
                                                          uint64_t largest) {
  const json* const list = impl_->list(name, most);
  if (list == nullptr) return std::nullopt;
  std::vector<uint64_t> numbers;
  for (const json& one : *list) {
    if (!one.is_number_unsigned() || one.get<uint64_t>() > largest) {
      fail(numbers.size(), name, "not_a_number");
      return std::nullopt;
    }
    numbers.push_back(one);
  }
  return numbers;
}

std::optional<std::map<std::string, std::optional<std::string>>> JsonMembers::nullable_texts(
    std::string_view name, size_t most) {
  JsonMembers inner;
  if (!object(name, inner)) return std::nullopt;
  std::map<std::string, std::optional<std::string>> texts;
  for (const auto& [key, value] : inner.impl_->object.items()) {
    if (value.is_string()) {
      texts.emplace(key, value.get<std::string>());
    } else if (value.is_null()) {
      texts.emplace(key, std::nullopt);
    } else {
      fail(name, "not_a_string");
      return std::nullopt;
    }
  }
  if (texts.size() <= most) return texts;
  fail(name, "too_many");
  return std::nullopt;
}

bool JsonMembers::object(std::string_view name, JsonMembers& inner) {
  impl_->asked.emplace(name);
  const auto found = impl_->object.find(name);
  if (found == impl_->object.end()) return false;
  if (!found->is_object()) {
    fail(name, "not_an_object");
    return false;
  }
  inner.impl_->object = *found;
  return true;
}

void JsonMembers::take_errors(std::string_view name, JsonMembers& inner) {
  inner.report_unknown();
  for (Problem::Row& error : inner.impl_->errors) {
    error.field = std::string(name) + (error.field.empty() ? "" : ".") + error.field;
    impl_->errors.push_back(std::move(error));
  }
}

bool JsonMembers::has(std::string_view name) const {
  return impl_->object.contains(name);
}

bool JsonMembers::is_null(std::string_view name) const {
  impl_->asked.emplace(name);
  const auto found = impl_->object.find(name);
  return found != impl_->object.end() && found->is_null();
}

void JsonMembers::fail(std::string_view name, std::string_view error) {
  impl_->errors.push_back({std::nullopt, std::string(name), std::string(error)});
}

void JsonMembers::fail(uint64_t index, std::string_view name, std::string_view error) {
  impl_->errors.push_back({index, std::string(name), std::string(error)});
}

void JsonMembers::report_unknown() {
  for (const auto& [name, value] : impl_->object.items()) {
    // The member's name is not repeated: it may be anything, also an address.
    if (!impl_->asked.contains(name)) fail("", "unknown_member");
  }
}

std::optional<Problem> JsonMembers::problem() {
  report_unknown();
  if (impl_->errors.empty()) return std::nullopt;
  std::string known = "Members of this body are:";
  for (const std::string& name : impl_->asked) known += " " + name;
  return invalid_body_problem(std::move(impl_->errors), known + ".");
}

}  // namespace suppressd
