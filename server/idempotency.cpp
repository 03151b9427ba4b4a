#include "server/idempotency.hpp"

#include <sodium.h>

#include <algorithm>

namespace suppressd {
namespace {

/// Length first, so that no two lists of parts read the same.
void hash_part(crypto_generichash_state& state, std::string_view part) {
  const uint64_t length = part.size();
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&length),
                            sizeof(length));
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                            part.size());
}

}  // namespace

std::optional<Problem> IdempotencyKey::read(const Call& call, IdempotencyKey& out) {
  const auto field = call.head.field("idempotency-key");
  if (!field) return std::nullopt;
  const bool visible =
      std::all_of(field->begin(), field->end(), [](char c) { return c > ' ' && c <= '~'; });
  if (field->empty() || field->size() > idempotency_key_octets_max || !visible) {
    return Problem{400,
                   "bad-idempotency-key",
                   "The Idempotency-Key cannot be used.",
                   "It must be 1 to 255 visible ASCII characters.",
                   {},
                   {},
                   {}};
  }
  out.key_ = call.key->id + ":" + std::string(*field);
  out.target_ = call.head.method + "\n" + call.head.path + "\n" + call.head.query;
  return std::nullopt;
}

std::optional<Idempotency> IdempotencyKey::for_change(std::string_view content,
                                                      uint64_t number) const {
  if (!given()) return std::nullopt;
  Idempotency idempotency;
  idempotency.key = key_ + (number == 0 ? "" : " " + std::to_string(number));
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, idempotency.request_hash.size());
  hash_part(state, target_);
  hash_part(state, content);
  crypto_generichash_final(&state, idempotency.request_hash.data(),
                           idempotency.request_hash.size());
  return idempotency;
}

std::optional<Idempotency> IdempotencyKey::for_run(uint64_t number) const {
  std::optional<Idempotency> idempotency = for_change("", number);
  if (idempotency) idempotency->key = key_ + " run " + std::to_string(number);
  return idempotency;
}

std::string IdempotencyKey::stable_id() const {
  std::array<unsigned char, crypto_generichash_BYTES_MIN> hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(key_.data()),
                     key_.size(), nullptr, 0);
  std::array<char, 17> text;
  sodium_bin2hex(text.data(), text.size(), hash.data(), 8);
  return text.data();
}

}  // namespace suppressd
