// The request formats of the check: bytes of a body in, rows out. Push parsers: what they report
// does not depend on how the body was cut into pieces.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "server/app.hpp"
#include "server/check_request.hpp"
#include "server/check_rows.hpp"
#include "server/problem.hpp"

namespace suppressd {

enum class ReadState : uint8_t {
  more,   // call again: feed() with more bytes, finish() without
  done,   // finish() only: every row was added
  error,  // problem() says what
};

/// Rows that it added keep views into the piece and into the reader: CheckRows must be flushed
/// before its next call.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual ReadState feed(std::string_view piece, CheckRows& rows) = 0;
  /// After the last piece, until it is done: adds a bounded number of rows each time.
  virtual ReadState finish(CheckRows& rows) = 0;
  /// Bytes of the body that it keeps.
  virtual uint64_t buffered_bytes() const { return 0; }
  /// After `error`.
  Problem problem() { return std::move(*problem_); }

 protected:
  ReadState fail(Problem problem) {
    problem_ = std::move(problem);
    return ReadState::error;
  }
  /// 400: the body is not what its Content-Type says.
  ReadState malformed(std::string type, std::string detail);

 private:
  std::optional<Problem> problem_;
};

std::unique_ptr<BodyReader> make_body_reader(const CheckRequest& request, const AppLimits& limits);

// Each is in its own file: simdjson's header is heavy.
std::unique_ptr<BodyReader> make_text_reader(const AppLimits& limits);
std::unique_ptr<BodyReader> make_csv_reader(const CsvOptions& options, const AppLimits& limits);
std::unique_ptr<BodyReader> make_json_reader(const AppLimits& limits);
std::unique_ptr<BodyReader> make_ndjson_reader(const AppLimits& limits);

}  // namespace suppressd
