#include "server/text_encoding.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "server/media_type.hpp"
#include "server/simdjson_choice.hpp"

namespace suppressd {
namespace {

/// windows-1252 from 0x80 on; the five octets that it leaves out are controls, as in Latin-1.
constexpr std::array<char16_t, 32> windows_1252 = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

struct EncodingName {
  std::string_view name;
  TextEncoding encoding;
};

constexpr std::array encoding_names{
    EncodingName{"utf-8", TextEncoding::utf8},
    EncodingName{"utf-16le", TextEncoding::utf16_le},
    EncodingName{"utf-16be", TextEncoding::utf16_be},
    EncodingName{"latin1", TextEncoding::latin1},
    EncodingName{"utf8", TextEncoding::utf8},
    EncodingName{"utf16le", TextEncoding::utf16_le},
    EncodingName{"utf16be", TextEncoding::utf16_be},
    EncodingName{"latin-1", TextEncoding::latin1},
    EncodingName{"iso-8859-1", TextEncoding::latin1},
    EncodingName{"windows-1252", TextEncoding::latin1},
    EncodingName{"cp1252", TextEncoding::latin1},
};

void append_utf8(char32_t c, std::string& out) {
  const auto octet = [&out](char32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) return octet(c);
  if (c < 0x800) {
    octet(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      octet(0xE0 | (c >> 12));
    } else {
      octet(0xF0 | (c >> 18));
      octet(0x80 | ((c >> 12) & 0x3F));
    }
    octet(0x80 | ((c >> 6) & 0x3F));
  }
  octet(0x80 | (c & 0x3F));
}

/// UTF-16 without a mark: many of one half of the units are NUL, hardly any of the other.
std::optional<TextEncoding> utf16_by_nuls(std::string_view start) {
  std::array<size_t, 2> nuls{};  // at even octets, at odd ones
  const size_t pairs = start.size() / 2;
  for (size_t i = 0; i < 2 * pairs; ++i) nuls[i % 2] += start[i] == '\0';
  const auto many = [pairs](size_t count, size_t other) {
    return pairs >= 2 && count * 10 >= pairs && other * 8 <= count;
  };
  if (many(nuls[1], nuls[0])) return TextEncoding::utf16_le;
  if (many(nuls[0], nuls[1])) return TextEncoding::utf16_be;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(TextEncoding encoding) {
  return encoding_names[static_cast<size_t>(encoding)].name;
}

std::optional<TextEncoding> parse_encoding(std::string_view name) {
  const std::string lower = to_lower(name);
  const auto found = std::find_if(encoding_names.begin(), encoding_names.end(),
                                  [&lower](const EncodingName& one) { return one.name == lower; });
  if (found == encoding_names.end()) return std::nullopt;
  return found->encoding;
}

std::string_view without_started_character(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto octet = static_cast<unsigned char>(text[text.size() - back]);
    if ((octet & 0xC0) == 0x80) continue;
    const size_t length = octet >= 0xF0 ? 4 : octet >= 0xE0 ? 3 : octet >= 0xC0 ? 2 : 1;
    if (length > back) text.remove_suffix(back);
    break;
  }
  return text;
}

TextEncoding detect_encoding(std::string_view start, bool whole) {
  if (start.starts_with(utf8_mark)) return TextEncoding::utf8;
  if (start.starts_with("\xFF\xFE")) return TextEncoding::utf16_le;
  if (start.starts_with("\xFE\xFF")) return TextEncoding::utf16_be;
  if (const auto wide = utf16_by_nuls(start)) return *wide;
  if (!whole) start = without_started_character(start);
  choose_simdjson();
  return simdjson::validate_utf8(start.data(), start.size()) ? TextEncoding::utf8
                                                             : TextEncoding::latin1;
}

void Utf8Converter::feed(std::string_view piece, std::string& out) {
  if (encoding_ == TextEncoding::utf8) {
    out.append(piece);
    return;
  }
  for (const char c : piece) {
    const auto octet = static_cast<unsigned char>(c);
    if (encoding_ == TextEncoding::latin1) {
      append_utf8(octet >= 0x80 && octet < 0xA0 ? windows_1252[octet - 0x80] : octet, out);
    } else if (!half_) {
      half_ = octet;
    } else {
      const bool little = encoding_ == TextEncoding::utf16_le;
      unit(static_cast<char16_t>(little ? octet << 8 | *half_ : *half_ << 8 | octet), out);
      half_.reset();
    }
  }
}

void Utf8Converter::unit(char16_t unit, std::string& out) {
  constexpr char16_t mark = 0xFEFF;
  const bool first = !started_;
  started_ = true;
  if (first && unit == mark) return;
  const bool low = unit >= 0xDC00 && unit < 0xE000;
  if (high_ != 0 && low) {
    append_utf8(0x10000 + ((static_cast<char32_t>(high_) & 0x3FF) << 10) + (unit & 0x3FFU), out);
    high_ = 0;
    return;
  }
  flush_high(out);
  if (unit >= 0xD800 && unit < 0xDC00) {
    high_ = unit;
  } else {
    append_utf8(unit, out);
  }
}

void Utf8Converter::flush_high(std::string& out) {
  if (high_ != 0) append_utf8(high_, out);
  high_ = 0;
}

void Utf8Converter::finish(std::string& out) {
  flush_high(out);
  if (half_) out += '\xFF';
  half_.reset();
}

}  // namespace suppressd
