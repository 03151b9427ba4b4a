// Reads answers off a connection as cheaply as can be while proving each whole: status, framing
// (Content-Length or chunked), and how many addresses it says were checked. Bodies are drained, not
// kept. It knows the HTTP/1.1 that suppressd speaks; anything else is an error.
// Thread safety: one thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace suppressctl {

class AnswerReader {
 public:
  static constexpr size_t head_bytes_max = 16 * 1024;
  /// Of the body's end that is kept: counts come last.
  static constexpr size_t tail_bytes = 256;

  /// Forgets the answer before.
  void begin();
  /// Takes bytes off the front of `bytes` until the answer is whole or they are used up. False when
  /// they are no answer that this understands.
  [[nodiscard]] bool feed(std::string_view& bytes);
  bool whole() const { return state_ == State::whole; }

  // Once whole:
  int status() const { return status_; }
  bool keep_alive() const { return keep_alive_; }
  uint64_t body_bytes() const { return body_bytes_; }
  uint64_t body_lines() const { return body_lines_; }
  /// The number behind the last `"name":` in the body's tail.
  std::optional<uint64_t> number(std::string_view name) const;

 private:
  enum class State : uint8_t { head, sized, chunk_line, chunk, chunk_end, trailer, whole };

  bool read_head();
  bool read_chunk_line();
  bool take_line(std::string_view& bytes);
  void take_body(std::string_view& bytes);

  State state_ = State::head;
  int status_ = 0;
  bool keep_alive_ = true;
  uint64_t left_ = 0;  // of the body or of this chunk
  uint64_t body_bytes_ = 0;
  uint64_t body_lines_ = 0;
  std::string line_;  // the head, or a chunk's line, as far as it came
  std::string tail_;
};

}  // namespace suppressctl
