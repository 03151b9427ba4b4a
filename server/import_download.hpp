// What an import found, as files: the rows of a class as CSV, and the clean file. Both read the
// import's text again, beside what was kept of its rows. Only of an import that has ended, or the
// file would look whole and not be.
//
// Thread safety: pure function, for a pool thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/import_files.hpp"
#include "server/import_plan.hpp"
#include "server/piece_exchange.hpp"

namespace suppressd {

/// A row may be of several: a new contact whose address is suppressed is `created` and `suppressed`.
enum class ImportClass : uint8_t {
  all,
  created,  // "new"
  updated,
  unchanged,
  restored,
  deleted,  // recognized among the deleted ones and kept there
  conflict,
  duplicate,
  invalid,
  suppressed,
  rejected,  // all that the clean file leaves out
};
std::optional<ImportClass> parse_import_class(std::string_view name);

struct ImportDownload {
  ImportName name;
  ImportClass wanted = ImportClass::all;
  bool clean = false;  // the original octets of the header and of the clear rows; else CSV
  bool for_spreadsheet = false;
};

/// 409 when the import has not ended, 410 when its files are gone.
std::shared_ptr<PieceSource> import_download(const AppParts& parts, const ImportDownload& what);

}  // namespace suppressd
