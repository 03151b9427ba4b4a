#include "server/bounce_rules.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "server/embedded_text.hpp"

namespace suppressd {
namespace {

constexpr std::array<std::string_view, 4> class_names = {"hard", "hard_confirmed", "soft",
                                                         "blocked"};
constexpr std::array<std::string_view, 4> kind_names = {"text", "code", "reply", "any"};
constexpr std::string_view version_start = "# bounce rules, version ";

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// ---- the text, in the form that patterns are written in ----

/// "550" or "550-" in front of an enhanced code, or alone with its hyphen: what lines repeat.
bool repeats_code(std::string_view word) {
  return word.size() > 3 && word[3] == '-' && valid_reply_code(word.substr(0, 3)) &&
         (word.size() == 4 || valid_enhanced_code(word.substr(4)));
}

/// An address is @, with what it is set in: "<ann@example.com>:" is "<@>:".
void append_word(std::string_view word, std::string& out) {
  constexpr std::string_view around = "<>()[]{}:;,\"'";
  size_t at = word.find('@');
  while (at != std::string_view::npos) {
    const size_t before = word.find_last_of(around, at);
    const size_t start = before == std::string_view::npos ? 0 : before + 1;
    const size_t end = std::min(word.find_first_of(around, at), word.size());
    out.append(word.substr(0, start)).push_back('@');
    word.remove_prefix(end);
    at = word.find('@');
  }
  out.append(word);
}

/// Lower case, one space between words, no addresses, no repeated codes.
std::string plain_text(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t end = static_cast<size_t>(
        std::find_if(text.begin() + static_cast<ptrdiff_t>(at), text.end(), space) - text.begin());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty() || repeats_code(word)) continue;
    if (!plain.empty()) plain.push_back(' ');
    append_word(word, plain);
  }
  for (char& c : plain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return plain;
}

/// Which pairs of neighbouring characters a text has, with false alarms: most patterns are ruled out
/// by their first pairs, without a search.
using Pairs = std::bitset<4096>;
size_t pair_at(std::string_view text, size_t i) {
  return (static_cast<size_t>(text[i]) & 63) << 6 | (static_cast<size_t>(text[i + 1]) & 63);
}
Pairs pairs_of(std::string_view text) {
  Pairs pairs;
  for (size_t i = 0; i + 1 < text.size(); ++i) pairs.set(pair_at(text, i));
  return pairs;
}

/// The pieces between asterisks occur one behind the other.
bool occurs(std::string_view pattern, std::string_view text, const Pairs& pairs) {
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '*' || pattern[i + 1] == '*') continue;
    if (!pairs.test(pair_at(pattern, i))) return false;
  }
  while (!pattern.empty()) {
    const std::string_view piece = pattern.substr(0, pattern.find('*'));
    pattern.remove_prefix(std::min(pattern.size(), piece.size() + 1));
    if (piece.empty()) continue;
    const void* found = ::memmem(text.data(), text.size(), piece.data(), piece.size());
    if (found == nullptr) return false;
    text.remove_prefix(
        static_cast<size_t>(static_cast<const char*>(found) - text.data() + piece.size()));
  }
  return true;
}

// ---- codes ----

/// The enhanced code at the text's start; empty when there is none. What goes on behind it, such as
/// an IP address, is none.
std::string_view enhanced_at(std::string_view text) {
  size_t dots = 0, end = 0;
  for (; end < text.size() && (digit(text[end]) || text[end] == '.'); ++end) {
    if (text[end] == '.' && (end + 1 == text.size() || !digit(text[end + 1]))) break;
    if (text[end] == '.') ++dots;
  }
  const std::string_view code = text.substr(0, end);
  return dots == 2 && valid_enhanced_code(code) ? code : std::string_view();
}

/// Right behind the reply's code, whatever it says; else the first in the text that agrees with it.
std::string_view find_enhanced(std::string_view text, std::string_view code) {
  bool behind_code = true;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!digit(text[i])) {
      if (!space(text[i]) && text[i] != '-' && text[i] != '#') behind_code = false;
      continue;
    }
    const char before = i == 0 ? ' ' : text[i - 1];
    if (digit(before) || before == '.' || std::isalpha(static_cast<unsigned char>(before)))
      continue;
    const std::string_view found = enhanced_at(text.substr(i));
    if (!found.empty() && (behind_code || code.empty() || found[0] == code[0])) return found;
    behind_code = false;
  }
  return {};
}

bool fits(std::string_view pattern, std::string_view code) {
  while (!pattern.empty() && !code.empty()) {
    const std::string_view expected = pattern.substr(0, pattern.find('.'));
    const std::string_view given = code.substr(0, code.find('.'));
    if (expected != "*" && expected != given) return false;
    pattern.remove_prefix(std::min(pattern.size(), expected.size() + 1));
    code.remove_prefix(std::min(code.size(), given.size() + 1));
  }
  return pattern.empty() && code.empty();
}

bool fits_reply(std::string_view pattern, std::string_view code) {
  return pattern.size() == code.size() &&
         std::equal(pattern.begin(), pattern.end(), code.begin(),
                    [](char expected, char given) { return expected == '*' || expected == given; });
}

// ---- the file ----

template <size_t count>
size_t position(const std::array<std::string_view, count>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw std::logic_error("bounce_rules.tsv: " + std::string(name));
  return static_cast<size_t>(found - names.begin());
}

BounceRule read_rule(std::string_view line) {
  std::array<std::string_view, 6> columns;
  for (std::string_view& column : columns) {
    column = line.substr(0, line.find('\t'));
    line.remove_prefix(std::min(line.size(), column.size() + 1));
    if (column.empty()) throw std::logic_error("bounce_rules.tsv: a column is missing");
  }
  BounceRule rule;
  rule.id = columns[0];
  rule.kind = static_cast<BounceRule::Kind>(position(kind_names, columns[1]));
  rule.pattern = columns[2];
  rule.what = static_cast<BounceClass>(position(class_names, columns[3]));
  rule.explanation = columns[4];
  rule.example = columns[5];
  return rule;
}

struct Rules {
  std::vector<BounceRule> all;
  uint32_t version = 0;
};

Rules read_rules(std::string_view text) {
  Rules rules;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with(version_start)) {
      const std::string_view number = line.substr(version_start.size());
      std::from_chars(number.data(), number.data() + number.size(), rules.version);
    } else if (!line.empty() && line[0] != '#') {
      rules.all.push_back(read_rule(line));
    }
  }
  if (rules.version == 0 || rules.all.empty() || rules.all.back().kind != BounceRule::Kind::any) {
    throw std::logic_error("bounce_rules.tsv: no version, or no rule for the rest");
  }
  return rules;
}

const Rules& rules() {
  static const Rules read = read_rules(bounce_rules_text);
  return read;
}

/// Temporary, or no failure at all.
bool not_for_good(const BounceReply& reply) {
  const auto says = [](std::string_view code) { return !code.empty() && code[0] != '5'; };
  return says(reply.code) || says(reply.enhanced);
}

/// For a reply that is not for good. (4.4.4 is temporary by its number, and meant.)
bool too_strong(const BounceRule& rule) {
  return rule.what == BounceClass::hard ||
         (rule.what == BounceClass::hard_confirmed && rule.kind == BounceRule::Kind::text);
}

}  // namespace

std::string_view name_of(BounceClass what) {
  return class_names[static_cast<size_t>(what)];
}

bool valid_reply_code(std::string_view code) {
  return code.size() == 3 && code[0] >= '2' && code[0] <= '5' && digit(code[1]) && digit(code[2]);
}

bool valid_enhanced_code(std::string_view code) {
  if (code.size() < 5 || code[1] != '.' || (code[0] != '2' && code[0] != '4' && code[0] != '5')) {
    return false;
  }
  const std::string_view rest = code.substr(2);
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return false;
  const auto number = [](std::string_view digits) {
    return !digits.empty() && digits.size() <= 3 &&
           std::all_of(digits.begin(), digits.end(), digit);
  };
  return number(rest.substr(0, dot)) && number(rest.substr(dot + 1));
}

BounceReply read_reply(const BounceReply& given) {
  BounceReply reply = given;
  reply.text = given.text.substr(0, bounce_text_octets_max);
  if (!valid_reply_code(reply.code)) reply.code = {};
  if (!valid_enhanced_code(reply.enhanced)) reply.enhanced = {};
  std::string_view rest = reply.text;
  // As delivery reports have it: "smtp; 550 …".
  if (rest.starts_with("smtp;")) rest.remove_prefix(5);
  while (!rest.empty() && space(rest[0])) rest.remove_prefix(1);
  const std::string_view start = rest.substr(0, 3);
  if (valid_reply_code(start) && (rest.size() == 3 || space(rest[3]) || rest[3] == '-')) {
    if (reply.code.empty()) reply.code = start;
    rest.remove_prefix(3);
  }
  if (reply.enhanced.empty()) reply.enhanced = find_enhanced(rest, reply.code);
  return reply;
}

BounceVerdict classify_bounce(const BounceReply& given) {
  const BounceReply reply = read_reply(given);
  const std::string text = plain_text(reply.text);
  const Pairs pairs = pairs_of(text);
  const bool temporary = not_for_good(reply);
  for (const BounceRule& rule : rules().all) {
    if (temporary && too_strong(rule)) continue;
    bool decides = false;
    switch (rule.kind) {
      case BounceRule::Kind::text:
        decides = occurs(rule.pattern, text, pairs);
        break;
      case BounceRule::Kind::code:
        decides = fits(rule.pattern, reply.enhanced);
        break;
      case BounceRule::Kind::reply:
        decides = fits_reply(rule.pattern, reply.code);
        break;
      case BounceRule::Kind::any:
        decides = true;
        break;
    }
    if (decides) return {rule.what, &rule};
  }
  throw std::logic_error("bounce_rules.tsv: no rule for the rest");
}

std::span<const BounceRule> bounce_rules() {
  return rules().all;
}

uint32_t bounce_rules_version() {
  return rules().version;
}

}  // namespace suppressd
