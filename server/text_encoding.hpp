// In which encoding a text came, and its octets as UTF-8. Thread safety: one thread's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace suppressd {

enum class TextEncoding : uint8_t { utf8, utf16_le, utf16_be, latin1 };
std::string_view name_of(TextEncoding encoding);  // utf-8, utf-16le, utf-16be, latin1
/// Those names, and what else people call them (utf8, iso-8859-1, windows-1252, …), in any case.
std::optional<TextEncoding> parse_encoding(std::string_view name);

inline constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

/// Told by a byte order mark; without one by NULs at every other octet (UTF-16: the ASCII that any
/// list is full of); else a text that is UTF-8 is UTF-8, and any other is Latin-1. `whole`: the
/// start is all of the text; otherwise it may end within a character.
TextEncoding detect_encoding(std::string_view start, bool whole);

/// UTF-8 without a character at the end that more octets may complete.
std::string_view without_started_character(std::string_view text);

/// Latin-1 is read as windows-1252, as browsers do. What is not of the encoding comes out as octets
/// that are no UTF-8, so that the row they stand in can be refused and no other is: half of a UTF-16
/// pair as its three octets, a lone last octet of UTF-16 as 0xFF. UTF-8 passes as it is. A byte
/// order mark of UTF-16 is dropped.
class Utf8Converter {
 public:
  explicit Utf8Converter(TextEncoding encoding) : encoding_(encoding) {}
  void feed(std::string_view piece, std::string& out);
  void finish(std::string& out);

 private:
  void unit(char16_t unit, std::string& out);
  void flush_high(std::string& out);

  const TextEncoding encoding_;
  std::optional<unsigned char> half_;  // of a unit
  char16_t high_ = 0;                  // the first half of a pair
  bool started_ = false;
};

}  // namespace suppressd
