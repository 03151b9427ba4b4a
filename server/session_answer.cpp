// The session's second half: having requests answered, sending the answers, ending.
#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <cstring>
#include <exception>

#include "server/log.hpp"
#include "server/session.hpp"
#include "server/session_problems.hpp"

namespace suppressd {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// The budget is charged in steps of this size, so that its shared counter is seldom touched.
constexpr uint64_t charge_step_bytes = 256 * 1024;

/// The method for the log; a client's own word could be anything, even a phone number.
std::string_view known_method(std::string_view method) {
  for (std::string_view known : {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"}) {
    if (method == known) return known;
  }
  return "other";
}

}  // namespace

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
    return answer_problem(internal_error_problem());
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
    request_bytes_in_ += bytes.size();
    body_left_ -= bytes.size();
    body_complete_ = body_left_ == 0;
    return !bytes.empty();
  }
  const size_t before = input.size();
  const ChunkDecoder::Status status = chunks_.next(input, bytes);
  in_.begin += before - input.size();
  request_bytes_in_ += before - input.size();
  body_complete_ = status == ChunkDecoder::Status::end;
  return status == ChunkDecoder::Status::data;
}

void Session::on_wake(uint64_t request) {
  if (request != request_ || woken_) return;
  woken_ = true;  // kept when it comes before the wait that it ends
  if (!waiting_) return;
  if (state_ == State::closed) return release();
  advance();
}

void Session::refuse(FramingError error) {
  ThreadCounters::add(host_.counters.framing_errors);
  keep_alive_ = false;
  answer_problem(framing_problem(error));
}

void Session::shed() {
  ThreadCounters::add(host_.counters.shed);
  answer_problem(overloaded_problem());
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
  if (broken_ && !writer_.head_taken()) answer_problem(internal_error_problem());
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
  const size_t status_class = static_cast<size_t>(answer_.status) / 100;
  if (answered) {
    ThreadCounters::add(counters.responses[std::min(status_class, counters.responses.size() - 1)]);
  }
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
