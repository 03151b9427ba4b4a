// How fast an import's rows are read on one core: rows found, cells taken apart, addresses made
// canonical. Prints, of the best of a few rounds for each kind of file, rows a second of processor time
// and of the clock on the wall: on a machine that does other things too the first tells more.
//
//   import_rows_bench [ROWS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "server/import_rows.hpp"

using namespace suppressd;

namespace {

constexpr int rounds = 3;

struct Kind {
  const char* name;
  std::function<std::string(size_t)> row;
  ImportFormat format;
};

std::string email_of(size_t i) {
  return "user" + std::to_string(i * 7919 % 100'000'007) + "@mail" + std::to_string(i % 1000) +
         ".example.com";
}

ImportFormat csv(std::vector<std::pair<size_t, std::string>> fields = {}) {
  ImportFormat format;
  format.email = 0;
  format.fields = std::move(fields);
  return format;
}

ImportFormat text_lines() {
  ImportFormat format = csv();
  format.shape = ImportShape::text;
  return format;
}

ImportFormat json_lines() {
  ImportFormat format;
  format.shape = ImportShape::ndjson;
  format.email_member = "email";
  return format;
}

struct Rate {
  double processor = 0, wall = 0;
};

Rate rows_per_second(const std::filesystem::path& file, const ImportFormat& format, size_t rows) {
  Rate best;
  for (int round = 0; round < rounds; ++round) {
    Normalizer normalizer;
    const auto wall_start = std::chrono::steady_clock::now();
    const std::clock_t start = std::clock();
    ImportRows reader(file, format, {}, normalizer, 0);
    ImportRow row;
    size_t good = 0;
    while (reader.next(row)) good += row.error == ImportError::none;
    const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_start;
    if (good != rows) std::abort();
    best.processor = std::max(best.processor, static_cast<double>(rows) / std::max(took, 1e-6));
    best.wall = std::max(best.wall, static_cast<double>(rows) / wall.count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const size_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  const Kind kinds[] = {
      {"text", [](size_t i) { return email_of(i) + "\n"; }, text_lines()},
      {"csv, one column of four",
       [](size_t i) { return email_of(i) + ",Ada,Lovelace,2025-03-04\n"; }, csv()},
      {"csv, quoted",
       [](size_t i) { return '"' + email_of(i) + "\",\"Ada, Countess\",\"x\",\"y\"\n"; }, csv()},
      {"csv, three fields", [](size_t i) { return email_of(i) + ",Ada,Lovelace,2025-03-04\n"; },
       csv({{1, "first"}, {2, "last"}, {3, "since"}})},
      {"ndjson, one field",
       [](size_t i) { return "{\"email\":\"" + email_of(i) + "\",\"name\":\"Ada\"}\n"; },
       json_lines()},
  };
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("import-rows-" + std::to_string(rows));
  for (const Kind& kind : kinds) {
    {
      std::ofstream out(file, std::ios::binary);
      for (size_t i = 0; i < rows; ++i) out << kind.row(i);
    }
    const Rate rate = rows_per_second(file, kind.format, rows);
    std::printf("%-26s %10.0f rows/s of processor time %10.0f rows/s\n", kind.name, rate.processor,
                rate.wall);
  }
  std::filesystem::remove(file);
}
