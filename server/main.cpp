// suppressd, assembled in one place, top to bottom; destroyed in reverse by scope.
#include <sys/types.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <thread>

#include "server/app.hpp"
#include "server/auth.hpp"
#include "server/committer.hpp"
#include "server/config.hpp"
#include "server/image_keeper.hpp"
#include "server/import_files.hpp"
#include "server/import_sweep.hpp"
#include "server/job_runner.hpp"
#include "server/listener.hpp"
#include "server/log.hpp"
#include "server/policy_keeper.hpp"
#include "server/sns_client.hpp"
#include "server/tls.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

/// Documented by --help.
enum ExitCode : int {
  exit_in_order = 0,
  exit_other_failure = 1,
  exit_bad_configuration = 2,
  exit_data_directory = 3,
  exit_cannot_listen = 4,
  exit_second_signal = 5,
};

unsigned threads_or_cores(uint64_t threads) {
  return threads > 0 ? static_cast<unsigned>(threads)
                     : std::max(1u, std::thread::hardware_concurrency());
}

LogLevel parse_log_level(std::string_view name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "info") return LogLevel::info;
  if (name == "warning") return LogLevel::warning;
  return name == "error" ? LogLevel::error : LogLevel::off;
}

Listener::Options listener_options(const Options& options) {
  Listener::Options listening;
  listening.address = parse_listen_address(options.listen);
  listening.threads = threads_or_cores(options.threads);
  listening.connections_max = options.connections_max;
  listening.in_flight_bytes_max = options.in_flight_bytes_max;
  listening.limits.header_deadline = options.header_deadline;
  listening.limits.idle_deadline = options.idle_deadline;
  listening.limits.rate_window = options.rate_window;
  listening.limits.body_bytes_per_second_min = options.body_bytes_per_second_min;
  listening.limits.answer_buffer_bytes_max = options.answer_buffer_bytes_max;
  return listening;
}

StoreOptions store_options(const Options& options, Health& health) {
  StoreOptions storing;
  storing.directory = options.data_dir;
  storing.block_cache_bytes = options.block_cache_bytes;
  storing.write_buffer_bytes = options.write_buffer_bytes;
  storing.on_failure = [&health](std::string_view what) {
    health.phase = Phase::unhealthy;
    log(LogLevel::error, "storage failed: nothing more is acknowledged until a restart",
        {{"cause", what}});
  };
  return storing;
}

constexpr std::chrono::minutes policy_interval{5};

ImportLimits import_limits(const Options& options) {
  ImportLimits limits;
  limits.disk_free_bytes_min = options.import_disk_free_min;
  limits.suppress_percent = options.import_suppress_percent;
  limits.uploads_max = options.import_uploads_max;
  return limits;
}

/// Whoever reads the file sees a whole port or no file.
void write_port_file(const std::string& path, uint16_t port) {
  const std::string unfinished = path + ".tmp";
  std::ofstream(unfinished) << port << '\n';
  std::error_code error;
  std::filesystem::rename(unfinished, path, error);
  if (error) throw ConfigError("port-file \"" + path + "\" cannot be written: " + error.message());
}

/// Loads the list, then lets requests in. Runs on its own thread while health is already answered.
void load(Store& store, SuppressionSet& set, Committer& committer, JobRunner& jobs,
          ImageKeeper& image, PolicyKeeper& policies, Health& health, const Options& options,
          const std::function<void()>& sweep_imports) {
  const auto began = std::chrono::steady_clock::now();
  const Loaded loaded =
      store.load(set, threads_or_cores(options.load_threads), health.load_progress);
  const bool from_image = loaded.from == Loaded::From::image;
  if (!loaded.image_refusal.empty()) {
    log(LogLevel::warning, "the image was not used and is deleted; the store was scanned",
        {{"cause", loaded.image_refusal}});
  }
  std::optional<uint64_t> image_sequence;
  if (from_image) image_sequence = store.sequence() - loaded.changes_replayed;
  ensure_admin_key(store, committer, options.data_dir);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  health.load_seconds = took.count();
  health.loaded = true;
  Phase expected = Phase::loading;  // unhealthy and draining stay what they are
  health.phase.compare_exchange_strong(expected, Phase::ready);
  image.start(image_sequence);
  jobs.start();
  sweep_imports();
  policies.start(policy_interval);
  log(LogLevel::info, "ready",
      {{"from", from_image ? "image" : "store"},
       {"replayed", loaded.changes_replayed},
       {"entries", set.entries()},
       {"sequence", store.sequence()},
       {"bytes", set.memory_bytes()},
       {"seconds", took.count()}});
}

/// Returns at SIGTERM, SIGINT, or when `failed` says so. From then on a second signal ends the
/// process at once.
void wait_for_stop(boost::asio::io_context& control) {
  boost::asio::signal_set signals(control, SIGTERM, SIGINT);
  signals.async_wait([&control](const boost::system::error_code& error, int signal) {
    if (error) return;
    log(LogLevel::info, "stopping", {{"signal", signal}});
    control.stop();
  });
  auto keep_running = boost::asio::make_work_guard(control);
  control.run();
  signals.clear();
  for (int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { _exit(exit_second_signal); });
}

int serve(const Options& options) {
  std::shared_ptr<boost::asio::ssl::context> tls;
  if (!options.tls_certificate.empty()) {
    tls = make_tls_context(options.tls_certificate, options.tls_key);
  }
  log(LogLevel::info, "starting", {{"version", SUPPRESSD_VERSION}, {"data_dir", options.data_dir}});

  Health health;
  Metrics metrics;
  // The durable list, and the set that answers from memory.
  const std::unique_ptr<Store> store = Store::open(store_options(options, health));
  SuppressionSet set;
  // Accounts and keys, renewed by whatever is committed.
  Directory directory;
  directory.load(store->accounts(), store->keys(), store->webhooks());
  // The one writer; store and set meet only here.
  JobBell bell;
  Committer committer(*store, set, [&](auto changes, auto outcomes) {
    directory.apply(changes, outcomes);
    bell.notice(changes, outcomes);
  });
  // Work on many contacts, a part at a time; that of imports is read from files.
  ImportFiles imports(options.data_dir, import_limits(options));
  JobRunner jobs(*store, imports, committer, bell, static_cast<unsigned>(options.job_threads));
  // What makes the next start fast.
  ImageKeeper image(*store, set, committer, health.image,
                    {options.image_interval, options.image_deadline});
  // What ends by itself.
  PolicyKeeper policies(*store, committer, directory,
                        static_cast<uint16_t>(options.platform_hard_bounce_days));
  // What proves the messages of Amazon SNS; the threads below may be asking it to their end.
  SnsClient sns(fetch_over_https);
  // Threads for reads of the store.
  WorkerPool pool(static_cast<unsigned>(options.worker_threads));
  // From a request's head to its answer.
  const AppLimits limits{options.json_body_bytes_max, options.streaming_body_bytes_max,
                         options.line_bytes_max, static_cast<uint32_t>(options.bounce_agreement)};
  App app({*store, set, committer, directory, health, metrics, pool, imports, limits, &sns});
  // The I/O threads, each with its own reader of the set.
  Listener listener(listener_options(options), tls, metrics, [&](ThreadCounters& counters) {
    auto worker = std::make_shared<Worker>(set, counters);
    return [&app, worker](const RequestHead& head, Wake wake) {
      return app.begin(head, *worker, std::move(wake));
    };
  });

  // Health is answered from here on, checks once the list is loaded and proven.
  listener.start();
  if (!options.port_file.empty()) write_port_file(options.port_file, listener.port());
  log(LogLevel::info, "listening",
      {{"address", listener.endpoint()},
       {"tls", tls != nullptr},
       {"threads", threads_or_cores(options.threads)}});
  boost::asio::io_context control;
  std::future<void> loaded = std::async(std::launch::async, [&] {
    try {
      load(*store, set, committer, jobs, image, policies, health, options,
           [&] { sweep_imports_regularly(*store, committer, imports, pool); });
    } catch (...) {
      boost::asio::post(control, [&control] { control.stop(); });
      throw;
    }
  });

  wait_for_stop(control);
  health.phase = Phase::draining;
  const auto until = std::chrono::steady_clock::now() + options.stop_deadline;
  if (!listener.drain(options.stop_deadline)) {
    log(LogLevel::warning, "requests were cut off at the stop-deadline");
  }
  if (loaded.wait_until(until) != std::future_status::ready) {
    // Nothing was acknowledged yet, so leaving now is no worse than a crash, which is always safe.
    log(LogLevel::warning, "stopped while loading");
    _exit(exit_in_order);
  }
  loaded.get();  // throws what loading failed with
  policies.stop();
  jobs.stop();
  image.finish();
  log(LogLevel::info, "stopped");
  return exit_in_order;
}

int fail(ExitCode code, const std::exception& failure) {
  std::cerr << "suppressd: " << failure.what() << std::endl;
  return code;
}

/// Start-up failures end here, each with a sentence for the operator.
int run(const std::vector<std::string>& arguments) {
  try {
    const Configuration configuration =
        read_configuration(arguments, [](const char* name) { return std::getenv(name); });
    if (configuration.command == Configuration::Command::print) {
      std::cout << configuration.text << std::flush;
      return exit_in_order;
    }
    open_log(parse_log_level(configuration.options.log_level));
    return serve(configuration.options);
  } catch (const ConfigError& failure) {
    return fail(exit_bad_configuration, failure);
  } catch (const StoreError& failure) {
    return fail(exit_data_directory, failure);
  } catch (const ListenError& failure) {
    return fail(exit_cannot_listen, failure);
  } catch (const std::exception& failure) {
    return fail(exit_other_failure, failure);
  }
}

}  // namespace
}  // namespace suppressd

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed standard error must not end the process
  return suppressd::run({arguments + 1, arguments + count});
}
