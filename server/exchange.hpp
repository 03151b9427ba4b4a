// One request and its answer, without sockets. The session (server/session.hpp) feeds body bytes in
// and takes answer bytes out; tests do the same from memory.
//
// The walk of a request
//   App::begin(head) → Exchange
//   on_body(bytes)*  → on_end()          unless !wants_body(): then only on_end()
//   any of them may return `wait`: nothing more is called until wake() was called (any thread);
//   then on_wake() continues, and may wait again. Bytes given to on_body are consumed even then.
// The answer's head may be read once the first bytes of `answer.body` are there or the exchange is
// done. Bytes are taken out of `answer.body` (swapped with an empty string) as they are sent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suppressd {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct RequestHead {
  std::string method;  // upper case, as sent: "GET", "POST", …
  std::string path;    // as sent, percent-encoded, without the query
  std::string query;   // as sent, without '?'
  Fields fields;       // names in lower case, values trimmed
  std::optional<uint64_t> content_length;
  bool chunked = false;
  std::string request_id;  // given and valid, else made by the session

  /// First field of that (lower-case) name; nullopt when there is none.
  std::optional<std::string_view> field(std::string_view name) const;
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

struct Answer {
  int status = 200;
  Fields fields;     // without Content-Length, Transfer-Encoding, Connection, X-Request-Id, Date
  std::string body;  // bytes not yet sent
};

enum class Progress : uint8_t {
  more,    // feed on (after on_end: programmer error)
  wait,    // nothing until wake()
  done,    // the answer is whole
  broken,  // the answer cannot be completed: cut it off at the HTTP level (no last chunk)
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  /// False: answer with on_end() at once, whatever body was sent.
  virtual bool wants_body() const = 0;
  /// May return done early (an error found in the body): the session drains or closes.
  virtual Progress on_body(std::string_view bytes, Answer& answer) = 0;
  virtual Progress on_end(Answer& answer) = 0;
  virtual Progress on_wake(Answer& answer) = 0;
  /// Which route this is, for the access log: a pattern such as "/v1/accounts/{account}/check",
  /// never the path as sent, which may hold an address.
  virtual std::string_view route() const { return {}; }
  /// Bytes of the body (or made from it) that this exchange keeps in memory now, answer not
  /// counted. The session charges them to the process-wide budget and answers 503 when that is
  /// spent.
  virtual uint64_t buffered_bytes() const { return 0; }
};

/// Asks the session to call on_wake() on its own thread. Any thread; at most once per `wait`. May
/// come before `wait` was returned, and after the exchange is gone (then it does nothing).
using Wake = std::function<void()>;

}  // namespace suppressd
