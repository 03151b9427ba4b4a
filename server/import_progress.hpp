// An import's report again and again as server-sent events, until the import ends:
//
//   event: progress     data: the report, now and at most once an interval
//   event: done         data: the last report; then the stream ends
//
// A stream that ends without `done` was cut off, by a stop of the server for one: the client comes
// again. No thread waits: a timer wakes the exchange.
#pragma once

#include <memory>

#include "server/import_files.hpp"
#include "server/job_json.hpp"

namespace suppressd {

std::unique_ptr<Exchange> import_progress_exchange(const JobAuthor& author, JobId job);

}  // namespace suppressd
