#include "tools/suppressctl/contact_output.hpp"

#include "tools/suppressctl/causes_output.hpp"

namespace suppressctl {
namespace {

constexpr const char* channel_names[] = {"email", "phone"};

/// " (hard_bounce, scope platform)", or nothing when no reason is shown.
std::string reason_text(const Json& json) {
  const std::string reason = text_of(json, "reason");
  if (reason.empty()) return "";
  const std::string scope = text_of(json, "scope");
  return " (" + reason + (scope.empty() ? "" : ", scope " + scope) + ")";
}

/// "blacklisted (hard_bounce, scope platform)"; of deleted ones the verdict goes on.
std::string state_text(const Json& address) {
  if (!address.is_object()) return "";
  const bool exempt = address.value("exempt", false);
  return text_of(address, "state") + reason_text(address) + (exempt ? " (exempt)" : "");
}

TableColumn address_column(const char* header, const char* channel) {
  return {header, [channel](const Json& contact) {
            return text_of(member_of(contact, channel), "address");
          }};
}

TableColumn state_column(const char* header, const char* channel) {
  return {header,
          [channel](const Json& contact) { return state_text(member_of(contact, channel)); }};
}

void write_address(const Json& card, const char* channel, Columns& columns) {
  const Json& address = member_of(card, channel);
  if (!address.is_object()) return;
  columns.add({channel, text_of(address, "address"), state_text(address),
               text_of(address, "since").empty() ? "" : "since " + text_of(address, "since")});
  const Json& deleted = member_of(address, "deleted");
  if (!deleted.is_object()) return;
  const std::string reason = text_of(deleted, "reason");
  columns.add({"", "",
               "deleted by " + text_of(deleted, "by") + (reason.empty() ? "" : ": " + reason),
               text_of(deleted, "at")});
}

void write_rows(const char* title, const Json& items, const Table& table, Writer& output) {
  if (items.empty()) return;
  output.append(std::string("\n") + title + "\n");
  write_table(items, table, output);
}

}  // namespace

const Table contact_table{{"CONTACT", "id"},
                          address_column("EMAIL", "email"),
                          state_column("EMAIL IS", "email"),
                          address_column("PHONE", "phone"),
                          state_column("PHONE IS", "phone"),
                          {"CREATED", "created_at"}};

const Table activity_table{{"WHEN", "at"},           {"WHAT", "kind"},    {"CHANNEL", "channel"},
                           {"REASON", "reason"},     {"BY", "by"},        {"CAMPAIGN", "campaign"},
                           {"SEQUENCE", "sequence"}, {"DETAIL", "detail"}};

std::string verdict_text(const Json& verdict) {
  if (!verdict.is_object()) return "";
  return text_of(verdict, "verdict") + reason_text(verdict);
}

void write_card(const Json& card, Writer& output) {
  output.append("Contact " + text_of(card, "id") + ", created " + text_of(card, "created_at") +
                " (" + text_of(card, "source") + ")\n\n");
  Columns addresses({});
  for (const char* channel : channel_names) write_address(card, channel, addresses);
  addresses.write(output);
  Columns fields({});
  for (const auto& [name, value] : member_of(card, "fields").items())
    fields.add({printable(name), printable(value.is_string() ? value.get<std::string>() : "")});
  if (fields.size() > 0) output.append("\n");
  fields.write(output);
  const Json& causes = member_of(card, "causes");
  const Json& exemptions = member_of(card, "exemptions");
  for (const char* channel : channel_names) {
    write_causes(member_of(causes, channel), output);
    write_exemption(member_of(exemptions, channel), output);
  }
  write_rows("Segments", member_of(card, "segments"), {{"SEGMENT", "id"}, {"NAME", "name"}},
             output);
  write_rows("Requests", member_of(card, "requests"),
             {{"REQUEST", "id"},
              {"KIND", "kind"},
              {"STATE", "state"},
              {"FILED", "filed_at"},
              {"NOTE", "note"}},
             output);
}

}  // namespace suppressctl
