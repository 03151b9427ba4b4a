// What an account files: the body of POST …/requests, and what it comes to once the account's
// contacts were looked up.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/address.hpp"
#include "persistence/contact_reader.hpp"
#include "persistence/moderation.hpp"
#include "server/problem.hpp"

namespace suppressd {

/// request_targets_max addresses of the greatest length, as JSON.
inline constexpr uint64_t filing_body_bytes_max = 4 << 20;

struct Filing {
  ModerationRequest request;        // kind, statement, segment, and the addresses as targets
  std::vector<ContactId> contacts;  // 0: the text was no id
  std::optional<Channel> channel;   // of contacts and of a segment
};

/// A problem that names every bad member and row. `region` is the account's.
std::optional<Problem> read_filing(std::string_view body, Normalizer& normalizer, Region region,
                                   Filing& out);

/// Joins the contacts' addresses to the targets, each address once. 404 when a contact or the
/// segment does not exist; 400 when a contact has no address of the channel, or when there are too
/// many. Throws StorageFailure.
std::optional<Problem> find_targets(const ContactReader& reader, AccountNumber account,
                                    Filing& filing);

}  // namespace suppressd
