// codec.cpp draws the bytes.
#include "persistence/change_row.hpp"

#include "persistence/erased.hpp"

namespace suppressd {
namespace {

constexpr uint8_t change_version = 1;
constexpr uint8_t row_bits_known =
    row_channel | row_given | row_region | row_same_cause | row_erased;
constexpr uint8_t single_bits_known = row_channel | row_erased;

Channel read_channel(ByteReader& from, uint8_t number) {
  const auto channel = static_cast<Channel>(number);
  if (channel != Channel::email && channel != Channel::phone) from.spoil();
  return channel;
}

AccountNumber read_scope(ByteReader& from) {
  const uint64_t scope = from.varint();
  if (scope != static_cast<AccountNumber>(scope)) from.spoil();
  return static_cast<AccountNumber>(scope);
}

Reason read_reason(ByteReader& from, uint8_t number) {
  if (number == 0 || number > static_cast<uint8_t>(Reason::legal)) from.spoil();
  return static_cast<Reason>(number);
}

SlotState read_state(ByteReader& from) {
  const auto state = static_cast<SlotState>(from.u8());
  if (state != SlotState::absent && state != SlotState::exempt) {
    read_reason(from, static_cast<uint8_t>(state));
  }
  return state;
}

CauseView read_cause(ByteReader& from) {
  CauseView cause;
  cause.reason = read_reason(from, from.u8());
  cause.at = from.varint();
  cause.source = from.text();
  cause.by = from.text();
  cause.evidence = from.text();
  cause.campaign = from.text();
  return cause;
}

bool touches_addresses(ChangeKind kind) {
  return kind == ChangeKind::add_suppressions || kind == ChangeKind::remove_suppression ||
         kind == ChangeKind::set_exemption;
}

bool known(ChangeKind kind) {
  return kind >= ChangeKind::add_suppressions && kind <= ChangeKind::webhook_removed;
}

}  // namespace

ChangeRow::ChangeRow(std::string_view bytes) : from_(bytes) {
  if (from_.u8() != change_version) from_.spoil();
  kind_ = static_cast<ChangeKind>(from_.u8());
  at_ = from_.varint();
  by_ = from_.text();
  if (!known(kind_)) from_.spoil();
  if (!from_.good()) return;
  if (!touches_addresses(kind_)) {
    body_ = from_.raw(from_.left());
    return;
  }
  if (kind_ == ChangeKind::add_suppressions) scope_ = read_scope(from_);
  if (from_.left() == 0) from_.spoil();  // a change without an effect is not logged
}

std::optional<AccountNumber> account_of(std::string_view bytes) {
  ChangeRow row(bytes);
  ChangedAddress first;
  switch (row.kind()) {
    case ChangeKind::create_account:
    case ChangeKind::update_account: {
      const std::optional<Account> account = decode_account(row.body());
      return account ? std::optional(account->number) : std::nullopt;
    }
    case ChangeKind::create_key:
    case ChangeKind::revoke_key: {
      const std::optional<ApiKey> key = decode_key(row.body());
      return key ? std::optional(key->account) : std::nullopt;
    }
    case ChangeKind::rekeyed:
    case ChangeKind::loss_accepted:
      return platform_number;
    case ChangeKind::add_suppressions:
    case ChangeKind::remove_suppression:
    case ChangeKind::
        set_exemption:  // what touches addresses touches those of one scope, and at least one
      return row.next(first) ? std::optional(first.scope) : std::nullopt;
    default: {  // a LoggedAct, which opens with its account
      ByteReader from(row.body());
      const auto account = static_cast<AccountNumber>(from.varint());
      return from.good() ? std::optional(account) : std::nullopt;
    }
  }
}

bool ChangeRow::next(ChangedAddress& into) {
  if (!from_.good() || from_.left() == 0) return false;
  return kind_ == ChangeKind::add_suppressions ? next_added(into) : next_single(into);
}

void ChangeRow::read_address(uint8_t bits, ChangedAddress& into) {
  into.channel = read_channel(from_, bits & row_channel);
  into.erased = (bits & row_erased) != 0;
  into.fingerprint = {};
  into.address = from_.text();
  if (into.address.empty()) from_.spoil();
  if (!into.erased) return;
  if (!parse_fingerprint(into.address, into.fingerprint)) from_.spoil();
  into.address = {};
}

bool ChangeRow::next_added(ChangedAddress& into) {
  const uint8_t bits = from_.u8();
  if ((bits & ~row_bits_known) != 0) from_.spoil();
  into.scope = scope_;
  read_address(bits, into);
  into.given = bits & row_given ? from_.text() : std::string_view();
  into.region = {};
  if (bits & row_region) {
    const std::string_view letters = from_.raw(into.region.letters.size());
    if (from_.good()) into.region.letters = {letters[0], letters[1]};
  }
  into.after = read_state(from_);
  if (into.after == SlotState::absent) from_.spoil();
  if ((bits & row_same_cause) == 0) {
    cause_ = read_cause(from_);
  } else if (!cause_) {
    from_.spoil();
  }
  into.exempted.reset();
  if (!from_.good()) return false;
  into.cause = *cause_;
  return true;
}

bool ChangeRow::next_single(ChangedAddress& into) {
  into = {};
  into.scope = read_scope(from_);
  const uint8_t bits = from_.u8();
  if ((bits & ~single_bits_known) != 0) from_.spoil();
  read_address(bits, into);
  into.after = read_state(from_);
  if (kind_ == ChangeKind::set_exemption && from_.left() != 0) {
    into.exempted = {from_.varint(), from_.text(), from_.text()};
  }
  if (from_.left() != 0) from_.spoil();
  return from_.good();
}

}  // namespace suppressd
