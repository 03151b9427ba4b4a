#include "server/bounce_intake.hpp"

namespace suppressd {

AddEvents events_for(const Account& account, uint32_t bounce_agreement) {
  AddEvents events;
  events.account = account.number;
  events.trusted = account.policies.trusted_bounces;
  events.claims_needed = bounce_agreement;
  events.soft_bounces = account.policies.soft_bounces;
  return events;
}

std::string reply_text(const BounceReply& reply) {
  std::string text;
  for (const std::string_view part : {reply.code, reply.enhanced, reply.text}) {
    if (part.empty() || (part.data() != reply.text.data() && reply.text.starts_with(part)))
      continue;
    if (!text.empty()) text.push_back(' ');
    text.append(part);
  }
  if (text.size() <= evidence_octets_max) return text;
  size_t end = evidence_octets_max;
  while (end != 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

void take_bounce(const BounceReply& reply, std::optional<BounceClass> given, AddEvents::Row& row) {
  const bool said = !reply.code.empty() || !reply.enhanced.empty() || !reply.text.empty();
  BounceClass what = given.value_or(BounceClass::soft);
  if (said) {
    const BounceClass read = row.channel == Channel::phone ? classify_receipt(reply.text).what
                                                           : classify_bounce(reply).what;
    if (!given || read == BounceClass::blocked) what = read;
  }
  row.kind = what == BounceClass::hard      ? ActivityKind::bounced
             : what == BounceClass::blocked ? ActivityKind::blocked
                                            : ActivityKind::soft_bounced;
  row.confirmable = what == BounceClass::hard_confirmed;
  if (row.detail.empty()) row.detail = reply_text(reply);
}

}  // namespace suppressd
