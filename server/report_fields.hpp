// The fields of a delivery report (RFC 3464, RFC 6533) or a feedback report (RFC 5965): blocks of
// header-like lines with an empty line between two. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suppressd {

inline constexpr size_t report_fields_max = 100'000;  // in one report

/// One block; names in lower case, values unfolded and trimmed.
class ReportBlock {
 public:
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void continue_last(std::string_view text) {
    if (!fields_.empty()) fields_.back().second.append(" ").append(text);
  }
  bool empty() const { return fields_.empty(); }
  /// The first field of the name; empty when there is none.
  std::string_view get(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Lines that are no fields are passed over.
std::vector<ReportBlock> parse_report(std::string_view text);

/// "rfc822; a@example.com" and "utf-8; …" → the address; empty for another type or none.
std::string address_in(std::string_view field);
/// "smtp; 550 5.1.1 no such user" → "550 5.1.1 no such user".
std::string_view without_type(std::string_view field);

}  // namespace suppressd
