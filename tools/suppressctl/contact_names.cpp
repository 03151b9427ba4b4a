#include "tools/suppressctl/contact_names.hpp"

#include <algorithm>

#include "tools/suppressctl/input_rows.hpp"
#include "tools/suppressctl/output.hpp"

namespace suppressctl {
namespace {

/// Sorted by address, the address itself is the first of those that begin with it.
std::string id_in_list(const Settings& settings, Api& api, const std::string& channel,
                       const std::string& address, const char* state) {
  const std::string query = QueryText()
                                .add("channel", channel)
                                .add("state", state)
                                .add("prefix", address)
                                .add("sort", "address")
                                .add("limit", "1")
                                .text();
  const Json page = api.get(account_path(settings, "/contacts") + query);
  for (const Json& contact : member_of(page, "items"))
    if (text_of(member_of(contact, channel.c_str()), "address") == address)
      return text_of(contact, "id");
  return "";
}

}  // namespace

bool is_id(char letter, std::string_view text) {
  return text.size() > 1 && text[0] == letter && text[1] != '0' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string contact_id_of(const Settings& settings, Api& api, const std::string& name) {
  if (is_id('c', name)) return name;
  const Json explained =
      api.get(account_path(settings, "/explain") + QueryText().add("address", name).text());
  const std::string address = text_of(explained, "address");
  const std::string channel = text_of(explained, "channel");
  if (address.empty())
    throw Failure(printable(name) + " is neither a contact's id, such as c17, nor an address (" +
                  text_of(explained, "error") + ").");
  std::string id = id_in_list(settings, api, channel, address, "");
  if (id.empty()) id = id_in_list(settings, api, channel, address, "deleted");
  if (id.empty()) throw Failure("No contact of this account has the address " + address + ".");
  return id;
}

Json contact_ids_of(const Settings& settings, Api& api, const std::vector<std::string>& names) {
  Json ids = Json::array();
  for (const std::string& name : expand_lines(names))
    ids.push_back(contact_id_of(settings, api, name));
  return ids;
}

std::string contact_path(const Settings& settings, const std::string& id, std::string_view rest) {
  return account_path(settings, "/contacts/" + percent_encode(id) + std::string(rest));
}

}  // namespace suppressctl
