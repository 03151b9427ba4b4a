#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/email_paths.hpp"

namespace suppressd {
namespace {

constexpr size_t plain_email_octets_min = 5;  // a@b.c
constexpr size_t block = 16;

/// What each byte of an address is: bit i of a mask speaks of byte i.
struct Marks {
  uint64_t at = 0;
  uint64_t dot = 0;
  uint64_t hyphen = 0;
  uint64_t alnum = 0;
  uint64_t upper = 0;
  uint64_t underscore_or_plus = 0;
};

bool is_white_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_white_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white_space(text.back())) text.remove_suffix(1);
  return text;
}

bool starts_with_mailto(std::string_view text) {
  constexpr std::string_view scheme = "mailto:";
  if (text.size() < scheme.size() || text[scheme.size() - 1] != ':') return false;
  for (size_t i = 0; i + 1 < scheme.size(); ++i) {
    if ((text[i] | 0x20) != scheme[i]) return false;
  }
  return true;
}

#if defined(__SSE2__)

__m128i in_range(__m128i bytes, char first, char last) {
  const __m128i offset = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
  const __m128i width = _mm_set1_epi8(static_cast<char>(last - first));
  return _mm_cmpeq_epi8(_mm_min_epu8(offset, width), offset);
}

uint64_t bits(__m128i lanes) {
  return static_cast<uint32_t>(_mm_movemask_epi8(lanes));
}

__m128i equal(__m128i bytes, char c) {
  return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}

Marks mark_block(__m128i bytes) {
  const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  Marks marks;
  marks.at = bits(equal(bytes, '@'));
  marks.dot = bits(equal(bytes, '.'));
  marks.hyphen = bits(equal(bytes, '-'));
  const __m128i letter = in_range(folded, 'a', 'z');
  marks.alnum = bits(_mm_or_si128(letter, in_range(bytes, '0', '9')));
  // Case is bit 5 of a letter; two places up it is the bit that movemask reads.
  marks.upper = bits(_mm_andnot_si128(_mm_slli_epi16(bytes, 2), letter));
  marks.underscore_or_plus = bits(_mm_or_si128(equal(bytes, '_'), equal(bytes, '+')));
  return marks;
}

/// Up to 15 bytes in one register, byte i in lane i, zeros behind: no byte outside is read.
__m128i load_short(const char* data, size_t size) {
  uint64_t low = 0;
  uint64_t high = 0;
  if (size >= 8) {
    std::memcpy(&low, data, 8);
    std::memcpy(&high, data + size - 8, 8);
    // Shifted out: the bytes of the second load that the first one holds already. 16 - size is at
    // most 8, and two shifts keep that defined.
    const unsigned half = static_cast<unsigned>(16 - size) * 4;
    high = (high >> half) >> half;
  } else {
    for (size_t i = 0; i < size; ++i) low |= uint64_t{static_cast<uint8_t>(data[i])} << (8 * i);
  }
  return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}

void merge(Marks& into, const Marks& part, size_t shift) {
  into.at |= part.at << shift;
  into.dot |= part.dot << shift;
  into.hyphen |= part.hyphen << shift;
  into.alnum |= part.alnum << shift;
  into.upper |= part.upper << shift;
  into.underscore_or_plus |= part.underscore_or_plus << shift;
}

__m128i load(const char* data) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(data));
}

Marks mark(std::string_view text) {
  if (text.size() < block) return mark_block(load_short(text.data(), text.size()));
  // Blocks overlap, and say the same of the bytes they share; two cover nearly every address.
  Marks marks = mark_block(load(text.data()));
  const auto add = [&](size_t start) {
    merge(marks, mark_block(load(text.data() + start)), start);
  };
  add(text.size() - block);
  if (text.size() > 2 * block) {
    add(block);
    add(text.size() - 2 * block);
  }
  return marks;
}

__m128i to_lower(__m128i bytes) {
  return _mm_add_epi8(bytes, _mm_and_si128(in_range(bytes, 'A', 'Z'), _mm_set1_epi8(0x20)));
}

/// Writes whole blocks: up to 15 octets more than the text has when that is shorter than one.
void copy_lower(std::string_view text, char* out) {
  const auto store = [out](size_t start, __m128i bytes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + start), to_lower(bytes));
  };
  if (text.size() < block) return store(0, load_short(text.data(), text.size()));
  for (size_t i = 0; i + block < text.size(); i += block) store(i, load(text.data() + i));
  store(text.size() - block, load(text.data() + text.size() - block));
}

#else

Marks mark(std::string_view text) {
  Marks marks;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const uint64_t bit = uint64_t{1} << i;
    const char folded = static_cast<char>(c | 0x20);
    if (c == '@') marks.at |= bit;
    if (c == '.') marks.dot |= bit;
    if (c == '-') marks.hyphen |= bit;
    if ((folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9')) marks.alnum |= bit;
    if (c >= 'A' && c <= 'Z') marks.upper |= bit;
    if (c == '_' || c == '+') marks.underscore_or_plus |= bit;
  }
  return marks;
}

void copy_lower(std::string_view text, char* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    out[i] = static_cast<char>(c + (c >= 'A' && c <= 'Z' ? 0x20 : 0));
  }
}

#endif

/// The rest of atext, which hardly any address uses.
bool is_rare_atext(char c) {
  return std::string_view("!#$%&'*/=?^`{|}~").find(c) != std::string_view::npos;
}

bool all_rare_atext(std::string_view text, uint64_t positions) {
  for (; positions != 0; positions &= positions - 1) {
    if (!is_rare_atext(text[static_cast<size_t>(std::countr_zero(positions))])) return false;
  }
  return true;
}

/// A dot-atom, one '@', and two or more labels that IDNA leaves as they are but for their case.
bool is_plain(std::string_view text, const Marks& marks) {
  const uint64_t all = ~uint64_t{0} >> (64 - text.size());
  const uint64_t last = uint64_t{1} << (text.size() - 1);
  const uint64_t local = marks.at - 1;
  const uint64_t domain = all & ~(marks.at | local);
  const uint64_t edge = marks.at | marks.dot;
  const uint64_t domain_hyphen = marks.hyphen & domain;
  const uint64_t domain_dot = marks.dot & domain;
  const uint64_t label_start = (marks.at | domain_dot) << 1;
  const uint64_t label_end = (domain_dot >> 1) | last;

  const uint64_t two_ats = marks.at & (marks.at - 1);
  const uint64_t empty_piece = edge & ((edge << 1) | 1 | last);
  const uint64_t outer_hyphen = domain_hyphen & (label_start | label_end);
  // Hyphens third and fourth announce an A-label or something reserved: ICU's to judge.
  const uint64_t reserved = (label_start << 2) & domain_hyphen & (domain_hyphen >> 1);
  const uint64_t not_ldh = domain & ~(marks.alnum | marks.hyphen | marks.dot);
  if ((two_ats | empty_piece | outer_hyphen | reserved | not_ldh) != 0) return false;
  if (marks.at == 0 || domain_dot == 0) return false;
  const uint64_t rare =
      local & ~(marks.alnum | marks.hyphen | marks.dot | marks.underscore_or_plus);
  return rare == 0 || all_rare_atext(text, rare);
}

}  // namespace

std::string_view unwrap_email(std::string_view raw) {
  std::string_view text = trim(raw);
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>') {
    text = trim(text.substr(1, text.size() - 2));
  }
  if (starts_with_mailto(text)) text = trim(text.substr(std::string_view("mailto:").size()));
  return text;
}

bool plain_email(std::string_view raw, char* scratch, std::string_view& canonical) {
  if (raw.size() > raw_address_octets_max) return false;
  const std::string_view text = unwrap_email(raw);
  if (text.size() < plain_email_octets_min || text.size() > plain_email_octets_max) return false;
  const Marks marks = mark(text);
  if (!is_plain(text, marks)) return false;
  canonical = text;
  if (marks.upper != 0) {
    copy_lower(text, scratch);
    canonical = std::string_view(scratch, text.size());
  }
  return true;
}

}  // namespace suppressd
