// What adding contacts answers for each row. Thread safety: pure functions.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/change.hpp"
#include "persistence/contact_reader.hpp"

namespace suppressd {

struct ContactResult {
  uint64_t index = 0;  // of the row in the body
  uint8_t given = 0;   // bits of the channels of which the row gave an address
  ContactOutcome outcome;
};

/// The error of a row that was read well and changed nothing; empty where there is none.
std::string_view contact_error(ContactOutcome::Fate fate);

/// "results":[…] in order of the rows, as JSON text: there may be many.
std::string contact_results_text(std::vector<ContactResult>& results);

/// Canonical, empty where a row gave none.
using ContactAddresses = std::array<std::string, channels>;
/// Where the contacts of rows are that an earlier request stored. Blocks; throws StorageFailure.
std::vector<ContactOutcome> look_up_contacts(const ContactReader& contacts, AccountNumber account,
                                             const std::vector<ContactAddresses>& rows);

}  // namespace suppressd
