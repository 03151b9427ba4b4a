// Integers are varints unless a width is given; text is a varint length and its octets.
//
//   place   version 1 | phase: 1 | contact | addresses | named... | next | last | ranges | range...
//     named channel: 1 | platform: 1 | address: text | given: text
//     range first | last
#include "persistence/erasure.hpp"

#include <algorithm>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr uint8_t place_version = 1;
constexpr size_t ranges_max = 64;

/// What an address may go on with, at either end.
bool belongs(char octet) {
  return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z') ||
         (octet >= 'A' && octet <= 'Z') || octet == '-' || octet == '_' || octet == '@' ||
         (static_cast<unsigned char>(octet) & 0x80) != 0;
}

bool starts_before(std::string_view text, size_t at) {
  return at != 0 && (belongs(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == '+');
}

/// A full stop ends a sentence unless something follows at once.
bool goes_on(std::string_view rest) {
  if (rest.empty()) return false;
  return belongs(rest[0]) || (rest[0] == '.' && rest.size() > 1 && belongs(rest[1]));
}

std::string in_json(std::string_view text) {
  std::string escaped;
  for (const char octet : text) {
    if (octet == '"' || octet == '\\') escaped += '\\';
    escaped += octet;
  }
  return escaped;
}

}  // namespace

void ErasurePlace::add_rewritten(uint64_t sequence) {
  if (!rewritten.empty() && sequence <= rewritten.back().second + 1) {
    rewritten.back().second = std::max(rewritten.back().second, sequence);
  } else {
    rewritten.emplace_back(sequence, sequence);
  }
  if (rewritten.size() > ranges_max) {
    rewritten = {{rewritten.front().first, rewritten.back().second}};
  }
}

std::vector<std::string> ErasurePlace::spellings() const {
  std::vector<std::string> all;
  for (const Named& named : addresses) {
    for (const std::string& text : {named.address, named.given}) {
      if (text.empty()) continue;
      all.push_back(text);
      if (std::string escaped = in_json(text); escaped != text) all.push_back(std::move(escaped));
    }
  }
  return all;
}

void encode(const ErasurePlace& place, std::string& out) {
  ByteWriter to(out);
  to.u8(place_version);
  to.u8(static_cast<uint8_t>(place.phase));
  to.varint(place.contact);
  to.varint(place.addresses.size());
  for (const ErasurePlace::Named& named : place.addresses) {
    to.u8(static_cast<uint8_t>(named.channel));
    to.u8(named.platform ? 1 : 0);
    to.text(named.address);
    to.text(named.given);
  }
  to.varint(place.next);
  to.varint(place.last);
  to.varint(place.rewritten.size());
  for (const auto& [first, last] : place.rewritten) {
    to.varint(first);
    to.varint(last);
  }
}

std::optional<ErasurePlace> decode_erasure(std::string_view bytes) {
  ByteReader from(bytes);
  ErasurePlace place;
  if (from.u8() != place_version) from.spoil();
  place.phase = static_cast<ErasurePlace::Phase>(from.u8());
  if (place.phase < ErasurePlace::Phase::requests || place.phase > ErasurePlace::Phase::place) {
    from.spoil();
  }
  place.contact = from.varint();
  const uint64_t addresses = from.varint();
  if (addresses > channels) from.spoil();
  for (uint64_t i = 0; i < addresses && from.good(); ++i) {
    ErasurePlace::Named& named = place.addresses.emplace_back();
    named.channel = static_cast<Channel>(from.u8());
    named.platform = from.u8() != 0;
    named.address = from.text();
    named.given = from.text();
  }
  place.next = from.varint();
  place.last = from.varint();
  const uint64_t ranges = from.varint();
  if (ranges > ranges_max) from.spoil();
  for (uint64_t i = 0; i < ranges && from.good(); ++i) {
    const uint64_t first = from.varint();
    place.rewritten.emplace_back(first, from.varint());
  }
  if (!from.finished()) return std::nullopt;
  return place;
}

bool mentions(std::string_view text, std::string_view spelling) {
  for (size_t at = text.find(spelling); at != std::string_view::npos;
       at = text.find(spelling, at + 1)) {
    if (!starts_before(text, at) && !goes_on(text.substr(at + spelling.size()))) return true;
  }
  return false;
}

bool mentions(std::string_view text, const std::vector<std::string>& spellings) {
  return std::any_of(spellings.begin(), spellings.end(), [text](const std::string& spelling) {
    return mentions(text, std::string_view(spelling));
  });
}

}  // namespace suppressd
