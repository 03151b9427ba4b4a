#include "persistence/contact_index.hpp"

#include <algorithm>

#include "persistence/change.hpp"
#include "persistence/keys.hpp"

namespace suppressd {
namespace {

/// Appends the counts of one address.
class Counting {
 public:
  Counting(AccountNumber account, Channel channel, std::vector<std::string>& keys)
      : account_(account), channel_(channel), keys_(keys) {}

  void octet(CountOf what, uint8_t value) { text(what, std::string(1, static_cast<char>(value))); }
  void number(CountOf what, uint32_t value) {
    std::string octets;
    ByteWriter(octets).u32(value);
    text(what, octets);
  }
  void text(CountOf what, std::string_view value) {
    keys_.push_back(count_key(account_, channel_, what, value));
  }

 private:
  const AccountNumber account_;
  const Channel channel_;
  std::vector<std::string>& keys_;
};

void count_cause(Channel channel, const ContactAddress& address, Counting& counting) {
  const Standing& standing = address.standing;
  counting.octet(CountOf::reason, static_cast<uint8_t>(standing.reason));
  counting.octet(CountOf::scope, static_cast<uint8_t>(standing.scope));
  counting.text(CountOf::source, standing.source);
  if (!standing.campaign.empty()) counting.text(CountOf::campaign, standing.campaign);
  const std::string_view domain = domain_of(channel, address.address);
  if (!domain.empty()) counting.text(CountOf::domain, domain);
  counting.number(CountOf::cause_day, static_cast<uint32_t>(standing.at / day_ms));
}

void count_address(const Contact& contact, Channel channel, Counting& counting) {
  const ContactAddress& address = contact.of(channel);
  counting.octet(CountOf::state, static_cast<uint8_t>(address.state()));
  if (address.deletion) return;
  const ContactGroup group = address.group();
  if (group == ContactGroup::reached) {
    counting.number(CountOf::active_day, address.active_day());
  } else {
    const char value[] = {static_cast<char>(group), static_cast<char>(address.standing.reason)};
    counting.text(CountOf::group, {value, sizeof(value)});
  }
  if (address.standing.reason != Reason::none) count_cause(channel, address, counting);
  for (const SegmentId segment : contact.segments) counting.number(CountOf::segment, segment);
}

void add_field_keys(AccountNumber account, const Contact& contact, std::vector<std::string>& keys) {
  for (const auto& [name, value] : contact.fields) {
    keys.push_back(index_by_field(account, name, field_index_text(value)));
    ByteWriter to(keys.back());
    to.u8(0);
    to.u64(contact.id);
  }
}

}  // namespace

std::string field_index_text(std::string_view value) {
  std::string text;
  for (const char octet : value.substr(0, field_index_octets_max)) {
    if (octet == '\0') continue;
    text += octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + ('a' - 'A')) : octet;
  }
  return text;
}

std::string_view domain_of(Channel channel, std::string_view address) {
  if (channel != Channel::email) return {};
  return address.substr(std::min(address.rfind('@') + 1, address.size()));
}

std::vector<std::string> index_keys(AccountNumber account, const Contact& contact, uint8_t parts) {
  std::vector<std::string> keys;
  for (const Channel channel : all_channels) {
    const ContactAddress& at = contact.of(channel);
    if ((parts & channel_bit(channel)) == 0 || at.address.empty()) continue;
    const ContactState state = at.state();
    keys.push_back(index_by_address(account, channel, state, at.address));
    keys.push_back(index_by_time(account, channel, state, contact.listed_at(channel)));
    ByteWriter(keys.back()).u64(contact.id);
    if (const ContactGroup group = at.group(); group != ContactGroup::none) {
      const uint32_t day = group == ContactGroup::reached ? at.active_day() : 0;
      keys.push_back(index_by_group(account, channel, group, day, at.address));
    }
    for (const SegmentId segment : contact.segments) {
      keys.push_back(index_by_segment(account, segment, channel, at.address));
    }
  }
  if ((parts & fields_part) != 0) add_field_keys(account, contact, keys);
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<std::string> count_keys(AccountNumber account, const Contact& contact, uint8_t parts) {
  std::vector<std::string> keys;
  if ((parts & record_part) != 0) keys.push_back(count_key(account, 0, CountOf::contacts));
  for (const Channel channel : all_channels) {
    if ((parts & channel_bit(channel)) == 0 || contact.of(channel).address.empty()) continue;
    Counting counting(account, channel, keys);
    count_address(contact, channel, counting);
  }
  return keys;
}

}  // namespace suppressd
