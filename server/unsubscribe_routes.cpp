// One-click unsubscribe (RFC 8058): POST /u/{token} is what a mailbox provider sends for the reader,
// or the reader for himself from the page that GET shows. GET changes nothing, since scanners follow
// every link. Tokens are made by POST …/unsubscribe-tokens.
#include <nlohmann/json.hpp>

#include "server/committer.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/json_body.hpp"
#include "server/media_type.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"
#include "server/suppression_rows.hpp"
#include "server/time_text.hpp"
#include "server/unsubscribe_token.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t unsubscribe_body_bytes_max = 4 * 1024;
constexpr uint64_t mint_body_bytes_max = 4ull << 20;
constexpr size_t mint_addresses_max = 10'000;
constexpr size_t boundary_octets_max = 70;  // RFC 2046, 5.1.1
constexpr std::string_view source = "webhook:one-click";
constexpr size_t one_click = 0;  // of ThreadCounters::webhooks

UnsubscribeTokens tokens_of(const AppParts& parts) {
  return UnsubscribeTokens(parts.store.derived_key(unsubscribe_token_purpose));
}

/// The target of a token that is good now.
std::optional<UnsubscribeTarget> read_token(const Call& call) {
  auto target = tokens_of(call.parts).read(call.path.id);
  if (target && target->expires != 0 && target->expires <= now_ms()) target.reset();
  return target;
}

Problem bad_token_problem() {
  return {404,
          "unknown-token",
          "This link is no good.",
          "It was not made here, is cut off, or is over.",
          {},
          {},
          {}};
}

Problem not_one_click_problem() {
  return {400,
          "not-one-click",
          "This is no one-click unsubscribe.",
          "The body has to be List-Unsubscribe=One-Click (RFC 8058), as "
          "application/x-www-form-urlencoded or multipart/form-data.",
          {},
          {},
          {}};
}

// ---- what people see ----

void write_page(std::string_view title, std::string_view inner, Answer& answer) {
  answer.fields.emplace_back("Content-Type", "text/html; charset=utf-8");
  answer.fields.emplace_back("Cache-Control", "no-store");
  answer.fields.emplace_back("Referrer-Policy", "no-referrer");
  answer.fields.emplace_back("X-Robots-Tag", "noindex");
  answer.fields.emplace_back("Content-Security-Policy",
                             "default-src 'none'; form-action 'self'; frame-ancestors 'none'");
  answer.body.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
      .append("<meta name=\"viewport\" content=\"width=device-width\"><title>")
      .append(title)
      .append("</title></head>\n<body><h1>")
      .append(title)
      .append("</h1>\n")
      .append(inner)
      .append("</body></html>\n");
}

constexpr std::string_view form =
    "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">"
    "<p>You will get no more of these messages.</p>"
    "<button type=\"submit\">Unsubscribe</button></form>\n";

bool wants_page(const RequestHead& head) {
  return to_lower(head.field("accept").value_or("")).find("text/html") != std::string::npos;
}

// ---- the body of the POST ----

constexpr std::string_view member = "List-Unsubscribe", value = "One-Click";

/// The boundary of multipart/form-data; empty when it is none.
std::string boundary_of(std::string_view content_type) {
  const size_t at = to_lower(content_type).find("boundary=");
  if (at == std::string::npos) return {};
  std::string_view text = content_type.substr(at + std::string_view("boundary=").size());
  const bool quoted = text.starts_with('"');
  if (quoted) text.remove_prefix(1);
  text = text.substr(0, text.find_first_of(quoted ? "\"" : "; \t"));
  return text.size() <= boundary_octets_max ? std::string(text) : std::string();
}

/// One part, named List-Unsubscribe, that holds One-Click.
bool is_one_click_form(std::string_view body, const std::string& boundary) {
  if (boundary.empty()) return false;
  const std::string start = "--" + boundary + "\r\n";
  if (!body.starts_with(start)) return false;
  body.remove_prefix(start.size());
  const size_t end = body.find("\r\n--" + boundary + "--");
  if (end == std::string_view::npos) return false;
  const std::string_view part = body.substr(0, end);
  const size_t gap = part.find("\r\n\r\n");
  if (gap == std::string_view::npos || part.substr(gap + 4) != value) return false;
  const std::string head = to_lower(part.substr(0, gap));
  return head.find("content-disposition: form-data") != std::string::npos &&
         (head.find("name=\"list-unsubscribe\"") != std::string::npos ||
          head.find("name=list-unsubscribe") != std::string::npos);
}

bool is_one_click(std::string_view content_type, std::string_view body) {
  const auto type = media_type(content_type);
  if (type == "multipart/form-data") return is_one_click_form(body, boundary_of(content_type));
  if (type != "application/x-www-form-urlencoded") return false;
  while (body.ends_with('\n') || body.ends_with('\r')) body.remove_suffix(1);
  return body == std::string(member) + "=" + std::string(value);
}

Change unsubscribe(const UnsubscribeTarget& target) {
  AddSuppressions add;
  add.scope = target.account;
  AddSuppressions::Row& row = add.rows.emplace_back();
  row.channel = target.channel;
  row.address = target.address;
  row.cause.reason = Reason::unsubscribe;
  row.cause.source = source;
  row.cause.at = now_ms();
  row.cause.by = source;
  row.cause.evidence = "one-click";
  row.cause.campaign = target.list;
  return {std::move(add), std::string(source), row.cause.at, std::nullopt};
}

// ---- making tokens ----

struct Mint {
  const AppParts& parts;
  Worker& worker;
  AccountNumber account = platform_number;
  Region region;
};

Json minted_json(const Mint& mint, const std::vector<std::string>& addresses,
                 std::optional<Channel> channel, UnsubscribeTarget target) {
  const UnsubscribeTokens tokens = tokens_of(mint.parts);
  Json made = Json::array(), errors = Json::array();
  for (size_t i = 0; i < addresses.size(); ++i) {
    CanonicalAddress canonical;
    const AddressError error =
        mint.worker.normalizer.address(addresses[i], channel, mint.region, canonical);
    if (error != AddressError::none) {
      errors.push_back({{"index", i}, {"field", "address"}, {"error", error_name(error)}});
      continue;
    }
    target.channel = canonical.channel();
    target.address = canonical.text();
    const std::string token = tokens.make(target);
    made.push_back({{"index", i}, {"token", token}, {"path", "/u/" + token}});
  }
  const size_t invalid = errors.size();
  return {{"tokens", std::move(made)}, {"invalid", invalid}, {"errors", std::move(errors)}};
}

std::unique_ptr<Exchange> make_tokens(const Mint& mint, const std::string& body) {
  JsonMembers members;
  if (auto problem = JsonMembers::parse(body, members)) return problem_exchange(*problem);
  UnsubscribeTarget target;
  target.account = mint.account;
  target.list = members.text("list", campaign_octets_max).value_or("");
  auto addresses = members.texts("addresses", mint_addresses_max);
  if (const auto one = members.text("address", raw_address_octets_max)) {
    if (addresses) members.fail("address", "given_twice");
    addresses = {*one};
  }
  if (!addresses) members.fail("addresses", "required");
  std::optional<Channel> channel;
  if (const auto text = members.text("channel", 16)) {
    channel = parse_channel(*text);
    if (!channel) members.fail("channel", "unknown_channel");
  }
  if (const auto text = members.text("expires_at", 64)) {
    const auto time = parse_time(*text);
    if (!time || *time <= now_ms()) members.fail("expires_at", "bad_time");
    target.expires = time.value_or(0);
  }
  if (auto problem = members.problem()) return problem_exchange(*problem);
  return json_exchange(minted_json(mint, *addresses, channel, std::move(target)));
}

}  // namespace

std::unique_ptr<Exchange> post_unsubscribe_tokens(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {}, query)) return problem_exchange(*problem);
  if (auto problem = check_media_type(call.head, "application/json")) {
    return problem_exchange(*problem);
  }
  const Mint mint{call.parts, call.worker, call.account->number, call.account->default_region};
  return body_exchange(call.head, mint_body_bytes_max,
                       [mint](std::string body) { return make_tokens(mint, body); });
}

std::unique_ptr<Exchange> get_unsubscribe(Call& call) {
  if (!read_token(call)) return problem_exchange(bad_token_problem());
  Answer answer;
  write_page("Unsubscribe", form, answer);
  return answer_exchange(std::move(answer));
}

std::unique_ptr<Exchange> post_unsubscribe(Call& call) {
  auto target = read_token(call);
  if (!target) {
    ThreadCounters::add(call.worker.counters.webhooks[one_click].refused);
    return problem_exchange(bad_token_problem());
  }
  const std::string type(call.head.field("content-type").value_or(""));
  return body_exchange(
      call.head, unsubscribe_body_bytes_max,
      [&parts = call.parts, &worker = call.worker, wake = call.wake, target = std::move(*target),
       type, page = wants_page(call.head)](const std::string& body) -> std::unique_ptr<Exchange> {
        if (!is_one_click(type, body)) {
          ThreadCounters::add(worker.counters.webhooks[one_click].refused);
          return problem_exchange(not_one_click_problem());
        }
        return commit_exchange(parts, wake, unsubscribe(target),
                               [&worker, page](const Outcome& outcome, Answer& answer) {
                                 ThreadCounters::add(worker.counters.webhooks[one_click].accepted);
                                 add_outcome_fields(outcome, answer);
                                 if (page) return write_page("You are unsubscribed", "", answer);
                                 write_json({{"result", "unsubscribed"}}, 200, answer);
                               });
      });
}

}  // namespace suppressd
