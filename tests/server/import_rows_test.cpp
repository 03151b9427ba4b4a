#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "check_harness.hpp"
#include "import_reading.hpp"
#include "server/import_row_finder.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

struct Place {
  uint64_t begin = 0, end = 0;
  std::string text;
  ImportError error = ImportError::none;
  bool operator==(const Place&) const = default;
};

std::vector<Place> places(const fs::path& file, std::optional<char> delimiter, size_t read_bytes,
                          uint64_t from = 0) {
  ImportRowReader reader(file, delimiter, from, read_bytes);
  std::vector<Place> found;
  RawImportRow row;
  while (reader.next(row)) {
    found.push_back({row.begin, row.end, std::string(row.text), row.error});
  }
  return found;
}

/// The rules of rows, for texts far below the limits, by looking at the text as a whole.
std::vector<Place> model(const std::string& text, char delimiter) {
  std::vector<Place> rows;
  const auto after_end = [&text](size_t at) {
    return text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n' ? at + 2 : at + 1;
  };
  for (size_t begin = 0; begin < text.size();) {
    bool in_quotes = false, cell_begins = true, may_reopen = false;
    size_t at = begin;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (in_quotes) {
        in_quotes = c != '"';
        may_reopen = !in_quotes;
        continue;
      }
      if (c == '\n' || c == '\r') break;
      in_quotes = c == '"' && (cell_begins || may_reopen);
      may_reopen = false;
      cell_begins = c == delimiter;
    }
    Place row{begin, text.size(), "", ImportError::none};
    if (in_quotes) {
      row.error = ImportError::unclosed_quote;
      at = std::min(text.find_first_of("\r\n", begin), text.size());
    }
    if (at < text.size()) row.end = after_end(at);
    row.text = text.substr(begin, at - begin);
    if (!row.text.empty()) rows.push_back(row);
    begin = row.end;
  }
  return rows;
}

std::string random_csv(std::mt19937_64& random, size_t size) {
  constexpr std::string_view octets = "a,\"\n\r\",b\n";
  std::string text;
  for (size_t i = 0; i < size; ++i) text += octets[random() % octets.size()];
  return text;
}

ImportFormat email_only(bool header = false) {
  ImportFormat format;
  format.email = 0;
  format.header = header;
  return format;
}

Texts texts_of(std::string_view text, const ImportFormat& format, size_t read_bytes = 1 << 20) {
  const ImportFolder folder;
  return read_rows(folder.write("text", text), format, {}, 0, read_bytes).texts;
}

}  // namespace

TEST_CASE("rows are those of a plain model, however the file is read and wherever one begins") {
  const uint64_t seed = random_seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const ImportFolder folder;
  for (size_t round = 0; round < 300 * test_size(); ++round) {
    const std::string text = random_csv(random, random() % 60);
    CAPTURE(text);
    const fs::path file = folder.write("text", text);
    const std::vector<Place> expected = model(text, ',');
    REQUIRE(places(file, ',', 1 + random() % 7) == expected);
    REQUIRE(places(file, ',', 4096) == expected);
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::vector<Place> rest(expected.begin() + static_cast<ptrdiff_t>(i), expected.end());
      REQUIRE(places(file, ',', 1 + random() % 7, expected[i].begin) == rest);
      if (i > 0) REQUIRE(places(file, ',', 64, expected[i - 1].end) == rest);
    }
  }
}

TEST_CASE("rows near the limits are the same however the file is read") {
  const uint64_t seed = random_seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const ImportFolder folder;
  for (const size_t limit : {quoted_row_bytes_max, import_row_bytes_max}) {
    for (const size_t size : {limit - 2, limit - 1, limit, limit + 1, limit + 2}) {
      for (const std::string_view end : {"\n", "\r\n", "\r", ""}) {
        std::string quoted = "\"x\n" + std::string(size - 4, 'q') + "\"";
        REQUIRE(quoted.size() == size);
        for (const std::string& row :
             {std::string(size, 'p'), quoted, '"' + std::string(size, 'u')}) {
          const fs::path file =
              folder.write("text", "a,b\n" + row + std::string(end) + (end == "" ? "" : "c,d\n"));
          const auto expected = places(file, ',', 4 << 20);
          CHECK(places(file, ',', 64 << 10) == expected);
          CHECK(places(file, ',', 40'000 + random() % 100'000) == expected);
          CHECK(expected.front().text == "a,b");
          if (end != "") CHECK(expected.back().text == "c,d");
        }
      }
    }
  }
}

TEST_CASE("whatever octets come: a format or a problem, and rows that cover the text in order") {
  const uint64_t seed = random_seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> scraps = {"email",
                                           "phone",
                                           "reason",
                                           "a@example.com",
                                           "+380501234567",
                                           ",",
                                           ";",
                                           "\t",
                                           "\n",
                                           "\r",
                                           "\"",
                                           "'=",
                                           "{\"email\":\"b@example.com\"}",
                                           "{",
                                           "[",
                                           "null",
                                           "status",
                                           "created",
                                           "1741080930",
                                           "\xFF\xFE",
                                           "\xEF\xBB\xBF",
                                           "\xC3\xA9",
                                           "\xC3",
                                           std::string(1, '\0'),
                                           " ",
                                           "5.1.1",
                                           "spam"};
  const ImportFolder folder;
  size_t formats = 0;
  for (size_t round = 0; round < 2'000 * test_size(); ++round) {
    std::string upload;
    for (size_t i = random() % 40; i > 0; --i) upload += scraps[random() % scraps.size()];
    CAPTURE(upload);
    const fs::path from = folder.write("upload", upload), text = folder.path / "text";
    const TextSample sample = sample_text(from, {}, import_sample_bytes);
    ImportWish wish;
    wish.suppressions = round % 2 == 0;
    const auto found = find_import_format(sample.text, sample.whole, wish);
    fs::remove(text);
    REQUIRE(make_text(from, text, {}, 1 << 20, [](uint64_t) { return true; }));
    if (std::holds_alternative<Problem>(found)) continue;
    ++formats;
    const ImportFormat& format = std::get<ImportFormat>(found);
    REQUIRE(parse_format_text(format_text(format)) == format);
    const ImportTexts rows = read_rows(text, format, {}, 0, 1 + random() % 9);
    REQUIRE(rows.texts == read_rows(text, format).texts);
    for (size_t i = 0; i < rows.texts.size(); ++i) {
      REQUIRE(rows.begins[i] < rows.ends[i]);
      REQUIRE(rows.ends[i] <=
              (i + 1 < rows.begins.size() ? rows.begins[i + 1] : fs::file_size(text)));
    }
  }
  CHECK(formats > 100);
}

TEST_CASE("cells are those of Python's csv module") {
  const ImportFolder folder;
  const std::string script = R"(
import csv, json, random, sys
folder, seed = sys.argv[1], int(sys.argv[2])
r = random.Random(seed)
for n, (delimiter, end, quoting) in enumerate(
    (d, e, q) for d in ',;\t|' for e in ('\n', '\r\n', '\r') for q in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)):
  with open(f'{folder}/{n}.csv', 'w', newline='') as f, open(f'{folder}/{n}.json', 'w') as j:
    w = csv.writer(f, delimiter=delimiter, lineterminator=end, quoting=quoting)
    w.writerow(['email', 'one', 'two', 'three'])
    for i in range(200):
      # The writer quotes no line end but its own unless it quotes all.
      ends = end if quoting == csv.QUOTE_MINIMAL else '\n\r'
      cells = [''.join(r.choice('ab,;|\t" é😀' + ends) for _ in range(r.randrange(8))) for _ in range(3)]
      w.writerow([f'user{i}@example.com'] + cells)
      json.dump([f'user{i}@example.com'] + cells, j)
      j.write('\n')
)";
  folder.write("make.py", script);
  const uint64_t seed = random_seed() % 1'000'000'000;
  CAPTURE(seed);
  const std::string command = "/usr/bin/python3 " + (folder.path / "make.py").string() + " " +
                              folder.path.string() + " " + std::to_string(seed);
  REQUIRE(std::system(command.c_str()) == 0);
  size_t compared = 0;
  for (size_t n = 0; n < 24; ++n) {
    CAPTURE(n);
    ImportFormat format = email_only(true);
    format.delimiter = ",;\t|"[n / 6];
    format.fields = {{1, "one"}, {2, "two"}, {3, "three"}};
    Normalizer normalizer;
    ImportRows rows(folder.path / (std::to_string(n) + ".csv"), format, {}, normalizer, 0, 512);
    std::ifstream expected(folder.path / (std::to_string(n) + ".json"));
    ImportRow row;
    for (std::string line; std::getline(expected, line);) {
      const auto cells = nlohmann::json::parse(line).get<Texts>();
      REQUIRE(rows.next(row));
      REQUIRE(row.error == ImportError::none);
      CHECK(row.addresses[0] == cells[0]);
      std::map<std::string, std::string> fields;
      for (size_t i = 1; i < 4; ++i) {
        if (!cells[i].empty()) fields[i == 1 ? "one" : i == 2 ? "two" : "three"] = cells[i];
      }
      CHECK(row.fields == fields);
      ++compared;
    }
    CHECK_FALSE(rows.next(row));
  }
  CHECK(compared == 24 * 200);
}

TEST_CASE("a quote that nothing closes costs its own line") {
  const std::string text = "a@example.com,\"oops\nb@example.com,x\nc@example.com,\"y\"\n";
  // The next quote closes it: what follows is text of the cell, as everywhere.
  CHECK(texts_of(text, email_only()) == Texts{"a@example.com"});
  std::string open = "a@example.com,x\nb@example.com,\"oops\n";
  Texts expected = {"a@example.com", "! unclosed_quote"};
  for (size_t i = 0; i < 20'000; ++i) {
    open += "u" + std::to_string(i) + "@example.com,x\n";
    expected.push_back("u" + std::to_string(i) + "@example.com");
  }
  REQUIRE(open.size() > quoted_row_bytes_max);
  CHECK(texts_of(open, email_only()) == expected);
  CHECK(texts_of(open, email_only(), 10'000) == expected);
  // Also when the text ends before the limit.
  CHECK(texts_of("b@example.com,\"oops\r\nc@example.com,x", email_only()) ==
        Texts{"! unclosed_quote", "c@example.com"});
  CHECK(texts_of("\"b@example.com", email_only()) == Texts{"! unclosed_quote"});
}

TEST_CASE("a row of 10 MiB is an error of its own, and is not kept") {
  const std::string big(10 << 20, 'x');
  for (const std::string& row : {"b@example.com," + big, "b@example.com,\"" + big + "\""}) {
    const std::string text = "a@example.com\n" + row + "\r\nc@example.com\n";
    const ImportFolder folder;
    const fs::path file = folder.write("text", text);
    for (const size_t read_bytes : {4096, 1 << 20}) {
      const ImportTexts rows = read_rows(file, email_only(), {}, 0, read_bytes);
      CHECK(rows.texts == Texts{"a@example.com", "! row_too_long", "c@example.com"});
      CHECK(rows.begins == std::vector<uint64_t>{0, 14, 14 + row.size() + 2});
      CHECK(rows.ends[1] == rows.begins[2]);
    }
  }
}

TEST_CASE("a column that vanishes half-way is an error of the rows that lack it") {
  ImportFormat format = email_only(true);
  format.email = 1;
  format.phone = 3;
  format.fields = {{0, "name"}, {2, "note"}};
  CHECK(texts_of("name,email,note,phone\n"
                 "Ada,a@example.com,x,+380501234567\n"
                 "Bob,b@example.com\n"
                 "Cyd\n"
                 ",,,\n"
                 "Dan,,,+380501234568\n"
                 "Eve,e@example.com,x,nonsense\n"
                 "Fay,f@example.com,,,more,than,there,is\n",
                 format) == Texts{"a@example.com +380501234567 name=Ada note=x",
                                  "b@example.com name=Bob", "! missing_column", "! no_address",
                                  "+380501234568 name=Dan", "! not_a_number",
                                  "f@example.com name=Fay"});
}

TEST_CASE("line ends of all kinds, empty lines and a missing last one") {
  CHECK(texts_of("\n\na@example.com\r\r\nb@example.com\r\n\nc@example.com\rd@example.com",
                 email_only()) ==
        Texts{"a@example.com", "b@example.com", "c@example.com", "d@example.com"});
  CHECK(texts_of("", email_only()).empty());
  CHECK(texts_of("email\n", email_only(true)).empty());
  CHECK(texts_of("\xEF\xBB\xBF", email_only()).empty());
}

TEST_CASE("NULs are control characters in addresses and text in fields") {
  ImportFormat format = email_only();
  format.fields = {{1, "note"}};
  const std::string text("a@example.com,x\0y\nb\0@example.com,z\nc@example.com,\n", 50);
  CHECK(texts_of(text, format) ==
        Texts{std::string("a@example.com note=x\0y", 22), "! control_character", "c@example.com"});
}

TEST_CASE("the quote that a spreadsheet's export put in front is taken off, and no other") {
  ImportFormat format = email_only();
  format.phone = 1;
  format.fields = {{2, "note"}};
  CHECK(texts_of("'+plus@example.com,'+380501234567,'=1+1\n"
                 "'quoted@example.com,,'tis\n"
                 "\"'-minus@example.com\",,\"'@home, \"\"now\"\"\"\n"
                 "a@example.com,,'+380501234567\n"
                 "b@example.com,,''=1\n",
                 format) == Texts{"+plus@example.com +380501234567 note==1+1",
                                  "'quoted@example.com note='tis",
                                  "-minus@example.com note=@home, \"now\"",
                                  "a@example.com note='+380501234567", "b@example.com note=''=1"});
}

TEST_CASE("fields that no contact may have are errors, and what one row had the next has not") {
  ImportFormat format = email_only();
  format.fields = {{1, "b"}, {2, "a"}, {3, "c"}};
  const std::string limit(field_value_octets_max, 'x');
  CHECK(texts_of("1@example.com,b,a,c\n2@example.com,,a2\n3@example.com," + limit + "x\n" +
                     "4@example.com,b4,,c4\n5@example.com\n6@example.com,,,\"\"\n",
                 format) == Texts{"1@example.com a=a b=b c=c", "2@example.com a=a2", "! bad_field",
                                  "4@example.com b=b4 c=c4", "5@example.com", "6@example.com"});
}

TEST_CASE("bad lines of NDJSON are errors of their own") {
  ImportFormat format;
  format.shape = ImportShape::ndjson;
  format.email_member = "email";
  format.phone_member = "phone";
  format.reason_member = "reason";
  CHECK(texts_of("{\"email\":\"a@example.com\"}\n"
                 "{\"email\":\"b@example.com\"\n"
                 "[1]\n"
                 "{\"email\":\"c@example.com\",\"email\":\"d@example.com\"}\n"
                 "{\"phone\":null}\n"
                 "{\"email\":\"\"}\n"
                 "{\"email\":\"nobody\"}\n"
                 "{\"email\":\"e@example.com\",\"reason\":\"whim\"}\n"
                 "{\"email\":\"f@example.com\",\"fields\":{\"a\":\"1\",\"b\":2},\"x\":[1, 2]}\n"
                 "{\"email\":\"g@example.com\",\"x\":\"1\",\"fields\":{\"x\":\"2\"}}\n"
                 "\r\n"
                 "{\"email\":\"h@example.com\",\"" +
                     std::string(field_name_octets_max + 1, 'n') + "\":\"1\"}\n",
                 format) == Texts{"a@example.com", "! bad_json", "! bad_json", "! bad_json",
                                  "! missing_column", "! no_address", "! no_at_sign",
                                  "! unknown_reason", "f@example.com a=1 b=2 x=[1,2]",
                                  "! bad_field", "! bad_field"});
}

TEST_CASE("evidence is cut at its limit, between characters") {
  ImportFormat format = email_only();
  format.evidence = 1;
  std::string long_text(evidence_octets_max - 1, 'x');
  CHECK(texts_of("a@example.com," + long_text + "\xC3\xA9\n", format) ==
        Texts{"a@example.com [" + long_text + "]"});
}

TEST_CASE("a row's bytes are those of the file") {
  const ImportFolder folder;
  const std::string text = "a@example.com,\"x\ny\"\r\nnobody\n";
  Normalizer normalizer;
  ImportRows rows(folder.write("text", text), email_only(), {}, normalizer, 0);
  ImportRow row;
  REQUIRE(rows.next(row));
  CHECK(rows.bytes() == "a@example.com,\"x\ny\"\r\n");
  REQUIRE(rows.next(row));
  CHECK(rows.bytes() == "nobody\n");
  CHECK(row.error == import_error(AddressError::no_at_sign));
  CHECK(rows.text_bytes() == text.size());
  CHECK_FALSE(rows.next(row));
}

TEST_CASE("numbers of row errors are frozen") {
  const std::vector<std::pair<int, std::string>> errors = {
      {0, ""},
      {1, "row_too_long"},
      {2, "unclosed_quote"},
      {3, "missing_column"},
      {4, "no_address"},
      {5, "bad_json"},
      {6, "bad_field"},
      {7, "unknown_reason"},
      {8, "bad_time"},
      {9, "bad_encoding"},
      {10, "not_suppressing"},
      {32 + static_cast<int>(AddressError::no_at_sign), "no_at_sign"}};
  for (const auto& [number, name] : errors) {
    CHECK(error_name(static_cast<ImportError>(number)) == name);
  }
  CHECK(error_name(static_cast<ImportError>(11)).empty());
}
