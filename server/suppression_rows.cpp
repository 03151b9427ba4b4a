#include "server/suppression_rows.hpp"

#include "server/json_rows.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

namespace dom = simdjson::dom;

enum Member : size_t { address, channel, region, reason, source, campaign, evidence, at };

bool given(std::string_view value) {
  return value.data() != nullptr;
}

std::optional<RowFault> read_texts(const RowValues& values, CauseView& cause) {
  if (given(values[campaign])) cause.campaign = values[campaign];
  if (given(values[evidence])) cause.evidence = values[evidence];
  if (cause.campaign.size() > campaign_octets_max) return RowFault{"campaign", "campaign_too_long"};
  if (cause.evidence.size() > evidence_octets_max) return RowFault{"evidence", "evidence_too_long"};
  return std::nullopt;
}

std::optional<RowFault> read_source(const RowValues& values, Role role, CauseView& cause) {
  if (!given(values[source])) return std::nullopt;
  if (values[source].size() > source_octets_max) return RowFault{"source", "source_too_long"};
  if (!may_claim_source(role, values[source])) return RowFault{"source", "source_not_allowed"};
  cause.source = values[source];
  return std::nullopt;
}

std::optional<RowFault> read_time(const RowValues& values, TimeMs now, CauseView& cause) {
  if (!given(values[at])) return std::nullopt;
  const auto time = parse_time(values[at]);
  if (!time) return RowFault{"at", "bad_time"};
  if (*time > now + std::chrono::milliseconds(clock_skew_max).count()) {
    return RowFault{"at", "time_in_future"};
  }
  cause.at = *time;
  return std::nullopt;
}

std::optional<RowFault> read_reason(const RowValues& values, CauseView& cause) {
  if (given(values[reason])) {
    const auto parsed = parse_reason(values[reason]);
    if (!parsed) return RowFault{"reason", "unknown_reason"};
    cause.reason = *parsed;
  }
  if (cause.reason == Reason::none) return RowFault{"reason", "no_reason"};
  return std::nullopt;
}

std::string_view default_source(Role role) {
  return role == Role::support ? "support" : "api";
}

Problem bad_value(std::string name, std::string expected) {
  std::string detail = "Expected for " + name + ": " + expected + ".";
  return invalid_request_problem(std::move(name), "bad_value", std::move(detail));
}

}  // namespace

bool may_claim_source(Role role, std::string_view source) {
  if (source == "import" || source == "api" || source == "campaign") return true;
  if (source == "support") return role == Role::support || role == Role::admin;
  constexpr std::string_view webhook = "webhook:";
  return role == Role::admin && source.starts_with(webhook) && source.size() > webhook.size();
}

std::optional<Problem> RowDefaults::read(const Query& query, RowDefaults& out) {
  if (const auto text = query.get("channel")) {
    out.channel = parse_channel(*text);
    if (!out.channel) return bad_value("channel", "email or phone");
  }
  if (const auto text = query.get("region")) {
    const auto parsed = parse_region(*text);
    if (!parsed) return bad_value("region", "two letters such as UA");
    out.region = *parsed;
  }
  if (const auto text = query.get("reason")) {
    const auto parsed = parse_reason(*text);
    if (!parsed) return bad_value("reason", "a reason's name such as manual");
    out.cause.reason = *parsed;
  }
  out.cause.source = query.get("source").value_or(default_source(out.role));
  if (out.cause.source.size() > source_octets_max ||
      !may_claim_source(out.role, out.cause.source)) {
    return bad_value("source", "one that the key's role may claim");
  }
  out.cause.campaign = query.get("campaign").value_or("");
  if (out.cause.campaign.size() > campaign_octets_max ||
      !simdjson::validate_utf8(out.cause.campaign)) {
    return bad_value("campaign",
                     "UTF-8, at most " + std::to_string(campaign_octets_max) + " octets");
  }
  out.cause.evidence = query.get("evidence").value_or("");
  if (out.cause.evidence.size() > evidence_octets_max ||
      !simdjson::validate_utf8(out.cause.evidence)) {
    return bad_value("evidence",
                     "UTF-8, at most " + std::to_string(evidence_octets_max) + " octets");
  }
  return std::nullopt;
}

struct SuppressionRows::Impl {
  Impl(Normalizer& one, RowDefaults row_defaults)
      : normalizer(one),
        defaults(std::move(row_defaults)),
        default_cause{defaults.cause.reason,   defaults.cause.at,      defaults.cause.source, {},
                      defaults.cause.evidence, defaults.cause.campaign} {}

  std::optional<RowFault> normalize(std::string_view raw, std::optional<Channel> fixed,
                                    Region row_region, RowView& row) {
    CanonicalAddress canonical;
    const AddressError error = normalizer.address(raw, fixed, row_region, canonical);
    if (error != AddressError::none) return RowFault{"address", error_name(error)};
    row.channel = canonical.channel();
    row.address = canonical.text();
    row.given = raw == canonical.text() ? std::string_view() : raw;
    row.region = row_region;
    return std::nullopt;
  }

  std::optional<RowFault> row_of(const RowValues& values, RowView& row) {
    if (!given(values[address])) return RowFault{"address", "no_address"};
    std::optional<Channel> fixed = defaults.channel;
    if (given(values[channel])) {
      fixed = parse_channel(values[channel]);
      if (!fixed) return RowFault{"channel", "unknown_channel"};
    }
    Region row_region = defaults.region;
    if (given(values[region])) {
      const auto parsed = parse_region(values[region]);
      if (!parsed) return RowFault{"region", "unknown_region"};
      row_region = *parsed;
    }
    row.cause = default_cause;
    row.default_cause = !given(values[source]) && !given(values[campaign]) &&
                        !given(values[evidence]) && !given(values[at]);
    if (auto error = read_reason(values, row.cause)) return error;
    if (!row.default_cause) {
      if (auto error = read_source(values, defaults.role, row.cause)) return error;
      if (auto error = read_texts(values, row.cause)) return error;
      if (auto error = read_time(values, defaults.now, row.cause)) return error;
    }
    return normalize(values[address], fixed, row_region, row);
  }

  std::optional<RowFault> element(dom::element json, RowView& row) {
    dom::object one;
    if (json.get_object().get(one) != simdjson::SUCCESS) return RowFault{"", "not_an_object"};
    RowValues values{};
    if (auto error = read_row_texts(one, row_members, values)) return error;
    return row_of(values, row);
  }

  Normalizer& normalizer;
  const RowDefaults defaults;
  const CauseView default_cause;
  JsonRows body{"suppressions", "suppression"};
};

SuppressionRows::SuppressionRows(Normalizer& normalizer, RowDefaults defaults)
    : impl_(std::make_unique<Impl>(normalizer, std::move(defaults))) {}
SuppressionRows::~SuppressionRows() = default;

std::optional<RowFault> SuppressionRows::text(std::string_view line, RowView& row) {
  row.cause = impl_->default_cause;
  row.default_cause = true;
  if (row.cause.reason == Reason::none) return RowFault{"reason", "no_reason"};
  return impl_->normalize(line, impl_->defaults.channel, impl_->defaults.region, row);
}

std::optional<RowFault> SuppressionRows::values(const RowValues& values, RowView& row) {
  return impl_->row_of(values, row);
}

std::optional<RowFault> SuppressionRows::json_line(std::string_view line, RowView& row) {
  dom::element json;
  if (!impl_->body.line(line, json)) return RowFault{"", "bad_json"};
  return impl_->element(json, row);
}

std::optional<Problem> SuppressionRows::open_document(std::string document) {
  return impl_->body.open(std::move(document));
}

bool SuppressionRows::next(RowView& row, std::optional<RowFault>& error) {
  dom::element json;
  if (!impl_->body.next(json)) return false;
  error = impl_->element(json, row);
  return true;
}

size_t SuppressionRows::document_bytes() const {
  return impl_->body.document_bytes();
}

}  // namespace suppressd
