// An application with two accounts and providers that sign as the real ones do, with keys of their
// own; nothing leaves the machine.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/sns_client.hpp"
#include "server/time_text.hpp"
#include "server/webhook_proof.hpp"
#include "tests/server/life_driver.hpp"

namespace suppressd::test {

inline std::string encode_base64(std::string_view octets) {
  std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(octets.data()),
                                   static_cast<int>(octets.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

/// A private key that signs.
class SigningKey {
 public:
  static SigningKey p256() { return SigningKey(EVP_EC_gen("P-256")); }
  static SigningKey p384() { return SigningKey(EVP_EC_gen("P-384")); }
  static SigningKey rsa(unsigned bits = 2048) { return SigningKey(EVP_RSA_gen(bits)); }

  std::string sign(const EVP_MD* digest, std::string_view text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    const auto* octets = reinterpret_cast<const unsigned char*>(text.data());
    size_t size = 0;
    EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get());
    EVP_DigestSign(context.get(), nullptr, &size, octets, text.size());
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       octets, text.size()) != 1) {
      throw std::runtime_error("the key does not sign");
    }
    signature.resize(size);
    return signature;
  }
  std::string public_der() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
    OPENSSL_free(der);
    return text;
  }
  /// Self-signed, valid from `from` to `to` seconds from now.
  std::string certificate(long from = -3600, long to = 3600) const {
    const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), &X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), to);
    X509_set_pubkey(made.get(), key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("sns.amazonaws.com"), -1, -1,
                               0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    X509_sign(made.get(), key_.get(), EVP_sha256());
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509(out.get(), made.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<size_t>(size));
  }

 private:
  explicit SigningKey(EVP_PKEY* key) : key_(key) {
    if (!key_) throw std::runtime_error("no key was made");
  }
  PublicKey key_;
};

/// What the SnsClient of a test fetches from.
struct FakeHosts {
  std::map<std::string, std::string> pages;
  std::vector<std::string> asked;

  FetchText fetch() {
    return [this](const std::string& url) -> std::optional<std::string> {
      asked.push_back(url);
      const auto found = pages.find(url);
      return found == pages.end() ? std::nullopt : std::optional(found->second);
    };
  }
};

struct WebhookParts {
  FakeHosts hosts;
  SnsClient sns{hosts.fetch()};
};

inline AppDriverOptions with_sns(SnsClient* sns, AppDriverOptions options = {}) {
  options.sns = sns;
  return options;
}

struct WebhookDriver : WebhookParts, LifeDriver {
  explicit WebhookDriver(const AppDriverOptions& options = {})
      : LifeDriver(with_sns(&sns, options)) {}

  static std::string now_seconds(int64_t ahead = 0) {
    return std::to_string(static_cast<int64_t>(now_ms() / 1000) + ahead);
  }

  Reply set(const std::string& key, const std::string& account, const std::string& provider,
            const nlohmann::json& body) {
    return as(key, "PUT", path(account, "/webhooks/" + provider), body);
  }
  nlohmann::json must_set(const std::string& provider, const nlohmann::json& body,
                          const std::string& account = "acme") {
    return good(set(support, account, provider, body));
  }
  Reply deliver(const std::string& provider, const std::string& body, Fields fields,
                const std::string& account = "acme") {
    return send({"POST", path(account, "/webhooks/" + provider), "", std::move(fields), body});
  }

  // ---- SendGrid ----
  SigningKey sendgrid_key = SigningKey::p256();
  void set_sendgrid(const std::string& account = "acme") {
    must_set("sendgrid", {{"public_key", encode_base64(sendgrid_key.public_der())}}, account);
  }
  Fields sendgrid_fields(const std::string& body, const std::string& time) const {
    return {{"content-type", "application/json"},
            {"x-twilio-email-event-webhook-signature",
             encode_base64(sendgrid_key.sign(EVP_sha256(), time + body))},
            {"x-twilio-email-event-webhook-timestamp", time}};
  }
  Reply sendgrid(const nlohmann::json& events, const std::string& account = "acme") {
    const std::string body = (events.is_array() ? events : nlohmann::json::array({events})).dump();
    return deliver("sendgrid", body, sendgrid_fields(body, now_seconds()), account);
  }

  uint64_t metric(const std::string& line) {
    const std::string page = send({"GET", "/metrics", "", {}, {}}).body;
    const size_t at = page.find(line + " ");
    if (at == std::string::npos) throw std::runtime_error("no such metric: " + line);
    return std::stoull(page.substr(at + line.size() + 1));
  }
};

}  // namespace suppressd::test
