// Which contacts a command means: the same options for lists, exports and bulk deletes.
#pragma once

#include <map>
#include <string>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"

namespace suppressctl {

class ContactFilter {
 public:
  /// Adds an option for each member; precondition: the filter outlives parsing.
  void add_options(CLI::App& command);

  /// Nothing was chosen.
  bool empty() const;
  bool given(const std::string& member) const { return !values_.at(member).empty(); }
  QueryText query() const;
  /// As bodies have it.
  Json json() const;

 private:
  std::map<std::string, std::string> values_;  // by the member's name on the wire; empty: not given
};

}  // namespace suppressctl
