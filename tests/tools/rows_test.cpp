#include "tools/suppressctl/rows.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/tools/program.hpp"
#include "tools/suppressctl/columns.hpp"
#include "tools/suppressctl/failure.hpp"
#include "tools/suppressctl/verdicts.hpp"

namespace suppressctl {
namespace {

using tools_tests::TemporaryFolder;
using tools_tests::test_seed;

struct ReadBack {
  std::string bytes;  // prefix and all rows
  std::vector<std::string> rows;
  std::vector<RowBatch> batches;
};

ReadBack read_all(const std::string& path, Format format, size_t rows_per_batch,
                  RowPosition start = {}) {
  InputFile input(path);
  RowReader reader(input, format, format == Format::csv ? std::optional(',') : std::nullopt,
                   rows_per_batch, start);
  ReadBack back;
  for (RowBatch batch; reader.next(batch);) {
    for (size_t i = 0; i < batch.size(); ++i) {
      back.rows.emplace_back(batch.text(i));
      back.bytes += batch.raw(i);
    }
    back.batches.push_back(batch);
  }
  back.bytes.insert(0, reader.prefix());
  return back;
}

TEST_CASE("rows put together are the input, whatever its line ends") {
  const TemporaryFolder folder;
  const auto seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> pieces{"a@b.c", "\n", "\r\n", "\"x\ny\"", ",", "\r",
                                        "",      "ü",  "\n\n", "\"\"",     ";", " "};
  for (int round = 0; round < 300; ++round) {
    std::string text = round % 3 == 0 ? "\xEF\xBB\xBF" : "";
    for (auto n = random() % 40; n > 0; --n) text += pieces[random() % pieces.size()];
    const std::string path = folder.write("input", text);
    CHECK(read_all(path, Format::text, 1 + random() % 5).bytes == text);
    try {
      CHECK(read_all(path, Format::csv, 1 + random() % 5).bytes == text);
    } catch (const Failure& failure) {
      CHECK_THAT(failure.what(), Catch::Contains("quote"));
    }
  }
}

TEST_CASE("a batch knows where it stands, so that reading can go on behind it") {
  const TemporaryFolder folder;
  const std::string path = folder.write("input.csv",
                                        "\xEF\xBB\xBF"
                                        "email,name\na@b.c,\"two\nlines\"\nd@e.f,x\r\ng@h.i,y");
  const ReadBack whole = read_all(path, Format::csv, 2);
  REQUIRE(whole.rows ==
          std::vector<std::string>{"email,name", "a@b.c,\"two\nlines\"", "d@e.f,x", "g@h.i,y"});
  for (const RowBatch& batch : whole.batches) {
    const ReadBack rest = read_all(
        path, Format::csv, 1, {batch.end_offset, batch.first_row + batch.size(), batch.end_line});
    const size_t before = static_cast<size_t>(batch.first_row) + batch.size();
    CHECK(rest.rows == std::vector<std::string>(whole.rows.begin() + before, whole.rows.end()));
  }
  CHECK(whole.batches.back().first_line == 5);
}

TEST_CASE("UTF-16, unclosed quotes and endless rows are errors, not guesses") {
  const TemporaryFolder folder;
  const std::string wide(
      "\xFF\xFE"
      "a\0@\0",
      6);
  for (const Format format : {Format::text, Format::csv})
    CHECK_THROWS_WITH(read_all(folder.write("w", wide), format, 10), Catch::Contains("UTF-16"));
  CHECK_THROWS_WITH(read_all(folder.write("q", "a,b\n\"c,d\ne,f\n"), Format::csv, 10),
                    Catch::Contains("quote"));
  CHECK_THROWS_WITH(
      read_all(folder.write("l", std::string(row_bytes_max + 10, 'x')), Format::text, 9),
      Catch::Contains("longer"));
  CHECK_THROWS_WITH(InputFile(folder.path("missing")), Catch::Contains("Cannot read"));
}

TEST_CASE("a column is found by name, by number, or by what it is called in the wild") {
  CHECK(find_column("id;E-Mail ;name", ';', "e-mail") == 1);
  CHECK(find_column("id,\"Email\",name", ',', "email") == 1);
  CHECK(find_column("id,email", ',', "2") == 1);
  CHECK_THROWS_WITH(find_column("id,email", ',', "3"), Catch::Contains("no column 3"));
  CHECK_THROWS_WITH(find_column("id,email", ',', "phone"), Catch::Contains("id, email"));
  CHECK_THROWS_WITH(find_column("email,email", ',', "email"), Catch::Contains("Several"));
  CHECK(guess_address_column("name,Email Address,age", ',') == 1);
  CHECK(guess_address_column("whatever", ',') == 0);
  CHECK_THROWS_WITH(guess_address_column("email,phone", ','), Catch::Contains("email, phone"));
  CHECK_THROWS_WITH(guess_address_column("a,b", ','), Catch::Contains("--column"));
}

TEST_CASE("a value becomes one line, as valid or invalid as before") {
  const auto line = [](std::string_view value) {
    std::string body;
    append_value_line(value, body);
    return body;
  };
  CHECK(line("a@b.c") == "a@b.c\n");
  CHECK(line(" \r\na@b.c\n\t") == "a@b.c\n");
  CHECK(line("a@b\n.c") == "a@b\x01.c\n");
  CHECK(line("") == "\n");
  CHECK(line(std::string(5000, 'x')).size() > 1025);
  CHECK(line(std::string(5'000'000, 'x')).size() < 5000);
}

TEST_CASE("a bitmap counts only when its last bit is the sentinel's, in its place") {
  for (const size_t rows : {0u, 1u, 7u, 8u, 9u, 16u}) {
    std::string good(rows / 8 + 1, '\0');
    good[rows / 8] = static_cast<char>(1 << (rows % 8));
    INFO(rows << " rows");
    CHECK(read_bitmap(good, rows).blocked_count == 0);
    CHECK_THROWS_AS(read_bitmap(good, rows + 1), Failure);
    if (rows > 0) CHECK_THROWS_AS(read_bitmap(good, rows - 1), Failure);
    CHECK_THROWS_AS(read_bitmap(good + '\0', rows), Failure);
    CHECK_THROWS_AS(read_bitmap(good.substr(1), rows), Failure);
    CHECK_THROWS_AS(read_bitmap(std::string(good.size(), '\0'), rows), Failure);
  }
  const Verdicts verdicts = read_bitmap(std::string("\x15", 1), 4);
  CHECK(verdicts.blocked == std::vector<bool>{true, false, true, false});
  CHECK(verdicts.blocked_count == 2);
}

TEST_CASE("results count only when their summary agrees with them") {
  const std::string hit =
      R"({"index":1,"verdict":"suppressed","reason":"legal","scope":"platform"})"
      "\n";
  const std::string bad = R"({"index":0,"verdict":"invalid","error":"no_at_sign"})"
                          "\n";
  const std::string summary =
      R"({"summary":{"sequence":3,"checked":3,"clear":1,"suppressed":1,"invalid":1}})"
      "\n";
  const Verdicts verdicts = read_results(hit + bad + summary, 3);
  CHECK(verdicts.blocked == std::vector<bool>{true, true, false});
  REQUIRE(verdicts.findings.size() == 2);
  CHECK(verdicts.findings[0].reason == "no_at_sign");
  CHECK(verdicts.findings[1].scope == "platform");
  CHECK_THROWS_AS(read_results(hit + bad, 3), Failure);                  // no summary: cut off
  CHECK_THROWS_AS(read_results(hit + summary, 3), Failure);              // a result is missing
  CHECK_THROWS_AS(read_results(hit + bad + summary, 2), Failure);        // other rows were checked
  CHECK_THROWS_AS(read_results(hit + hit + bad + summary, 3), Failure);  // one row twice
  CHECK_THROWS_AS(read_results(hit + bad + summary + hit, 3), Failure);  // more behind the summary
  CHECK_THROWS_AS(read_results("not json\n", 3), Failure);
}

}  // namespace
}  // namespace suppressctl
