// How contacts, segments, requests and jobs are named on the wire: a letter and a number that
// counts up within the account. Thread safety: pure functions.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/contact.hpp"

namespace suppressd {

inline std::string contact_id_text(ContactId id) {
  return "c" + std::to_string(id);
}
inline std::string segment_id_text(SegmentId id) {
  return "s" + std::to_string(id);
}
inline std::string request_id_text(RequestId id) {
  return "r" + std::to_string(id);
}
inline std::string job_id_text(JobId id) {
  return "j" + std::to_string(id);
}

/// nullopt unless the text is the letter and the number's only spelling; 0 is no number.
template <class Id>
std::optional<Id> parse_id(char letter, std::string_view text) {
  Id id = 0;
  if (text.size() < 2 || text[0] != letter || text[1] == '0') return std::nullopt;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + 1, end, id);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return id;
}
inline std::optional<ContactId> parse_contact_id(std::string_view text) {
  return parse_id<ContactId>('c', text);
}
inline std::optional<SegmentId> parse_segment_id(std::string_view text) {
  return parse_id<SegmentId>('s', text);
}
inline std::optional<RequestId> parse_request_id(std::string_view text) {
  return parse_id<RequestId>('r', text);
}
inline std::optional<JobId> parse_job_id(std::string_view text) {
  return parse_id<JobId>('j', text);
}

}  // namespace suppressd
