#include "tools/suppressctl/bench_answer.hpp"

#include <algorithm>
#include <charconv>

namespace suppressctl {
namespace {

constexpr size_t chunk_line_bytes_max = 64;

bool same_word(std::string_view a, std::string_view lower_case) {
  return a.size() == lower_case.size() &&
         std::equal(a.begin(), a.end(), lower_case.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
         });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

void AnswerReader::begin() {
  state_ = State::head;
  status_ = 0;
  keep_alive_ = true;
  left_ = body_bytes_ = body_lines_ = 0;
  line_.clear();
  tail_.clear();
}

bool AnswerReader::feed(std::string_view& bytes) {
  while (!bytes.empty() && state_ != State::whole) {
    switch (state_) {
      case State::head: {
        const size_t had = line_.size();
        line_ += bytes;
        const size_t from = had < 3 ? 0 : had - 3;
        const size_t end = line_.find("\r\n\r\n", from);
        if (end == std::string::npos) {
          bytes = {};
          if (line_.size() > head_bytes_max) return false;
          break;
        }
        bytes.remove_prefix(end + 4 - had);
        line_.resize(end + 2);
        if (!read_head()) return false;
        break;
      }
      case State::sized:
      case State::chunk:
        take_body(bytes);
        break;
      case State::chunk_line:
        if (take_line(bytes) && !read_chunk_line()) return false;
        break;
      case State::chunk_end:
        if (take_line(bytes)) {
          if (!line_.empty()) return false;
          state_ = State::chunk_line;
        }
        break;
      case State::trailer:
        if (take_line(bytes)) {
          if (line_.empty()) state_ = State::whole;
          line_.clear();
        }
        break;
      case State::whole:
        break;
    }
    if (line_.size() > head_bytes_max) return false;
  }
  return true;
}

bool AnswerReader::read_head() {
  constexpr std::string_view version = "HTTP/1.1 ";
  std::string_view head = line_;
  if (!head.starts_with(version) || head.size() < version.size() + 3) return false;
  const char* code = head.data() + version.size();
  if (std::from_chars(code, code + 3, status_).ptr != code + 3) return false;
  bool chunked = false, sized = false;
  for (size_t at = head.find("\r\n") + 2; at < head.size();) {
    const size_t end = head.find("\r\n", at);
    const std::string_view field = head.substr(at, end - at);
    at = end + 2;
    const size_t colon = std::min(field.find(':'), field.size());
    const std::string_view name = field.substr(0, colon);
    const std::string_view value = trimmed(field.substr(std::min(colon + 1, field.size())));
    if (same_word(name, "content-length")) {
      const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), left_);
      sized = error == std::errc() && stop == value.data() + value.size();
      if (!sized) return false;
    } else if (same_word(name, "transfer-encoding")) {
      chunked = same_word(value, "chunked");
    } else if (same_word(name, "connection") && same_word(value, "close")) {
      keep_alive_ = false;
    }
  }
  line_.clear();
  if (status_ == 100) {  // an interim answer: the real one follows
    begin();
    return true;
  }
  state_ = chunked ? State::chunk_line : left_ == 0 ? State::whole : State::sized;
  return chunked || sized;
}

bool AnswerReader::read_chunk_line() {
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), size, 16);
  const bool good = error == std::errc() && end == line_.data() + line_.size();
  line_.clear();
  left_ = size;
  state_ = size == 0 ? State::trailer : State::chunk;
  return good;
}

/// Moves a line into line_, without its end. False when more bytes are needed.
bool AnswerReader::take_line(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  line_ += bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (end == std::string_view::npos) return false;
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

void AnswerReader::take_body(std::string_view& bytes) {
  const std::string_view piece = bytes.substr(0, left_);
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
  body_bytes_ += piece.size();
  body_lines_ += static_cast<uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
  if (piece.size() >= tail_bytes) {
    tail_ = piece.substr(piece.size() - tail_bytes);
  } else {
    tail_ += piece;
    if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
  }
  if (left_ == 0) state_ = state_ == State::sized ? State::whole : State::chunk_end;
}

std::optional<uint64_t> AnswerReader::number(std::string_view name) const {
  const std::string quoted = "\"" + std::string(name) + "\":";
  const size_t at = tail_.rfind(quoted);
  if (at == std::string::npos) return std::nullopt;
  const size_t begin = tail_.find_first_not_of(' ', at + quoted.size());
  uint64_t value = 0;
  if (begin == std::string::npos ||
      std::from_chars(tail_.data() + begin, tail_.data() + tail_.size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

}  // namespace suppressctl
