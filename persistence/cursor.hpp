// Cursors of pages: where a list goes on, opaque to whoever gets one.
//
//   base64url of   check: 8 | place
//
// `place` is that of the page's last row in the list's order. The check is a hash of the list and
// the place, keyed by the directory's secret id: nobody makes up a cursor, and one that another list
// gave, or this list under another filter, is refused.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "persistence/codec.hpp"

namespace suppressd {

/// `list`: what makes the list this one: its kind, its account, its filter.
std::string make_cursor(std::string_view list, std::string_view place, const SecretId& secret);
/// The place. Throws std::invalid_argument when make_cursor did not give it for this list.
std::string parse_cursor(std::string_view list, std::string_view cursor, const SecretId& secret);

}  // namespace suppressd
