// GET /metrics: counters of all threads and gauges of the set, the store and the process, as
// Prometheus text. One table row a metric: name, type, sentence.
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "server/committer.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/metrics.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

using Counter = ThreadCounters::Counter;

struct CounterRow {
  Counter ThreadCounters::*member;
  std::string_view name;
  std::string_view help;
};
constexpr CounterRow counter_rows[] = {
    {&ThreadCounters::connections_opened, "suppressd_connections_opened_total",
     "Connections accepted."},
    {&ThreadCounters::connections_closed, "suppressd_connections_closed_total",
     "Connections ended, by either side."},
    {&ThreadCounters::connections_refused, "suppressd_connections_refused_total",
     "Connections closed at once because there were too many."},
    {&ThreadCounters::bytes_received, "suppressd_received_bytes_total", "Octets read."},
    {&ThreadCounters::bytes_sent, "suppressd_sent_bytes_total", "Octets written."},
    {&ThreadCounters::framing_errors, "suppressd_framing_errors_total",
     "Requests refused because of their HTTP framing."},
    {&ThreadCounters::deadlines_passed, "suppressd_deadlines_passed_total",
     "Connections closed because a header, body or answer took too long."},
    {&ThreadCounters::shed, "suppressd_shed_total", "Requests refused because of overload."},
    {&ThreadCounters::checks, "suppressd_checks_total", "Bulk checks answered."},
};

constexpr CounterRow verdict_rows[] = {
    {&ThreadCounters::addresses_clear, "clear", ""},
    {&ThreadCounters::addresses_suppressed, "suppressed", ""},
    {&ThreadCounters::addresses_invalid, "invalid", ""},
};

std::string number_text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    return std::to_string(static_cast<int64_t>(value));
  }
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

class Page {
 public:
  void head(std::string_view name, std::string_view type, std::string_view help) {
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(" ").append(type).append("\n");
  }
  void sample(std::string_view name, std::string_view labels, const std::string& value) {
    text_.append(name);
    if (!labels.empty()) text_.append("{").append(labels).append("}");
    text_.append(" ").append(value).append("\n");
  }
  void one(std::string_view name, std::string_view type, std::string_view help, double value) {
    head(name, type, help);
    sample(name, "", number_text(value));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

size_t entries_of(const char* folder) {
  std::error_code error;
  size_t count = 0;
  for (std::filesystem::directory_iterator at(folder, error), end; at != end; at.increment(error)) {
    ++count;
  }
  return count;
}

void add_process(Page& page) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  page.one("process_cpu_seconds_total", "counter", "CPU time, user and system.",
           seconds(usage.ru_utime) + seconds(usage.ru_stime));
  uint64_t pages_all = 0, pages_resident = 0;
  std::ifstream("/proc/self/statm") >> pages_all >> pages_resident;
  const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  page.one("process_resident_memory_bytes", "gauge", "Memory in RAM.",
           static_cast<double>(pages_resident * page_bytes));
  page.one("process_virtual_memory_bytes", "gauge", "Address space in use.",
           static_cast<double>(pages_all * page_bytes));
  page.one("process_threads", "gauge", "Threads of the process.",
           static_cast<double>(entries_of("/proc/self/task")));
  page.one("process_open_fds", "gauge", "Open file descriptors.",
           static_cast<double>(entries_of("/proc/self/fd")));
}

void add_set(Page& page, const SuppressionSet& set) {
  const auto statistics = set.statistics();
  const auto gauge = [&](std::string_view name, std::string_view help, uint64_t value) {
    page.one(name, "gauge", help, static_cast<double>(value));
  };
  gauge("suppressd_set_entries", "Entries that checks see.", statistics.entries);
  gauge("suppressd_set_bytes", "Memory of the set's lines.", statistics.bytes);
  gauge("suppressd_set_lines", "Lines of 64 octets.", statistics.lines);
  gauge("suppressd_set_moved_entries", "Entries that are not in their first line.",
        statistics.moved);
  gauge("suppressd_set_spilled_entries", "Entries kept outside the lines.", statistics.spilled);
  page.one("suppressd_set_growths_total", "counter", "Growth steps of shards.",
           static_cast<double>(statistics.growths));
}

void add_parts(Page& page, const AppParts& parts) {
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    page.one(name, "gauge", help, value);
  };
  gauge("suppressd_visible_sequence", "Last change that checks see.",
        static_cast<double>(parts.committer.visible_sequence()));
  gauge("suppressd_store_sequence", "Last change that is on disk.",
        static_cast<double>(parts.store.sequence()));
  gauge("suppressd_store_suppressions", "Entries in the store.",
        static_cast<double>(parts.store.suppression_count()));
  gauge("suppressd_commit_queue_rows", "Rows waiting to be committed.",
        static_cast<double>(parts.committer.queued_rows()));
  gauge("suppressd_commit_healthy", "1 while writes are accepted.",
        parts.committer.healthy() ? 1 : 0);
  gauge("suppressd_pool_queue_tasks", "Reads of the store waiting for a thread.",
        static_cast<double>(parts.pool.queued_tasks()));
  gauge("suppressd_load_progress", "Share of the list that is loaded, 0 to 1.",
        parts.health.load_progress.load(std::memory_order_relaxed));
  gauge("suppressd_load_seconds", "Time that loading the list took at start; 0 while it loads.",
        parts.health.load_seconds.load(std::memory_order_relaxed));
  const ImageStatus& image = parts.health.image;
  const auto value = [](const std::atomic<uint64_t>& number) {
    return static_cast<double>(number.load(std::memory_order_relaxed));
  };
  page.one("suppressd_image_writes_total", "counter", "Images written for a fast start.",
           value(image.writes));
  page.one("suppressd_image_failures_total", "counter", "Images that could not be written.",
           value(image.failures));
  gauge("suppressd_image_bytes", "Size of the last image written; 0: none yet.",
        value(image.bytes));
  gauge("suppressd_image_sequence", "The last change that is surely in it.", value(image.sequence));
  gauge("suppressd_image_timestamp_seconds", "When it was written, since 1970; 0: none yet.",
        value(image.written_at));
  constexpr std::string_view phases[] = {"loading", "ready", "draining", "unhealthy"};
  page.head("suppressd_phase", "gauge", "1 for the phase that the process is in.");
  for (size_t i = 0; i < std::size(phases); ++i) {
    const bool now = static_cast<size_t>(parts.health.phase.load()) == i;
    page.sample("suppressd_phase", "phase=\"" + std::string(phases[i]) + "\"", now ? "1" : "0");
  }
}

}  // namespace

/// A friend of Metrics: sums what needs an index over all threads.
class MetricsPage {
 public:
  static void add_counters(Page& page, const Metrics& metrics) {
    for (const CounterRow& row : counter_rows) {
      page.one(row.name, "counter", row.help, static_cast<double>(metrics.sum(row.member)));
    }
    page.head("suppressd_addresses_checked_total", "counter", "Addresses checked, by verdict.");
    for (const CounterRow& row : verdict_rows) {
      page.sample("suppressd_addresses_checked_total", "verdict=\"" + std::string(row.name) + "\"",
                  std::to_string(metrics.sum(row.member)));
    }
    page.head("suppressd_responses_total", "counter", "Answers, by class of status.");
    for (size_t i = 1; i < 6; ++i) {
      const uint64_t count = sum(metrics, [&](const ThreadCounters& thread) {
        return thread.responses[i].load(std::memory_order_relaxed);
      });
      page.sample("suppressd_responses_total", "class=\"" + std::to_string(i) + "xx\"",
                  std::to_string(count));
    }
  }

  static void add_webhooks(Page& page, const Metrics& metrics) {
    const auto name = [](size_t kind) {
      return kind == 0 ? std::string_view("one-click") : name_of(WebhookProvider(kind));
    };
    const auto add_all = [&](std::string_view metric, auto WebhookCounters::*member,
                             const std::string& more) {
      for (size_t kind = 0; kind < webhook_kinds; ++kind) {
        const uint64_t count = sum(metrics, [&](const ThreadCounters& thread) {
          return (thread.webhooks[kind].*member).load(std::memory_order_relaxed);
        });
        page.sample(metric, "provider=\"" + std::string(name(kind)) + "\"" + more,
                    std::to_string(count));
      }
    };
    page.head("suppressd_webhook_events_total", "counter",
              "Events of proven deliveries, by provider; ignored ones say nothing of an address.");
    add_all("suppressd_webhook_events_total", &WebhookCounters::accepted, ",result=\"accepted\"");
    add_all("suppressd_webhook_events_total", &WebhookCounters::ignored, ",result=\"ignored\"");
    page.head("suppressd_webhook_refused_total", "counter",
              "Deliveries refused: not proven, stale, replayed, or no such payload.");
    add_all("suppressd_webhook_refused_total", &WebhookCounters::refused, "");
  }

  /// What serving connections costs, apart from the committer and the store's own threads.
  static void add_io_threads(Page& page, const Metrics& metrics) {
    const std::lock_guard lock(metrics.mutex_);
    double cpu_seconds = 0;
    for (const ThreadCounters& thread : metrics.threads_) {
      timespec used{};
      const clockid_t clock = thread.cpu_clock;
      if (clock == -1 || clock_gettime(clock, &used) != 0) continue;
      cpu_seconds += static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
    }
    page.one("suppressd_io_threads", "gauge", "Threads that serve connections.",
             static_cast<double>(metrics.threads_.size()));
    page.one("suppressd_io_cpu_seconds_total", "counter",
             "CPU time of the threads that serve connections.", cpu_seconds);
  }

  static void add_histogram(Page& page, const Metrics& metrics) {
    constexpr std::string_view name = "suppressd_request_seconds";
    page.head(name, "histogram", "From a request's head read to its answer handed to the kernel.");
    uint64_t count = 0;
    double sum_seconds = 0;
    for (size_t i = 0; i < std::tuple_size_v<decltype(ThreadCounters::request_microseconds)>; ++i) {
      const uint64_t bucket = sum(metrics, [&](const ThreadCounters& thread) {
        return thread.request_microseconds[i].load(std::memory_order_relaxed);
      });
      const double limit = std::ldexp(1e-6, static_cast<int>(i));
      count += bucket;
      sum_seconds += static_cast<double>(bucket) * limit * 0.75;  // the middle of [limit/2, limit)
      page.sample("suppressd_request_seconds_bucket", "le=\"" + number_text(limit) + "\"",
                  std::to_string(count));
    }
    page.sample("suppressd_request_seconds_bucket", "le=\"+Inf\"", std::to_string(count));
    page.sample("suppressd_request_seconds_sum", "", number_text(sum_seconds));
    page.sample("suppressd_request_seconds_count", "", std::to_string(count));
  }

 private:
  template <class Get>
  static uint64_t sum(const Metrics& metrics, Get get) {
    const std::lock_guard lock(metrics.mutex_);
    uint64_t total = 0;
    for (const ThreadCounters& thread : metrics.threads_) total += get(thread);
    return total;
  }
};

std::unique_ptr<Exchange> get_metrics(Call& call) {
  Page page;
  page.head("suppressd_build_info", "gauge", "1, with the version as a label.");
  page.sample("suppressd_build_info", "version=\"" SUPPRESSD_VERSION "\"", "1");
  MetricsPage::add_counters(page, call.parts.metrics);
  MetricsPage::add_webhooks(page, call.parts.metrics);
  MetricsPage::add_histogram(page, call.parts.metrics);
  MetricsPage::add_io_threads(page, call.parts.metrics);
  add_set(page, call.parts.set);
  add_parts(page, call.parts);
  add_process(page);
  Answer answer;
  answer.fields.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  answer.body = page.take();
  return answer_exchange(std::move(answer));
}

}  // namespace suppressd
