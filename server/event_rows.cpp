#include "server/event_rows.hpp"

#include <array>

#include "server/bounce_intake.hpp"
#include "server/json_rows.hpp"
#include "server/message_words.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

namespace dom = simdjson::dom;

constexpr std::array<std::string_view, 14> row_names = {
    "type", "address", "email",  "phone", "channel",  "region", "campaign",
    "at",   "bounce",  "detail", "code",  "enhanced", "text",   "event_id"};
enum Member : size_t {
  type,
  address,
  email,
  phone,
  channel,
  region,
  campaign,
  at,
  bounce,
  detail,
  code,
  enhanced,
  text,
  event_id
};
/// As given; those that are absent are null views.
using Values = std::array<std::string_view, row_names.size()>;

bool given(std::string_view value) {
  return value.data() != nullptr;
}

struct TypeName {
  std::string_view name;
  ActivityKind kind;
};
constexpr std::array types{
    TypeName{"sent", ActivityKind::sent},
    TypeName{"delivered", ActivityKind::delivered},
    TypeName{"opened", ActivityKind::opened},
    TypeName{"clicked", ActivityKind::clicked},
    TypeName{"bounced", ActivityKind::bounced},
    TypeName{"complained", ActivityKind::complained},
    TypeName{"unsubscribed", ActivityKind::unsubscribed},
    TypeName{"replied", ActivityKind::replied},
};

std::optional<RowFault> read_kind(const Values& values, AddEvents::Row& row) {
  if (!given(values[type])) return RowFault{"type", "required"};
  const auto found = std::find_if(types.begin(), types.end(),
                                  [&](const TypeName& one) { return one.name == values[type]; });
  if (found == types.end()) return RowFault{"type", "unknown_type"};
  row.kind = found->kind;
  row.confirmable = false;
  return std::nullopt;
}

/// Of a bounced event: what its sender says, what the reply says, and what follows.
std::optional<RowFault> read_bounce(const Values& values, AddEvents::Row& row) {
  std::optional<BounceClass> said;
  if (values[bounce] == "hard") said = BounceClass::hard;
  if (values[bounce] == "soft") said = BounceClass::soft;
  if (given(values[bounce]) && !said) return RowFault{"bounce", "unknown_bounce"};
  const BounceReply reply{values[code], values[enhanced], values[text]};
  if (!said && reply.code.empty() && reply.enhanced.empty() && reply.text.empty()) {
    return RowFault{"bounce", "required"};
  }
  if (row.channel == Channel::phone) {
    if (!reply.code.empty()) return RowFault{"code", "only_for_email"};
    if (!reply.enhanced.empty()) return RowFault{"enhanced", "only_for_email"};
  }
  if (!reply.code.empty() && !valid_reply_code(reply.code)) return RowFault{"code", "bad_code"};
  if (!reply.enhanced.empty() && !valid_enhanced_code(reply.enhanced)) {
    return RowFault{"enhanced", "bad_enhanced"};
  }
  take_bounce(reply, said, row);
  return std::nullopt;
}

/// A reply to a text message: a word that says stop unsubscribes, any other is a sign of life.
std::optional<RowFault> read_reply_message(const Values& values, AddEvents::Row& row) {
  if (row.channel != Channel::phone) return RowFault{"type", "only_for_phone"};
  if (!given(values[text])) return RowFault{"text", "required"};
  if (read_message(values[text]) == MessageWord::stop) row.kind = ActivityKind::unsubscribed;
  if (row.detail.empty()) row.detail = reply_text({{}, {}, values[text]});
  return std::nullopt;
}

/// After the address: what it means depends on the channel.
std::optional<RowFault> read_meaning(const Values& values, AddEvents::Row& row) {
  if (values[text].size() > bounce_text_octets_max) return RowFault{"text", "text_too_long"};
  const bool bounced = row.kind == ActivityKind::bounced;
  for (const Member member : {bounce, code, enhanced}) {
    if (!bounced && given(values[member])) return RowFault{row_names[member], "only_for_bounced"};
  }
  if (bounced) return read_bounce(values, row);
  if (row.kind == ActivityKind::replied) return read_reply_message(values, row);
  if (given(values[text])) return RowFault{"text", "only_for_bounced_or_replied"};
  return std::nullopt;
}

std::optional<RowFault> read_texts(const Values& values, AddEvents::Row& row) {
  if (values[campaign].size() > campaign_octets_max) {
    return RowFault{"campaign", "campaign_too_long"};
  }
  if (values[detail].size() > evidence_octets_max) return RowFault{"detail", "detail_too_long"};
  if (values[event_id].size() > event_id_octets_max) return RowFault{"event_id", "id_too_long"};
  if (given(values[event_id]) && values[event_id].empty()) return RowFault{"event_id", "empty"};
  row.id = values[event_id];
  row.campaign = values[campaign];
  row.detail = values[detail];
  return std::nullopt;
}

std::optional<RowFault> read_time(const Values& values, TimeMs now, AddEvents::Row& row) {
  row.at = 0;
  row.timed = given(values[at]);
  if (!given(values[at])) return std::nullopt;
  const auto time = parse_time(values[at]);
  if (!time) return RowFault{"at", "bad_time"};
  if (*time > now + std::chrono::milliseconds(clock_skew_max).count()) {
    return RowFault{"at", "time_in_future"};
  }
  row.at = *time;
  return std::nullopt;
}

/// Which member holds the address, and the channel that follows from its name.
struct Raw {
  Member member = address;
  std::optional<Channel> channel;
};

std::optional<RowFault> find_raw(const Values& values, Raw& raw) {
  size_t count = 0;
  for (const auto& [member, fixed] :
       {Raw{address, std::nullopt}, Raw{email, Channel::email}, Raw{phone, Channel::phone}}) {
    if (!given(values[member])) continue;
    raw = {member, fixed};
    ++count;
  }
  if (count == 0) return RowFault{"address", "no_address"};
  if (count > 1) return RowFault{"address", "given_twice"};
  if (!given(values[channel])) return std::nullopt;
  const auto named = parse_channel(values[channel]);
  if (!named) return RowFault{"channel", "unknown_channel"};
  if (raw.channel.value_or(*named) != *named) return RowFault{"channel", "channel_mismatch"};
  raw.channel = named;
  return std::nullopt;
}

}  // namespace

struct EventRows::Impl {
  Impl(Normalizer& one, Region account_region, TimeMs time)
      : normalizer(one), default_region(account_region), now(time) {}

  std::optional<RowFault> read_address(const Values& values, AddEvents::Row& row) {
    Raw raw;
    if (auto error = find_raw(values, raw)) return error;
    row.region = default_region;
    if (given(values[region])) {
      const auto parsed = parse_region(values[region]);
      if (!parsed) return RowFault{"region", "unknown_region"};
      row.region = *parsed;
    }
    CanonicalAddress canonical;
    const std::string_view text = values[raw.member];
    const AddressError error = normalizer.address(text, raw.channel, row.region, canonical);
    if (error != AddressError::none) return RowFault{row_names[raw.member], error_name(error)};
    row.channel = canonical.channel();
    row.address = canonical.text();
    row.given = text == canonical.text() ? std::string_view() : text;
    return std::nullopt;
  }

  std::optional<RowFault> element(dom::element whole, AddEvents::Row& row) {
    dom::object one;
    if (whole.get_object().get(one) != simdjson::SUCCESS) return RowFault{"", "not_an_object"};
    Values values{};
    std::array<char, 4> digits{};
    if (auto error = read_row_texts(one, row_names, values, NumericMember{row_names[code], digits}))
      return error;
    if (auto error = read_kind(values, row)) return error;
    if (auto error = read_texts(values, row)) return error;
    if (auto error = read_time(values, now, row)) return error;
    if (auto error = read_address(values, row)) return error;
    return read_meaning(values, row);
  }

  Normalizer& normalizer;
  const Region default_region;
  const TimeMs now;
  JsonRows json{"events", "event", true};
};

EventRows::EventRows(Normalizer& normalizer, Region region, TimeMs now)
    : impl_(std::make_unique<Impl>(normalizer, region, now)) {}
EventRows::~EventRows() = default;

std::optional<RowFault> EventRows::json_line(std::string_view line, AddEvents::Row& row) {
  dom::element json;
  if (!impl_->json.line(line, json)) return RowFault{"", "bad_json"};
  return impl_->element(json, row);
}

std::optional<Problem> EventRows::open_document(std::string document) {
  return impl_->json.open(std::move(document));
}

bool EventRows::next(AddEvents::Row& row, std::optional<RowFault>& error) {
  dom::element json;
  if (!impl_->json.next(json)) return false;
  error = impl_->element(json, row);
  return true;
}

size_t EventRows::document_bytes() const {
  return impl_->json.document_bytes();
}

}  // namespace suppressd
