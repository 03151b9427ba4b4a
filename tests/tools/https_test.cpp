// suppressctl over https: the certificate must be trusted and be the host's, or nothing is sent.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/tools/real_server.hpp"

namespace tools_tests {
namespace {

/// Writes a self-signed certificate for that subject name, and its key, into the folder.
void write_certificate(const TemporaryFolder& folder, const char* subject_alternative_name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>("suppressd test");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_alternative_name);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
  std::FILE* file = std::fopen(folder.path("certificate.pem").c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(folder.path("key.pem").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

Finished status_over_https(const char* certificate_for, bool trusted) {
  const TemporaryFolder folder;
  write_certificate(folder, certificate_for);
  Program server(folder,
                 {SUPPRESSD_BINARY, "--data-dir", folder.path("data"), "--listen", "127.0.0.1:0",
                  "--port-file", folder.path("port"), "--tls-certificate",
                  folder.path("certificate.pem"), "--tls-key", folder.path("key.pem")},
                 {});
  wait_until("the server's port", [&] {
    REQUIRE(server.running());
    return folder.has("port") && !folder.read("port").empty();
  });
  std::string port = folder.read("port");
  port.erase(port.find_last_not_of("\r\n") + 1);
  Environment environment;
  if (trusted) environment["SSL_CERT_FILE"] = folder.path("certificate.pem");
  const std::vector<std::string> command{SUPPRESSCTL_BINARY, "status", "--server",
                                         "https://127.0.0.1:" + port, "--json"};
  Finished done;
  wait_until("an answer other than loading", [&] {
    done = Program(folder, command, environment).wait();
    return done.exit_code != 1;
  });
  return done;
}

TEST_CASE("https works with a trusted certificate of that host") {
  const Finished done = status_over_https("IP:127.0.0.1", true);
  INFO(done.err);
  CHECK(done.exit_code == 0);
  CHECK_THAT(done.out, Catch::Contains("\"status\":\"ready\""));
}

TEST_CASE("a certificate that nobody trusts, or of another host, is refused") {
  for (const bool trusted : {false, true}) {
    const Finished done =
        status_over_https(trusted ? "DNS:other.example" : "IP:127.0.0.1", trusted);
    CHECK(done.exit_code == 2);
    CHECK(done.out.empty());
    CHECK_THAT(done.err, Catch::Contains("certificate verify failed"));
  }
}

}  // namespace
}  // namespace tools_tests
