// The rules of a plain address as arithmetic on masks: bit i of a word speaks of byte i of 64.
// A rule sees one byte back and none ahead, so that a word needs of the text before it only what
// Before holds. `Bytes` classifies 64 bytes:
//   static ByteClasses read(const char* text, char* lower);    also writes them in lower case
//   static PhoneClasses read_phone(const char* text);
// In an anonymous namespace: each kernel's file compiles it for its own instruction set, and the
// linker must not take one for the other.
#pragma once

#include <bit>
#include <cstring>

#include "core/address_lines_kernel.hpp"

namespace suppressd {
namespace {

constexpr size_t word_bytes = 64;

struct ByteClasses {
  uint64_t line_feed, carriage_return, at, dot, hyphen;
  uint64_t other_local;  // '_' and '+'
  uint64_t any;          // all of these, letters and digits
};

struct PhoneClasses {
  uint64_t plus, digit;
};

/// Masks of the word before, of which the top bits still count. At its start a block is taken to
/// follow a line's end.
struct Before {
  uint64_t line_feed = uint64_t{1} << 63;
  uint64_t joint = line_feed;
  uint64_t carriage_return = 0, from_at = 0, dotted = 0, wrong = 0;
  uint64_t phone = 0, phone_return = 0;
};

/// Bit i: whether the byte before byte i is in the mask.
[[gnu::always_inline]] inline uint64_t follows(uint64_t mask, uint64_t before) {
  return mask << 1 | before >> 63;
}

/// What is reached from `starts` by going up through `through`, the first byte past it included.
/// An addition: its carry runs along the ones. `before`: what was reached of the last word.
[[gnu::always_inline]] inline uint64_t reach(uint64_t starts, uint64_t through, uint64_t before) {
  const uint64_t sum = (starts & through) + through + (before >> 63);
  return (sum ^ through) | starts;
}

/// The LFs that end a plain email. `after_joint`: bytes behind a line's start, an '@', a dot or a
/// hyphen of a domain, where none of these may stand. (Two hyphens in a row a domain may hold, but
/// they may announce an A-label: ICU's to judge.)
[[gnu::always_inline]] inline uint64_t emails(const ByteClasses& is, uint64_t after_joint,
                                              uint64_t joint, uint64_t from_at, Before& before) {
  const uint64_t in_line = ~is.line_feed;
  const uint64_t wrong = ~is.any | (is.other_local & from_at) |
                         (after_joint & (joint | is.line_feed | is.carriage_return)) |
                         (is.at & follows(from_at, before.from_at)) |
                         (in_line & follows(is.carriage_return, before.carriage_return));
  const uint64_t dotted = reach(is.dot & from_at, in_line, before.dotted);
  const uint64_t refused = reach(wrong, in_line, before.wrong);
  before.from_at = from_at;
  before.carriage_return = is.carriage_return;
  before.dotted = dotted & in_line;
  before.wrong = refused & in_line;
  return is.line_feed & dotted & ~refused;
}

/// The LFs that end a plain phone.
inline uint64_t phones(const PhoneClasses& is, const ByteClasses& all, uint64_t line_start,
                       Before& before) {
  const uint64_t start = is.plus & line_start;
  const uint64_t through = start | is.digit;
  const uint64_t reached = reach(start, through, before.phone);
  const uint64_t ended = all.carriage_return & reached;
  const uint64_t found = all.line_feed & (reached | follows(ended, before.phone_return));
  before.phone = reached & through;
  before.phone_return = ended;
  return found;
}

/// Writes four marks without asking how many lines there are, then the rest. Nearly all lines are
/// emails: the others' marks are mended.
[[gnu::always_inline]] inline size_t write_marks(uint64_t line_feed, uint64_t email, uint64_t phone,
                                                 size_t at, uint32_t* marks) {
  const auto count = static_cast<size_t>(std::popcount(line_feed));
  const auto base = static_cast<uint32_t>(at) | marked_email;
  uint64_t rest = line_feed;
  size_t written = 0;
  do {
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) {
      marks[written + i] = base + (static_cast<uint32_t>(std::countr_zero(rest)) & 63);
      rest &= rest - 1;
    }
    written += 4;
  } while (written < count);
  for (uint64_t other = line_feed & ~email; other != 0; other &= other - 1) {
    const uint64_t lowest = other & (0 - other);
    marks[std::popcount(line_feed & (lowest - 1))] +=
        ((phone & lowest) != 0 ? marked_phone : 0) - marked_email;
  }
  return count;
}
static_assert(marked_lines_slack >= 4 && marked_bytes_slack >= word_bytes);

template <class Bytes>
[[gnu::always_inline]] inline size_t mark_word(const char* text, size_t at, char* lower,
                                               uint32_t* marks, Before& before) {
  const ByteClasses is = Bytes::read(text, lower);
  const uint64_t in_line = ~is.line_feed;
  const uint64_t from_at = reach(is.at, in_line, before.from_at) & in_line;
  const uint64_t joint = is.at | is.dot | (is.hyphen & from_at);
  const uint64_t after_joint = follows(joint | is.line_feed, before.joint);
  const uint64_t email = emails(is, after_joint, joint, from_at, before);
  uint64_t phone = 0;
  if ((is.other_local & after_joint) != 0 || (before.phone | before.phone_return) >> 63 != 0) {
    const uint64_t line_start = follows(is.line_feed, before.line_feed);
    phone = phones(Bytes::read_phone(text), is, line_start, before);
  }
  before.line_feed = is.line_feed;
  before.joint = joint | is.line_feed;
  return write_marks(is.line_feed, email, phone, at, marks);
}

template <class Bytes>
size_t mark_lines(const char* text, size_t size, char* lower, uint32_t* marks) {
  alignas(word_bytes) char last[word_bytes] = {};  // zeros end no line
  const size_t whole = size / word_bytes * word_bytes;
  std::memcpy(last, text + whole, size - whole);
  Before before;
  size_t count = 0;
  for (size_t at = 0; at < size; at += word_bytes) {
    const char* const word = at < whole ? text + at : last;
    count += mark_word<Bytes>(word, at, lower + at, marks + count, before);
  }
  return count;
}

}  // namespace
}  // namespace suppressd
