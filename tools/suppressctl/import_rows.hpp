// A batch of an input file as the body of POST …/suppressions: text and CSV go as they are, and the
// query says which columns hold what.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/columns.hpp"
#include "tools/suppressctl/rows.hpp"

namespace suppressctl {

/// What a CSV column may say of a suppression, by its name on the wire; address comes first.
inline constexpr std::array<std::string_view, 6> import_members = {"address",  "reason", "evidence",
                                                                   "campaign", "region", "at"};

/// Which column holds which member; nullopt: none does.
using ImportColumns = std::array<std::optional<size_t>, import_members.size()>;

struct ImportShape {
  Format format = Format::text;
  char delimiter = ',';
  ImportColumns columns;
  std::string header;  // raw; empty when there is none

  /// The address's text in a row, for the file of rejected rows.
  std::string_view address_of(std::string_view row, std::string& scratch) const;
  /// What the server must know of a CSV to read rows of it that have no header.
  void add_to(QueryText& query) const;
};

/// How the columns are named on the command line; empty: found by their usual names.
using WantedColumns = std::array<std::string, import_members.size()>;

/// From the first row of a CSV. Throws Failure when a column cannot be found.
ImportColumns find_import_columns(std::string_view header, char delimiter,
                                  const WantedColumns& wanted, bool has_header);

struct RejectedRow {
  size_t row = 0;  // in the batch
  std::string error;
};

struct ImportBody {
  std::string_view content_type;
  std::string_view bytes;  // of the batch, or own_bytes
  std::string own_bytes;
  std::vector<size_t> rows;  // the batch's row behind each row of the body; empty: the same
  std::vector<RejectedRow> rejected;  // rows that could not be sent at all
};
/// Adds a line end to the batch's last row if it has none. The body lives as long as the batch.
ImportBody import_body(RowBatch& batch, const ImportShape& shape);

}  // namespace suppressctl
