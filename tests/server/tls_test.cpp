// TLS: the same session through an encrypted stream. The certificate is made here, for this run.
#include "server/tls.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "server/config.hpp"
#include "tests/server/raw_client.hpp"
#include "tests/server/test_exchange.hpp"

using namespace suppressd;
using namespace suppressd::test;

namespace {

/// A self-signed certificate and its key in files that are removed again.
struct Certificate {
  std::filesystem::path directory;
  std::string certificate_file, key_file;

  Certificate() {
    std::string pattern = std::filesystem::temp_directory_path() / "suppressd-tls-XXXXXX";
    directory = mkdtemp(pattern.data());
    certificate_file = directory / "certificate.pem";
    key_file = directory / "key.pem";
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    FILE* file = fopen(certificate_file.c_str(), "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    file = fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(directory); }
};

/// A blocking TLS client over a RawClient's socket.
class TlsClient {
 public:
  explicit TlsClient(RawClient& client, int version_max = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_, version_max);
    SSL_CTX_set_cipher_list(context_, "DEFAULT@SECLEVEL=0");
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, client.descriptor());
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  bool connect() { return SSL_connect(ssl_) == 1; }
  bool send(std::string_view bytes) {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  /// Everything up to the server's end; `ended_well` when it said goodbye first.
  std::string read_all(bool& ended_well) {
    std::string all;
    char bytes[16384];
    int got = 0;
    while ((got = SSL_read(ssl_, bytes, sizeof bytes)) > 0)
      all.append(bytes, static_cast<size_t>(got));
    ended_well = SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN;
    return all;
  }

 private:
  SSL_CTX* context_;
  SSL* ssl_;
};

std::string post_and_close(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("requests are answered through TLS, and the end is announced", "[tls][session]") {
  const Certificate certificate;
  TestServer server({}, make_tls_context(certificate.certificate_file, certificate.key_file));
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawClient raw(server.port());
    TlsClient client(raw, version);
    REQUIRE(client.connect());
    const std::string body(1'000'000, 'e');
    REQUIRE(client.send(post_and_close("/echo", body)));
    bool ended_well = false;
    const std::string answer = client.read_all(ended_well);
    CHECK(ended_well);
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK((answer.substr(answer.size() - body.size()) == body));
  }
}

TEST_CASE("an answer streams through TLS while its body arrives", "[tls][session]") {
  const Certificate certificate;
  TestServer server({}, make_tls_context(certificate.certificate_file, certificate.key_file));
  RawClient raw(server.port());
  TlsClient client(raw);
  REQUIRE(client.connect());
  REQUIRE(client.send(post_and_close("/stream", std::string(4 << 20, 's'))));
  bool ended_well = false;
  const std::string answer = client.read_all(ended_well);
  CHECK(ended_well);
  CHECK(std::count(answer.begin(), answer.end(), 's') >= 4 << 20);
  CHECK(answer.ends_with("0\r\n\r\n"));
}

TEST_CASE("an early answer comes through TLS while the client is still sending", "[tls][session]") {
  const Certificate certificate;
  TestServer server({}, make_tls_context(certificate.certificate_file, certificate.key_file));
  RawClient raw(server.port());
  TlsClient client(raw);
  REQUIRE(client.connect());
  REQUIRE(client.send("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\nfirst"));
  bool ended_well = false;
  CHECK(client.read_all(ended_well).ends_with("refused early"));
}

TEST_CASE("old TLS, no TLS and a stalled handshake get no session", "[tls][session]") {
  const Certificate certificate;
  Listener::Options options;
  options.limits.header_deadline = std::chrono::milliseconds(100);
  options.limits.tick = std::chrono::milliseconds(5);
  TestServer server(options, make_tls_context(certificate.certificate_file, certificate.key_file));
  SECTION("TLS 1.1") {
    RawClient raw(server.port());
    TlsClient client(raw, TLS1_1_VERSION);
    CHECK_FALSE(client.connect());
  }
  SECTION("plain HTTP") {
    RawClient raw(server.port());
    raw.send(post_and_close("/echo", "x"));
    CHECK(raw.read_answer().head.empty());
  }
  SECTION("silence") {
    RawClient raw(server.port());
    CHECK(raw.closed_by_server());
    CHECK(server.metrics.sum(&ThreadCounters::deadlines_passed) == 1);
  }
}

TEST_CASE("bad certificates are refused with the file's name", "[tls][config]") {
  const Certificate one;
  const Certificate other;
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(make_tls_context("/nowhere/c.pem", one.key_file), Contains("/nowhere/c.pem"));
  CHECK_THROWS_WITH(make_tls_context(one.certificate_file, "/nowhere/k.pem"),
                    Contains("/nowhere/k.pem"));
  CHECK_THROWS_AS(make_tls_context(one.certificate_file, other.key_file), ConfigError);
  CHECK_THROWS_AS(make_tls_context(one.key_file, one.key_file), ConfigError);
}
