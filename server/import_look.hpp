// What adding an import's row would do to the account's contacts, without doing it: the same rules as
// the committer's (persistence/commit_contacts.cpp), for a dry run. Rows of one file do not see each
// other here. Thread safety: pure function.
#pragma once

#include <array>
#include <optional>

#include "persistence/change.hpp"

namespace suppressd {

/// `owners`: the contacts that have the row's addresses now, by channel.
ImportFate fate_if_put(const std::array<std::optional<Contact>, channels>& owners,
                       const PutContacts::Row& row, bool restore_deleted);

}  // namespace suppressd
