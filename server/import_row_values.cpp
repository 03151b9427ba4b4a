#include "server/import_row_values.hpp"

#include "server/contact_csv.hpp"
#include "server/import_origins.hpp"
#include "server/import_time.hpp"

namespace suppressd {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

/// The text's start, whole characters.
std::string_view cut(std::string_view text, size_t octets_max) {
  if (text.size() <= octets_max) return text;
  size_t size = octets_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

std::string_view without_spreadsheet_quote(std::string_view cell) {
  if (!cell.starts_with('\'') || !looks_like_formula(cell.substr(1))) return cell;
  return cell.substr(1);
}

ImportError ImportValueReader::address(std::string_view given, std::optional<Channel> channel,
                                       ImportRow& row) {
  CanonicalAddress canonical;
  const AddressError error = normalizer_.address(given, channel, row.region, canonical);
  if (error != AddressError::none) return import_error(error);
  const size_t i = static_cast<size_t>(canonical.channel()) - 1;
  row.addresses[i] = canonical.text();
  if (given != canonical.text()) row.given[i] = given;
  return ImportError::none;
}

ImportError ImportValueReader::read_addresses(const ImportValues& values, ImportRow& row) {
  if (values.either.data() == nullptr && values.email.data() == nullptr &&
      values.phone.data() == nullptr) {
    return ImportError::missing_column;
  }
  bool any = false;
  const auto one = [&](std::string_view value, std::optional<Channel> channel) {
    const std::string_view given = trim(without_spreadsheet_quote(value));
    if (given.empty()) return ImportError::none;
    any = true;
    return address(given, channel, row);
  };
  if (const auto error = one(values.either, std::nullopt); error != ImportError::none) return error;
  if (const auto error = one(values.email, Channel::email); error != ImportError::none) {
    return error;
  }
  // No number begins with a quote: one before a plain E.164 number keeps a spreadsheet from adding.
  std::string_view phone = trim(values.phone);
  if (phone.starts_with('\'')) phone.remove_prefix(1);
  if (const auto error = one(phone, Channel::phone); error != ImportError::none) return error;
  return any ? ImportError::none : ImportError::no_address;
}

ImportError ImportValueReader::read(const ImportValues& values, ImportRow& row) {
  for (size_t i = 0; i < channels; ++i) {
    row.addresses[i].clear();
    row.given[i].clear();
  }
  row.region = default_region_;
  row.reason = origin_reason_;
  row.at = 0;
  row.evidence = cut(values.evidence, evidence_octets_max);
  const std::string_view region = trim(values.region);
  if (!region.empty()) {
    const auto parsed = parse_region(region);
    if (!parsed) return import_error(AddressError::unknown_region);
    row.region = *parsed;
  }
  if (const auto error = read_addresses(values, row); error != ImportError::none) return error;
  if (const std::string_view word = trim(values.reason); !word.empty()) {
    const auto parsed = parse_import_reason(origin_, word, values.evidence);
    if (!parsed) return ImportError::unknown_reason;
    if (*parsed == Reason::none) return ImportError::not_suppressing;
    row.reason = *parsed;
  }
  if (const std::string_view at = trim(values.at); !at.empty()) {
    const auto parsed = parse_import_time(at);
    if (!parsed) return ImportError::bad_time;
    row.at = *parsed;
  }
  return ImportError::none;
}

}  // namespace suppressd
