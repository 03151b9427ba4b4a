// An import on the wire: its report. Thread safety: pure functions, which read the store and the
// import's files: on a pool thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "persistence/contact_reader.hpp"
#include "server/import_files.hpp"
#include "server/import_plan.hpp"
#include "server/problem.hpp"

namespace suppressd {

/// The job, if it is an import.
std::optional<Job> find_import(const ContactReader& reader, const ImportName& name);

/// Octets of the upload that are kept, or were once it was whole.
uint64_t received_bytes(const ImportFiles& files, const ImportName& name, const ImportPlan& plan);

nlohmann::ordered_json import_json(const ContactReader& reader, const ImportFiles& files,
                                   AccountNumber account, const Job& job);

/// 404.
Problem unknown_import_problem();

}  // namespace suppressd
