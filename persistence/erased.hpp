// What is left of a suppression once its address was erased: a keyed hash with reason and date, so
// that checks say what they said and whoever adds the address again is told. The set holds it like
// any entry; count and digest of meta include it.
//
//   key    scope: 4 | fingerprint: 16
//   value  version 1 | channel: 1 | reason: 1 (0: none) | at | exempt: 1 | [exempted at]
//
// An entry is in `suppressions` or here, never in both. It comes back as a record of its own when a
// change names the address again; then it goes from here in the same commit. Nobody can normalize a
// hash again: when the normalizer's rules change, one whose address they would write otherwise no
// longer matches it (rekey.cpp).
//
// Internal to the store. Thread safety: pure functions, and reads for any thread.
// Errors: StorageFailure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/fingerprint.hpp"
#include "persistence/database.hpp"
#include "persistence/records.hpp"

namespace suppressd {

/// The source of the one cause that is left.
inline constexpr std::string_view erased_source = "erased";

/// The fingerprint's octets, as keys and rows of `changes` hold them.
inline constexpr size_t fingerprint_octets = 16;
std::string octets_of(const Fingerprint& fingerprint);
/// False when the octets are not of that size.
bool parse_fingerprint(std::string_view octets, Fingerprint& into);

std::string erased_key(AccountNumber scope, const Fingerprint& address);

/// Leaves of the cause what erasure does.
Cause erased_cause(Reason reason, TimeMs at);
/// Leaves of the record what erasure does: the cause that is shown, without a word, and whether it
/// is exempt since when. The state stays.
void erase_words(Suppression& record);

/// A record as erase_words() leaves it.
void encode_erased(const Suppression& record, std::string& out);
bool decode_erased(std::string_view bytes, Suppression& into);

/// False when there is none.
bool find_erased(const Database& database, AccountNumber scope, const Fingerprint& address,
                 Suppression& into, const rocksdb::Snapshot* snapshot = nullptr);

/// Tells all there are, one thread's.
void for_each_erased(const Database& database,
                     const std::function<void(AccountNumber, const Fingerprint&, SlotState)>& tell);

}  // namespace suppressd
