// API keys: making them, reading them from a request, and the first one.
//
// A key is "sup_<role>_" and 256 random bits in base64url. It is shown once; what is kept is its
// SHA-256 (a key has full entropy, so a slow hash would only slow every request).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/records.hpp"
#include "persistence/store.hpp"
#include "server/committer.hpp"
#include "server/directory.hpp"
#include "server/exchange.hpp"

namespace suppressd {

std::string make_key_text(Role role);
KeyHash hash_key(std::string_view key_text);
/// "k_" and 64 random bits in hex: a public name for a key.
std::string make_key_id();

/// The key of "Authorization: Bearer <key>"; null when there is no such field or no such key in
/// force.
const ApiKey* authenticate(const RequestHead& head, const Directory::Snapshot& directory);

/// First start: when the store holds no key at all, writes an admin key to <data_dir>/admin.key
/// (mode 0600) and commits it. The file is synced before the key is committed, and a file that a
/// crash left behind is used again, so the key is never lost between the two. Blocks until
/// committed; throws std::runtime_error with a sentence for the operator.
void ensure_admin_key(Store& store, Committer& committer, const std::filesystem::path& data_dir);

}  // namespace suppressd
