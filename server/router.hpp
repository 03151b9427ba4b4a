// The one table of routes: method, path, who may call it, and the function that answers. A route
// that does not say who may call it does not compile.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/records.hpp"
#include "server/call.hpp"
#include "server/exchange.hpp"

namespace suppressd {

/// Who may call a route. There is no default: every route says it.
class RoleSet {
 public:
  constexpr RoleSet(std::initializer_list<Role> roles) : RoleSet(0) {
    for (const Role role : roles) bits_ = static_cast<uint8_t>(bits_ | bit(role));
  }
  /// Without any key: operation routes, and those whose request brings a proof of its own.
  static constexpr RoleSet open_to_all() { return RoleSet(uint8_t{1}); }

  constexpr bool open() const { return bits_ == 1; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool contains(Role role) const { return (bits_ & bit(role)) != 0; }

 private:
  constexpr explicit RoleSet(uint8_t bits) : bits_(bits) {}
  static constexpr uint8_t bit(Role role) {
    return static_cast<uint8_t>(1u << static_cast<unsigned>(role));
  }
  uint8_t bits_;
};

using Handler = std::unique_ptr<Exchange> (*)(Call&);

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/v1/accounts/{account}/check": a {part} matches one path segment
  RoleSet roles;
  bool needs_ready;  // 503 with progress while the set is loading
  bool reads;        // honours Suppress-Min-Sequence
  Handler handler;
  RoleSet self_service = {};  // further roles, where the account's policy self_service lets them
};

std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;  // null: no route has this path and this method
  std::string allowed;           // methods of this path, for Allow; empty: unknown path
  bool bad_encoding = false;     // a '%' without two hex digits in a named part
  PathParts parts;
};
RouteMatch match_route(std::string_view method, std::string_view path);

}  // namespace suppressd
