// The little that both channels must know of Unicode before they judge an address: is it UTF-8,
// what of it cannot be seen, which of it are digits. ICU's character data stands behind it.
#pragma once

#include <string_view>

namespace suppressd {

/// What a code point is to an address.
enum class Kind {
  text,
  white_space,
  control,    // and noncharacters
  invisible,  // shows nothing: two addresses would look alike and differ by it
};
Kind kind_of(char32_t code_point);

/// Strict: no surrogates, nothing overlong, nothing over U+10FFFF.
bool is_utf8(std::string_view text);

// The rest takes valid UTF-8 only.

/// The first code point of text that is not empty; takes it off the text.
char32_t take_code_point(std::string_view& text);

/// White space and what cannot be seen, at the ends, is an accident of copying: it goes.
std::string_view trim_unicode(std::string_view text);
bool has_control(std::string_view text);
/// White space other than U+0020, or what cannot be seen.
bool has_hidden(std::string_view text);

/// 0 to 9 for a decimal digit of any script, else -1.
int digit_value(char32_t code_point);
/// What people put between the digits of a phone number: spaces, dashes, dots, slashes, brackets.
bool is_phone_separator(char32_t code_point);

}  // namespace suppressd
