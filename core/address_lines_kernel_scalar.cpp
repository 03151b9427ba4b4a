// The kernel for any CPU: a table says what each byte is.
#include <array>

#include "core/address_lines_kernel_loop.hpp"

namespace suppressd {
namespace {

enum ByteClass : uint8_t {
  line_feed = 1,
  carriage_return = 2,
  at_sign = 4,
  dot = 8,
  hyphen = 16,
  other_local = 32,
  any = 64,
};

constexpr std::array<uint8_t, 256> byte_classes = [] {
  std::array<uint8_t, 256> classes{};
  classes['\n'] = any | line_feed;
  classes['\r'] = any | carriage_return;
  classes['@'] = any | at_sign;
  classes['.'] = any | dot;
  classes['-'] = any | hyphen;
  classes['_'] = classes['+'] = any | other_local;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = any;
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = any;
  return classes;
}();

struct ScalarBytes {
  static ByteClasses read(const char* text, char* lower) {
    uint64_t masks[7] = {};
    for (unsigned i = 0; i < word_bytes; ++i) {
      const char c = text[i];
      const uint8_t classes = byte_classes[static_cast<uint8_t>(c)];
      for (unsigned k = 0; k < 7; ++k) masks[k] |= uint64_t{classes >> k & 1u} << i;
      lower[i] = static_cast<char>(c + (c >= 'A' && c <= 'Z' ? 0x20 : 0));
    }
    return {masks[0], masks[1], masks[2], masks[3], masks[4], masks[5], masks[6]};
  }

  static PhoneClasses read_phone(const char* text) {
    PhoneClasses classes{};
    for (unsigned i = 0; i < word_bytes; ++i) {
      classes.plus |= uint64_t{text[i] == '+'} << i;
      classes.digit |= uint64_t{text[i] >= '0' && text[i] <= '9'} << i;
    }
    return classes;
  }
};

}  // namespace

size_t mark_lines_scalar(const char* text, size_t size, char* lower, uint32_t* marks) {
  return mark_lines<ScalarBytes>(text, size, lower, marks);
}

}  // namespace suppressd
