#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumberutil.h>

#include <set>

#include "core/phone_paths.hpp"

namespace suppressd {
namespace {

using i18n::phonenumbers::PhoneNumberUtil;

/// The process's one instance. Its default logger prints numbers, so it gets one that says nothing.
const PhoneNumberUtil& metadata() {
  static const PhoneNumberUtil& util = []() -> PhoneNumberUtil& {
    PhoneNumberUtil& instance = *PhoneNumberUtil::GetInstance();
    instance.SetLogger(new i18n::phonenumbers::NullLogger);
    return instance;
  }();
  return util;
}

}  // namespace

std::optional<Region> parse_region(std::string_view text) {
  static const std::set<std::string> supported = [] {
    std::set<std::string> regions;
    metadata().GetSupportedRegions(&regions);
    return regions;
  }();
  if (text.size() != 2) return std::nullopt;
  Region region;
  for (size_t i = 0; i < 2; ++i) {
    const char c = text[i];
    region.letters[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
  }
  if (!supported.contains(std::string(region.text()))) return std::nullopt;
  return region;
}

AddressError careful_phone(std::string_view, Region, std::string&) {
  return AddressError::not_a_number;
}

}  // namespace suppressd
