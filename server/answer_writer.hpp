// Turns an Answer into the bytes of an HTTP response, a piece at a time, and decides how it is
// framed:
//   done before anything was sent        → Content-Length
//   over answer_piece_bytes_min pending  → chunked (HTTP/1.1), or until the connection closes (1.0)
// An answer that breaks off is left without its last chunk, so a client never mistakes it for a
// whole one. No sockets. Thread safety: one thread's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/exchange.hpp"

namespace suppressd {

/// Answers shorter than this are sent whole; longer ones in pieces of at least this size.
inline constexpr size_t answer_piece_bytes_min = 64 * 1024;
/// Answer buffers larger than this are freed between requests.
inline constexpr size_t answer_buffer_bytes_kept_max = 256 * 1024;

class AnswerWriter {
 public:
  struct Context {
    bool http_1_1 = true;
    bool keep_alive = true;  // false adds Connection: close
    bool head_only = false;  // HEAD: the same head, no body
    std::string_view request_id;
    std::string_view date;
  };
  /// The piece under way: prefix (head, chunk size), body, suffix (chunk end, last chunk).
  using Piece = std::array<std::string_view, 3>;

  /// Forgets the last answer.
  void reset();
  /// Sends `100 Continue` ahead of the answer. Precondition: nothing under way.
  void add_interim_continue();
  /// Takes what should be sent now out of `answer`; false when it is better to wait for more.
  /// `whole`: nothing will be added. Precondition: the last piece was sent (see sent()).
  bool take(Answer& answer, bool whole, const Context& context);
  /// What is still to be sent of the piece under way.
  Piece piece() const;
  void sent(size_t bytes) { sent_ += bytes; }
  size_t unsent() const { return prefix_.size() + body_.size() + suffix_.size() - sent_; }

  bool head_taken() const { return head_taken_; }
  bool complete() const { return complete_ && unsent() == 0; }
  /// The answer ends with the connection: nothing can follow, and a break must be a reset.
  bool ends_with_connection() const { return framing_ == BodyFraming::until_close; }

 private:
  enum class BodyFraming : uint8_t { length, chunked, until_close };
  void write_head(const Answer& answer, bool whole, const Context& context);

  BodyFraming framing_ = BodyFraming::length;
  bool head_taken_ = false;
  bool complete_ = false;
  std::string prefix_;
  std::string body_;
  std::string suffix_;
  size_t sent_ = 0;
};

std::string_view reason_phrase(int status);

}  // namespace suppressd
