// What an import was asked for, and what its file turned out to be: the plan in its job's record.
// Thread safety: values and pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.hpp"
#include "persistence/contact.hpp"
#include "server/call.hpp"
#include "server/import_format.hpp"
#include "server/import_text.hpp"

namespace suppressd {

enum class ImportMode : uint8_t { dry_run, contacts, suppress };
std::string_view name_of(ImportMode mode);

struct ImportPlan {
  ImportMode mode = ImportMode::contacts;
  ImportWish wish;
  std::optional<TextEncoding> encoding_wanted;
  Region region;
  bool restore_deleted = false;
  SegmentId segment = 0;
  Reason reason = Reason::none;  // of rows that say none themselves
  std::string campaign;
  uint64_t confirmed_rows = 0;  // 0: nobody confirmed anything
  // Known once the upload is whole.
  std::optional<ImportFormat> format;
  TextEncoding encoding = TextEncoding::utf8;
  uint64_t upload_bytes = 0;
};

std::string import_plan_text(const ImportPlan& plan);
/// nullopt for what import_plan_text() cannot have written; an erasure may have taken it away.
std::optional<ImportPlan> parse_import_plan(std::string_view text);

/// Whether the caller's role allows imports of suppressions; else a problem (403).
bool may_suppress(const Call& call);
Problem suppress_forbidden_problem();

/// From the query and the Content-Type of an upload. A problem (400, or 403 where the caller's role
/// does not allow the mode) instead.
std::optional<Problem> read_import_plan(const Call& call, ImportPlan& plan);

/// {"shape","delimiter","header","encoding","origin","columns":{…}}.
nlohmann::ordered_json import_format_json(const ImportPlan& plan);

}  // namespace suppressd
