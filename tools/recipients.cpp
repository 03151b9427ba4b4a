#include "tools/recipients.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <stdexcept>
#include <vector>

#include "tools/recipient_words.hpp"

namespace suppressd {
namespace {

using words::PhoneCountry;

constexpr uint64_t block_rows = 1ull << 24;
constexpr uint64_t phone_slots = 64;
constexpr uint64_t duplicate_distance_max = 1ull << 16;
/// Prime, so that multiplying by it permutes the subscriber numbers of every country.
constexpr uint64_t subscriber_stride = 2654435761;

/// The finalizer of SplitMix64: a good mixer in three multiplications.
constexpr uint64_t mix64(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// A share as a bound on 32 random bits.
uint64_t bound_of(double share, const char* name) {
  if (!(share >= 0 && share <= 1))
    throw std::invalid_argument(std::string(name) + " must lie between 0 and 1");
  return static_cast<uint64_t>(share * 4294967296.0);
}

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

struct PhoneNumber {
  const PhoneCountry* country;
  std::string_view prefix;
  uint64_t subscriber;
};

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

/// With the separators people use; `open` as it is written at home.
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

}  // namespace

uint64_t permute(uint64_t value, uint64_t size, uint64_t key) {
  const auto bits = static_cast<int>(std::bit_width(size - 1));
  const uint64_t mask = bits == 0 ? 0 : ~0ull >> (64 - bits);
  const int shift = (bits + 1) / 2;
  do {  // a bijection on `bits` bits; walk its cycle until it is back below `size`
    for (uint64_t round_key = key, round = 0; round < 3; ++round, round_key = mix64(round_key)) {
      value = ((value ^ round_key) * (round_key | 1)) & mask;
      if (shift > 0) value ^= value >> shift;
    }
  } while (value >= size);
  return value;
}

struct Recipients::Traits {
  uint64_t id;     // which address it is
  uint64_t noise;  // how that address looks
  uint64_t look;   // how this row writes it
  Channel channel;
  bool invalid;
  bool idn;
  bool messy;
  bool national;
};

Recipients::Recipients(const RecipientMix& mix)
    : seed_(mix64(mix.seed)),
      email_below_(bound_of(mix.email_share, "the email share")),
      invalid_below_(bound_of(mix.invalid_share, "the share of invalid rows")),
      duplicate_below_(bound_of(mix.duplicate_share, "the share of duplicates")),
      messy_below_(bound_of(mix.messy_share, "the share of messy rows")),
      idn_below_(bound_of(mix.idn_share, "the share of international domains")),
      national_below_(bound_of(mix.national_share, "the share of national phones")) {
  if (mix.region.empty()) return;
  for (size_t i = 0; i < words::phone_countries.size(); ++i)
    if (words::phone_countries[i].region == mix.region) country_ = static_cast<int>(i);
  if (country_ < 0) throw std::invalid_argument("there are no phones for the region " + mix.region);
}

uint64_t Recipients::rows_limit() const {
  if (country_ < 0 || email_below_ > 0xffffffff) return rows_max;
  return std::min(rows_max, phones_of(words::phone_countries[static_cast<size_t>(country_)]));
}

uint64_t Recipients::noise_of(uint64_t row, uint64_t what) const {
  return mix64(seed_ ^ mix64(row * 8 + what));
}

Recipients::Traits Recipients::traits_of(uint64_t row) const {
  const uint64_t look = noise_of(row, 0);
  uint64_t draws = noise_of(row, 1);
  const auto below = [&draws](uint64_t bound) { return (draws & 0xffffffff) < bound; };
  const bool duplicate = row > 0 && below(duplicate_below_);
  draws >>= 32;
  const bool invalid = !duplicate && below(invalid_below_);
  uint64_t source = row;
  if (duplicate) {
    source -= 1 + look % std::min(row, duplicate_distance_max);
    while (source > 0) {  // what it repeats must itself stand in the list, under its own number
      const uint64_t drawn = noise_of(source, 1);
      if ((drawn & 0xffffffff) >= duplicate_below_ && drawn >> 32 >= invalid_below_) break;
      --source;
    }
  }
  const uint64_t noise = noise_of(source, 2);
  const uint64_t block = source & ~(block_rows - 1);
  Traits traits{block | permute(source & (block_rows - 1), block_rows, seed_ ^ block),
                noise,
                look,
                Channel::email,
                invalid,
                false,
                false,
                false};
  draws = noise_of(source, 3);
  if (!below(email_below_)) traits.channel = Channel::phone;
  draws >>= 32;
  traits.idn = below(idn_below_);
  draws = noise_of(row, 4);
  traits.messy = below(messy_below_);
  draws >>= 32;
  traits.national = traits.channel == Channel::phone && below(national_below_);
  return traits;
}

Recipients::Row Recipients::append(uint64_t row, std::string& out) const {
  const Traits t = traits_of(row);
  static constexpr std::string_view reasons[] = {"unsubscribe", "hard_bounce", "hard_bounce",
                                                 "complaint",   "unsubscribe", "manual",
                                                 "unsubscribe", "spam_trap"};
  Row result{t.channel,
             !t.invalid,
             {},
             words::first_names[t.id % words::first_names.size()],
             words::last_names[t.id / words::first_names.size() % words::last_names.size()],
             reasons[t.noise >> 61],
             t.look};
  const size_t begin = out.size();
  if (t.channel == Channel::phone) {
    const PhoneNumber phone = phone_of(t.id, country_);
    result.region = phone.country->region;
    if (t.invalid)
      append_invalid_phone(t.id, t.look, out);
    else if (t.messy || t.national)
      append_spaced(phone, t.national, t.look, out);
    else
      append_international(phone, out);
  } else if (t.invalid) {
    append_invalid_email(t.id, t.look, out);
  } else {
    append_local_part(t.id, t.noise, out);
    out += '@';
    if (t.idn)
      out += words::international_domains[(t.noise >> 8) % words::international_domains.size()]
                 .written;
    else
      append_domain(t.noise >> 8, out);
    if (t.messy) make_messy_email(begin, t.look, out);
  }
  return result;
}

void Recipients::append_canonical(uint64_t row, std::string& out) const {
  const Traits t = traits_of(row);
  if (t.invalid) return;
  if (t.channel == Channel::phone) return append_international(phone_of(t.id, country_), out);
  append_local_part(t.id, t.noise, out);
  out += '@';
  if (t.idn)
    out += words::international_domains[(t.noise >> 8) % words::international_domains.size()]
               .registered;
  else
    append_domain(t.noise >> 8, out);
}

}  // namespace suppressd
