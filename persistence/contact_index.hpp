// What a contact's record puts into the lists and counts of its account. One function says all of
// it, so that lists, counts and records cannot disagree: a change of a record replaces what the
// record before said by what the record after says, and a recount adds up what the records say.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "persistence/contact.hpp"
#include "persistence/contact_keys.hpp"

namespace suppressd {

/// Bits of what a contact shows: the two channels (change.hpp), its fields, that it is there.
inline constexpr uint8_t fields_part = 4, record_part = 8, all_parts = 15;

/// Keys of `contact_index` with their contact as value, of those parts of it; sorted.
std::vector<std::string> index_keys(AccountNumber account, const Contact& contact,
                                    uint8_t parts = all_parts);

/// Keys of `counts` that those parts of this contact add one to; a key may come twice. These are the counts that
/// a recount proves; segments, segment_name and last_number are not among them.
std::vector<std::string> count_keys(AccountNumber account, const Contact& contact,
                                    uint8_t parts = all_parts);

/// What the domain of a canonical email is; empty for a phone.
std::string_view domain_of(Channel channel, std::string_view address);

}  // namespace suppressd
