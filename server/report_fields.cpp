#include "server/report_fields.hpp"

#include <algorithm>
#include <charconv>

#include "server/media_type.hpp"

namespace suppressd {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void append_utf8(uint32_t point, std::string& out) {
  const auto octet = [&out](uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (point < 0x80) return octet(point);
  if (point < 0x800) {
    octet(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      octet(0xe0 | point >> 12);
    } else {
      octet(0xf0 | point >> 18);
      octet(0x80 | (point >> 12 & 0x3f));
    }
    octet(0x80 | (point >> 6 & 0x3f));
  }
  octet(0x80 | (point & 0x3f));
}

/// RFC 6533, 3: \x{2F} stands for a character, in reports that hold ASCII only.
std::string decode_points(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    const size_t end = text.starts_with("\\x{") ? text.find('}') : std::string_view::npos;
    uint32_t point = 0;
    if (end != std::string_view::npos) {
      const char* const last = text.data() + end;
      const auto [stop, error] = std::from_chars(text.data() + 3, last, point, 16);
      const bool surrogate = point >= 0xd800 && point < 0xe000;
      if (error == std::errc() && stop == last && point <= 0x10ffff && !surrogate) {
        append_utf8(point, decoded);
        text.remove_prefix(end + 1);
        continue;
      }
    }
    decoded.push_back(text.front());
    text.remove_prefix(1);
  }
  return decoded;
}

}  // namespace

std::string_view ReportBlock::get(std::string_view name) const {
  for (const auto& [one, value] : fields_) {
    if (one == name) return value;
  }
  return {};
}

std::vector<std::string_view> ReportBlock::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [one, value] : fields_) {
    if (one == name) values.push_back(value);
  }
  return values;
}

std::vector<ReportBlock> parse_report(std::string_view text) {
  std::vector<ReportBlock> blocks(1);
  size_t fields = 0;
  while (!text.empty() && fields < report_fields_max) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty()) {
      if (!blocks.back().empty()) blocks.emplace_back();
    } else if (line.front() == ' ' || line.front() == '\t') {
      blocks.back().continue_last(trim(line));
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      blocks.back().add(to_lower(trim(line.substr(0, colon))),
                        std::string(trim(line.substr(colon + 1))));
      ++fields;
    }
  }
  if (blocks.back().empty()) blocks.pop_back();
  return blocks;
}

std::string_view without_type(std::string_view field) {
  const size_t mark = field.find(';');
  return mark == std::string_view::npos ? field : trim(field.substr(mark + 1));
}

std::string address_in(std::string_view field) {
  const size_t mark = field.find(';');
  if (mark == std::string_view::npos) return {};
  const std::string type = to_lower(trim(field.substr(0, mark)));
  const std::string_view address = trim(field.substr(mark + 1));
  if (type == "rfc822") return std::string(address);
  return type == "utf-8" ? decode_points(address) : std::string();
}

}  // namespace suppressd
