// The first bytes of a text: a UTF-8 byte order mark is dropped, a UTF-16 one is noticed (Excel
// saves "Unicode text" so). Takes its bytes in pieces of any size. Thread safety: one thread's.
#pragma once

#include <cstddef>
#include <string_view>

namespace suppressd {

class ByteOrderMark {
 public:
  enum class Kind { undecided, none, utf8, utf16 };

  /// Takes bytes from the start of the text until the kind is known; returns how many it took.
  size_t feed(std::string_view bytes) {
    size_t taken = 0;
    while (kind_ == Kind::undecided && taken < bytes.size()) taken += take(bytes[taken]);
    return taken;
  }
  Kind kind() const { return kind_; }
  /// Bytes it took that belong to the text after all: they go before what feed() did not take.
  std::string_view held() const {
    if (kind_ == Kind::utf8 || kind_ == Kind::utf16) return {};
    return wide_first_ != '\0' ? std::string_view(&wide_first_, 1) : utf8_mark.substr(0, matched_);
  }

 private:
  static constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

  size_t take(char byte) {
    if (wide_first_ != '\0') {
      kind_ = byte == (wide_first_ == '\xFF' ? '\xFE' : '\xFF') ? Kind::utf16 : Kind::none;
      return kind_ == Kind::utf16 ? 1 : 0;
    }
    if (matched_ == 0 && (byte == '\xFF' || byte == '\xFE')) {
      wide_first_ = byte;
      return 1;
    }
    if (byte != utf8_mark[matched_]) {
      kind_ = Kind::none;
      return 0;
    }
    if (++matched_ == utf8_mark.size()) kind_ = Kind::utf8;
    return 1;
  }

  Kind kind_ = Kind::undecided;
  size_t matched_ = 0;
  char wide_first_ = '\0';
};

}  // namespace suppressd
