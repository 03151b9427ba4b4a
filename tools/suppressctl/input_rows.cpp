#include "tools/suppressctl/input_rows.hpp"

#include <cstdio>
#include <filesystem>

#include "tools/suppressctl/output.hpp"
#include "tools/suppressctl/progress.hpp"
#include "tools/suppressctl/rows.hpp"

namespace suppressctl {
namespace {

constexpr size_t lines_per_batch = 1000;
/// As many as an answer names rejected rows of.
constexpr size_t ndjson_rows_per_batch = 10'000;
constexpr const char* ndjson = "application/x-ndjson";

uint64_t size_of(const InputFile& input) {
  std::error_code unknown;
  if (input.is_standard_input()) return 0;
  const uint64_t size = std::filesystem::file_size(input.path(), unknown);
  return unknown ? 0 : size;
}

void add_up(const Json& answer, uint64_t first_row, Json& total) {
  for (const auto& [name, value] : answer.items()) {
    if (name == "errors") {
      for (Json error : value) {
        error["index"] = first_row + error.value("index", uint64_t{0});
        total["errors"].push_back(std::move(error));
      }
    } else if (name == "sequence") {
      total[name] = value;
    } else if (value.is_number_unsigned()) {
      total[name] = total.value(name, uint64_t{0}) + value.get<uint64_t>();
    }
  }
}

}  // namespace

std::vector<std::string> expand_lines(const std::vector<std::string>& arguments) {
  std::vector<std::string> lines;
  for (const auto& argument : arguments) {
    if (argument != "-") {
      lines.push_back(argument);
      continue;
    }
    InputFile input("-");
    RowReader reader(input, Format::text, std::nullopt, lines_per_batch);
    for (RowBatch batch; reader.next(batch);)
      for (size_t i = 0; i < batch.size(); ++i)
        if (!batch.text(i).empty()) lines.emplace_back(batch.text(i));
  }
  return lines;
}

Json send_ndjson(const Settings& settings, Api& api, const std::string& target,
                 const std::string& path) {
  InputFile input(path);
  RowReader reader(input, Format::ndjson, std::nullopt, ndjson_rows_per_batch);
  Progress progress(size_of(input), 0, settings.quiet);
  Json total = Json::object();
  uint64_t rows = 0;
  for (RowBatch batch; reader.next(batch);) {
    try {
      add_up(api.post(target, ndjson, batch.bytes), batch.first_row, total);
    } catch (const Failure& failure) {
      if (rows == 0) throw;
      throw Failure(std::string(failure.what()) + " The first " + grouped(rows) +
                    " rows are stored.");
    }
    rows += batch.size();
    progress.update(batch.end_offset, rows);
  }
  if (!total.contains("errors")) total["errors"] = Json::array();
  return total;
}

void write_row_errors(const Settings& settings, const Json& errors) {
  if (settings.quiet) return;
  for (const Json& error : errors) {
    const std::string field = text_of(error, "field");
    std::fprintf(stderr, "row %s: %s%s%s\n", text_of(error, "index").c_str(), field.c_str(),
                 field.empty() ? "" : ": ", text_of(error, "error").c_str());
  }
}

}  // namespace suppressctl
