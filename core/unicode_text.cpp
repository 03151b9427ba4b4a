#include "core/unicode_text.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace suppressd {
namespace {

struct Decoded {
  UChar32 code_point;  // negative when it is not UTF-8
  size_t octets;
};

// ICU's macros narrow int to octet in ways that -Wconversion speaks up about.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

Decoded first_of(std::string_view text) {
  int32_t next = 0;
  UChar32 c = 0;
  U8_NEXT(text.data(), next, static_cast<int32_t>(text.size()), c);
  return {c, static_cast<size_t>(next)};
}

Decoded last_of(std::string_view text) {
  auto before = static_cast<int32_t>(text.size());
  UChar32 c = 0;
  U8_PREV(text.data(), 0, before, c);
  return {c, text.size() - static_cast<size_t>(before)};
}

#pragma GCC diagnostic pop

bool is_hidden(UChar32 c) {
  const Kind kind = kind_of(static_cast<char32_t>(c));
  return kind == Kind::white_space || kind == Kind::invisible;
}

/// Format characters that emoji and several scripts are spelled with: joiners and tags.
bool is_spelling(UChar32 c) {
  return c == 0x200C || c == 0x200D || (c >= 0xE0020 && c <= 0xE007F);
}

}  // namespace

Kind kind_of(char32_t code_point) {
  const auto c = static_cast<UChar32>(code_point);
  if (c > ' ' && c < 0x7F) return Kind::text;  // most of what is asked about
  if (u_isUWhiteSpace(c)) return Kind::white_space;
  if (u_charType(c) == U_CONTROL_CHAR || U_IS_UNICODE_NONCHAR(c)) return Kind::control;
  if (u_charType(c) == U_FORMAT_CHAR && !is_spelling(c)) return Kind::invisible;
  return Kind::text;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded first = first_of(text);
    if (first.code_point < 0) return false;
    text.remove_prefix(first.octets);
  }
  return true;
}

char32_t take_code_point(std::string_view& text) {
  const Decoded first = first_of(text);
  text.remove_prefix(first.octets);
  return static_cast<char32_t>(first.code_point);
}

std::string_view trim_unicode(std::string_view text) {
  while (!text.empty() && is_hidden(first_of(text).code_point)) {
    text.remove_prefix(first_of(text).octets);
  }
  while (!text.empty() && is_hidden(last_of(text).code_point)) {
    text.remove_suffix(last_of(text).octets);
  }
  return text;
}

bool has_control(std::string_view text) {
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    if (c < 0x20 || kind_of(c) == Kind::control) return true;
  }
  return false;
}

bool has_hidden(std::string_view text) {
  while (!text.empty()) {
    const Decoded first = first_of(text);
    if (first.code_point != ' ' && is_hidden(first.code_point)) return true;
    text.remove_prefix(first.octets);
  }
  return false;
}

int digit_value(char32_t code_point) {
  return u_charDigitValue(static_cast<UChar32>(code_point));
}

bool is_phone_separator(char32_t code_point) {
  constexpr std::u32string_view others =
      U".()/[]~\u2212\u30FC\uFF08\uFF09\uFF0E\uFF0F\uFF3B\uFF3D\uFF5E";
  const auto c = static_cast<UChar32>(code_point);
  return is_hidden(c) || u_charType(c) == U_DASH_PUNCTUATION ||
         others.find(code_point) != std::u32string_view::npos;
}

}  // namespace suppressd
