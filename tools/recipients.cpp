#include "tools/recipients.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "tools/recipient_forms.hpp"
#include "tools/recipient_words.hpp"

namespace suppressd {
namespace {

constexpr uint64_t block_rows = 1ull << 24;
constexpr uint64_t duplicate_distance_max = 1ull << 16;

/// A share as a bound on 32 random bits.
uint64_t bound_of(double share, const char* name) {
  if (!(share >= 0 && share <= 1))
    throw std::invalid_argument(std::string(name) + " must lie between 0 and 1");
  return static_cast<uint64_t>(share * 4294967296.0);
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
