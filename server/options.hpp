// Every option of suppressd, in one table: name, default, unit, bounds, what it does. The command
// line, the environment, the configuration file, --help and `suppressd config` all read this table.
// Thread safety: immutable once the process is configured.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace suppressd {

/// Defaults are what the members are born with.
struct Options {
  std::string config;
  std::string data_dir = "./var";
  std::string listen = "127.0.0.1:8080";
  std::string port_file;
  bool behind_tls_proxy = false;
  std::string tls_certificate;
  std::string tls_key;
  std::string log_level = "info";

  uint64_t threads = 0;
  uint64_t worker_threads = 2;
  uint64_t load_threads = 0;
  uint64_t job_threads = 2;
  std::chrono::milliseconds image_interval{15 * 60'000};
  std::chrono::milliseconds image_deadline{60'000};
  uint64_t block_cache_bytes = 256ull << 20;
  uint64_t write_buffer_bytes = 64ull << 20;

  uint64_t connections_max = 10'000;
  uint64_t in_flight_bytes_max = 1ull << 30;
  uint64_t answer_buffer_bytes_max = 16ull << 20;
  uint64_t json_body_bytes_max = 64ull << 20;
  uint64_t streaming_body_bytes_max = 64ull << 30;
  uint64_t line_bytes_max = 1ull << 20;

  uint64_t bounce_agreement = 3;
  uint64_t import_disk_free_min = 256ull << 20;
  uint64_t import_suppress_percent = 20;
  uint64_t import_uploads_max = 64;
  uint64_t platform_hard_bounce_days = 0;

  std::chrono::milliseconds header_deadline{5'000};
  std::chrono::milliseconds idle_deadline{60'000};
  std::chrono::milliseconds rate_window{10'000};
  uint64_t body_bytes_per_second_min = 64 * 1024;
  std::chrono::milliseconds stop_deadline{30'000};
};

enum class OptionKind : uint8_t { text, flag, count, bytes, duration };

struct OptionRow {
  using Member = std::variant<std::string Options::*, bool Options::*, uint64_t Options::*,
                              std::chrono::milliseconds Options::*>;
  std::string_view name;  // of the flag and the file's key; SUPPRESSD_ and upper case: environment
  Member member;
  OptionKind kind;
  std::string_view unit;  // of counts; a text's choices, separated by '|', or what it names
  uint64_t min = 0;       // counts, bytes, milliseconds
  uint64_t max = 0;
  std::string_view sentence;
};

std::span<const OptionRow> option_rows();
/// SUPPRESSD_DATA_DIR for data-dir.
std::string environment_name(const OptionRow& row);
/// Null when there is no such option.
const OptionRow* find_option(std::string_view name);

/// The value as it would be written: 64MiB, 5s, true.
std::string value_text(const Options& options, const OptionRow& row);
/// Reads a value; throws std::invalid_argument with what is allowed, such as
/// `must be a number of connections from 1 to 1000000`.
void set_value(Options& options, const OptionRow& row, std::string_view text);

}  // namespace suppressd
