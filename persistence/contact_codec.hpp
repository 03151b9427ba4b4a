// The bytes of contacts, segments, activities, requests and jobs: drawn and frozen in
// contact_codec.cpp and moderation_codec.cpp, read as codec.hpp says.
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "persistence/contact.hpp"
#include "persistence/moderation.hpp"

namespace suppressd {

/// Its id is its key.
void encode(const Contact& record, std::string& out);
bool decode(std::string_view bytes, Contact& into);

void encode(const Segment& record, std::string& out);
std::optional<Segment> decode_segment(std::string_view bytes);

/// Its sequence is in its key.
void encode(const Activity& record, std::string& out);
std::optional<Activity> decode_activity(std::string_view bytes);

void encode(const ModerationRequest& record, std::string& out);
std::optional<ModerationRequest> decode_request(std::string_view bytes);

void encode(const Job& record, std::string& out);
std::optional<Job> decode_job(std::string_view bytes);

}  // namespace suppressd
