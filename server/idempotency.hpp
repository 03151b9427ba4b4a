// Idempotency-Key: a repeated POST gets the first one's outcome.
//
// The stored key is the API key's id, the field's value and, where one request makes several
// changes, the change's number; the hash covers method, path, query and what the change stores. So
// a repetition may stop at another place than the first try, and each part of it is still stored
// once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/change.hpp"
#include "server/call.hpp"
#include "server/problem.hpp"

namespace suppressd {

inline constexpr size_t idempotency_key_octets_max = 255;

class IdempotencyKey {
 public:
  /// A problem (400) when the field is there and not 1 to 255 visible ASCII characters.
  static std::optional<Problem> read(const Call& call, IdempotencyKey& out);

  bool given() const { return !key_.empty(); }
  /// For the change numbered `number` of this request, whose content hashes to `content`.
  std::optional<Idempotency> for_change(std::string_view content, uint64_t number = 0) const;
  /// For the run (persistence/bulk_run.hpp) numbered `number`, whose content is added later.
  std::optional<Idempotency> for_run(uint64_t number) const;
  /// 64 bits in hex that depend on the caller and the key: the same for a repetition.
  std::string stable_id() const;

 private:
  std::string key_;     // with the API key's id; empty when none was given
  std::string target_;  // method, path and query
};

}  // namespace suppressd
