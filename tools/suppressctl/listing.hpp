// Lists and single objects as commands show them: aligned columns for people, with --json the
// objects as they came, one a line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/command.hpp"
#include "tools/suppressctl/output.hpp"

namespace suppressctl {

/// One column of a table: its header and what stands there of an object.
struct TableColumn {
  /// Shows the member of that name.
  TableColumn(const char* the_header, const char* member);
  TableColumn(const char* the_header, std::function<std::string(const Json&)> the_cell)
      : header(the_header), cell(std::move(the_cell)) {}
  std::string header;
  std::function<std::string(const Json&)> cell;
};
using Table = std::vector<TableColumn>;

/// A number with separators between its thousands.
TableColumn number_column(const char* header, const char* member);

/// Objects at hand, as aligned columns whatever the settings say.
void write_table(const Json& items, const Table& table, Writer& writer);

/// One object that a write answered: a table of one row, nothing with --quiet.
void show_item(const Settings& settings, const Json& item, const Table& table);

/// Which part of a list.
struct PageOptions {
  uint64_t limit = 100;
  bool all = false;
};
inline constexpr PageOptions every_page{0, true};
/// Adds --limit and --all.
void add_page_options(CLI::App& command, PageOptions& options);

/// Visits the items of a list in order, page by page; says whether there are more than wanted.
/// `page_end`, when given, is called behind each page.
bool for_each_item(Api& api, const std::string& path, const QueryText& query,
                   const PageOptions& options, const std::function<void(const Json&)>& visit,
                   const std::function<void()>& page_end = nullptr);

/// Writes a list while its pages come, and a remark when it goes on behind the limit.
void show_list(const Settings& settings, Api& api, const std::string& path, const QueryText& query,
               const Table& table, const PageOptions& options = every_page);

/// "3 contacts", "1 contact".
std::string counted(uint64_t number, const std::string& singular);

}  // namespace suppressctl
