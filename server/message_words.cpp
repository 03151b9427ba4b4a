#include "server/message_words.hpp"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>
#include <string>

#include "server/embedded_text.hpp"

namespace suppressd {
namespace {

constexpr size_t message_octets_max = 256;  // of one that may be a word
constexpr std::string_view version_start = "# message words, version ";

bool around(UChar32 c) {
  return u_isUWhiteSpace(c) || c == '.' || c == '!' || c == '"' || c == '\'' || c == 0x3002 ||
         u_charType(c) == U_FORMAT_CHAR || u_charType(c) == U_CONTROL_CHAR;
}

/// Folded, with one space between words and nothing around them.
std::string folded(std::string_view text) {
  const icu::UnicodeString given = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  icu::UnicodeString plain;
  for (int32_t i = 0; i < given.length(); i = given.moveIndex32(i, 1)) {
    const UChar32 c = given.char32At(i);
    if (!around(c)) {
      plain.append(c);
    } else if (!plain.isEmpty() && plain.charAt(plain.length() - 1) != u' ' && u_isUWhiteSpace(c)) {
      plain.append(static_cast<UChar32>(' '));
    }
  }
  plain.trim().foldCase();
  std::string out;
  plain.toUTF8String(out);
  return out;
}

struct Words {
  std::map<std::string, MessageWord, std::less<>> all;
  uint32_t version = 0;
};

Words read_words(std::string_view text) {
  Words words;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with(version_start)) {
      const std::string_view number = line.substr(version_start.size());
      std::from_chars(number.data(), number.data() + number.size(), words.version);
    }
    if (line.empty() || line[0] == '#') continue;
    const size_t first = line.find('\t'), second = line.find('\t', first + 1);
    if (second == std::string_view::npos) throw std::logic_error("message_words.tsv: a column");
    const std::string_view meaning = line.substr(first + 1, second - first - 1);
    if (meaning != "stop" && meaning != "start")
      throw std::logic_error("message_words.tsv: meaning");
    words.all.emplace(folded(line.substr(second + 1)),
                      meaning == "stop" ? MessageWord::stop : MessageWord::start);
  }
  if (words.version == 0) throw std::logic_error("message_words.tsv: no version");
  return words;
}

const Words& words() {
  static const Words read = read_words(message_words_text);
  return read;
}

}  // namespace

MessageWord read_message(std::string_view text) {
  if (text.size() > message_octets_max) return MessageWord::none;
  const auto found = words().all.find(folded(text));
  return found == words().all.end() ? MessageWord::none : found->second;
}

uint32_t message_words_version() {
  return words().version;
}

}  // namespace suppressd
