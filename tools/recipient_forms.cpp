#include "tools/recipient_forms.hpp"

#include <bit>
#include <charconv>
#include <vector>

namespace suppressd {
namespace {

using words::PhoneCountry;

constexpr uint64_t phone_slots = 64;
/// Prime, so that multiplying by it permutes the subscriber numbers of every country.
constexpr uint64_t subscriber_stride = 2654435761;

void append_number(uint64_t number, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_padded(uint64_t number, uint32_t width, std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + width);
  for (size_t i = begin + width; i-- > begin; number /= 10)
    out[i] = static_cast<char>('0' + number % 10);
}

/// The weights of a table spread over 2^k cells: picking is one load.
template <typename Table>
std::vector<uint8_t> spread(const Table& table, size_t cells, auto weight_of) {
  std::vector<uint8_t> picks(cells, 255);
  size_t cell = 0;
  for (size_t i = 0; i < table.size(); ++i)
    for (uint32_t n = 0; n < weight_of(table[i]) && cell < cells; ++n)
      picks[cell++] = static_cast<uint8_t>(i);
  return picks;
}

const std::vector<uint8_t>& provider_picks() {
  static const auto picks = spread(words::providers, 1024, [](auto& p) { return p.weight; });
  return picks;
}

const std::vector<uint8_t>& country_picks() {
  static const auto picks =
      spread(words::phone_countries, phone_slots, [](auto& c) { return c.slots; });
  return picks;
}

void append_company(uint64_t noise, std::string& out) {
  // Squaring a fraction makes some companies large and most small.
  const uint64_t skewed = ((noise & 0xffff) * (noise & 0xffff)) >> 16;
  const uint64_t company = mix64(skewed ^ ((noise >> 16) & 0xf) << 32);
  out += words::company_heads[company % words::company_heads.size()];
  if ((company >> 20) % 4 == 0) out += '-';
  out += words::company_tails[(company >> 24) % words::company_tails.size()];
  if ((company >> 40) % 8 == 0) append_number((company >> 44) % 100, out);
  out += '.';
  out += words::company_tops[(company >> 52) % words::company_tops.size()];
}

}  // namespace

void append_domain(uint64_t noise, std::string& out) {
  const uint8_t provider = provider_picks()[noise % 1024];
  if (provider != 255)
    out += words::providers[provider].domain;
  else
    append_company(noise >> 10, out);
}

/// Every form can be read back to first, last and number, so different ids never meet:
/// one-letter names, '+', digits before the separator, no separator at all, each says which form.
void append_local_part(uint64_t id, uint64_t noise, std::string& out) {
  const uint64_t firsts = words::first_names.size();
  const uint64_t lasts = words::last_names.size();
  const std::string_view first = words::first_names[id % firsts];
  const uint64_t last_index = id / firsts % lasts;
  const std::string_view last = words::last_names[last_index];
  const uint64_t number = id / firsts / lasts;
  const auto joined = [&](std::string_view a, char separator, std::string_view b) {
    out += a;
    out += separator;
    out += b;
    if (number != 0) append_number(number, out);
  };
  switch (noise % 16) {
    case 0:
    case 1:
      return joined(first, '_', last);
    case 2:
    case 3:
      return joined(last, '.', first);
    case 4:
      return joined(first, '-', last);
    case 5:
      joined(first, '.', last);
      out += "+news";
      return;
    case 6:
      out += first;
      if (number != 0) append_number(number, out);
      out += '.';
      out += last;
      return;
    case 7:
    case 8:
      out += first[0];
      out += '.';
      out += last;
      return append_number(number * firsts + id % firsts, out);
    case 9:
      out += first;
      return append_number(number * lasts + last_index, out);
    default:
      return joined(first, '.', last);
  }
}

PhoneNumber phone_of(uint64_t id, int only_country) {
  const size_t slot = id % phone_slots;
  const size_t index =
      only_country >= 0 ? static_cast<size_t>(only_country) : country_picks()[slot];
  const PhoneCountry& country = words::phone_countries[index];
  uint64_t number = id;
  if (only_country < 0) {
    size_t first_slot = slot;
    while (first_slot > 0 && country_picks()[first_slot - 1] == index) --first_slot;
    number = id / phone_slots * country.slots + (slot - first_slot);
  }
  uint64_t width = 1;
  for (uint32_t i = 0; i < country.digits; ++i) width *= 10;
  const uint64_t subscribers = width - country.first;
  const uint64_t prefixes = country.prefixes.size();
  return {&country, country.prefixes[number % prefixes],
          country.first + number / prefixes % subscribers * subscriber_stride % subscribers};
}

uint64_t phones_of(const PhoneCountry& country) {
  uint64_t width = 1;
  for (uint32_t i = 0; i < country.digits; ++i) width *= 10;
  return country.prefixes.size() * (width - country.first);
}

void append_international(const PhoneNumber& phone, std::string& out) {
  out += '+';
  out += phone.country->code;
  out += phone.prefix;
  append_padded(phone.subscriber, phone.country->digits, out);
}

void append_spaced(const PhoneNumber& phone, bool national, uint64_t noise, std::string& out) {
  static constexpr std::string_view separators = " -. ";
  const char separator = separators[noise % separators.size()];
  const bool brackets = (noise >> 2) % 3 == 0;
  if (national) {
    if (brackets) out += '(';
    out += phone.country->trunk;
  } else {
    out += '+';
    out += phone.country->code;
    out += separator == '-' ? '-' : ' ';
    if (brackets) out += '(';
  }
  out += phone.prefix;
  out += brackets ? ") " : std::string_view(&separator, 1);
  const size_t begin = out.size();
  append_padded(phone.subscriber, phone.country->digits, out);
  out.insert(begin + 3, 1, separator);
}

void make_messy_email(size_t begin, uint64_t noise, std::string& out) {
  const auto surround = [&](std::string_view before, std::string_view after) {
    out.insert(begin, before);
    out += after;
  };
  switch (noise % 8) {
    case 0:
      return surround("<", ">");
    case 1:
      return surround("mailto:", "");
    case 2:
      return surround("  ", " ");
    case 3:
      return surround("", "\t ");
    case 4:
      out += '.';
      return;
    case 5:
      out.insert(out.find('@', begin), 1, '"');
      out.insert(begin, 1, '"');
      return;
    default:
      break;
  }
  for (size_t i = begin; i < out.size(); ++i, noise = std::rotr(noise, 1))
    if ((noise & 3) != 0 && out[i] >= 'a' && out[i] <= 'z') out[i] = static_cast<char>(out[i] - 32);
}

void append_invalid_email(uint64_t id, uint64_t noise, std::string& out) {
  const size_t begin = out.size();
  append_local_part(id, noise >> 8, out);
  const auto domain = [&] { append_domain(noise >> 16, out); };
  switch (noise % 10) {
    case 0:
      return;  // no '@' at all
    case 1:
      out.resize(begin);
      return;
    case 2:
      out.resize(begin);
      out += '@';
      return domain();
    case 3:
      out += '@';
      return;
    case 4:
      out += ".@";
      return domain();
    case 5:
      out.insert(begin + 1, "..");
      out += '@';
      return domain();
    case 6:
      out.insert(begin + 1, " ");
      out += '@';
      return domain();
    case 7:
      out.append(65, 'x');
      out += '@';
      return domain();
    case 8:
      out += '@';
      domain();
      out += "..com";
      return;
    default:
      out += "@-";
      domain();
      return;
  }
}

void append_invalid_phone(uint64_t id, uint64_t noise, std::string& out) {
  const PhoneNumber phone = phone_of(id, -1);
  switch (noise % 5) {
    case 0:
      out += "+0";
      return append_padded(phone.subscriber, 8, out);
    case 1:
      out += "n/a";
      return;
    case 2:
      out += "+1";
      return append_padded(noise >> 8, 17, out);
    case 3:
      append_international(phone, out);
      out += " ext. 12";
      return;
    default:
      out += "+380 oh 67";
      return append_padded(phone.subscriber, 4, out);
  }
}

}  // namespace suppressd
