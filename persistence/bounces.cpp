#include "persistence/bounces.hpp"

#include <algorithm>

#include "persistence/keys.hpp"

namespace suppressd {
namespace {

constexpr uint8_t bounces_version = 1;

}  // namespace

bool BounceRecord::confirms(TimeMs at) const {
  return std::any_of(bounces.begin(), bounces.end(), [at](const Bounce& one) {
    return one.confirmable && one.at + bounce_confirm_ms <= at && at <= one.at + bounces_kept_ms;
  });
}

void BounceRecord::add(Bounce bounce) {
  const auto later = std::upper_bound(bounces.begin(), bounces.end(), bounce.at,
                                      [](TimeMs at, const Bounce& one) { return at < one.at; });
  bounces.insert(later, bounce);
  const TimeMs newest = bounces.back().at;
  std::erase_if(bounces, [newest](const Bounce& one) { return one.at + bounces_kept_ms < newest; });
  if (bounces.size() > bounces_kept_max) bounces.erase(bounces.begin());
}

bool BounceRecord::deliver(TimeMs at) {
  return std::erase_if(bounces, [at](const Bounce& one) { return one.at <= at; }) != 0;
}

bool BounceRecord::reach(const SoftBouncePolicy& policy) {
  if (policy.limit == 0 || bounces.empty()) return false;
  const TimeMs newest = bounces.back().at;
  const auto counts = [&](const Bounce& one) {
    return one.at > counted_until && one.at + policy.days * day_ms > newest;
  };
  if (std::count_if(bounces.begin(), bounces.end(), counts) < policy.limit) return false;
  counted_until = newest;
  uint64_t days = policy.first_days;
  for (uint32_t i = 0; i < limits && days < policy.longest_days; ++i) days *= 2;
  days = std::min<uint64_t>(days, policy.longest_days);
  ++limits;
  expires_at = std::max(expires_at, newest + days * day_ms);
  return true;
}

bool BounceRecord::empty() const {
  return bounces.empty() && limits == 0 && expires_at == 0 && last_hard == 0;
}

void encode(const BounceRecord& record, std::string& out) {
  ByteWriter to(out);
  to.u8(bounces_version);
  to.varint(record.bounces.size());
  for (const BounceRecord::Bounce& one : record.bounces) {
    to.varint(one.at);
    to.u8(one.confirmable ? 1 : 0);
  }
  to.varint(record.counted_until);
  to.varint(record.limits);
  to.varint(record.expires_at);
  to.varint(record.last_hard);
}

std::optional<BounceRecord> decode_bounces(std::string_view bytes) {
  ByteReader from(bytes);
  BounceRecord record;
  if (from.u8() != bounces_version) from.spoil();
  const uint64_t count = from.varint();
  if (count > bounces_kept_max) from.spoil();
  for (uint64_t i = 0; i < count && from.good(); ++i) {
    BounceRecord::Bounce& one = record.bounces.emplace_back();
    one.at = from.varint();
    const uint8_t confirmable = from.u8();
    if (confirmable > 1 || (i != 0 && record.bounces[i - 1].at > one.at)) from.spoil();
    one.confirmable = confirmable == 1;
  }
  record.counted_until = from.varint();
  const uint64_t limits = from.varint();
  if (limits > UINT32_MAX) from.spoil();
  record.limits = static_cast<uint32_t>(limits);
  record.expires_at = from.varint();
  record.last_hard = from.varint();
  if (!from.finished()) return std::nullopt;
  return record;
}

std::string bounces_prefix(AccountNumber scope) {
  std::string key = "b";
  ByteWriter(key).u32(scope);
  return key;
}

std::string bounces_key(AccountNumber scope, Channel channel, std::string_view address) {
  std::string key = "b";
  append_suppression_key(scope, channel, address, key);
  return key;
}

std::string bounce_expiry_key(TimeMs expires_at, AccountNumber scope, Channel channel,
                              std::string_view address) {
  std::string key = "x";
  ByteWriter(key).u64(expires_at);
  append_suppression_key(scope, channel, address, key);
  return key;
}

std::vector<Reason> expired_reasons(const Suppression& record, const BounceRecord* bounces,
                                    const ExpiryDays& after_days, TimeMs now) {
  std::array<TimeMs, reasons_end> newest{};
  for (const Cause& cause : record.causes) {
    TimeMs& at = newest[static_cast<size_t>(cause.reason)];
    at = std::max({at, cause.at, TimeMs{1}});
  }
  std::vector<Reason> over;
  for (size_t i = 1; i < reasons_end; ++i) {
    if (newest[i] == 0) continue;
    const auto reason = static_cast<Reason>(i);
    TimeMs last = newest[i];
    if (reason == Reason::hard_bounce && bounces != nullptr)
      last = std::max(last, bounces->last_hard);
    const bool by_days = after_days[i] != 0 && last + after_days[i] * day_ms <= now;
    const bool by_limit = reason == Reason::soft_bounce_limit && bounces != nullptr &&
                          bounces->expires_at != 0 && bounces->expires_at <= now;
    if (by_days || by_limit) over.push_back(reason);
  }
  return over;
}

}  // namespace suppressd
