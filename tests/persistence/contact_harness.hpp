// What the tests of contacts share: changes in short.
#pragma once

#include "persistence/contact_index.hpp"
#include "persistence/contact_reader.hpp"
#include "store_harness.hpp"

namespace suppressd {

inline Change put_contact(AccountNumber account, std::string email, std::string phone = "",
                          std::map<std::string, std::string> fields = {}, TimeMs at = 1'000) {
  PutContacts put;
  put.account = account;
  put.source = "api";
  PutContacts::Row& row = put.rows.emplace_back();
  row.addresses = {std::move(email), std::move(phone)};
  row.fields = std::move(fields);
  return change_of(std::move(put), at);
}

inline Change event_of(AccountNumber account, ActivityKind kind, std::string email, TimeMs at) {
  AddEvents events;
  events.account = account;
  AddEvents::Row& row = events.rows.emplace_back();
  row.kind = kind;
  row.address = std::move(email);
  row.at = at;
  row.campaign = "spring";
  return change_of(std::move(events), at);
}

inline std::vector<std::string> addresses_of(const std::vector<Contact>& contacts,
                                             Channel channel = Channel::email) {
  std::vector<std::string> addresses;
  for (const Contact& contact : contacts) addresses.push_back(contact.of(channel).address);
  return addresses;
}

}  // namespace suppressd
