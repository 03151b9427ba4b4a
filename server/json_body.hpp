// Small JSON bodies: collected whole, parsed, their members read with an error per member.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/exchange.hpp"
#include "server/problem.hpp"

namespace suppressd {

inline constexpr uint64_t control_body_bytes_max = 64 * 1024;  // accounts, keys, notes

/// 415 unless the request's Content-Type is one of `accepted` (comma-separated, lower case).
std::optional<Problem> check_media_type(const RequestHead& head, std::string_view accepted);

using BodyHandler = std::function<std::unique_ptr<Exchange>(std::string body)>;
/// Decodes by Content-Encoding, collects at most octets_max (413 past it), then goes on as the
/// exchange that `next` makes.
std::unique_ptr<Exchange> body_exchange(const RequestHead& head, uint64_t octets_max,
                                        BodyHandler next);

/// Reads members of a JSON object, collecting what is wrong with them.
class JsonMembers {
 public:
  /// A problem when the text is not JSON, or not an object.
  static std::optional<Problem> parse(std::string_view text, JsonMembers& out);
  JsonMembers();
  ~JsonMembers();

  /// Absent: nullopt. Not a text, or over `octets_max`: nullopt and an error.
  std::optional<std::string> text(std::string_view name, size_t octets_max);
  /// Absent: nullopt. Neither true nor false: nullopt and an error.
  std::optional<bool> boolean(std::string_view name);
  /// Absent: nullopt. No whole number from 0 to `most`: nullopt and an error.
  std::optional<uint64_t> number(std::string_view name, uint64_t most);
  /// Absent: nullopt. No list of at most `most` texts: nullopt and an error.
  std::optional<std::vector<std::string>> texts(std::string_view name, size_t most);
  /// Absent: nullopt. No list of at most `most` whole numbers from 0 to `largest`: nullopt and an
  /// error.
  std::optional<std::vector<uint64_t>> numbers(std::string_view name, size_t most,
                                               uint64_t largest);
  /// An object whose members are texts or null. Absent: nullopt. Another value, or more than `most`
  /// members: nullopt and an error.
  std::optional<std::map<std::string, std::optional<std::string>>> nullable_texts(
      std::string_view name, size_t most);
  /// False when absent, or no object (then an error). Its errors must come back by take_errors().
  bool object(std::string_view name, JsonMembers& inner);
  /// Joins what is wrong with a member that is an object: its fields become "name.field".
  void take_errors(std::string_view name, JsonMembers& inner);
  bool has(std::string_view name) const;
  bool is_null(std::string_view name) const;
  void fail(std::string_view name, std::string_view error);
  /// About one row of a member that is a list.
  void fail(uint64_t index, std::string_view name, std::string_view error);
  /// Errors for every member that nothing above asked for; then the problem, if there were errors.
  std::optional<Problem> problem();

 private:
  void report_unknown();

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where a text stops being JSON, in octets from 0; nullopt when it is well-formed.
std::optional<size_t> json_error_octet(std::string_view text);

}  // namespace suppressd
