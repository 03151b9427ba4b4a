#include "server/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "persistence/records.hpp"

namespace suppressd {
namespace {

constexpr uint64_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB, TiB = 1024 * GiB;
constexpr uint64_t second = 1000, minute = 60 * second, hour = 60 * minute;
using enum OptionKind;

constexpr std::array rows = {
    OptionRow{"config", &Options::config, text, "FILE", 0, 0,
              "Reads options from this TOML file; its keys are the option names."},
    OptionRow{"data-dir", &Options::data_dir, text, "DIR", 0, 0,
              "Keeps the list in this directory; it is created when it does not exist."},
    OptionRow{"listen", &Options::listen, text, "HOST:PORT", 0, 0,
              "Listens here; port 0 lets the kernel choose one."},
    OptionRow{"port-file", &Options::port_file, text, "FILE", 0, 0,
              "Writes the bound port into this file once connections are accepted."},
    OptionRow{"behind-tls-proxy", &Options::behind_tls_proxy, flag, "", 0, 0,
              "Allows listening beyond loopback without TLS, because a proxy in front does it."},
    OptionRow{"tls-certificate", &Options::tls_certificate, text, "FILE", 0, 0,
              "Serves TLS with this certificate chain (PEM)."},
    OptionRow{"tls-key", &Options::tls_key, text, "FILE", 0, 0,
              "The certificate's private key (PEM)."},
    OptionRow{"log-level", &Options::log_level, text, "debug|info|warning|error|off", 0, 0,
              "Writes log lines of at least this level; info includes a line a request."},
    OptionRow{"threads", &Options::threads, count, "threads", 0, 512,
              "Threads that serve connections; 0 is one a core."},
    OptionRow{"worker-threads", &Options::worker_threads, count, "threads", 1, 512,
              "Threads that read the store for lists, exports and details."},
    OptionRow{"load-threads", &Options::load_threads, count, "threads", 0, 512,
              "Threads that load the list at start; 0 is one a core."},
    OptionRow{"job-threads", &Options::job_threads, count, "threads", 1, 64,
              "Threads that run jobs beside everything else, at the lowest priority."},
    OptionRow{"image-interval", &Options::image_interval, duration, "seconds", 0, 24 * hour,
              "Writes an image of the list this often, if it changed, and at SIGTERM, for a fast "
              "start; 0 is never."},
    OptionRow{"image-deadline", &Options::image_deadline, duration, "seconds", 0, 24 * hour,
              "Time that writing the image may take after SIGTERM."},
    OptionRow{"block-cache-bytes", &Options::block_cache_bytes, bytes, "bytes", 8 * MiB, 64 * TiB,
              "Memory for blocks of the store that were read."},
    OptionRow{"write-buffer-bytes", &Options::write_buffer_bytes, bytes, "bytes", MiB, 64 * GiB,
              "Memory in which the store gathers writes before it sorts them to disk."},
    OptionRow{"connections-max", &Options::connections_max, count, "connections", 1, 1'000'000,
              "Connections served at once; more are told 503."},
    OptionRow{"in-flight-bytes-max", &Options::in_flight_bytes_max, bytes, "bytes", MiB, 64 * TiB,
              "Memory that all requests under way may hold; past it they are told 503."},
    OptionRow{"answer-buffer-bytes-max", &Options::answer_buffer_bytes_max, bytes, "bytes",
              256 * KiB, 64 * GiB,
              "Unsent bytes of one answer past which its request is not read on."},
    OptionRow{"json-body-bytes-max", &Options::json_body_bytes_max, bytes, "bytes", KiB,
              4 * GiB - 1, "Largest JSON document in a request, after decompression."},
    OptionRow{"streaming-body-bytes-max", &Options::streaming_body_bytes_max, bytes, "bytes", KiB,
              64 * TiB, "Largest text, NDJSON or CSV body, after decompression."},
    OptionRow{"line-bytes-max", &Options::line_bytes_max, bytes, "bytes", KiB, GiB,
              "Longest line or CSV row in a body."},
    OptionRow{"bounce-agreement", &Options::bounce_agreement, count, "accounts", 0, 1'000'000,
              "Accounts that must report a hard bounce of an address before it is suppressed for "
              "all; 0 is never."},
    OptionRow{"import-disk-free-min", &Options::import_disk_free_min, bytes, "bytes", 0, 64 * TiB,
              "Free disk below which imports pause and uploads are refused; checks go on."},
    OptionRow{
        "import-suppress-percent", &Options::import_suppress_percent, count, "percent", 0, 100,
        "Share of an account's contacts that an import may suppress without being confirmed."},
    OptionRow{"import-uploads-max", &Options::import_uploads_max, count, "uploads", 1, 10'000,
              "Uploads of imports at once; more are told 503."},
    OptionRow{"platform-hard-bounce-days", &Options::platform_hard_bounce_days, count, "days", 0,
              policy_days_max,
              "Days after which a hard bounce on the platform's list ends unless it is confirmed "
              "again; 0 is never."},
    OptionRow{"header-deadline", &Options::header_deadline, duration, "seconds", 10, hour,
              "Time for a request's whole header, and for the TLS handshake."},
    OptionRow{"idle-deadline", &Options::idle_deadline, duration, "seconds", 10, 24 * hour,
              "Time that a connection may stay silent between requests."},
    OptionRow{"rate-window", &Options::rate_window, duration, "seconds", 10, hour,
              "Time in which a body or an answer must move at the minimum rate, or end."},
    OptionRow{"body-bytes-per-second-min", &Options::body_bytes_per_second_min, bytes,
              "bytes a second", 1, GiB, "The minimum rate of a body or an answer."},
    OptionRow{"stop-deadline", &Options::stop_deadline, duration, "seconds", 0, 24 * hour,
              "Time that requests under way get to finish after SIGTERM."},
};

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument(what);
}

std::string bytes_text(uint64_t value) {
  constexpr std::array<std::pair<uint64_t, std::string_view>, 4> units = {
      {{TiB, "TiB"}, {GiB, "GiB"}, {MiB, "MiB"}, {KiB, "KiB"}}};
  for (const auto& [size, name] : units) {
    if (value >= size && value % size == 0) return std::to_string(value / size) + std::string(name);
  }
  return std::to_string(value);
}

std::string seconds_text(uint64_t milliseconds) {
  std::string text = std::to_string(milliseconds / second);
  if (const uint64_t rest = milliseconds % second; rest > 0) {
    std::string decimals = std::to_string(second + rest).substr(1);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    text += "." + decimals;
  }
  return text + "s";
}

std::string number_text(const OptionRow& row, uint64_t value) {
  if (row.kind == bytes) return bytes_text(value);
  if (row.kind == duration) return seconds_text(value);
  return std::to_string(value);
}

std::string allowed(const OptionRow& row) {
  return "must be a number of " + std::string(row.unit) + " from " + number_text(row, row.min) +
         " to " + number_text(row, row.max);
}

/// Nothing when the suffix is not one of the kind's.
uint64_t factor_of(const OptionRow& row, std::string_view suffix) {
  if (row.kind == duration) {
    return suffix.empty() || suffix == "s" ? second
           : suffix == "ms"                ? 1
           : suffix == "m"                 ? minute
                                           : 0;
  }
  if (suffix.empty()) return 1;
  if (row.kind != bytes) return 0;
  if (suffix == "KiB") return KiB;
  if (suffix == "MiB") return MiB;
  if (suffix == "GiB") return GiB;
  return suffix == "TiB" ? TiB : 0;
}

uint64_t parse_number(const OptionRow& row, std::string_view text) {
  double number = 0;
  const auto [end, bad] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (bad != std::errc()) refuse(allowed(row));
  const std::string_view suffix = text.substr(static_cast<size_t>(end - text.data()));
  const double value = number * static_cast<double>(factor_of(row, suffix));
  const bool fits = factor_of(row, suffix) > 0 && value >= static_cast<double>(row.min) &&
                    value <= static_cast<double>(row.max);
  if (!fits || value != std::floor(value)) refuse(allowed(row));
  return static_cast<uint64_t>(value);
}

void check_choice(const OptionRow& row, std::string_view text) {
  if (row.unit.find('|') == row.unit.npos) return;
  const std::string choices = "|" + std::string(row.unit) + "|";
  if (text.find('|') == text.npos && choices.find("|" + std::string(text) + "|") != choices.npos) {
    return;
  }
  refuse("must be one of " + std::string(row.unit));
}

}  // namespace

std::span<const OptionRow> option_rows() {
  return rows;
}

std::string environment_name(const OptionRow& row) {
  std::string name = "SUPPRESSD_" + std::string(row.name);
  for (char& c : name) {
    if (c == '-') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return name;
}

const OptionRow* find_option(std::string_view name) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const OptionRow& candidate) { return candidate.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

std::string value_text(const Options& options, const OptionRow& row) {
  if (auto* member = std::get_if<std::string Options::*>(&row.member)) return options.**member;
  if (auto* member = std::get_if<bool Options::*>(&row.member)) {
    return options.**member ? "true" : "false";
  }
  if (auto* member = std::get_if<uint64_t Options::*>(&row.member)) {
    return number_text(row, options.**member);
  }
  const auto member = std::get<std::chrono::milliseconds Options::*>(row.member);
  return seconds_text(static_cast<uint64_t>((options.*member).count()));
}

void set_value(Options& options, const OptionRow& row, std::string_view text) {
  if (auto* member = std::get_if<std::string Options::*>(&row.member)) {
    check_choice(row, text);
    options.** member = text;
  } else if (auto* flag_member = std::get_if<bool Options::*>(&row.member)) {
    if (text != "true" && text != "false") refuse("must be true or false");
    options.** flag_member = text == "true";
  } else if (auto* number = std::get_if<uint64_t Options::*>(&row.member)) {
    options.** number = parse_number(row, text);
  } else {
    const auto time = std::get<std::chrono::milliseconds Options::*>(row.member);
    options.*time = std::chrono::milliseconds(parse_number(row, text));
  }
}

}  // namespace suppressd
