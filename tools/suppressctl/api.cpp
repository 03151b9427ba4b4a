#include "tools/suppressctl/api.hpp"

#include <algorithm>
#include <charconv>

#include "tools/suppressctl/output.hpp"

namespace suppressctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{5000};
constexpr seconds retry_after_max{60};
constexpr size_t rows_named_max = 3;

seconds retry_after_of(const HttpAnswer& answer) {
  const std::string_view text = answer.field("retry-after");
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::clamp(seconds(value), seconds(0), retry_after_max);
}

std::string text_member(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "address: no_at_sign; row 3: bad_domain"
std::string named_rows(const Json& errors) {
  std::string text;
  size_t named = 0;
  for (const Json& row : errors) {
    if (!row.is_object()) continue;
    if (named++ == rows_named_max) return text + "; …";
    if (!text.empty()) text += "; ";
    const auto index = row.find("index");
    std::string where = text_member(row, "field");
    if (where.empty() && index != row.end()) where = "row " + index->dump();
    text += where.empty() ? text_member(row, "error") : where + ": " + text_member(row, "error");
  }
  return text;
}

bool passes(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

Refusal refusal_of(const HttpAnswer& answer) {
  const Json json = Json::parse(answer.body, nullptr, false);
  std::string sentence;
  std::string type;
  if (json.is_object()) {
    type = text_member(json, "type");
    sentence = text_member(json, "title");
    const std::string detail = text_member(json, "detail");
    if (!sentence.empty() && !detail.empty()) sentence += ' ';
    sentence += detail;
    const auto errors = json.find("errors");
    if (errors != json.end() && errors->is_array() && !errors->empty())
      sentence += " (" + named_rows(*errors) + ")";
  }
  if (sentence.empty())
    sentence = "The server answered " + std::to_string(answer.status) + " without saying why.";
  return {sentence, answer.status, type, retry_after_of(answer),
          json.is_object() ? json : Json(nullptr)};
}

Json parse_answer(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded())
    throw ConnectionLost("What answered is not suppressd: its answer is not JSON.");
  return json;
}

const Json& member_of(const Json& json, const char* name) {
  static const Json null;
  const auto found = json.find(name);
  return found == json.end() ? null : *found;
}

std::string text_of(const Json& json, const char* name) {
  const Json& member = member_of(json, name);
  if (member.is_null()) return "";
  return printable(member.is_string() ? member.get<std::string>() : member.dump());
}

std::string percent_encode(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', hex[byte >> 4], hex[byte & 15]};
  }
  return out;
}

QueryText& QueryText::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += text_.empty() ? '?' : '&';
  text_ += name;
  text_ += '=';
  text_ += percent_encode(value);
  return *this;
}

HttpRequest request_to(const Settings& settings, std::string_view method, std::string target) {
  HttpRequest request;
  request.method = method;
  request.target = std::move(target);
  request.fields.emplace_back("User-Agent", "suppressctl/" SUPPRESSD_VERSION);
  if (!settings.key.empty()) request.fields.emplace_back("Authorization", "Bearer " + settings.key);
  return request;
}

std::string account_path(const Settings& settings, std::string_view rest) {
  return "/v1/accounts/" + percent_encode(settings.required_account()) + std::string(rest);
}

std::string suppressions_path(const Settings& settings, bool platform) {
  return platform ? "/v1/platform/suppressions" : account_path(settings, "/suppressions");
}

Api::Api(const Settings& settings)
    : settings_(settings), connection_(parse_endpoint(settings.server), settings.timeout) {}

HttpAnswer Api::fetch(std::string target) {
  return connection_.exchange(request_to(settings_, "GET", std::move(target)));
}

Json Api::call(std::string_view method, std::string target, const Json* body) {
  HttpRequest request = request_to(settings_, method, std::move(target));
  if (body == nullptr) return send(std::move(request), "", "");
  std::string text;
  try {
    text = body->dump();
  } catch (const Json::type_error&) {
    throw Failure("An argument is not UTF-8.");
  }
  return send(std::move(request), "application/json", text);
}

Json Api::post(std::string target, std::string_view content_type, std::string_view body) {
  return send(request_to(settings_, "POST", std::move(target)), content_type, body);
}

Json Api::send(HttpRequest request, std::string_view content_type, std::string_view body) {
  if (!content_type.empty()) request.fields.emplace_back("Content-Type", content_type);
  request.fields.emplace_back("Accept", "application/json");
  request.body = body;
  const HttpAnswer answer = connection_.exchange(request);
  if (answer.status >= 400) throw refusal_of(answer);
  return answer.body.empty() ? Json::object() : parse_answer(answer.body);
}

HttpAnswer Api::download(std::string target, std::function<void(std::string_view)> sink) {
  HttpRequest request = request_to(settings_, "GET", std::move(target));
  request.sink = std::move(sink);
  HttpAnswer answer = connection_.exchange(request);
  if (answer.status >= 400) throw refusal_of(answer);
  return answer;
}

HttpAnswer send_patiently(Connection& connection, const HttpRequest& request,
                          const RetryPolicy& policy,
                          const std::function<bool(milliseconds)>& pause) {
  const auto deadline_after = [&policy] {
    return std::chrono::steady_clock::now() + policy.retry_for;
  };
  std::optional<std::chrono::steady_clock::time_point> deadline;
  milliseconds wait = first_pause;
  const auto try_again = [&](milliseconds asked) {
    if (!deadline) deadline = deadline_after();
    const milliseconds next = std::max(wait, asked);
    wait = std::min(wait * 2, longest_pause);
    return std::chrono::steady_clock::now() + next <= *deadline && pause(next);
  };
  while (true) {
    try {
      HttpAnswer answer = connection.exchange(request);
      if (answer.status < 400) return answer;
      const Refusal refusal = refusal_of(answer);
      if (!passes(answer.status) || !try_again(refusal.retry_after)) throw refusal;
    } catch (const ConnectionLost&) {
      if (!policy.when_connection_lost || !try_again(milliseconds(0))) throw;
    }
  }
}

}  // namespace suppressctl
