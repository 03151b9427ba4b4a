#include "server/tls.hpp"

#include "server/config.hpp"

namespace suppressd {

std::shared_ptr<boost::asio::ssl::context> make_tls_context(const std::string& certificate_file,
                                                            const std::string& key_file) {
  using boost::asio::ssl::context;
  auto tls = std::make_shared<context>(context::tls_server);
  tls->set_options(context::default_workarounds | context::no_tlsv1 | context::no_tlsv1_1);
  boost::system::error_code error;
  tls->use_certificate_chain_file(certificate_file, error);
  if (error) {
    throw ConfigError("tls-certificate \"" + certificate_file + "\": " + error.message());
  }
  tls->use_private_key_file(key_file, context::pem, error);
  if (error) throw ConfigError("tls-key \"" + key_file + "\": " + error.message());
  if (SSL_CTX_check_private_key(tls->native_handle()) != 1) {
    throw ConfigError("tls-key \"" + key_file + "\" does not belong to tls-certificate \"" +
                      certificate_file + "\"");
  }
  return tls;
}

}  // namespace suppressd
