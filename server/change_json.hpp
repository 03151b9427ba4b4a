// A change as the feed and the audit tell it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "persistence/store.hpp"
#include "server/directory.hpp"

namespace suppressd {

/// Never the hash of a key. Throws StorageFailure when the row is damaged.
nlohmann::ordered_json change_json(const ChangePage::Item& change,
                                   const Directory::Snapshot& directory);

}  // namespace suppressd
