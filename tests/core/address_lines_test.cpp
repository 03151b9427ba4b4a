// Every kernel against the plain reading of a text: split at LF, ask the Normalizer. AVX-512 runs
// emulated (SIMDe) on any machine, and natively where there is one.
#define SIMDE_ENABLE_NATIVE_ALIASES
#include "core/address_lines.hpp"

#include <simde/x86/avx512.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/address.hpp"
#include "core/address_lines_kernel_avx512.hpp"
#include "core/email_paths.hpp"
#include "core/phone_paths.hpp"
#include "tests/core/random_input.hpp"

namespace suppressd {
namespace {

size_t mark_lines_avx512_emulated(const char* text, size_t size, char* lower, uint32_t* marks) {
  return mark_lines<Avx512Bytes>(text, size, lower, marks);
}

struct Contestant {
  std::string name;
  std::unique_ptr<AddressLines> lines;
};

std::vector<Contestant> contestants() {
  std::vector<Contestant> made;
  for (const Kernel kernel : {Kernel::scalar, Kernel::avx2, Kernel::avx512}) {
    if (!kernel_available(kernel)) continue;
    made.push_back({std::string(name_of(kernel)), std::make_unique<AddressLines>(kernel)});
  }
  made.push_back({"avx512 emulated", std::make_unique<AddressLines>(mark_lines_avx512_emulated)});
  return made;
}

/// What a line is, as one text that a failure prints.
std::string described(std::string_view raw, std::string_view lower, bool email, bool phone) {
  return std::string(raw) + (email ? "|email " : "|") + (email ? std::string(lower) : "") +
         (phone ? "|phone" : "");
}

/// The whole of `text` through one kernel, block by block. Lines over a block end the reading.
std::vector<std::string> read(AddressLines& lines, std::string_view text) {
  std::vector<std::string> rows;
  while (const size_t taken = lines.read(text)) {
    for (size_t i = 0; i < lines.size(); ++i) {
      const AddressLines::Line line = lines.line(i);
      const std::string_view lower(lines.lower() + line.begin, line.size);
      const bool email = line.plain_email && line.size <= plain_email_octets_max;
      rows.push_back(described(lines.raw(line), lower, email, line.plain_phone));
    }
    text.remove_prefix(taken);
  }
  return rows;
}

/// What AddressLines takes of what the Normalizer's fast path takes: a dot-atom of the common
/// characters, and no hyphens in a row in the domain.
bool is_common(std::string_view text) {
  const size_t at = text.find('@');
  if (text.find("--", at) != std::string_view::npos) return false;
  return text.substr(0, at).find_first_of("!#$%&'*/=?^`{|}~") == std::string_view::npos;
}

std::vector<std::string> expected(std::string_view text) {
  std::vector<std::string> rows;
  for (size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::array<char, plain_email_octets_max> scratch;
    std::string_view canonical;
    const bool email = plain_email(line, scratch.data(), canonical) &&
                       canonical.size() == line.size() && is_common(line);
    const bool phone =
        line.starts_with('+') && line.find_first_not_of("0123456789", 1) == std::string_view::npos;
    rows.push_back(described(line, canonical, email, phone));
  }
  return rows;
}

void check_all(std::string_view text) {
  static auto all = contestants();
  const std::vector<std::string> rows = expected(text);
  for (Contestant& contestant : all) {
    INFO(contestant.name);
    REQUIRE(read(*contestant.lines, text) == rows);
  }
}

std::string random_line(RandomInput& input) {
  switch (input.number(6)) {
    case 0:
      return input.text(input.number(40), "aB1@.-_+\r \xC3!");
    case 1:
      return "+" + input.text(input.number(20), "0123456789") +
             (input.one_in(5) ? input.text(1, "+ @.\r") : "");
    case 2:
      return input.text(input.number(3), "aZ") + "@" + input.text(input.number(9), "ab.-");
    case 3:
      return input.text(input.number(60), "a") + "@" + input.text(input.number(60), "b") + ".c";
    default:
      break;
  }
  std::string line = input.text(1 + input.number(20), "abcXYZ019") + "." +
                     input.text(1 + input.number(9), "abc_+-") + "@" +
                     input.text(1 + input.number(12), "abcD-") + ".Com";
  if (input.one_in(6)) line[input.number(line.size())] = static_cast<char>(input.number(256));
  return line;
}

}  // namespace

TEST_CASE("each rule of a plain address holds wherever in a word its bytes lie") {
  const std::vector<std::string> lines = {"a@b.c",
                                          "A.B_c+d-e@F-g.Hi",
                                          "+380501234567",
                                          "+",
                                          "",
                                          "@",
                                          "a@b",
                                          "a@.b",
                                          "a@b.",
                                          "a@b.c.",
                                          ".a@b.c",
                                          "a.@b.c",
                                          "a..b@c.d",
                                          "a@b..c",
                                          "a@@b.c",
                                          "a@b@c.d",
                                          "a@-b.c",
                                          "a@b-.c",
                                          "a@b.c-",
                                          "a@b.-c",
                                          "a@ab--c.d",
                                          "a@xn--a.b",
                                          "a@a-b--c.d",
                                          "a@abc--d.e",
                                          "-a-@b.c",
                                          "a--b@c.d",
                                          "a@b_c.d",
                                          "a@b+c.d",
                                          "a b@c.d",
                                          " a@b.c",
                                          "a@b.c ",
                                          "a!@b.c",
                                          "\xC3\xA9@b.c",
                                          "a@b.\xC3\xA9",
                                          "a\r@b.c",
                                          "a@b.c\r",
                                          "\r",
                                          "+38050\r1",
                                          "38050123456",
                                          "+3805012a",
                                          "++380501234567",
                                          "a+380501234567"};
  for (size_t before = 0; before < 130; ++before) {
    INFO("after " << before << " bytes");
    std::string text = std::string(before, 'x') + "\n";
    for (const std::string& line : lines) text += line + "\n" + line + "\r\n";
    check_all(text);
    check_all(text + "unfinished@example.com");
  }
}

TEST_CASE("every kernel reads random text as the fast path of the Normalizer does") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  for (size_t round = 0; round < scaled(300); ++round) {
    std::string text;
    for (size_t i = input.number(60); i > 0; --i) {
      text += random_line(input) + (input.one_in(3) ? "\r\n" : "\n");
    }
    check_all(text.substr(0, text.size() - (text.empty() ? 0 : input.number(3))));
  }
}

TEST_CASE("a plain line's lower case is what the Normalizer makes of the line") {
  RandomInput input;
  INFO("SUPPRESSD_SEED=" << input.seed);
  Normalizer normalizer;
  AddressLines lines;
  size_t plain = 0;
  for (size_t round = 0; round < scaled(20'000); ++round) {
    const std::string text = random_line(input) + "\n";
    lines.read(text);
    for (size_t i = 0; i < lines.size(); ++i) {
      const AddressLines::Line line = lines.line(i);
      const std::string_view lower(lines.lower() + line.begin, line.size);
      const bool phone = line.plain_phone && is_plain_e164(lower);
      const bool email = line.plain_email && line.size <= plain_email_octets_max;
      if (!phone && !email) continue;
      ++plain;
      CanonicalAddress address;
      REQUIRE(normalizer.address(lines.raw(line), std::nullopt, {}, address) == AddressError::none);
      REQUIRE(address.text() == lower);
      REQUIRE(address.channel() == (email ? Channel::email : Channel::phone));
    }
  }
  CHECK(plain > scaled(1000));
}

TEST_CASE("a block ends with its last whole line, and a line longer than a block is left") {
  AddressLines lines;
  CHECK(lines.read("") == 0);
  CHECK(lines.read("a@b.c") == 0);
  CHECK(lines.read("a@b.c\nd@e.f") == 6);
  const std::string empty(2 * AddressLines::bytes_max, '\n');
  CHECK(lines.read(empty) == AddressLines::bytes_max);
  CHECK(lines.size() == AddressLines::bytes_max);
  const std::string fits = std::string(AddressLines::bytes_max - 1, 'a') + "\n";
  CHECK(lines.read(fits) == fits.size());
  CHECK(lines.read("a" + fits) == 0);
}

}  // namespace suppressd
