// Two steps before many contacts go: first how many it would be, then exactly those.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"

namespace suppressctl {

struct Confirmation {
  bool yes = false;
  std::optional<uint64_t> expected;
  bool no_wait = false;
};
/// Adds --yes, --expected and --no-wait.
void add_confirmation_options(CLI::App& command, Confirmation& confirmation);

/// Sends the write with a sequence at which the contacts were shown and the number of them.
using ConfirmedWrite = std::function<Json(uint64_t shown_at, uint64_t expected)>;

/// Without --yes: says how many contacts `what` ("would be deleted") and does nothing; exit code
/// `failed`, so that a script notices. With it: sends the write with the number just counted, or
/// with --expected, and waits for its job. Nothing to act on: `no`.
int confirm_and_write(const Settings& settings, Api& api, const Confirmation& confirmation,
                      uint64_t shown_at, const std::string& what, const ConfirmedWrite& write);

}  // namespace suppressctl
