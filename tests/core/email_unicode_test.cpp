// The email paths against ICU's own functions, and against each other.
#include <unicode/idna.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>

#include "core/email_paths.hpp"
#include "core/unicode_text.hpp"
#include "tests/core/random_input.hpp"

using namespace suppressd;

namespace {

std::string email(std::string_view raw) {
  static Normalizer normalizer;
  CanonicalAddress out;
  const AddressError error = normalizer.email(raw, out);
  if (error != AddressError::none) return "(" + std::string(error_name(error)) + ")";
  return std::string(out.text());
}

std::string careful(std::string_view raw) {
  static CarefulEmail path;
  std::string_view out;
  const AddressError error = path.normalize(raw, out);
  if (error != AddressError::none) return "(" + std::string(error_name(error)) + ")";
  return std::string(out);
}

/// The fast path's answer; empty when it gives none.
std::string plain(std::string_view raw) {
  char scratch[plain_email_octets_max];
  std::string_view out;
  return plain_email(raw, scratch, out) ? std::string(out) : std::string();
}

/// A domain as ICU's UTF-16 functions have it; empty when they find an error in it.
std::string icu_domain(std::string_view domain) {
  UErrorCode status = U_ZERO_ERROR;
  static const std::unique_ptr<icu::IDNA> idna(
      icu::IDNA::createUTS46Instance(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_CHECK_BIDI |
                                         UIDNA_CHECK_CONTEXTJ | UIDNA_USE_STD3_RULES,
                                     status));
  icu::IDNAInfo info;
  icu::UnicodeString out;
  const auto size = static_cast<int32_t>(domain.size());
  idna->nameToASCII(icu::UnicodeString::fromUTF8({domain.data(), size}), out, info, status);
  std::string text;
  if (U_SUCCESS(status) && !info.hasErrors()) out.toUTF8String(text);
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

/// A local part without quotes as ICU's UTF-16 functions fold it.
std::string icu_local(std::string_view local) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  const auto size = static_cast<int32_t>(local.size());
  icu::UnicodeString text = icu::UnicodeString::fromUTF8({local.data(), size});
  text = nfc->normalize(text, status);
  text.toLower(icu::Locale::getRoot());
  text = nfc->normalize(text, status);
  std::string folded;
  text.toUTF8String(folded);
  return folded;
}

constexpr std::string_view ascii_pieces[] = {
    "a",    "b", "Z",  "0",    "9",   "john", "Doe", "EXAMPLE", "com", ".",       ".",
    ".",    "-", "--", "_",    "+",   "@",    "@",   "@",       "\"",  "\\",      " ",
    "<",    ">", "(",  "xn--", "[",   "]",    "!",   "'",       "{",   "mailto:", "\t",
    "\x7F", "/", "~",  ".c",   "@b.", "1",    "=?",  "`",       ",",   ":",       ";"};

constexpr std::string_view plain_pieces[] = {"a",  "B",  "john", "DOE", "7",    ".a", ".9", "-x",
                                             "x-", "--", "+",    "_",   "xn--", ".",  "@"};

constexpr std::string_view unicode_pieces[] = {"a",
                                               "B",
                                               ".",
                                               "@",
                                               "@x.",
                                               ".com",
                                               "\"",
                                               "1",
                                               "-",
                                               "xn--",
                                               "\u00DF",
                                               "\u1E9E",
                                               "\u0130",
                                               "\u0131",
                                               "\u00E9",
                                               "e\u0301",
                                               "\u0041\u030A",
                                               "\u212B",
                                               "\u212A",
                                               "\u03A3",
                                               "\u03C2",
                                               "\u0416",
                                               "\u0456",
                                               "\u4E2D",
                                               "\u3002",
                                               "\uFF0E",
                                               "\uFF21",
                                               "\u05D0",
                                               "\u0661",
                                               "\u200D",
                                               "\u200C",
                                               "\u00AD",
                                               "\u0301",
                                               "\u0327",
                                               "\u0345",
                                               "\u1FB3",
                                               "\u01C4",
                                               "\uFB01",
                                               "\u1100",
                                               "\u1161",
                                               "\uAC00",
                                               "\U0001F600",
                                               "\U0001F468\u200D\U0001F469",
                                               "\u2764\uFE0F",
                                               "\u0958",
                                               "\u2126",
                                               "\u1FEF",
                                               "\u037E",
                                               "\u00A0",
                                               "\u3000",
                                               "\u0344",
                                               "\u1E9B\u0323",
                                               "\U0001D400"};

template <size_t Count>
std::string assemble(RandomInput& random, const std::string_view (&pieces)[Count]) {
  std::string made;
  for (size_t i = 1 + random.number(14); i > 0; --i) made += random.one_of(pieces, Count);
  return made;
}

}  // namespace

TEST_CASE("local parts: NFC, then lower case by the root locale") {
  CHECK(email("JOSE\u0301@b.c") == "jos\u00E9@b.c");
  CHECK(email("JOS\u00C9@b.c") == "jos\u00E9@b.c");
  CHECK(email("I@b.c") == "i@b.c");
  CHECK(email("\u0130@b.c") == "i\u0307@b.c");
  CHECK(email("\u0131@b.c") == "\u0131@b.c");  // dotless i is not i
  CHECK(email("\u0418\u0412\u0410\u041D@b.c") == "\u0438\u0432\u0430\u043D@b.c");
  CHECK(email("\u212A@b.c") == "k@b.c");                 // Kelvin
  CHECK(email("stra\u00DFe@b.c") == "stra\u00DFe@b.c");  // ss is another address
  CHECK(email("\uFF21@b.c") == "\uFF41@b.c");            // NFC keeps full width
  CHECK(email("\"\u0436 \u0436\"@b.c") == "\"\u0436 \u0436\"@b.c");
}

TEST_CASE("emoji local parts are addresses like any other") {
  CHECK(email("\U0001F600@b.c") == "\U0001F600@b.c");
  const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467@b.c";
  CHECK(email(family) == family);
  CHECK(email("\u2764\uFE0F@b.c") == "\u2764\uFE0F@b.c");
}

TEST_CASE("domains become A-labels, without transition") {
  CHECK(email("a@M\u00DCNCHEN.de") == "a@xn--mnchen-3ya.de");
  CHECK(email("a@mu\u0308nchen.de") == "a@xn--mnchen-3ya.de");
  CHECK(email("a@XN--MNCHEN-3YA.de") == "a@xn--mnchen-3ya.de");
  CHECK(email("a@stra\u00DFe.de") == "a@xn--strae-oqa.de");
  CHECK(email("a@strasse.de") == "a@strasse.de");
  CHECK(email("a@\u043F\u043E\u0448\u0442\u0430.\u0440\u0444") == "a@xn--80a1acn3a.xn--p1ai");
  CHECK(email("a@\u4F8B\u3048.\u30C6\u30B9\u30C8") == "a@xn--r8jz45g.xn--zckzah");
  CHECK(email("a@\uFF25xample\u3002com") == "a@example.com");
  CHECK(email("a@ex\u00ADample.com.") == "a@example.com");
  CHECK(email("a@\u05D0\u05D1.com") == "a@" + icu_domain("\u05D0\u05D1.com"));
}

TEST_CASE("what cannot be seen at the ends is trimmed") {
  CHECK(email("\uFEFFa@b.c") == "a@b.c");
  CHECK(email("\u00A0\u3000a@b.c\u2003\u200B") == "a@b.c");
  CHECK(email("\u202A<a@b.c>\u202C") == "a@b.c");
}

TEST_CASE("random ASCII: the fast path and the careful path agree, and ICU with both") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  size_t taken = 0;
  for (size_t i = 0; i < scaled(200'000); ++i) {
    std::string raw = assemble(random, ascii_pieces);
    if (!random.one_in(4)) {  // nearer to an address
      raw = assemble(random, plain_pieces) + "@" + assemble(random, plain_pieces) + ".com";
      if (random.one_in(4)) raw = "<" + raw + "> ";
      if (random.one_in(4)) raw = "\tMailTo:" + raw;
    }
    const std::string fast = plain(raw);
    if (fast.empty()) continue;
    ++taken;
    const std::string slow = careful(raw);
    if (fast != slow) FAIL_CHECK("'" << raw << "': '" << fast << "' and '" << slow << "'");
    const std::string domain = fast.substr(fast.find('@') + 1);
    if (icu_domain(domain) != domain) FAIL_CHECK("ICU does not keep " << domain);
  }
  CHECK(taken > 1'000);
}

TEST_CASE("almost plain addresses: one byte changed, the paths still agree") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  size_t taken = 0;
  for (size_t i = 0; i < scaled(200'000); ++i) {
    std::string raw = random.text(1 + random.number(20), "abcXYZ019._+-");
    raw += "@" + random.text(1 + random.number(30), "abcXYZ019-.");
    raw += random.one_of({".com", ".De", ".co.uk", ""});
    raw[random.number(raw.size())] = static_cast<char>(random.number(256));
    const std::string fast = plain(raw);
    if (fast.empty()) continue;
    ++taken;
    const std::string slow = careful(raw);
    if (fast != slow) FAIL_CHECK("'" << raw << "': '" << fast << "' and '" << slow << "'");
  }
  CHECK(taken > 1'000);
}

TEST_CASE("every length: the fast path takes a plain address of 5 to 64 octets as it is") {
  for (size_t size = 5; size <= plain_email_octets_max; ++size) {
    const std::string address = std::string(size - 4, 'a').substr(0, size - 4) + "@b.c";
    INFO(address);
    CHECK(plain(address) == address);
    std::string upper = address;
    std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
    CHECK(plain(upper) == address);
    CHECK(plain("<" + upper + ">\n") == address);
    for (size_t at = 0; at < size; ++at) {  // a byte that no plain address holds, at every place
      std::string spoiled = address;
      spoiled[at] = at % 2 == 0 ? '\x80' : '(';
      CHECK(plain(spoiled).empty());
    }
  }
}

TEST_CASE("random Unicode: what is accepted is what ICU makes of it, and its own canonical form") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  size_t accepted = 0;
  for (size_t i = 0; i < scaled(100'000); ++i) {
    std::string raw = assemble(random, unicode_pieces);
    if (random.one_in(2)) raw += "@example.com";
    const std::string once = email(raw);
    if (once.front() == '(') continue;
    ++accepted;
    if (email(once) != once)
      FAIL_CHECK("'" << raw << "' is '" << once << "', then " << email(once));
    if (raw.find('"') != std::string::npos || has_hidden(raw)) continue;
    const size_t at = once.rfind('@');
    const size_t raw_at = raw.rfind('@');
    if (std::string_view(once).substr(at + 1) != icu_domain(raw.substr(raw_at + 1))) {
      FAIL_CHECK("ICU has another domain for '" << raw << "'");
    }
  }
  CHECK(accepted > 1'000);
}

TEST_CASE("random Unicode local parts are what ICU folds them to") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  size_t accepted = 0;
  for (size_t i = 0; i < scaled(50'000); ++i) {
    const std::string local = assemble(random, unicode_pieces);
    if (local.find_first_of("@\"") != std::string::npos || has_hidden(local)) continue;
    const std::string made = email("<" + local + "@b.c>");
    if (made.front() == '(') continue;
    ++accepted;
    if (made != icu_local(local) + "@b.c") FAIL_CHECK("'" << local << "': " << made);
  }
  CHECK(accepted > 1'000);
}

TEST_CASE("random bytes never crash, and whatever is accepted is its own canonical form") {
  RandomInput random;
  INFO("SUPPRESSD_SEED=" << random.seed);
  for (size_t i = 0; i < scaled(100'000); ++i) {
    std::string raw;
    for (size_t n = random.number(40); n > 0; --n)
      raw.push_back(static_cast<char>(random.number(256)));
    if (random.one_in(2)) raw += "@example.com";
    const std::string once = email(raw);
    if (once.front() != '(' && email(once) != once)
      FAIL_CHECK("not its own canonical form: " << once);
  }
}
