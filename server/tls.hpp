// The server's side of TLS: 1.2 or newer, one certificate chain and its key.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace suppressd {

/// Reads both PEM files; throws ConfigError with a sentence that names the file.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(const std::string& certificate_file,
                                                            const std::string& key_file);

}  // namespace suppressd
