#include "server/session.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cassert>
#include <cstring>
#include <ctime>
#include <exception>

#include "server/log.hpp"

namespace suppressd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t request_id_bytes_max = 128;
/// A coded body may grow two hundredfold, so it is fed in small bites and the answer looked at
/// between.
constexpr size_t coded_feed_bytes_max = 16 * 1024;
/// The budget is charged in steps of this size, so that its shared counter is seldom touched.
constexpr uint64_t charge_step_bytes = 256 * 1024;

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

/// The method for the log; a client's own word could be anything, even a phone number.
std::string_view known_method(std::string_view method) {
  for (std::string_view known : {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"}) {
    if (method == known) return known;
  }
  return "other";
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

Problem make_problem(int status, std::string_view type, std::string_view title,
                     std::string_view detail) {
  Problem problem;
  problem.status = status;
  problem.type = type;
  problem.title = title;
  problem.detail = detail;
  return problem;
}

Problem overloaded() {
  Problem problem =
      make_problem(503, "overloaded", "The server has more work than it takes at once.",
                   "Try again after Retry-After seconds.");
  problem.fields = {{"Retry-After", std::to_string(retry_after_seconds)}};
  return problem;
}

Problem too_slow() {
  return make_problem(408, "request-timeout", "The request did not arrive in time.",
                      "Send the header within its deadline and the body at the minimum rate.");
}

Problem internal_error() {
  return make_problem(500, "internal-error", "The server failed to answer this request.",
                      "The log has the cause under this answer's X-Request-Id.");
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
      answer_problem(too_slow());
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
  answer_problem(too_slow());
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
    request_bytes_in_ += bytes;
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
  request_bytes_in_ = in_.size();
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

// ---- The exchange ----

Wake Session::make_wake() {
  // The weak pointer is only locked on the session's thread, so the last owner is never elsewhere.
  return [io = host_.io, weak = weak_from_this(), request = request_] {
    asio::post(*io, [weak, request] {
      if (auto self = weak.lock()) self->on_wake(request);
    });
  };
}

void Session::begin_exchange() {
  try {
    exchange_ = shed_ ? nullptr : host_.handler(head_, make_wake());
  } catch (const std::exception& failure) {
    log(LogLevel::error, "a request could not begin",
        {{"request_id", head_.request_id}, {"cause", failure.what()}});
    return answer_problem(internal_error());
  }
  if (!exchange_) return shed();
  wants_body_ = exchange_->wants_body();
  if (framing_.expects_continue && wants_body_ && !body_complete_ && in_.empty()) {
    writer_.add_interim_continue();
  }
}

template <class Call>
void Session::call_exchange(Call&& call) {
  Progress progress = Progress::broken;
  try {
    progress = call();
  } catch (const std::exception& failure) {
    log(LogLevel::error, "a request failed",
        {{"request_id", head_.request_id}, {"cause", failure.what()}});
  }
  assert(progress != Progress::more || !ended_);
  waiting_ = progress == Progress::wait;
  broken_ = progress == Progress::broken || (progress == Progress::more && ended_);
  finished_ = broken_ || progress == Progress::done;
  if (!finished_ && !waiting_ && !charge()) shed();
}

void Session::feed() {
  while (!finished_) {
    update_pause();
    if (paused_) return;
    if (waiting_) {
      if (!woken_) return;
      waiting_ = woken_ = false;
      call_exchange([&] { return exchange_->on_wake(answer_); });
      continue;
    }
    if (body_complete_ || !wants_body_) {
      ended_ = true;
      call_exchange([&] { return exchange_->on_end(answer_); });
      continue;
    }
    std::string_view bytes;
    if (next_body_bytes(bytes)) {
      call_exchange([&] { return exchange_->on_body(bytes, answer_); });
    } else if (chunks_.error() != FramingError::none) {
      refuse(chunks_.error());
    } else if (!body_complete_) {
      return;
    }
  }
}

/// The next of the body's bytes that were read, if any; sets body_complete_ at its end. When there
/// are none, chunks_.error() may say why.
bool Session::next_body_bytes(std::string_view& bytes) {
  std::string_view input(in_.data(), std::min(in_.size(), feed_bytes_max_));
  if (!framing_.chunked) {
    bytes = input.substr(0, static_cast<size_t>(std::min<uint64_t>(body_left_, input.size())));
    in_.begin += bytes.size();
    body_left_ -= bytes.size();
    body_complete_ = body_left_ == 0;
    return !bytes.empty();
  }
  const size_t before = input.size();
  const ChunkDecoder::Status status = chunks_.next(input, bytes);
  in_.begin += before - input.size();
  body_complete_ = status == ChunkDecoder::Status::end;
  return status == ChunkDecoder::Status::data;
}

void Session::on_wake(uint64_t request) {
  if (request != request_ || !waiting_ || woken_) return;
  woken_ = true;
  if (state_ == State::closed) return release();
  advance();
}

void Session::refuse(FramingError error) {
  ThreadCounters::add(host_.counters.framing_errors);
  keep_alive_ = false;
  answer_problem(make_problem(status_of(error), "bad-framing",
                              "The request breaks a rule of HTTP framing.", sentence_of(error)));
}

void Session::shed() {
  ThreadCounters::add(host_.counters.shed);
  answer_problem(overloaded());
}

/// Ends the request with this problem: as its answer when nothing of one was sent, else by breaking
/// it off. Precondition: the exchange is not waiting.
void Session::answer_problem(Problem problem) {
  keep_alive_ = false;
  waiting_ = woken_ = false;
  if (writer_.head_taken()) {
    finished_ = broken_ = true;
    return;
  }
  answer_.fields.clear();
  answer_.body.clear();
  write_problem(problem, answer_);
  broken_ = false;
  finished_ = true;
}

void Session::update_pause() {
  const uint64_t unsent = answer_.body.size() + writer_.unsent();
  const uint64_t limit = host_.limits.answer_buffer_bytes_max;
  paused_ = unsent > (paused_ ? limit / 2 : limit);
}

bool Session::charge() {
  return charge_for(in_.capacity > small_buffer_bytes ? in_.capacity : 0);
}

/// Charges the request with a read buffer of that size, its answer and what its exchange keeps.
bool Session::charge_for(uint64_t buffer_bytes) {
  const uint64_t kept = exchange_ ? exchange_->buffered_bytes() : 0;
  const uint64_t bytes = buffer_bytes + answer_.body.size() + writer_.unsent() + kept;
  return charge_.set((bytes + charge_step_bytes / 2) / charge_step_bytes * charge_step_bytes);
}

// ---- Sending ----

AnswerWriter::Context Session::answer_context() const {
  return {.http_1_1 = framing_.http_1_1,
          .keep_alive = keep_alive_ && !host_.draining && (body_complete_ || !finished_),
          .head_only = head_only_,
          .request_id = head_.request_id,
          .date = host_.date};
}

void Session::send() {
  if (writing_ || state_ != State::exchange) return;
  if (broken_ && !writer_.head_taken()) answer_problem(internal_error());
  if (broken_) {
    record_request("broken");
    return close(writer_.ends_with_connection());
  }
  if (finished_ && !writer_.head_taken()) skip_buffered_body();
  if (writer_.unsent() > 0 || writer_.take(answer_, finished_, answer_context())) write_piece();
}

/// A body nobody wanted, but that was read already, need not cost the connection.
void Session::skip_buffered_body() {
  std::string_view bytes;
  while (!body_complete_ && next_body_bytes(bytes)) {
  }
}

void Session::write_piece() {
  writing_ = true;
  std::array<asio::const_buffer, 3> buffers;
  const AnswerWriter::Piece piece = writer_.piece();
  for (size_t i = 0; i < piece.size(); ++i) buffers[i] = asio::buffer(piece[i]);
  stream_.async_write_some(buffers, [self = shared_from_this()](error_code error, size_t bytes) {
    self->writing_ = false;
    if (self->state_ == State::closed) return;
    self->on_written(error, bytes);
  });
}

void Session::on_written(error_code error, size_t bytes) {
  ThreadCounters::add(host_.counters.bytes_sent, bytes);
  request_bytes_out_ += bytes;
  writing_rate_.moved(bytes);
  writer_.sent(bytes);
  if (error) {
    record_request("client_left");
    return close(false);
  }
  advance();
}

// ---- Ending a request and the connection ----

bool Session::finish_request() {
  if (state_ != State::exchange || !finished_ || writing_ || !writer_.complete()) return false;
  record_request("whole");
  const bool reusable =
      keep_alive_ && body_complete_ && !writer_.ends_with_connection() && !host_.draining;
  exchange_.reset();
  answer_ = Answer{.status = 200, .fields = {}, .body = std::move(answer_.body)};
  answer_.body.clear();
  if (answer_.body.capacity() > answer_buffer_bytes_kept_max) std::string().swap(answer_.body);
  writer_.reset();
  if (!reusable) {
    close_gently();
    return false;
  }
  return_large_buffer();
  state_ = State::idle;
  deadline_ = Clock::now() + host_.limits.idle_deadline;
  return !in_.empty();
}

/// Between requests only a small buffer is held, unless more of the next request was read already.
void Session::return_large_buffer() {
  if (in_.capacity > small_buffer_bytes && in_.size() < small_buffer_bytes) {
    ReadBuffer small = host_.buffers.small();
    std::memcpy(small.storage.get(), in_.data(), in_.size());
    small.end = in_.size();
    std::swap(in_, small);
    host_.buffers.give_back(std::move(small));
  }
  (void)charge();  // shrinks, which cannot fail
}

void Session::record_request(std::string_view outcome) {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
  const uint64_t micros = static_cast<uint64_t>(std::max<int64_t>(took.count(), 0));
  ThreadCounters& counters = host_.counters;
  const size_t bucket =
      std::min<size_t>(std::bit_width(micros), counters.request_microseconds.size() - 1);
  ThreadCounters::add(counters.request_microseconds[bucket]);
  const bool answered = writer_.head_taken();
  if (answered) ThreadCounters::add(counters.responses[static_cast<size_t>(answer_.status / 100)]);
  if (!log_enabled(LogLevel::info)) return;
  log(LogLevel::info, "request",
      {{"request_id", head_.request_id},
       {"method", head_only_ ? "HEAD" : known_method(head_.method)},
       {"route", exchange_ ? exchange_->route() : std::string_view()},
       {"status", answered ? answer_.status : 0},
       {"outcome", outcome},
       {"bytes_in", request_bytes_in_},
       {"bytes_out", request_bytes_out_},
       {"micros", micros}});
}

void Session::close_gently() {
  deadline_ = Clock::now() + host_.limits.drain_deadline;
  drained_ = 0;
  if (!reading_) {
    in_.begin = in_.end = 0;
    return_large_buffer();
  }
  if (!stream_.encrypted() || reading_) return linger();
  state_ = State::shutdown;
  stream_.async_shutdown([self = shared_from_this()](error_code) {
    if (self->state_ != State::shutdown) return;
    self->linger();
    self->read_if_useful();
  });
}

/// Our side is closed; what the client still sends is dropped for a while, because closing over
/// unread bytes would reset the connection under the answer.
void Session::linger() {
  state_ = State::lingering;
  error_code ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
}

}  // namespace suppressd
