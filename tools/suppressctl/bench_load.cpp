#include "tools/suppressctl/bench_load.hpp"

#include <time.h>

#include <utility>
// Asio 1.74 wants <utility> first.
#include <algorithm>
#include <array>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <cmath>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "tools/suppressctl/bench_answer.hpp"
#include "tools/suppressctl/failure.hpp"

namespace suppressctl {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr size_t read_piece_bytes = 64 * 1024;
constexpr auto reconnect_pause = std::chrono::milliseconds(50);
constexpr auto interrupt_look = std::chrono::milliseconds(50);
constexpr auto interrupted_drain = std::chrono::seconds(1);
/// Connections are made before the first request is due.
constexpr auto head_start = std::chrono::milliseconds(5);

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Every moment of the run; the same for all senders.
struct Timetable {
  Clock::time_point start;
  Clock::time_point measured_from;
  Clock::time_point measured_until;
  double nanoseconds_each = 0;  // 0: no fixed times
  uint64_t requests = 0;        // of all senders

  Clock::time_point meant(uint64_t request) const {
    return start + nanoseconds(std::llround(static_cast<double>(request) * nanoseconds_each));
  }
};

enum class Outcome : uint8_t { answered, shed, failed, wrong, broken };

class Sender;

/// One connection: at most one request under way.
class Link {
 public:
  Link(Sender& sender, asio::io_context& loop, asio::ssl::context* tls);

  /// Throws Failure.
  void connect_now(const Endpoint& endpoint, const tcp::resolver::results_type& where);
  void send(std::shared_ptr<const PreparedRequest> request, Clock::time_point meant);
  bool busy() const { return request_ != nullptr; }
  Clock::time_point meant() const { return meant_; }
  Clock::time_point free_since() const { return free_since_; }

 private:
  void open();
  void configure();
  void write();
  void read();
  void finish(Outcome outcome);
  void reconnect();
  Outcome judge() const;

  /// Replaced as a whole when the connection is lost.
  struct Wire {
    Wire(asio::io_context& loop, asio::ssl::context* tls) : plain(loop) {
      if (tls != nullptr) secure.emplace(plain, *tls);
    }
    tcp::socket plain;
    std::optional<asio::ssl::stream<tcp::socket&>> secure;
  };
  template <class Call>
  void with_stream(Call&& call) {
    if (wire_->secure)
      call(*wire_->secure);
    else
      call(wire_->plain);
  }

  Sender& sender_;
  asio::io_context& loop_;
  asio::ssl::context* tls_;
  const Endpoint* endpoint_ = nullptr;
  tcp::resolver::results_type where_;
  std::shared_ptr<Wire> wire_;
  asio::steady_timer pause_;
  std::shared_ptr<const PreparedRequest> request_;  // null: free
  Clock::time_point meant_{};
  Clock::time_point free_since_{};
  bool written_ = false;
  uint64_t life_ = 0;  // handlers of an earlier connection find another number here
  AnswerReader answer_;
  std::array<char, read_piece_bytes> buffer_;
};

/// One thread's share of the requests: every `senders`-th.
class Sender {
 public:
  Sender(const Endpoint& endpoint, const LoadPlan& plan, const RequestSource& source,
         const std::atomic<bool>& interrupted, unsigned index)
      : endpoint_(endpoint),
        plan_(plan),
        source_(source),
        interrupted_(interrupted),
        next_(index),
        due_(index),
        timer_(loop_),
        watch_(loop_) {
    if (endpoint.tls) {
      tls_.emplace(asio::ssl::context::tls_client);
      tls_->set_default_verify_paths();
      tls_->set_verify_mode(asio::ssl::verify_peer);
    }
  }

  /// Throws Failure.
  void connect(unsigned links) {
    error_code error;
    tcp::resolver resolver(loop_);
    const auto where = resolver.resolve(endpoint_.host, endpoint_.port, error);
    if (error) throw Failure("There is no host '" + endpoint_.host + "'.");
    for (unsigned i = 0; i < links; ++i) {
      links_.push_back(std::make_unique<Link>(*this, loop_, tls_ ? &*tls_ : nullptr));
      links_.back()->connect_now(endpoint_, where);
      free_.push_back(links_.back().get());
    }
  }

  void run(const Timetable& timetable) {
    timetable_ = timetable;
    const double cpu_begin = thread_cpu_seconds();
    watch();
    if (open_loop())
      tick();
    else
      dispatch();
    if (!finished()) loop_.run();
    count_unanswered();
    result.generator_cpu_seconds = thread_cpu_seconds() - cpu_begin;
    result.seconds =
        std::chrono::duration<double>(std::max(last_answer_, ended_) - timetable_.measured_from)
            .count();
  }

  /// A link has its answer, or lost its connection.
  void done(const PreparedRequest& request, Clock::time_point meant, Outcome outcome) {
    const auto now = Clock::now();
    if (!measured(meant)) return;
    last_answer_ = now;
    LoadCounts& counts = result.counts;
    if (open_loop()) result.latency.record(now - meant);
    counts.sent_bytes += request.bytes.size();
    uint64_t LoadCounts::*const member[] = {&LoadCounts::answered, &LoadCounts::shed,
                                            &LoadCounts::failed, &LoadCounts::wrong,
                                            &LoadCounts::broken};
    ++(counts.*member[static_cast<size_t>(outcome)]);
    if (outcome == Outcome::answered) counts.addresses += request.addresses;
  }

  void freed(Link& link) {
    free_.push_back(&link);
    dispatch();
    if (finished()) loop_.stop();
  }

  LoadResult result;

 private:
  bool open_loop() const { return timetable_.nanoseconds_each > 0; }
  bool measured(Clock::time_point meant) const {
    return meant >= timetable_.measured_from && meant < timetable_.measured_until;
  }
  bool all_due() const { return due_ >= timetable_.requests; }
  bool finished() const { return all_due() && next_ >= due_ && free_.size() == links_.size(); }

  /// Looks now and then whether to stop early, and ends the drain.
  void watch() {
    watch_.expires_after(interrupt_look);
    watch_.async_wait([this](error_code error) {
      if (error) return;
      const auto now = Clock::now();
      if (interrupted_.load() && !stopping_) {
        stopping_ = true;
        timetable_.requests = std::min(timetable_.requests, due_);
        timetable_.measured_until = std::min(timetable_.measured_until, now);
        drain_until_ = now + std::min<nanoseconds>(plan_.drain, interrupted_drain);
      }
      if (!stopping_ && now >= timetable_.measured_until) {
        stopping_ = true;
        timetable_.requests = std::min(timetable_.requests, due_);
        drain_until_ = now + plan_.drain;
      }
      if (finished() || (stopping_ && now >= drain_until_)) return loop_.stop();
      watch();
    });
  }

  /// Makes due what is due, sends what there are connections for, and sleeps until the next.
  void tick() {
    const auto now = Clock::now();
    while (!all_due() && timetable_.meant(due_) <= now) {
      if (measured(timetable_.meant(due_))) ++result.counts.meant;
      due_ += plan_.senders;
    }
    dispatch();
    if (all_due()) return;
    timer_.expires_at(timetable_.meant(due_));
    timer_.async_wait([this](error_code error) {
      if (!error) tick();
    });
  }

  void dispatch() {
    if (!open_loop()) return dispatch_at_once();
    while (next_ < due_ && !free_.empty()) {
      Link& link = *free_.front();
      free_.pop_front();
      const auto meant = timetable_.meant(next_);
      if (measured(meant)) {
        if (link.free_since() <= meant)
          result.lag.record(Clock::now() - meant);
        else
          ++result.counts.waited;
      }
      link.send(source_(next_), meant);
      next_ += plan_.senders;
    }
  }

  void dispatch_at_once() {
    while (!free_.empty() && Clock::now() < timetable_.measured_until && !stopping_) {
      Link& link = *free_.front();
      free_.pop_front();
      const auto now = Clock::now();
      if (measured(now)) ++result.counts.meant;
      link.send(source_(next_), now);
      next_ += plan_.senders;
      due_ = next_;
    }
  }

  void count_unanswered() {
    const auto now = Clock::now();
    ended_ = open_loop() ? timetable_.measured_until : now;
    const auto count = [&](Clock::time_point meant) {
      if (!measured(meant)) return;
      ++result.counts.unanswered;
      if (open_loop()) result.latency.record(now - meant);
    };
    for (const auto& link : links_)
      if (link->busy()) count(link->meant());
    for (; open_loop() && next_ < due_; next_ += plan_.senders) count(timetable_.meant(next_));
  }

  const Endpoint& endpoint_;
  const LoadPlan& plan_;
  const RequestSource& source_;
  const std::atomic<bool>& interrupted_;
  Timetable timetable_;
  uint64_t next_;  // the next request to send
  uint64_t due_;   // the first request whose time has not come
  bool stopping_ = false;
  Clock::time_point drain_until_{};
  Clock::time_point last_answer_{};
  Clock::time_point ended_{};
  asio::io_context loop_{1};
  std::optional<asio::ssl::context> tls_;
  asio::steady_timer timer_;
  asio::steady_timer watch_;
  std::vector<std::unique_ptr<Link>> links_;
  std::deque<Link*> free_;  // longest first, so that all links are used
};

Link::Link(Sender& sender, asio::io_context& loop, asio::ssl::context* tls)
    : sender_(sender), loop_(loop), tls_(tls), pause_(loop) {}

void Link::open() {
  ++life_;
  if (wire_) {
    error_code ignored;
    wire_->plain.close(ignored);
    // Its aborted operations are in the loop's queue already; it must outlive them.
    asio::post(loop_, [old = std::move(wire_)] {});
  }
  wire_ = std::make_shared<Wire>(loop_, tls_);
}

void Link::configure() {
  error_code ignored;
  wire_->plain.set_option(tcp::no_delay(true), ignored);
  if (!wire_->secure) return;
  wire_->secure->set_verify_callback(asio::ssl::host_name_verification(endpoint_->host));
  SSL_set_tlsext_host_name(wire_->secure->native_handle(), endpoint_->host.c_str());
}

void Link::connect_now(const Endpoint& endpoint, const tcp::resolver::results_type& where) {
  endpoint_ = &endpoint;
  where_ = where;
  open();
  error_code error;
  asio::connect(wire_->plain, where_, error);
  if (!error) configure();
  if (!error && wire_->secure) wire_->secure->handshake(asio::ssl::stream_base::client, error);
  if (error)
    throw Failure("Cannot reach the server at " + endpoint.host_field() + " (" + error.message() +
                  "). Is suppressd running there?");
}

void Link::send(std::shared_ptr<const PreparedRequest> request, Clock::time_point meant) {
  request_ = std::move(request);
  meant_ = meant;
  written_ = false;
  answer_.begin();
  write();
  read();
}

void Link::write() {
  with_stream([this](auto& stream) {
    asio::async_write(stream, asio::buffer(request_->bytes),
                      [this, life = life_](error_code error, size_t) {
                        // A failed write is not the end: an early refusal may still be read.
                        if (life != life_ || error) return;
                        written_ = true;
                        if (answer_.whole()) finish(judge());
                      });
  });
}

void Link::read() {
  with_stream([this](auto& stream) {
    stream.async_read_some(asio::buffer(buffer_),
                           [this, life = life_](error_code error, size_t bytes) {
                             if (life != life_) return;
                             std::string_view got(buffer_.data(), bytes);
                             if (error || !answer_.feed(got) || !got.empty())
                               return finish(Outcome::broken);
                             if (!answer_.whole()) return read();
                             // Refused before the body was sent: the rest of it can only be
                             // dropped with the connection.
                             if (written_ || answer_.status() != 200) finish(judge());
                           });
  });
}

Outcome Link::judge() const {
  if (answer_.status() == 429 || answer_.status() == 503) return Outcome::shed;
  if (answer_.status() != 200) return Outcome::failed;
  return accounts_for_all(*request_, answer_) ? Outcome::answered : Outcome::wrong;
}

void Link::finish(Outcome outcome) {
  const bool usable = outcome != Outcome::broken && written_ && answer_.keep_alive();
  sender_.done(*request_, meant_, outcome);
  if (!usable) return reconnect();
  request_.reset();
  free_since_ = Clock::now();
  sender_.freed(*this);
}

void Link::reconnect() {
  request_.reset();
  open();
  const auto again = [this, life = life_](error_code failed) {
    if (life != life_) return;
    if (!failed) {
      free_since_ = Clock::now();
      return sender_.freed(*this);
    }
    pause_.expires_after(reconnect_pause);
    pause_.async_wait([this](error_code stopped) {
      if (!stopped) reconnect();
    });
  };
  asio::async_connect(wire_->plain, where_,
                      [this, again, life = life_](error_code error, const tcp::endpoint&) {
                        if (life != life_) return;
                        if (!error) configure();
                        if (error || !wire_->secure) return again(error);
                        wire_->secure->async_handshake(asio::ssl::stream_base::client, again);
                      });
}

}  // namespace

void LoadCounts::add(const LoadCounts& other) {
  for (uint64_t LoadCounts::*member :
       {&LoadCounts::meant, &LoadCounts::answered, &LoadCounts::addresses, &LoadCounts::shed,
        &LoadCounts::failed, &LoadCounts::wrong, &LoadCounts::broken, &LoadCounts::unanswered,
        &LoadCounts::waited, &LoadCounts::sent_bytes})
    this->*member += other.*member;
}

void LoadResult::add(const LoadResult& other) {
  latency.merge(other.latency);
  lag.merge(other.lag);
  counts.add(other.counts);
  seconds = std::max(seconds, other.seconds);
  generator_cpu_seconds += other.generator_cpu_seconds;
}

bool accounts_for_all(const PreparedRequest& request, const AnswerReader& answer) {
  switch (request.answer) {
    case AnswerFormat::json:
    case AnswerFormat::ndjson: {
      if (const auto checked = answer.number("checked")) return *checked == request.addresses;
      // Adding answers what became of the rows instead.
      uint64_t rows = 0;
      for (const char* name : {"added", "updated", "unchanged", "invalid"})
        rows += answer.number(name).value_or(0);
      return rows == request.addresses;
    }
    case AnswerFormat::bitmap:
      return answer.body_bytes() == (request.addresses + 7) / 8;
    case AnswerFormat::text:  // only the clear ones: its framing proves that it is whole
      return answer.body_lines() <= request.addresses;
    case AnswerFormat::csv:
      return answer.body_lines() == uint64_t{request.addresses} + 1;
  }
  return false;
}

LoadResult run_load(const Endpoint& endpoint, const LoadPlan& plan, const RequestSource& source,
                    const std::atomic<bool>& interrupted) {
  std::vector<std::unique_ptr<Sender>> senders;
  for (unsigned i = 0; i < plan.senders; ++i) {
    senders.push_back(std::make_unique<Sender>(endpoint, plan, source, interrupted, i));
    senders.back()->connect(plan.connections / plan.senders +
                            (i < plan.connections % plan.senders ? 1 : 0));
  }
  Timetable timetable;
  timetable.start = Clock::now() + head_start;
  timetable.measured_from = timetable.start + plan.warm_up;
  timetable.measured_until = timetable.measured_from + plan.duration;
  timetable.requests = ~uint64_t{0};
  if (plan.rate > 0) {
    timetable.nanoseconds_each = 1e9 / plan.rate;
    const std::chrono::duration<double> whole = plan.warm_up + plan.duration;
    timetable.requests = static_cast<uint64_t>(std::ceil(whole.count() * plan.rate));
  }
  std::vector<std::thread> threads;
  for (size_t i = 1; i < senders.size(); ++i)
    threads.emplace_back([&, i] { senders[i]->run(timetable); });
  senders[0]->run(timetable);
  for (auto& thread : threads) thread.join();
  LoadResult result;
  for (const auto& sender : senders) result.add(sender->result);
  return result;
}

}  // namespace suppressctl
