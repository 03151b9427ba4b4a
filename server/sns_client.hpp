// What proving a message of Amazon SNS needs from outside: certificates, and the confirmation of a
// subscription. Both are fetched over HTTPS from hosts of SNS only; how, is a function that the one
// who assembles the program gives (fetch_over_https(), or a test's own).
//
// A forger can name any certificate that the host pattern lets pass. So one fetch runs at a time, a
// second one is told to come again; what was fetched is kept for a day, and what could not be is
// not asked for again for a minute. Thread safety: any thread; fetches block the caller.
#pragma once

#include <openssl/evp.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/records.hpp"
#include "server/problem.hpp"

namespace suppressd {

inline constexpr size_t sns_certificates_max = 64;  // kept; past it all are forgotten
inline constexpr size_t fetched_octets_max = 64 * 1024;
inline constexpr std::chrono::seconds fetch_deadline{10};

/// The body of a 200 answer, at most fetched_octets_max; nullopt for anything else. May block, at
/// most for about fetch_deadline. Must not throw.
using FetchText = std::function<std::optional<std::string>(const std::string& url)>;
/// HTTPS, with the server's certificate proven against the system's store; follows no redirection.
std::optional<std::string> fetch_over_https(const std::string& url);

/// https://sns.<region>.amazonaws.com[.cn]/<path without query>.pem, of the topic's region.
bool is_sns_certificate_url(std::string_view url, std::string_view region);
/// https://sns.<region>.amazonaws.com[.cn]/?…
bool is_sns_url(std::string_view url, std::string_view region);
/// "eu-west-1" of "arn:aws:sns:eu-west-1:123456789012:name"; empty when it is no topic's name.
std::string_view region_of_topic(std::string_view topic);

class SnsClient {
 public:
  explicit SnsClient(FetchText fetch) : fetch_(std::move(fetch)) {}

  using Key = std::shared_ptr<EVP_PKEY>;
  /// The RSA key of the certificate at `url`, which is_sns_certificate_url(), if it is valid now.
  /// Null and a problem (503: it cannot be fetched now), or null and none: it is no good.
  Key key(const std::string& url, TimeMs now, std::optional<Problem>& problem);
  /// Asks for `url`, which is_sns_url(); false when that fails, or while something is fetched.
  bool confirm(const std::string& url);

 private:
  struct Kept {
    Key key;  // null: it could not be fetched, or is no good
    TimeMs until = 0;
    TimeMs not_before = 0, not_after = 0;
    bool fetched = false;
  };
  Key valid(const Kept& kept, TimeMs now) const;

  const FetchText fetch_;
  std::mutex fetching_;  // held while one is fetched
  std::mutex mutex_;     // guards what follows
  std::map<std::string, Kept, std::less<>> kept_;
};

}  // namespace suppressd
