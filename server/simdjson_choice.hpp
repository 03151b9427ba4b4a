// Which of simdjson's implementations runs: version 3.0.1 does not ask the operating system about
// AVX-512, so that one is never chosen.
#pragma once

namespace suppressd {

/// Before the first use of simdjson on a thread. Cheap when done already; any thread.
void choose_simdjson();

}  // namespace suppressd
