// Takes away the files of imports that nobody will read any more: of those that ended
// ImportLimits::files_kept_ms ago, or are not there any more. An upload that was left alone as long
// fails. Reports stay.
//
// Thread safety: any thread, one at a time. Reads and commits: blocks.
#pragma once

#include "server/committer.hpp"
#include "server/import_files.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {

void sweep_imports(const Store& store, Committer& committer, ImportFiles& files, TimeMs now);

/// Now and every hour, on the pool. All of these outlive the pool's threads.
void sweep_imports_regularly(const Store& store, Committer& committer, ImportFiles& files,
                             WorkerPool& pool);

}  // namespace suppressd
