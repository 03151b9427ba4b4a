#include "server/contact_csv.hpp"

#include <algorithm>
#include <array>

#include "server/contact_ids.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr size_t e164_digits_min = 7, e164_digits_max = 15;

std::string time_cell(TimeMs time) {
  return time == 0 ? "" : time_text(time);
}

bool suppressed(const ContactAddress& at) {
  return at.standing.reason != Reason::none;
}

/// One column of each address; its name follows the channel's.
struct AddressColumn {
  std::string_view suffix;
  std::string (*cell)(const ContactAddress& at);
};

using At = const ContactAddress&;

constexpr std::array address_columns{
    AddressColumn{"", [](At at) { return at.address; }},
    AddressColumn{"_given", [](At at) { return at.given.empty() ? at.address : at.given; }},
    AddressColumn{"_state", [](At at) { return std::string(name_of(at.state())); }},
    AddressColumn{
        "_reason",
        [](At at) { return suppressed(at) ? std::string(name_of(at.standing.reason)) : ""; }},
    AddressColumn{
        "_scope",
        [](At at) { return suppressed(at) ? std::string(name_of(at.standing.scope)) : ""; }},
    AddressColumn{"_since", [](At at) { return suppressed(at) ? time_text(at.standing.at) : ""; }},
    AddressColumn{"_source", [](At at) { return at.standing.source; }},
    AddressColumn{"_campaign", [](At at) { return at.standing.campaign; }},
    AddressColumn{"_exempt", [](At at) { return std::string(at.standing.exempt ? "true" : ""); }},
    AddressColumn{"_deleted_at",
                  [](At at) { return at.deletion ? time_text(at.deletion->at) : ""; }},
    AddressColumn{"_deleted_by", [](At at) { return at.deletion ? at.deletion->by : ""; }},
    AddressColumn{"_deleted_reason", [](At at) { return at.deletion ? at.deletion->reason : ""; }},
    AddressColumn{"_first_sent", [](At at) { return time_cell(at.engagement.first_sent); }},
    AddressColumn{"_last_sent", [](At at) { return time_cell(at.engagement.last_sent); }},
    AddressColumn{"_last_delivered", [](At at) { return time_cell(at.engagement.last_delivered); }},
    AddressColumn{"_last_engaged", [](At at) { return time_cell(at.engagement.last_engaged); }},
    AddressColumn{"_last_soft_bounce",
                  [](At at) { return time_cell(at.engagement.last_soft_bounce); }},
    AddressColumn{"_sent", [](At at) { return std::to_string(at.engagement.sent); }},
    AddressColumn{"_soft_bounces",
                  [](At at) { return std::to_string(at.engagement.soft_bounces); }},
    AddressColumn{"_hard_bounces",
                  [](At at) { return std::to_string(at.engagement.hard_bounces); }},
};

std::string segments_cell(const std::vector<SegmentId>& segments) {
  std::string text;
  for (const SegmentId id : segments) {
    if (!text.empty()) text += ' ';
    text += segment_id_text(id);
  }
  return text;
}

bool plain_e164(std::string_view text) {
  const std::string_view digits = text.substr(1);
  return text[0] == '+' && digits.size() >= e164_digits_min && digits.size() <= e164_digits_max &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool looks_like_formula(std::string_view text) {
  constexpr std::string_view starts = "=+-@\t\r";
  return !text.empty() && starts.find(text[0]) != std::string_view::npos && !plain_e164(text);
}

void ContactCsv::learn_fields(const Contact& contact) {
  for (const auto& [name, value] : contact.fields) fields_.insert(name);
}

void append_csv_cell(std::string_view text, bool for_spreadsheet, std::string& out) {
  const bool quoted = for_spreadsheet && looks_like_formula(text);
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    if (quoted) out += '\'';
    out += text;
  } else {
    out += quoted ? "\"'" : "\"";
    for (const char octet : text) {
      if (octet == '"') out += '"';
      out += octet;
    }
    out += '"';
  }
  out += ',';
}

void end_csv_row(std::string& out) {
  out.back() = '\r';
  out += '\n';
}

void ContactCsv::cell(std::string_view text, std::string& out) const {
  append_csv_cell(text, style_.for_spreadsheet, out);
}

void ContactCsv::header(std::string& out) const {
  if (!style_.all_columns) {
    cell(name_of(style_.channel), out);
    return end_csv_row(out);
  }
  cell("id", out);
  for (const Channel channel : all_channels) {
    for (const AddressColumn& column : address_columns) {
      cell(std::string(name_of(channel)) + std::string(column.suffix), out);
    }
  }
  for (const char* name : {"segments", "source", "created_at", "updated_at"}) cell(name, out);
  for (const std::string& field : fields_) cell("field." + field, out);
  end_csv_row(out);
}

void ContactCsv::row(const Contact& contact, std::string& out) const {
  if (!style_.all_columns) {
    cell(contact.of(style_.channel).address, out);
    return end_csv_row(out);
  }
  cell(contact_id_text(contact.id), out);
  for (const Channel channel : all_channels) {
    const ContactAddress& at = contact.of(channel);
    for (const AddressColumn& column : address_columns) {
      cell(at.address.empty() ? "" : column.cell(at), out);
    }
  }
  cell(segments_cell(contact.segments), out);
  cell(contact.source, out);
  cell(time_text(contact.created_at), out);
  cell(time_text(contact.updated_at), out);
  for (const std::string& field : fields_) {
    const auto found = contact.fields.find(field);
    cell(found != contact.fields.end() ? std::string_view(found->second) : "", out);
  }
  end_csv_row(out);
}

}  // namespace suppressd
