#include <catch2/catch.hpp>

#include "check_harness.hpp"
#include "server/csv_splitter.hpp"
#include "server/line_splitter.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

using Texts = std::vector<std::string>;

struct Lines {
  Texts texts;
  void line(std::string_view line) { texts.emplace_back(line); }
  void overlong_line() { texts.emplace_back("<overlong>"); }
};

/// Takes whole lines, and splits them plainly.
struct WholeLines {
  static constexpr size_t bytes_max = 10;
  Texts texts;
  void lines(std::string_view text) {
    REQUIRE(text.ends_with('\n'));
    for (size_t end = 0; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
      std::string_view one = text.substr(0, end);
      if (one.ends_with('\r')) one.remove_suffix(1);
      if (one.size() > bytes_max) overlong_line();
      if (one.size() <= bytes_max) line(one);
    }
  }
  void line(std::string_view line) { texts.emplace_back(line); }
  void overlong_line() { texts.emplace_back("<overlong>"); }
};

struct Rows {
  Texts texts;
  void row(const CsvRow& row) {
    std::string ending;
    for (const char c : row.ending) ending += c == '\n' ? "\\n" : "\\r";
    texts.push_back(std::string(row.text) + ending);
  }
  void overlong_row() { texts.emplace_back("<overlong>"); }
};

Texts lines(std::string_view text, size_t piece = 1'000'000, size_t bytes_max = 10) {
  LineSplitter splitter(bytes_max);
  Lines sink;
  for (size_t at = 0; at < text.size(); at += piece) splitter.feed(text.substr(at, piece), sink);
  splitter.finish(sink);
  return sink.texts;
}

Texts whole_lines(std::string_view text, size_t piece) {
  LineSplitter splitter(WholeLines::bytes_max);
  WholeLines sink;
  for (size_t at = 0; at < text.size(); at += piece) splitter.feed(text.substr(at, piece), sink);
  splitter.finish(sink);
  return sink.texts;
}

Texts rows(std::string_view text, std::optional<char> delimiter = {}, size_t piece = 1'000'000,
           size_t bytes_max = 100) {
  CsvSplitter splitter(bytes_max, delimiter);
  Rows sink;
  for (size_t at = 0; at < text.size(); at += piece) splitter.feed(text.substr(at, piece), sink);
  splitter.finish(sink);
  return sink.texts;
}

Texts cells(std::string_view row, char delimiter = ',') {
  CsvCells cells(row, delimiter);
  Texts texts;
  std::string scratch;
  for (std::string_view cell; cells.next(cell);) texts.emplace_back(csv_unquote(cell, scratch));
  return texts;
}

char detected(std::string_view text) {
  CsvSplitter splitter(100, std::nullopt);
  Rows sink;
  splitter.feed(text, sink);
  splitter.finish(sink);
  return splitter.delimiter();
}

std::string random_text(std::mt19937_64& random, std::string_view alphabet) {
  std::string text;
  for (size_t size = random() % 40; size > 0; --size) text += alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace

TEST_CASE("lines end with LF or CR LF, the last one with the text") {
  CHECK(lines("") == Texts{});
  CHECK(lines("\n") == Texts{""});
  CHECK(lines("\r\n\n") == Texts{"", ""});
  CHECK(lines("a\r\nb\nc") == Texts{"a", "b", "c"});
  CHECK(lines("a\r\r\nb\rc\n") == Texts{"a\r", "b\rc"});
  CHECK(lines("a\n\r") == Texts{"a", ""});
  CHECK(lines(std::string_view("a\0b\n", 4)) == Texts{std::string("a\0b", 3)});
}

TEST_CASE("a byte order mark counts only whole and only at the start") {
  CHECK(lines("\xEF\xBB\xBF"
              "a\n") == Texts{"a"});
  CHECK(lines("\xEF\xBB\xBF") == Texts{});
  CHECK(lines("\xEF\xBB") == Texts{"\xEF\xBB"});
  CHECK(lines("\xEF\xBB\n") == Texts{"\xEF\xBB"});
  CHECK(lines("\xFF\n") == Texts{"\xFF"});
  CHECK(lines("\xFF") == Texts{"\xFF"});
  CHECK(lines("a\xEF\xBB\xBF") == Texts{"a\xEF\xBB\xBF"});
}

TEST_CASE("lines over the limit are reported and read over") {
  CHECK(lines("0123456789\n") == Texts{"0123456789"});
  CHECK(lines("0123456789\r\n") == Texts{"0123456789"});
  CHECK(lines("0123456789a\n") == Texts{"<overlong>"});
  CHECK(lines("a\n0123456789abcdef\nb") == Texts{"a", "<overlong>", "b"});
  CHECK(lines("0123456789abcdef") == Texts{"<overlong>"});
}

TEST_CASE("lines and rows do not depend on how the text is cut") {
  const uint64_t seed = random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (size_t round = 0; round < 3000 * test_size(); ++round) {
    std::string text = random_text(random, "ab\n\n\r,;\"\"");
    if (round % 4 == 0) text = "\xEF\xBB\xBF" + text;
    if (round % 4 == 1) text = "\xEF\xBB" + text;
    const Texts all_lines = lines(text), whole_rows = rows(text, {}, 100, 12);
    for (size_t piece = 1; piece <= text.size(); ++piece) {
      REQUIRE(lines(text, piece) == all_lines);
      REQUIRE(whole_lines(text, piece) == all_lines);
      REQUIRE(rows(text, {}, piece, 12) == whole_rows);
    }
  }
}

TEST_CASE("CSV rows end with LF, CR LF or CR, and keep their end") {
  CHECK(rows("") == Texts{});
  CHECK(rows("a,b\nc\r\nd\re") == Texts{"a,b\\n", "c\\r\\n", "d\\r", "e"});
  CHECK(rows("\n\r\n\r") == Texts{"\\n", "\\r\\n", "\\r"});
  CHECK(rows("a\r\r\nb") == Texts{"a\\r", "\\r\\n", "b"});
}

TEST_CASE("quotes hold delimiters and line ends only from a cell's start") {
  CHECK(rows("\"a\nb\",c\nd") == Texts{"\"a\nb\",c\\n", "d"});
  CHECK(rows("\"a\"\"\nb\"\nd") == Texts{"\"a\"\"\nb\"\\n", "d"});
  CHECK(rows("a\"\nb\"\n") == Texts{"a\"\\n", "b\"\\n"});
  CHECK(rows("x,\"a\r\nb\"\r\n") == Texts{"x,\"a\r\nb\"\\r\\n"});
  CHECK(rows("\"a\"b\nc") == Texts{"\"a\"b\\n", "c"});
  CHECK(rows("a;\"b\nc\"", ';') == Texts{"a;\"b\nc\""});
  CHECK(rows("a;\"b\nc\"", ',') == Texts{"a;\"b\\n", "c\""});
}

TEST_CASE("cells are unquoted as they were meant") {
  CHECK(cells("") == Texts{""});
  CHECK(cells(",") == Texts{"", ""});
  CHECK(cells("a,\"b,c\",\"d\"\"e\"") == Texts{"a", "b,c", "d\"e"});
  CHECK(cells("\"\",\"\"\"\"") == Texts{"", "\""});
  CHECK(cells("a\"b,c") == Texts{"a\"b", "c"});
  CHECK(cells("\"a\"b,c") == Texts{"ab", "c"});
  CHECK(cells("\"a\" \"b\",c") == Texts{"a \"b\"", "c"});
  CHECK(cells("\"open,x") == Texts{"open,x"});
  CHECK(cells("a;b", ';') == Texts{"a", "b"});
  CHECK(csv_cell("a,\"b\"", ',', 1) == "\"b\"");
  CHECK(csv_cell("a,b", ',', 2) == std::nullopt);
  CHECK(csv_cell_count("a,\"b,c\",", ',') == 3);
}

TEST_CASE("the delimiter is the first row's most frequent one") {
  CHECK(detected("a,b;c,d\n;;;;;;") == ',');
  CHECK(detected("a;b;c,d\n") == ';');
  CHECK(detected("a\tb\n") == '\t');
  CHECK(detected("\"a;b;c\",d\n") == ',');
  CHECK(detected("a;b,c") == ',');
  CHECK(detected("a") == ',');
  CHECK(detected("") == ',');
}

TEST_CASE("CSV notices UTF-16, a mark and a quote left open") {
  Rows sink;
  CsvSplitter wide(100, std::nullopt), marked(100, std::nullopt), open(100, std::nullopt);
  wide.feed("\xFE\xFF", sink);
  CHECK(wide.utf16());
  marked.feed("\xEF\xBB\xBF\"a\",b\n", sink);
  marked.finish(sink);
  CHECK(marked.had_mark());
  CHECK(!marked.unclosed_quote());
  CHECK(sink.texts == Texts{"\"a\",b\\n"});
  open.feed("a,\"b\nc", sink);
  open.finish(sink);
  CHECK(open.unclosed_quote());
}

TEST_CASE("CSV rows over the limit are reported and read over, quotes and all") {
  CHECK(rows("0123456789,\n", ',', 100, 11) == Texts{"0123456789,\\n"});
  CHECK(rows("\"0123456789\na\",b\r\nc\n", ',', 100, 10) == Texts{"<overlong>", "c\\n"});
}
