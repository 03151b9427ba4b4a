// Which of a sample's columns hold what. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/address.hpp"
#include "server/import_format.hpp"
#include "server/import_origins.hpp"

namespace suppressd {

struct ImportSample;

inline constexpr size_t import_columns_max = 16'384;  // a column's number is below

struct ImportColumns {
  std::optional<size_t> email, phone, reason, at, evidence, region;
};

/// Whether people call a column of addresses so, in some language.
bool is_known_column_name(std::string_view name);

/// By names and content; columns in `taken` are not looked at. `known`: the export that it is.
ImportColumns guess_columns(const ImportSample& sample, const std::optional<ImportExport>& known,
                            bool suppressions, const std::vector<size_t>& taken,
                            Normalizer& normalizer);

/// The lines of a text may be addresses: one of them is one, or is made of what numbers are.
bool lines_are_addresses(const ImportSample& sample, Normalizer& normalizer);

}  // namespace suppressd
