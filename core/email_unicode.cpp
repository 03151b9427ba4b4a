#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/idna.h>
#include <unicode/normalizer2.h>

#include <stdexcept>

#include "core/email_paths.hpp"
#include "core/unicode_text.hpp"

namespace suppressd {
namespace {

constexpr uint32_t idna_options =
    UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_USE_STD3_RULES;
/// Lower-casing and NFC settle in two rounds; text that would not is refused, never half folded.
constexpr int fold_rounds_max = 4;

bool is_atext(char c) {
  const auto octet = static_cast<uint8_t>(c);
  if (octet >= 0x80) return true;
  if (octet <= 0x20 || octet == 0x7F) return false;
  return std::string_view("\"(),.:;<>@[\\]").find(c) == std::string_view::npos;
}

bool is_dot_atom(std::string_view text) {
  bool after_dot = true;  // at the start too, a dot has nothing before it
  for (const char c : text) {
    if (c == '.' ? after_dot : !is_atext(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

/// Where the last '@' outside quotes is; npos when there is none, or when a quote is never closed.
size_t split_point(std::string_view text) {
  size_t at = std::string_view::npos;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;  // what is escaped is content, were it a quote
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '@' && !quoted) {
      at = i;
    }
  }
  return quoted ? std::string_view::npos : at;
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c;
}

/// The content of "..." without its escapes; false when a quote ends before the last octet.
bool unquote(std::string_view quoted, std::string& content) {
  content.clear();
  if (quoted.size() < 2 || quoted.back() != '"') return false;
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '"') return false;
    if (quoted[i] == '\\') ++i;
    if (i + 1 >= quoted.size()) return false;
    content.push_back(quoted[i]);
  }
  return true;
}

std::string quote(std::string_view content) {
  std::string quoted = "\"";
  for (const char c : content) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace

struct CarefulEmail::Icu {
  std::unique_ptr<icu::IDNA> idna;
  const icu::Normalizer2* nfc;  // ICU's own, for as long as the process lives
};

CarefulEmail::CarefulEmail() {
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::IDNA> idna(icu::IDNA::createUTS46Instance(idna_options, status));
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) {
    throw std::runtime_error("ICU's data cannot be read: is libicu72 installed whole?");
  }
  icu_ = std::make_unique<Icu>(Icu{std::move(idna), nfc});
}

CarefulEmail::~CarefulEmail() = default;

AddressError CarefulEmail::normalize(std::string_view raw, std::string_view& canonical) {
  if (raw.size() > raw_address_octets_max) return AddressError::too_long;
  if (!is_utf8(raw)) return AddressError::not_utf8;
  const std::string_view text = trim_unicode(unwrap_email(trim_unicode(raw)));
  if (text.empty()) return AddressError::empty;
  if (has_control(text)) return AddressError::control_character;
  if (text.find('@') == std::string_view::npos) return AddressError::no_at_sign;
  const size_t at = split_point(text);
  if (at == std::string_view::npos) return AddressError::bad_local_part;  // a quote never closed
  if (const auto error = local_part(text.substr(0, at)); error != AddressError::none) return error;
  if (const auto error = domain(text.substr(at + 1)); error != AddressError::none) return error;
  address_.assign(local_).append(1, '@').append(domain_);
  if (address_.size() > email_octets_max) return AddressError::too_long;
  canonical = address_;
  return AddressError::none;
}

AddressError CarefulEmail::local_part(std::string_view raw) {
  if (raw.empty()) return AddressError::empty_local_part;
  const bool quoted = raw.front() == '"';
  if (!quoted) {
    local_ = raw;
  } else if (!unquote(raw, local_)) {
    return AddressError::bad_local_part;
  }
  if (local_.empty()) return AddressError::empty_local_part;
  if (!fold_local() || has_hidden(local_)) return AddressError::bad_local_part;
  if (!is_dot_atom(local_)) {
    if (!quoted) return AddressError::bad_local_part;
    local_ = quote(local_);
  }
  const bool fits = local_.size() <= email_local_octets_max;
  return fits ? AddressError::none : AddressError::local_part_too_long;
}

/// Lower case and NFC can each undo a little of the other, so they repeat until neither changes it.
bool CarefulEmail::fold_local() {
  for (int round = 0; round < fold_rounds_max; ++round) {
    UErrorCode status = U_ZERO_ERROR;
    std::string lower;
    std::string composed;
    icu::StringByteSink<std::string> lower_sink(&lower);
    icu::StringByteSink<std::string> composed_sink(&composed);
    icu_->nfc->normalizeUTF8(0, local_, composed_sink, nullptr, status);
    icu::CaseMap::utf8ToLower("", 0, composed, lower_sink, nullptr, status);
    if (U_FAILURE(status)) return false;
    if (lower == local_) return true;
    local_.swap(lower);
  }
  return false;
}

AddressError CarefulEmail::domain(std::string_view raw) {
  if (raw.empty() || raw == ".") return AddressError::empty_domain;
  domain_.clear();
  if (raw.front() == '[') {
    for (const char c : raw) domain_.push_back(ascii_lower(c));
    return is_address_literal(domain_) ? AddressError::none : AddressError::bad_domain;
  }
  UErrorCode status = U_ZERO_ERROR;
  icu::IDNAInfo info;
  icu::StringByteSink<std::string> sink(&domain_);
  icu_->idna->nameToASCII_UTF8(raw, sink, info, status);
  if (U_FAILURE(status)) return AddressError::bad_domain;
  if ((info.getErrors() & UIDNA_ERROR_DOMAIN_NAME_TOO_LONG) != 0)
    return AddressError::domain_too_long;
  if (info.hasErrors()) return AddressError::bad_domain;
  if (domain_.back() == '.') domain_.pop_back();
  if (domain_.size() > email_domain_octets_max) return AddressError::domain_too_long;
  const bool dotted = domain_.find('.') != std::string::npos;
  return dotted ? AddressError::none : AddressError::bad_domain;
}

}  // namespace suppressd
