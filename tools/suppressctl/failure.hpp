// What stops a command: one sentence for the person who typed it. Caught once, in main; exit
// code 2.
#pragma once

#include <stdexcept>
#include <string>

namespace suppressctl {

/// Exit codes, as every --help says.
enum ExitCode : int { exit_done = 0, exit_no = 1, exit_failed = 2 };

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The reader of our output is gone (head, less): nothing to say, nobody to say it to.
struct OutputClosed : std::runtime_error {
  OutputClosed() : std::runtime_error("output closed") {}
};

/// No whole answer arrived: refused, reset, timed out, or cut off. Nothing of it may be used.
struct ConnectionLost : Failure {
  using Failure::Failure;
};

}  // namespace suppressctl
