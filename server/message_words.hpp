// What people write back to a text message: STOP and its like in several languages. The words are
// data (message_words.tsv); one must be the whole message, but for white space and full stops around
// it, in letters of any case. Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace suppressd {

enum class MessageWord : uint8_t {
  none,
  stop,   // unsubscribes
  start,  // does not make active again
};

/// A message that is not UTF-8, or longer than any word, is none.
MessageWord read_message(std::string_view text);
/// Of the file.
uint32_t message_words_version();

}  // namespace suppressd
