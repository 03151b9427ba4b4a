#include "server/sns_client.hpp"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cctype>

#include "server/webhook_proof.hpp"

namespace suppressd {
namespace {

constexpr TimeMs kept_ms = 24ull * 60 * 60 * 1000;  // a good certificate
constexpr TimeMs avoided_ms = 60ull * 1000;         // one that could not be fetched, or is no good
constexpr int rsa_bits_min = 2048;
constexpr size_t region_octets_min = 3, url_octets_max = 2048;

struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, CertificateFree>;

bool is_region(std::string_view text) {
  return text.size() >= region_octets_min && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

/// What follows the host of an SNS address of this region; empty when it is none.
std::string_view after_sns_host(std::string_view url, std::string_view region) {
  if (!is_region(region) || url.size() > url_octets_max) return {};
  // Nothing that another reader of addresses might understand in another way.
  const bool plain =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  if (!plain) return {};
  const std::string host = "https://sns." + std::string(region) + ".amazonaws.com";
  if (!url.starts_with(host)) return {};
  url.remove_prefix(host.size());
  if (url.starts_with(".cn")) url.remove_prefix(3);
  return url.starts_with('/') ? url : std::string_view();
}

Certificate read_certificate(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return Certificate(bytes ? PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr) : nullptr);
}

/// 0 when it cannot be told.
TimeMs time_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  const time_t seconds = timegm(&parts);
  return seconds > 0 ? static_cast<TimeMs>(seconds) * 1000 : 0;
}

Problem cannot_fetch_problem() {
  return {503,
          "busy",
          "The server has too much to do.",
          "The certificate that signs this delivery cannot be fetched now.",
          {{"Retry-After", "60"}},
          {},
          {}};
}

}  // namespace

bool is_sns_certificate_url(std::string_view url, std::string_view region) {
  const std::string_view path = after_sns_host(url, region);
  return path.size() > std::string_view("/.pem").size() && path.ends_with(".pem") &&
         path.find_first_of("?#") == std::string_view::npos;
}

bool is_sns_url(std::string_view url, std::string_view region) {
  return !after_sns_host(url, region).empty();
}

std::string_view region_of_topic(std::string_view topic) {
  // arn : aws | aws-cn | aws-us-gov : sns : region : account : name
  for (const std::string_view start : {"arn:aws:sns:", "arn:aws-cn:sns:", "arn:aws-us-gov:sns:"}) {
    if (!topic.starts_with(start)) continue;
    topic.remove_prefix(start.size());
    const std::string_view region = topic.substr(0, topic.find(':'));
    topic.remove_prefix(std::min(topic.size(), region.size() + 1));
    const std::string_view account = topic.substr(0, topic.find(':'));
    topic.remove_prefix(std::min(topic.size(), account.size() + 1));
    const bool digits =
        account.size() == 12 && account.find_first_not_of("0123456789") == std::string_view::npos;
    return is_region(region) && digits && !topic.empty() ? region : std::string_view();
  }
  return {};
}

SnsClient::Key SnsClient::valid(const Kept& kept, TimeMs now) const {
  return now >= kept.not_before && now <= kept.not_after ? kept.key : nullptr;
}

SnsClient::Key SnsClient::key(const std::string& url, TimeMs now, std::optional<Problem>& problem) {
  const auto look = [&](Kept& into) {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(url);
    if (found == kept_.end() || now >= found->second.until) return false;
    into = found->second;
    return true;
  };
  Kept kept;
  if (!look(kept)) {
    const std::unique_lock turn(fetching_, std::try_to_lock);
    if (!turn.owns_lock()) {
      problem = cannot_fetch_problem();
      return nullptr;
    }
    if (!look(kept)) {  // else another one fetched it meanwhile
      const auto pem = fetch_(url);
      kept.fetched = pem.has_value();
      if (const Certificate certificate = pem ? read_certificate(*pem) : nullptr) {
        EVP_PKEY* const key = X509_get0_pubkey(certificate.get());
        if (key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
            EVP_PKEY_get_bits(key) >= rsa_bits_min) {
          EVP_PKEY_up_ref(key);
          kept.key = Key(key, &EVP_PKEY_free);
        }
        kept.not_before = time_of(X509_get0_notBefore(certificate.get()));
        kept.not_after = time_of(X509_get0_notAfter(certificate.get()));
      }
      kept.until = now + (kept.key ? kept_ms : avoided_ms);
      const std::lock_guard lock(mutex_);
      // Names that were no good are anybody's; keys are not, and stay while there is room.
      if (kept_.size() >= sns_certificates_max) {
        std::erase_if(kept_, [](const auto& one) { return one.second.key == nullptr; });
      }
      if (kept_.size() >= sns_certificates_max) kept_.clear();
      kept_[url] = kept;
    }
  }
  if (!kept.fetched) {
    problem = cannot_fetch_problem();
    return nullptr;
  }
  return valid(kept, now);
}

bool SnsClient::confirm(const std::string& url) {
  const std::unique_lock turn(fetching_, std::try_to_lock);
  return turn.owns_lock() && fetch_(url).has_value();
}

}  // namespace suppressd
