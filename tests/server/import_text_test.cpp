#include <sys/stat.h>

#include <random>

#include "import_reading.hpp"
#include "packed.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

namespace fs = std::filesystem;

constexpr uint64_t text_max = 64 << 20;

std::string utf16(std::u16string_view text, bool little, bool mark) {
  std::string octets;
  const auto unit = [&](char16_t c) {
    const char low = static_cast<char>(c & 0xFF), high = static_cast<char>(c >> 8);
    octets += little ? low : high;
    octets += little ? high : low;
  };
  if (mark) unit(0xFEFF);
  for (const char16_t c : text) unit(c);
  return octets;
}

std::string random_text(size_t bytes) {
  std::mt19937_64 random(7);
  std::string text;
  while (text.size() < bytes) text += "user" + std::to_string(random()) + "@example.com,x\n";
  return text;
}

/// What an upload becomes.
std::string made(std::string_view upload, std::optional<TextEncoding> wanted = {}) {
  const ImportFolder folder;
  const fs::path from = folder.write("upload", upload), to = folder.path / "text";
  REQUIRE(make_text(from, to, wanted, text_max, [](uint64_t) { return true; }));
  CHECK_FALSE(fs::exists(from));
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
  return read_whole(to);
}

/// The code with which an upload is refused, in a sample or when it is made.
std::string refusal(std::string_view upload, uint64_t bytes_max = text_max) {
  const ImportFolder folder;
  const fs::path from = folder.write("upload", upload), to = folder.path / "text";
  try {
    make_text(from, to, {}, bytes_max, [](uint64_t) { return true; });
  } catch (const ImportTextError& error) {
    CHECK(fs::exists(from));
    CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
    CHECK_FALSE(std::string(error.what()).empty());
    return error.code;
  }
  return "none";
}

TextSample sample(std::string_view upload, size_t bytes = import_sample_bytes) {
  const ImportFolder folder;
  return sample_text(folder.write("upload", upload), {}, bytes);
}

}  // namespace

TEST_CASE("UTF-8 stays as it is, mark and all, and so does its file") {
  const ImportFolder folder;
  const std::string text =
      "\xEF\xBB\xBF"
      "email,name\na@example.com,\xD0\x90\xD0\xB4\xD0\xB0\n";
  const fs::path from = folder.write("upload", text), to = folder.path / "text";
  struct stat before {
  }, after{};
  REQUIRE(stat(from.c_str(), &before) == 0);
  REQUIRE(make_text(from, to, {}, text_max, [](uint64_t) { return true; }));
  REQUIRE(stat(to.c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  CHECK(read_whole(to) == text);
  const ImportTexts rows = read_rows(to, format_of(text.substr(3)));
  CHECK(rows.texts == std::vector<std::string>{"a@example.com name=\xD0\x90\xD0\xB4\xD0\xB0"});
  CHECK(rows.begins == std::vector<uint64_t>{14});
}

TEST_CASE("UTF-16 becomes UTF-8, with a mark and without") {
  const std::u16string_view text = u"email;имя\na@example.com;Ада 😀\n";
  const std::string utf8 = "email;имя\na@example.com;Ада 😀\n";
  for (const bool little : {true, false}) {
    for (const bool mark : {true, false}) {
      const std::string octets = utf16(text, little, mark);
      CHECK(made(octets) == utf8);
      CHECK(made(gzip(octets)) == utf8);
      CHECK(sample(octets).text == utf8);
      CHECK(sample(octets).whole);
      CHECK(sample(octets).encoding == (little ? TextEncoding::utf16_le : TextEncoding::utf16_be));
    }
  }
}

TEST_CASE("what is neither UTF-8 nor UTF-16 is Latin-1, read as browsers read it") {
  CHECK(made("a@example.com,Jos\xE9 \x80\x93\n") == "a@example.com,José €“\n");
  CHECK(sample("caf\xE9\n").encoding == TextEncoding::latin1);
  CHECK(made("a@example.com,Jos\xC3\xA9\n", TextEncoding::latin1) == "a@example.com,JosÃ©\n");
}

TEST_CASE("names of encodings") {
  for (const auto encoding :
       {TextEncoding::utf8, TextEncoding::utf16_le, TextEncoding::utf16_be, TextEncoding::latin1}) {
    CHECK(parse_encoding(name_of(encoding)) == encoding);
  }
  CHECK(parse_encoding("Windows-1252") == TextEncoding::latin1);
  CHECK(parse_encoding("koi8-r") == std::nullopt);
}

TEST_CASE("octets that are not of the encoding are errors of their rows alone") {
  const std::string start = "email\n" + random_text(encoding_sample_bytes);
  const std::string text = start + "jos\xE9@example.com\nlast@example.com\n";
  const ImportFolder folder;
  const fs::path from = folder.write("upload", text), to = folder.path / "text";
  ImportWish wish;
  wish.email = "0";
  wish.delimiter = ',';
  wish.header = true;
  const ImportFormat format = format_of(sample_text(from, {}, import_sample_bytes).text, wish);
  REQUIRE(make_text(from, to, {}, text_max, [](uint64_t) { return true; }));
  const auto rows = read_rows(to, format).texts;
  REQUIRE(rows.size() > 2);
  CHECK(rows[rows.size() - 2] == "! bad_encoding");
  CHECK(rows.back() == "last@example.com");
  CHECK(std::count(rows.begin(), rows.end(), "! bad_encoding") == 1);
}

TEST_CASE("half a pair of UTF-16, and half a unit, are errors of their rows alone") {
  std::u16string text = u"email\na@example.com\nb";
  text += char16_t(0xD83D);
  text += u"@example.com\nc@example.com\nd@example.com";
  const ImportFolder folder;
  const fs::path from = folder.write("upload", utf16(text, true, true) + "x");
  const fs::path to = folder.path / "text";
  REQUIRE(make_text(from, to, {}, text_max, [](uint64_t) { return true; }));
  CHECK(read_rows(to, format_of("email\na@example.com\n")).texts ==
        std::vector<std::string>{"a@example.com", "! bad_encoding", "c@example.com",
                                 "! bad_encoding"});
}

TEST_CASE("gzip and zstd are unpacked, of one part or several") {
  const std::string text = random_text(3 << 20);
  CHECK(made(gzip(text)) == text);
  CHECK(made(zstd(text)) == text);
  CHECK(made(gzip(text) + gzip("x@example.com\n")) == text + "x@example.com\n");
  CHECK(made(zstd(text) + zstd("x@example.com\n")) == text + "x@example.com\n");
  const std::string skippable(
      "\x50\x2A\x4D\x18\x03\x00\x00\x00"
      "abc",
      11);
  CHECK(made(skippable + zstd(text)) == text);
  CHECK(sample(zstd(text)).text == text.substr(0, import_sample_bytes));
}

TEST_CASE("packed files that are cut off, damaged or bombs are refused, and stay") {
  const std::string text = random_text(3 << 20);
  CHECK(refusal(gzip(text).substr(0, 100'000)) == "truncated_compression");
  CHECK(refusal(zstd(text).substr(0, 100'000)) == "truncated_compression");
  for (const std::string& packed : {gzip(text), zstd(text)}) {
    std::string damaged = packed;
    for (size_t i = 0; i < 64; ++i) damaged[packed.size() / 2 + i] ^= 0x55;
    CHECK(refusal(damaged) == "damaged_compression");
    CHECK(refusal(packed + "more") == "damaged_compression");
  }
  const std::string zeros(32 << 20, 'a');
  CHECK(refusal(gzip(zeros)) == "too_expansive");
  CHECK(refusal(zstd(zeros)) == "too_expansive");
  CHECK(refusal(zstd(random_text(1 << 20), 25)) == "zstd_window_too_large");
  CHECK(refusal(gzip(text), 1 << 20) == "text_too_large");
  CHECK(refusal(text, 1 << 20) == "text_too_large");
}

TEST_CASE("a sample is whole characters, and says whether it is all") {
  const std::string text = "ab\xC3\xA9";
  CHECK(sample(text, 4).text == text);
  CHECK(sample(text, 4).whole);
  CHECK(sample(text, 3).text == "ab");
  CHECK_FALSE(sample(text, 3).whole);
  // A character that the encoding's sample cuts in two does not make it Latin-1.
  const std::string cut = std::string(encoding_sample_bytes - 1, 'x') + "\xC3\xA9";
  CHECK(sample(cut).encoding == TextEncoding::utf8);
}

TEST_CASE("making a text can be stopped and taken up again, wherever it was left") {
  const ImportFolder folder;
  const std::string text = random_text(16 << 20);
  const fs::path from = folder.write("upload", gzip(text)), to = folder.path / "text";
  std::vector<uint64_t> asked;
  CHECK_FALSE(make_text(from, to, {}, text_max, [&asked](uint64_t bytes) {
    asked.push_back(bytes);
    return asked.size() < 3;
  }));
  REQUIRE(asked.size() == 3);
  CHECK(asked[0] < asked[1]);
  CHECK(asked[1] < asked[2]);
  CHECK(asked[2] <= fs::file_size(from));
  CHECK_FALSE(fs::exists(to));
  const auto go_on = [](uint64_t) { return true; };
  REQUIRE(make_text(from, to, {}, text_max, go_on));
  CHECK(read_whole(to) == text);
  CHECK(make_text(from, to, {}, text_max, go_on));
  // It died between the text's coming and the upload's going.
  folder.write("upload", gzip(text));
  CHECK(make_text(from, to, {}, text_max, go_on));
  CHECK_FALSE(fs::exists(from));
  CHECK(read_whole(to) == text);
}

TEST_CASE("a disk that fails is told by its errno") {
  const ImportFolder folder;
  try {
    sample_text(folder.path / "nothing", {}, 100);
    FAIL("a file that is not there was read");
  } catch (const fs::filesystem_error& error) {
    CHECK(error.code() == std::errc::no_such_file_or_directory);
  }
}
