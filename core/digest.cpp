#include "core/digest.hpp"

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

Digest entry_digest(const Fingerprint& address, AccountNumber account, SlotState state) {
  if (state == SlotState::absent) return {};
  // For a fixed account and state, fingerprint → digest is a bijection: two addresses never share
  // a digest, and the sums of random subsets spread over all 128 bits.
  const uint64_t said = (uint64_t{account} << 8) | static_cast<uint64_t>(state);
  const uint64_t first = mix(address.low + said * 0x9e3779b97f4a7c15);
  const uint64_t second = mix(address.high ^ first);
  return {second, mix(first + second)};
}

}  // namespace suppressd
