#include "persistence/cursor.hpp"

#include <sodium.h>

#include <stdexcept>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr size_t check_octets = 8;
constexpr int base64_variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string check_of(std::string_view list, std::string_view place, const SecretId& secret) {
  std::string hashed;
  ByteWriter to(hashed);
  to.text(list);
  to.raw(place);
  std::string check(crypto_generichash_BYTES, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(check.data()), check.size(), octets(hashed),
                     hashed.size(), secret.data(), secret.size());
  check.resize(check_octets);
  return check;
}

}  // namespace

std::string make_cursor(std::string_view list, std::string_view place, const SecretId& secret) {
  const std::string plain = check_of(list, place, secret).append(place);
  std::string cursor(sodium_base64_encoded_len(plain.size(), base64_variant), '\0');
  sodium_bin2base64(cursor.data(), cursor.size(), octets(plain), plain.size(), base64_variant);
  cursor.pop_back();  // sodium's terminating NUL
  return cursor;
}

std::string parse_cursor(std::string_view list, std::string_view cursor, const SecretId& secret) {
  std::string plain(cursor.size(), '\0');
  size_t length = 0;
  const char* end = nullptr;
  const bool decoded =
      sodium_base642bin(reinterpret_cast<unsigned char*>(plain.data()), plain.size(), cursor.data(),
                        cursor.size(), nullptr, &length, &end, base64_variant) == 0 &&
      end == cursor.data() + cursor.size() && length > check_octets;
  if (decoded) {
    plain.resize(length);
    const std::string place = plain.substr(check_octets);
    plain.resize(check_octets);
    if (plain == check_of(list, place, secret)) return place;
  }
  throw std::invalid_argument("the cursor is not one that this list gave");
}

}  // namespace suppressd
