#include "core/digest.hpp"

#include "core/set_layout.hpp"

namespace suppressd {
namespace {

/// A bijection on 64 bits in which each input bit reaches each output bit (two multiply-xorshift
/// rounds and a closing shift).
constexpr uint64_t mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0xe9846af9b1a615d3;
  value ^= value >> 29;
  value *= 0x94d049bb133111eb;
  value ^= value >> 32;
  return value;
}

}  // namespace

Digest& Digest::operator+=(const Digest& other) {
  low += other.low;
  high += other.high + (low < other.low ? 1 : 0);
  return *this;
}

Digest& Digest::operator-=(const Digest& other) {
  const uint64_t borrow = low < other.low ? 1 : 0;
  low -= other.low;
  high -= other.high + borrow;
  return *this;
}

Digest slot_digest(uint32_t shard_and_range, uint64_t slot) {
  const uint64_t state = slot & state_mask;
  if (state == 0) return {};
  // From 76 bits to 128, injective: `high` and the tag's upper bits give the rest back.
  const uint64_t place = uint64_t{shard_and_range} << placement_bits | slot >> placement_shift;
  const uint64_t tag = (slot & tag_mask) >> tag_shift;
  const uint64_t first = place << 32 | (tag & 0xffffffff);
  const uint64_t second = (tag >> 32) << state_bits | state;
  const uint64_t high = mix(first + second * 0x9e3779b97f4a7c15);
  return {high, mix(high + second * 0xd6e8feb86659fd93)};
}

Digest entry_digest(const Fingerprint& address, AccountNumber account, SlotState state) {
  const uint64_t place = address.high >> 32;
  const uint64_t key = platform_key(address, place) ^ account_salt(account);
  return slot_digest(static_cast<uint32_t>(place >> placement_bits),
                     key | static_cast<uint64_t>(state));
}

Digest entry_digest_of_version_1(const Fingerprint& address, AccountNumber account,
                                 SlotState state) {
  if (state == SlotState::absent) return {};
  const uint64_t said = (uint64_t{account} << 8) | static_cast<uint64_t>(state);
  const uint64_t first = mix(address.low + said * 0x9e3779b97f4a7c15);
  const uint64_t second = mix(address.high ^ first);
  return {second, mix(first + second)};
}

}  // namespace suppressd
