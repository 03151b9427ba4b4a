#include "server/answer_writer.hpp"

#include <cassert>
#include <charconv>

namespace suppressd {
namespace {

void append_number(std::string& out, uint64_t number, int base) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  // A line end here would let a value write fields of its own.
  assert(value.find_first_of("\r\n") == value.npos);
  out.append(name).append(": ").append(value).append("\r\n");
}

/// 204 and 304 have no body, and say no length.
bool bodiless(int status) {
  return status == 204 || status == 304;
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void AnswerWriter::reset() {
  framing_ = BodyFraming::length;
  head_taken_ = complete_ = false;
  prefix_.clear();
  suffix_.clear();
  body_.clear();
  if (body_.capacity() > answer_buffer_bytes_kept_max) std::string().swap(body_);
  sent_ = 0;
}

void AnswerWriter::add_interim_continue() {
  assert(unsent() == 0 && !head_taken_);
  prefix_ = "HTTP/1.1 100 Continue\r\n\r\n";
  body_.clear();
  suffix_.clear();
  sent_ = 0;
}

void AnswerWriter::write_head(const Answer& answer, bool whole, const Context& context) {
  framing_ = whole              ? BodyFraming::length
             : context.http_1_1 ? BodyFraming::chunked
                                : BodyFraming::until_close;
  prefix_.append(context.http_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ");
  append_number(prefix_, static_cast<uint64_t>(answer.status), 10);
  prefix_.append(" ").append(reason_phrase(answer.status)).append("\r\n");
  for (const auto& [name, value] : answer.fields) append_field(prefix_, name, value);
  append_field(prefix_, "X-Request-Id", context.request_id);
  append_field(prefix_, "Date", context.date);
  append_field(prefix_, "Server", "suppressd");
  const bool closes = !context.keep_alive || framing_ == BodyFraming::until_close;
  if (closes) {
    append_field(prefix_, "Connection", "close");
  } else if (!context.http_1_1) {
    append_field(prefix_, "Connection", "keep-alive");
  }
  if (framing_ == BodyFraming::chunked) {
    append_field(prefix_, "Transfer-Encoding", "chunked");
  } else if (framing_ == BodyFraming::length && !bodiless(answer.status)) {
    prefix_.append("Content-Length: ");
    append_number(prefix_, answer.body.size(), 10);
    prefix_.append("\r\n");
  }
  prefix_.append("\r\n");
  head_taken_ = true;
}

bool AnswerWriter::take(Answer& answer, bool whole, const Context& context) {
  assert(unsent() == 0);
  if (complete_ || (!whole && answer.body.size() < answer_piece_bytes_min)) return false;
  prefix_.clear();
  body_.clear();
  suffix_.clear();
  sent_ = 0;
  if (!head_taken_) write_head(answer, whole, context);
  if (context.head_only || bodiless(answer.status)) {
    answer.body.clear();
  } else {
    body_.swap(answer.body);
    if (framing_ == BodyFraming::chunked && !body_.empty()) {
      append_number(prefix_, body_.size(), 16);
      prefix_.append("\r\n");
      suffix_ = "\r\n";
    }
    if (framing_ == BodyFraming::chunked && whole) suffix_ += "0\r\n\r\n";
  }
  complete_ = whole;
  return unsent() > 0;
}

AnswerWriter::Piece AnswerWriter::piece() const {
  Piece piece = {prefix_, body_, suffix_};
  size_t skip = sent_;
  for (std::string_view& part : piece) {
    const size_t skipped = std::min(skip, part.size());
    part.remove_prefix(skipped);
    skip -= skipped;
  }
  return piece;
}

}  // namespace suppressd
