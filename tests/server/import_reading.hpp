// Imports without a server: files in a folder of their own, and rows as texts to compare.
#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "server/import_format.hpp"
#include "server/import_rows.hpp"
#include "server/import_text.hpp"
#include "server/time_text.hpp"

namespace suppressd::testing {

struct ImportFolder {
  ImportFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "suppressd-import-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~ImportFolder() { std::filesystem::remove_all(path); }
  ImportFolder(const ImportFolder&) = delete;

  std::filesystem::path write(const std::string& name, std::string_view octets) const {
    std::ofstream(path / name, std::ios::binary) << octets;
    return path / name;
  }

  std::filesystem::path path;
};

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline ImportFormat format_of(std::string_view text, const ImportWish& wish = {}) {
  auto found = find_import_format(text, true, wish);
  if (const auto* problem = std::get_if<Problem>(&found)) FAIL(problem->detail);
  return std::get<ImportFormat>(found);
}

inline Problem problem_of(std::string_view text, const ImportWish& wish = {}) {
  auto found = find_import_format(text, true, wish);
  REQUIRE(std::holds_alternative<Problem>(found));
  return std::get<Problem>(found);
}

/// "address (as given)" of each channel, then what else the row says; or its error.
inline std::string row_text(const ImportRow& row) {
  if (row.error != ImportError::none) return "! " + error_name(row.error);
  std::string text;
  for (size_t i = 0; i < channels; ++i) {
    if (row.addresses[i].empty()) continue;
    text += (text.empty() ? "" : " ") + row.addresses[i];
    if (!row.given[i].empty()) text += " (" + row.given[i] + ")";
  }
  if (row.reason != Reason::none) text += " " + std::string(name_of(row.reason));
  if (row.at != 0) text += " " + time_text(row.at);
  if (!row.evidence.empty()) text += " [" + row.evidence + "]";
  for (const auto& [name, value] : row.fields) text += " " + name + "=" + value;
  return text;
}

struct ImportTexts {
  std::vector<std::string> texts;
  std::vector<uint64_t> begins, ends;
};

inline ImportTexts read_rows(const std::filesystem::path& file, const ImportFormat& format,
                             Region region = {}, uint64_t from = 0, size_t read_bytes = 1 << 20) {
  Normalizer normalizer;
  ImportRows rows(file, format, region, normalizer, from, read_bytes);
  ImportTexts found;
  ImportRow row;
  while (rows.next(row)) {
    found.texts.push_back(row_text(row));
    found.begins.push_back(row.begin);
    found.ends.push_back(row.end);
  }
  return found;
}

/// The rows of a text whose format is found.
inline std::vector<std::string> rows_of(std::string_view text, const ImportWish& wish = {},
                                        Region region = {}) {
  const ImportFolder folder;
  return read_rows(folder.write("text", text), format_of(text, wish), region).texts;
}

}  // namespace suppressd::testing
