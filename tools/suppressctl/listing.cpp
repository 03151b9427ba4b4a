#include "tools/suppressctl/listing.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

namespace suppressctl {
namespace {

constexpr uint64_t page_items_max = 1000;

std::vector<std::string> headers_of(const Table& table) {
  std::vector<std::string> headers;
  for (const TableColumn& column : table) headers.push_back(column.header);
  return headers;
}

std::vector<std::string> cells_of(const Json& item, const Table& table) {
  std::vector<std::string> cells;
  for (const TableColumn& column : table) cells.push_back(column.cell(item));
  return cells;
}

}  // namespace

TableColumn::TableColumn(const char* the_header, const char* member)
    : header(the_header),
      cell([name = std::string(member)](const Json& item) { return text_of(item, name.c_str()); }) {
}

TableColumn number_column(const char* header, const char* member) {
  return {header, [name = std::string(member)](const Json& item) {
            const Json& value = member_of(item, name.c_str());
            return value.is_number_unsigned() ? grouped(value.get<uint64_t>())
                                              : text_of(item, name.c_str());
          }};
}

void write_table(const Json& items, const Table& table, Writer& writer) {
  Columns columns(headers_of(table));
  for (const Json& item : items) columns.add(cells_of(item, table));
  columns.write(writer);
}

void show_item(const Settings& settings, const Json& item, const Table& table) {
  Writer output = Writer::standard_output();
  if (settings.json)
    output.append(item.dump() + "\n");
  else if (!settings.quiet)
    write_table(Json::array({item}), table, output);
  output.flush();
}

void add_page_options(CLI::App& command, PageOptions& options) {
  auto* limit = command.add_option("--limit", options.limit, "at most so many (100)");
  command.add_flag("--all", options.all, "all of them")->excludes(limit);
}

bool for_each_item(Api& api, const std::string& path, const QueryText& query,
                   const PageOptions& options, const std::function<void(const Json&)>& visit,
                   const std::function<void()>& page_end) {
  uint64_t left = options.all ? UINT64_MAX : options.limit;
  std::string cursor;
  bool more = left > 0;
  while (more && left > 0) {
    QueryText page_query = query;
    page_query.add("limit", std::to_string(std::min(left, page_items_max))).add("cursor", cursor);
    const Json page = api.get(path + page_query.text());
    const Json& items = member_of(page, "items");
    for (const Json& item : items) visit(item);
    if (page_end) page_end();
    left -= std::min<uint64_t>(left, items.size());
    cursor = text_of(page, "next");
    more = !cursor.empty();
  }
  return more;
}

void show_list(const Settings& settings, Api& api, const std::string& path, const QueryText& query,
               const Table& table, const PageOptions& options) {
  Writer output = Writer::standard_output();
  Columns columns(headers_of(table));
  const auto visit = [&](const Json& item) {
    if (settings.json)
      output.append(item.dump() + "\n");
    else
      columns.add(cells_of(item, table));
  };
  const auto page_end = [&] {
    if (!settings.json) columns.write(output);
    columns = Columns({});
    output.flush();
  };
  const bool more = for_each_item(api, path, query, options, visit, page_end);
  if (more && !settings.quiet && !settings.json)
    std::fprintf(stderr, "There is more: --limit N shows N entries, --all shows all.\n");
}

std::string counted(uint64_t number, const std::string& singular) {
  return grouped(number) + " " + singular + (number == 1 ? "" : "s");
}

}  // namespace suppressctl
