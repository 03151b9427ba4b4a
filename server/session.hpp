// One connection: reads requests off the socket, has an Exchange answer each, sends the answers.
//
// Invariants
//  1. A session lives on its io_context's one thread: no lock, no strand. Wakes are posted to it.
//  2. Full duplex: the answer leaves while the body arrives. Reading pauses while more than
//     answer_buffer_bytes_max wait to be sent, and goes on below half of it, so a client that sends
//     everything before it reads cannot deadlock below that size, and cannot fill memory above it.
//  3. Requests of a connection are answered one after the other, in order; bytes past the end of
//     one belong to the next.
//  4. Every state has a deadline, checked by the thread's ticker; deadlines are totals, not by
//     read.
//  5. An exchange that waits is kept until its wake, even when its client has left.
//  6. An answer sent before its body was read closes the connection after a bounded drain.
// Errors of the connection end the session; errors of the request are answered as problems.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>

#include "server/answer_writer.hpp"
#include "server/buffer_pool.hpp"
#include "server/byte_budget.hpp"
#include "server/exchange.hpp"
#include "server/framing.hpp"
#include "server/metrics.hpp"
#include "server/problem.hpp"
#include "server/rate_window.hpp"
#include "server/stream.hpp"

namespace suppressd {

/// From a request's head to what answers it; called on the session's thread. Never gives null.
using Handler = std::function<std::unique_ptr<Exchange>(const RequestHead&, Wake)>;

struct SessionLimits {
  std::chrono::milliseconds header_deadline{
      5'000};  // connection or first byte → whole head, TLS too
  std::chrono::milliseconds idle_deadline{60'000};  // between requests
  std::chrono::milliseconds drain_deadline{1'000};  // after an answer that closes the connection
  std::chrono::milliseconds rate_window{10'000};   // a transfer must move, in each such window, …
  uint64_t body_bytes_per_second_min = 64 * 1024;  // … this rate, or end within it
  uint64_t answer_buffer_bytes_max = 16ull << 20;  // not yet sent; past it reading pauses
  uint64_t drain_bytes_max = 256 * 1024;
  std::chrono::milliseconds tick{100};  // how late a deadline may be noticed
};

/// What all threads share: how much is let in.
struct Admission {
  Admission(uint64_t connections_limit, uint64_t in_flight_bytes_max)
      : connections_max(connections_limit), budget(in_flight_bytes_max) {}
  const uint64_t connections_max;
  ByteBudget budget;
  std::atomic<uint64_t> connections{0};
};
/// Connections past connections_max that are still told so with a 503; past these, they are closed.
inline constexpr uint64_t shed_connections_max = 256;

class Session;

/// What the sessions of one I/O thread share. Outlives them; that thread's.
struct SessionHost {
  SessionHost(std::shared_ptr<boost::asio::io_context> io_context,
              const SessionLimits& session_limits, Admission& process_admission,
              ThreadCounters& thread_counters)
      : io(std::move(io_context)),
        limits(session_limits),
        admission(process_admission),
        counters(thread_counters) {}

  std::shared_ptr<boost::asio::io_context> io;  // shared with wakes, which may outlive the listener
  const SessionLimits& limits;
  Admission& admission;
  ThreadCounters& counters;
  Handler handler;
  BufferPool buffers;
  bool draining = false;  // every answer closes its connection
  std::mt19937_64 request_ids{std::random_device{}()};
  std::string date;  // now, as HTTP writes it; renewed by the ticker
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Clock = std::chrono::steady_clock;

  /// Makes a session in `host` and starts it. `shed`: its one request is answered 503.
  static void start(SessionHost& host, Socket socket, boost::asio::ssl::context* tls, bool shed);

  Session(SessionHost& host, Socket socket, boost::asio::ssl::context* tls, bool shed);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Ends what has passed its deadline.
  void tick(Clock::time_point now);
  /// Closes when idle; else the answer under way is the last one.
  void drain();
  /// Closes now, whatever is under way.
  void abort();
  /// Closes, and drops the exchange even if it waits. When the thread has ended.
  void abandon();

 private:
  enum class State : uint8_t {
    handshake,  // TLS
    idle,       // between requests, nothing read
    head,       // part of a head read
    exchange,   // a request is being answered
    shutdown,   // TLS close_notify
    lingering,  // answered for the last time; reads and drops what the client still sends
    closed,
  };

  void run();
  void advance();

  // Reading.
  void read_if_useful();
  bool wants_read() const;
  bool prepare_buffer();
  void on_read(boost::system::error_code error, size_t bytes);
  bool take_head();
  void reset_request();
  void begin_request(std::string_view raw, FramingError error);
  bool parse_head(std::string_view raw);

  // The exchange.
  Wake make_wake();
  void begin_exchange();
  template <class Call>
  void call_exchange(Call&& call);
  void feed();
  bool next_body_bytes(std::string_view& bytes);
  void on_wake(uint64_t request);
  void refuse(FramingError error);
  void shed();
  void answer_problem(Problem problem);
  void update_pause();
  bool charge();
  bool charge_for(uint64_t buffer_bytes);

  // Sending.
  AnswerWriter::Context answer_context() const;
  void send();
  void skip_buffered_body();
  void write_piece();
  void on_written(boost::system::error_code error, size_t bytes);

  // Ending a request and the connection.
  bool finish_request();
  void return_large_buffer();
  void record_request(std::string_view outcome);
  void close_gently();
  void linger();
  void close(bool reset);
  void release();
  void tick_exchange(Clock::time_point now);

  SessionHost& host_;
  Stream stream_;
  const bool shed_;
  State state_ = State::idle;
  Clock::time_point deadline_{};
  bool reading_ = false;
  bool writing_ = false;

  ReadBuffer in_;
  size_t scanned_ = 0;  // of the head
  RateWindow reading_rate_;
  RateWindow writing_rate_;
  uint64_t drained_ = 0;

  // The request under way.
  uint64_t request_ = 0;  // counts requests, so that a late wake is told apart
  RequestHead head_;
  bool head_only_ = false;
  Framing framing_;
  ChunkDecoder chunks_;
  uint64_t body_left_ = 0;     // by Content-Length
  bool body_complete_ = true;  // all of it was read and consumed
  bool ended_ = false;         // on_end was called
  bool wants_body_ = false;
  bool waiting_ = false;
  bool woken_ = false;
  bool finished_ = false;  // done or broken
  bool broken_ = false;
  bool keep_alive_ = true;
  bool paused_ = false;
  size_t feed_bytes_max_ = 0;
  uint64_t request_bytes_in_ = 0;
  uint64_t request_bytes_out_ = 0;
  Clock::time_point began_{};
  std::unique_ptr<Exchange> exchange_;
  Answer answer_;
  AnswerWriter writer_;
  ByteCharge charge_;
};

/// The current time as the Date field writes it.
std::string http_date();

}  // namespace suppressd
