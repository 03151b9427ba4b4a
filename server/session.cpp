#include "server/session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstring>
#include <ctime>

#include "server/session_problems.hpp"

namespace suppressd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t request_id_bytes_max = 128;
/// A coded body may grow two hundredfold, so it is fed in small bites and the answer looked at
/// between.
constexpr size_t coded_feed_bytes_max = 16 * 1024;

bool valid_request_id(std::string_view id) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !id.empty() && id.size() <= request_id_bytes_max &&
         std::all_of(id.begin(), id.end(), allowed);
}

std::string make_request_id(std::mt19937_64& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id(24, '0');
  for (size_t i = 0; i < id.size(); i += 12) {
    for (uint64_t bits = random(), j = 0; j < 12; ++j, bits >>= 4) id[i + j] = digits[bits & 15];
  }
  return id;
}

/// Origin form as it is; of the absolute form only what follows the authority.
void split_target(std::string_view target, RequestHead& head) {
  if (!target.starts_with('/')) {
    const size_t scheme = target.find("://");
    const size_t slash = scheme == target.npos ? target.npos : target.find('/', scheme + 3);
    if (scheme != target.npos) target = slash == target.npos ? "/" : target.substr(slash);
  }
  const size_t question = std::min(target.find('?'), target.size());
  head.path = target.substr(0, question);
  if (question < target.size()) head.query = target.substr(question + 1);
}

}  // namespace

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text;
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text.data(), size);
}

// ---- Life ----

Session::Session(SessionHost& host, Socket socket, asio::ssl::context* tls, bool shed)
    : host_(host), stream_(std::move(socket), tls), shed_(shed), charge_(host.admission.budget) {}

Session::~Session() {
  host_.buffers.give_back(std::move(in_));
}

void Session::start(SessionHost& host, Socket socket, asio::ssl::context* tls, bool shed) {
  auto session = std::make_shared<Session>(host, std::move(socket), tls, shed);
  host.sessions.emplace(session.get(), session);
  ThreadCounters::add(host.counters.connections_opened);
  session->run();
}

void Session::run() {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  if (!stream_.encrypted()) {
    deadline_ = Clock::now() + host_.limits.idle_deadline;
    advance();
    return;
  }
  state_ = State::handshake;
  deadline_ = Clock::now() + host_.limits.header_deadline;
  stream_.async_handshake([self = shared_from_this()](error_code error) {
    if (self->state_ == State::closed) return;
    if (error) return self->close(false);
    self->state_ = State::idle;
    self->deadline_ = Clock::now() + self->host_.limits.idle_deadline;
    self->advance();
  });
}

void Session::close(bool reset) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  error_code ignored;
  if (reset) stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  stream_.socket().close(ignored);
  ThreadCounters::add(host_.counters.connections_closed);
  host_.admission.connections.fetch_sub(1, std::memory_order_relaxed);
  if (!waiting_ || woken_) release();  // else the exchange's wake is still to come, and releases
}

void Session::release() {
  exchange_.reset();
  // A pending operation may still look at these bytes; its handler holds the session.
  host_.sessions.erase(this);
}

void Session::abort() {
  close(true);
}

void Session::abandon() {
  waiting_ = true;  // leaves the session in the host's map, which is being walked
  woken_ = false;
  close(true);
  exchange_.reset();
}

void Session::drain() {
  if (state_ == State::idle || state_ == State::handshake) close(false);
}

void Session::tick(Clock::time_point now) {
  switch (state_) {
    case State::exchange:
      return tick_exchange(now);
    case State::closed:
      return;
    case State::head:
      if (now < deadline_) return;
      ThreadCounters::add(host_.counters.deadlines_passed);
      reset_request();
      head_.request_id = make_request_id(host_.request_ids);
      answer_problem(request_timeout_problem());
      return advance();
    case State::handshake:
    case State::idle:
    case State::shutdown:
    case State::lingering:
      if (now < deadline_) return;
      if (state_ == State::handshake) ThreadCounters::add(host_.counters.deadlines_passed);
      return close(false);
  }
}

void Session::tick_exchange(Clock::time_point now) {
  const uint64_t window_ms = static_cast<uint64_t>(host_.limits.rate_window.count());
  const uint64_t bytes_min = host_.limits.body_bytes_per_second_min * window_ms / 1000;
  // While the body still comes, the client may well read nothing: only then is it not waited for.
  if (writing_ && !reading_)
    writing_rate_.start(now);
  else
    writing_rate_.pause(now);
  if (writing_rate_.too_slow(now, host_.limits.rate_window, bytes_min)) {
    ThreadCounters::add(host_.counters.deadlines_passed);
    record_request("write_deadline");
    return close(true);
  }
  if (!reading_ || !reading_rate_.too_slow(now, host_.limits.rate_window, bytes_min)) return;
  ThreadCounters::add(host_.counters.deadlines_passed);
  if (writer_.head_taken()) {
    record_request("body_deadline");
    return close(writer_.ends_with_connection());
  }
  answer_problem(request_timeout_problem());
  advance();
}

// ---- Reading ----

void Session::advance() {
  for (bool again = true; again;) {
    again = false;
    if (state_ == State::idle || state_ == State::head) {
      again = take_head();
    } else if (state_ == State::exchange) {
      feed();
      send();
      again = finish_request();
    }
  }
  read_if_useful();
}

bool Session::wants_read() const {
  if (reading_) return false;
  if (state_ == State::idle || state_ == State::head || state_ == State::lingering) return true;
  return state_ == State::exchange && !body_complete_ && !finished_ && !waiting_ && !paused_;
}

/// Room to read into; false when the budget has none.
bool Session::prepare_buffer() {
  if (!in_.storage) in_ = host_.buffers.small();
  if (in_.empty()) in_.begin = in_.end = 0;
  const bool body = state_ == State::exchange;
  const bool worth_large = framing_.chunked || body_left_ > small_buffer_bytes;
  if (body && in_.empty() && in_.capacity < large_buffer_bytes && worth_large) {
    host_.buffers.give_back(std::move(in_));
    in_ = ReadBuffer{};
    if (!charge_for(large_buffer_bytes)) return false;
    in_ = host_.buffers.large();
  }
  if (in_.end == in_.capacity && in_.begin > 0) {
    std::memmove(in_.storage.get(), in_.data(), in_.size());
    in_.end = in_.size();
    in_.begin = 0;
  }
  return true;
}

void Session::read_if_useful() {
  if (!wants_read()) return;
  if (!prepare_buffer()) {
    shed();
    return advance();
  }
  reading_ = true;
  if (state_ == State::exchange) reading_rate_.start(Clock::now());
  const auto room = asio::buffer(in_.storage.get() + in_.end, in_.capacity - in_.end);
  auto handler = [self = shared_from_this()](error_code error, size_t bytes) {
    self->reading_ = false;
    if (self->state_ == State::closed) return;
    self->on_read(error, bytes);
  };
  if (state_ == State::lingering) {
    stream_.socket().async_read_some(room, std::move(handler));
  } else {
    stream_.async_read_some(room, std::move(handler));
  }
}

void Session::on_read(error_code error, size_t bytes) {
  ThreadCounters::add(host_.counters.bytes_received, bytes);
  if (state_ == State::shutdown) return;
  if (state_ == State::lingering) {
    drained_ += bytes;
    if (error || drained_ > host_.limits.drain_bytes_max) return close(false);
    return read_if_useful();
  }
  if (state_ == State::exchange) {
    reading_rate_.pause(Clock::now());
    reading_rate_.moved(bytes);
  }
  if (error) {
    if (state_ == State::exchange) record_request("client_left");
    return close(false);
  }
  in_.end += bytes;
  advance();
}

/// True when a request began.
bool Session::take_head() {
  if (in_.empty()) return false;
  if (state_ == State::idle) {
    state_ = State::head;
    deadline_ = Clock::now() + host_.limits.header_deadline;
    // One empty line before a request is forgiven, as RFC 9112 section 2.2 asks for.
    scanned_ = 0;
  }
  std::string_view bytes(in_.data(), in_.size());
  if (bytes.starts_with("\r\n")) {
    in_.begin += 2;
    scanned_ = 0;
    bytes.remove_prefix(2);
  }
  FramingError error = FramingError::none;
  const size_t end = find_head_end(bytes, scanned_, error);
  scanned_ = bytes.size();
  if (end == 0 && error == FramingError::none) {
    if (bytes.size() < header_bytes_max) return false;
    error = FramingError::header_too_large;
  }
  scanned_ = 0;
  in_.begin += end;
  begin_request(bytes.substr(0, end), error);
  return true;
}

void Session::reset_request() {
  state_ = State::exchange;
  ++request_;
  began_ = Clock::now();
  head_ = RequestHead{};
  framing_ = Framing{};
  body_left_ = 0;
  body_complete_ = ended_ = waiting_ = woken_ = finished_ = broken_ = paused_ = false;
  chunks_ = ChunkDecoder{};
  request_bytes_in_ = 0;
  request_bytes_out_ = 0;
  reading_rate_.reset();
  writing_rate_.reset();
}

void Session::begin_request(std::string_view raw, FramingError error) {
  reset_request();
  request_bytes_in_ += raw.size();
  if (error == FramingError::none) error = check_head(raw, framing_);
  if (error == FramingError::none && !parse_head(raw)) error = FramingError::bad_request_line;
  const auto given_id = head_.field("x-request-id").value_or("");
  head_.request_id =
      valid_request_id(given_id) ? std::string(given_id) : make_request_id(host_.request_ids);
  keep_alive_ = framing_.keep_alive && !shed_;
  head_only_ = head_.method == "HEAD";
  if (head_only_) head_.method = "GET";
  if (error != FramingError::none) return refuse(error);
  head_.content_length = framing_.content_length;
  head_.chunked = framing_.chunked;
  body_left_ = framing_.content_length.value_or(0);
  body_complete_ = !head_.has_body();
  feed_bytes_max_ = head_.field("content-encoding") ? coded_feed_bytes_max : large_buffer_bytes;
  begin_exchange();
}

/// The head passed check_head(), so Beast sees nothing that it reads otherwise than we do.
bool Session::parse_head(std::string_view raw) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(header_bytes_max);
  parser.skip(true);  // the body is ours to frame
  error_code error;
  parser.put(asio::buffer(raw.data(), raw.size()), error);
  if (error || !parser.is_header_done()) return false;
  const auto& message = parser.get();
  head_.method = std::string(message.method_string());
  split_target({message.target().data(), message.target().size()}, head_);
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    head_.fields.emplace_back(std::move(name), std::string(field.value()));
  }
  return head_.path.starts_with('/') || head_.path == "*";
}

}  // namespace suppressd
