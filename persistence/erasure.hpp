// The erasure of a contact, part by part: where its job stands, and what each part takes out. How
// the server drives it: Store::next_part_of_erasure.
//
// The first part takes the contact away and closes its suppressions (commit_erase.cpp). What still
// names its addresses is searched beside the committer and taken out by it: requests, plans of jobs,
// the log of changes. Then the files that held any of it are rewritten without it (store_erase.cpp).
// Only rows that were there at the first part are touched: who adds the address again later is heard
// anew.
//
// Internal to the store. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fingerprint.hpp"
#include "persistence/change.hpp"
#include "persistence/contact.hpp"

namespace suppressd {

/// Where the job of an erasure stands: the position in its record.
struct ErasurePlace {
  /// Stored: frozen. Before `requests` the position is empty.
  enum class Phase : uint8_t {
    requests = 1,  // `next`: the request to look at
    jobs = 2,      // `next`: the job
    changes = 3,   // `next`: the sequence
    files = 4,     // rewriting what held it
    place = 5,     // no address in here any more: now the files that held this position
  };
  struct Named {
    Channel channel = Channel::email;
    bool platform = false;  // the platform's entry and log lose it as well
    std::string address;
    std::string given;  // empty when equal
    bool operator==(const Named&) const = default;
  };
  using Range = std::pair<uint64_t, uint64_t>;  // of sequences, both in it

  Phase phase = Phase::requests;
  ContactId contact = 0;
  std::vector<Named> addresses;
  uint64_t next = 0;
  uint64_t last = 0;             // sequence of the first part: later rows are left alone
  std::vector<Range> rewritten;  // of the log, ascending; not more than there is need to tell

  void add_rewritten(uint64_t sequence);
  /// All spellings to look for in free text and JSON.
  std::vector<std::string> spellings() const;
  bool operator==(const ErasurePlace&) const = default;
};
void encode(const ErasurePlace& place, std::string& out);
std::optional<ErasurePlace> decode_erasure(std::string_view bytes);

/// Whether the text holds the spelling as a whole, not as a part of a longer address.
bool mentions(std::string_view text, std::string_view spelling);
bool mentions(std::string_view text, const std::vector<std::string>& spellings);

/// The row of `changes` with what it says of these addresses reduced to fingerprint, state, reason
/// and times; nullopt when it says nothing of them (any more). The scope of the row decides whether
/// it is `account`'s or the platform's. Throws StorageFailure when the row is damaged.
std::optional<std::string> erase_from_row(std::string_view row, AccountNumber account,
                                          const std::vector<ErasurePlace::Named>& addresses,
                                          const FingerprintKey& key);

}  // namespace suppressd
