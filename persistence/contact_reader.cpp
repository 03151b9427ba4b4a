#include "persistence/contact_reader.hpp"

#include "persistence/contact_codec.hpp"
#include "persistence/database.hpp"

namespace suppressd {

std::optional<Contact> ContactReader::contact(AccountNumber account, ContactId id) const {
  std::string bytes;
  if (!context_.database.get(Family::contacts, contact_key(account, id), bytes)) {
    return std::nullopt;
  }
  Contact contact;
  if (!decode(bytes, contact)) throw StorageFailure("a stored contact is damaged");
  contact.id = id;
  return contact;
}

}  // namespace suppressd
