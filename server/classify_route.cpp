// POST /v1/classify: what the bounce rules say of replies, and which rule said it. It reads no
// store and changes nothing.
#include <charconv>
#include <nlohmann/json.hpp>

#include "server/bounce_rules.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/json_rows.hpp"
#include "server/query.hpp"

namespace suppressd {
namespace {

namespace dom = simdjson::dom;

constexpr size_t classify_replies_max = 1'000;
constexpr uint64_t classify_body_bytes_max = 1024 * 1024;

constexpr std::array<std::string_view, 3> reply_names = {"code", "enhanced", "text"};
enum Member : size_t { code, enhanced, text };

/// A code may be a number, as it is in most programs; its digits then stand in `digits`.
std::optional<RowFault> read_members(const dom::object& row,
                                     std::array<std::string_view, 3>& values,
                                     std::array<char, 4>& digits) {
  uint64_t number = 0;
  const bool numeric = row["code"].get_uint64().get(number) == simdjson::SUCCESS;
  for (const auto [name, value] : row) {
    const auto found = std::find(reply_names.begin(), reply_names.end(), name);
    if (found == reply_names.end()) return RowFault{"", "unknown_member"};
    std::string_view& slot = values[static_cast<size_t>(found - reply_names.begin())];
    if (slot.data() != nullptr) return RowFault{*found, "given_twice"};
    if (value.is_null()) continue;
    if (numeric && *found == "code" && number < 1'000) {
      const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
      slot = {digits.data(), static_cast<size_t>(end - digits.data())};
    } else if (value.get_string().get(slot) != simdjson::SUCCESS) {
      return RowFault{*found, "not_a_string"};
    }
  }
  return std::nullopt;
}

nlohmann::ordered_json explained(const BounceReply& given) {
  const BounceReply reply = read_reply(given);
  const BounceVerdict verdict = classify_bounce(given);
  const auto text_or_null = [](std::string_view value) {
    return value.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
  };
  const bool against =
      verdict.what == BounceClass::hard || verdict.what == BounceClass::hard_confirmed;
  return {{"class", name_of(verdict.what)},
          {"suppresses", verdict.what == BounceClass::hard},
          {"reason", text_or_null(against ? name_of(Reason::hard_bounce) : std::string_view())},
          {"rule", verdict.rule->id},
          {"explanation", verdict.rule->explanation},
          {"code", text_or_null(reply.code)},
          {"enhanced", text_or_null(reply.enhanced)}};
}

std::optional<RowFault> classify(const dom::element& row, nlohmann::ordered_json& result) {
  dom::object members;
  if (row.get_object().get(members) != simdjson::SUCCESS) return RowFault{"", "not_an_object"};
  std::array<std::string_view, 3> values{};
  std::array<char, 4> digits{};
  if (auto error = read_members(members, values, digits)) return error;
  if (!values[code].empty() && !valid_reply_code(values[code])) return RowFault{"code", "bad_code"};
  if (!values[enhanced].empty() && !valid_enhanced_code(values[enhanced])) {
    return RowFault{"enhanced", "bad_enhanced"};
  }
  if (values[text].size() > bounce_text_octets_max) return RowFault{"text", "text_too_long"};
  if (values[code].empty() && values[enhanced].empty() && values[text].empty()) {
    return RowFault{"text", "required"};
  }
  result = explained({values[code], values[enhanced], values[text]});
  return std::nullopt;
}

std::unique_ptr<Exchange> answer_classes(std::string body) {
  JsonRows rows("replies", "reply");
  if (auto problem = rows.open(std::move(body))) return problem_exchange(*problem);
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  std::vector<Problem::Row> errors;
  dom::element row;
  for (uint64_t index = 0; rows.next(row); ++index) {
    if (index == classify_replies_max) {
      return problem_exchange(invalid_body_problem(
          {{std::nullopt, "replies", "too_many"}},
          "A request explains at most " + std::to_string(classify_replies_max) + " replies."));
    }
    nlohmann::ordered_json result;
    if (const auto fault = classify(row, result)) {
      errors.push_back({index, std::string(fault->field), std::string(fault->code)});
    }
    results.push_back(std::move(result));
  }
  if (!errors.empty()) {
    return problem_exchange(invalid_body_problem(
        std::move(errors),
        "Each reply is an object with code, enhanced and text, or some of them."));
  }
  return json_exchange({{"version", bounce_rules_version()}, {"results", std::move(results)}});
}

}  // namespace

std::unique_ptr<Exchange> post_classify(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, "application/json")) {
    return problem_exchange(*problem);
  }
  return body_exchange(call.head, classify_body_bytes_max, answer_classes);
}

}  // namespace suppressd
