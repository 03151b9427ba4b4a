// The server's API as the commands use it: JSON in and out, problems as sentences.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tools/suppressctl/http_client.hpp"
#include "tools/suppressctl/settings.hpp"

namespace suppressctl {

using Json = nlohmann::ordered_json;

/// The server said no, in words meant for people.
struct Refusal : Failure {
  Refusal(const std::string& sentence, int the_status, std::string the_type,
          std::chrono::seconds wait, Json the_document)
      : Failure(sentence),
        status(the_status),
        type(std::move(the_type)),
        retry_after(wait),
        document(std::move(the_document)) {}
  int status;
  std::string type;                  // such as "/problems/unknown-account"; may be empty
  std::chrono::seconds retry_after;  // zero: the server did not ask to come back
  Json document;                     // the problem as it came; null when it was none
};

/// A problem document (or whatever came instead) as a sentence.
Refusal refusal_of(const HttpAnswer& answer);
/// Throws ConnectionLost when an answer that should be JSON is not.
Json parse_answer(std::string_view text);

/// The member, or null when there is none.
const Json& member_of(const Json& json, const char* name);

/// A member as text for people: empty when absent or null, without control characters.
std::string text_of(const Json& json, const char* name);

std::string percent_encode(std::string_view text);

/// A query string, built a parameter at a time; empty values are left out.
class QueryText {
 public:
  QueryText& add(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }  // with its '?', or empty

 private:
  std::string text_;
};

/// The fields every request carries.
HttpRequest request_to(const Settings& settings, std::string_view method, std::string target);
std::string account_path(const Settings& settings, std::string_view rest);
/// Of the account, or of the platform.
std::string suppressions_path(const Settings& settings, bool platform);

class Api {
 public:
  explicit Api(const Settings& settings);

  /// Throws Refusal for every status from 400 on.
  Json get(std::string target) { return call("GET", std::move(target), nullptr); }
  Json post(std::string target, const Json& body) { return call("POST", std::move(target), &body); }
  Json put(std::string target, const Json& body) { return call("PUT", std::move(target), &body); }
  Json patch(std::string target, const Json& body) {
    return call("PATCH", std::move(target), &body);
  }
  Json remove(std::string target) { return call("DELETE", std::move(target), nullptr); }
  Json remove(std::string target, const Json& body) {
    return call("DELETE", std::move(target), &body);
  }
  /// A body that is not one JSON document, such as NDJSON.
  Json post(std::string target, std::string_view content_type, std::string_view body);
  /// The body of the answer goes to the sink while it arrives; throws Refusal as the others do.
  HttpAnswer download(std::string target, std::function<void(std::string_view)> sink);
  /// The answer as it came, whatever its status.
  HttpAnswer fetch(std::string target);

 private:
  Json call(std::string_view method, std::string target, const Json* body);
  Json send(HttpRequest request, std::string_view content_type, std::string_view body);

  const Settings& settings_;
  Connection connection_;
};

/// How long trouble that passes is waited out.
struct RetryPolicy {
  std::chrono::milliseconds retry_for{0};
  bool when_connection_lost = false;
};

/// Sends until there is an answer below 400. Shed requests (429, 502, 503, 504) and, where the
/// policy says so, lost connections are tried again, ever more slowly, as Retry-After asks, until
/// retry_for has passed since the first failure. `pause` sleeps; false from it means stop trying.
HttpAnswer send_patiently(Connection& connection, const HttpRequest& request,
                          const RetryPolicy& policy,
                          const std::function<bool(std::chrono::milliseconds)>& pause);

}  // namespace suppressctl
