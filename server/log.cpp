#include "server/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>

namespace suppressd {
namespace {

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "warning", "error",
                                                         "off"};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

std::string_view name_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return level_names[0];
    case spdlog::level::info:
      return level_names[1];
    case spdlog::level::warn:
      return level_names[2];
    default:
      return level_names[3];
  }
}

/// The length of the well-formed UTF-8 sequence at the front; 0 when there is none.
size_t utf8_sequence(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (first == 0xed && byte(1) > 0x9f) return 0;  // surrogates
  if (first == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (first == 0xf4 && byte(1) > 0x8f) return 0;  // past U+10FFFF
  return length;
}

void append_value(std::string& out, const LogField& field) {
  std::array<char, 32> digits;
  auto append_number = [&](auto number) {
    out.append(digits.data(),
               std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  };
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    out.push_back('"');
    append_json_escaped(out, *text);
    out.push_back('"');
  } else if (const auto* boolean = std::get_if<bool>(&field.value)) {
    out.append(*boolean ? "true" : "false");
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    if (std::isfinite(*real))
      append_number(*real);
    else
      out.append("null");
  } else if (const auto* number = std::get_if<int64_t>(&field.value)) {
    append_number(*number);
  } else {
    append_number(std::get<uint64_t>(field.value));
  }
}

/// Makes a line of what log() wrote: `"event":…` and fields, already JSON. spdlog's own patterns do
/// not escape.
class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    using std::chrono::duration_cast;
    const auto since_epoch = message.time.time_since_epoch();
    const auto seconds = duration_cast<std::chrono::seconds>(since_epoch);
    const auto micros = duration_cast<std::chrono::microseconds>(since_epoch - seconds).count();
    const std::time_t time = seconds.count();
    std::tm utc{};
    gmtime_r(&time, &utc);
    fmt::format_to(std::back_inserter(out),
                   "{{\"time\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z\",\"level\":\"{}\",",
                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                   utc.tm_sec, micros, name_of(message.level));
    out.append(message.payload.begin(), message.payload.end());
    out.push_back('}');
    out.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

class StringSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StringSink(std::string& lines) : lines_(lines) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    lines_.append(line.data(), line.size());
  }
  void flush_() override {}

 private:
  std::string& lines_;
};

// Written by open_log and close_log while no other thread logs.
std::shared_ptr<spdlog::logger> logger;

void open(LogLevel level, std::shared_ptr<spdlog::sinks::sink> sink) {
  logger = std::make_shared<spdlog::logger>("suppressd", std::move(sink));
  logger->set_formatter(std::make_unique<JsonFormatter>());
  logger->set_level(to_spdlog(level));
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const char c = text.front();
    size_t taken = 1;
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else if (size_t length = utf8_sequence(text); length > 0) {
      out.append(text.substr(0, length));
      taken = length;
    } else {
      out.append("\\ufffd");
    }
    text.remove_prefix(taken);
  }
}

void open_log(LogLevel level) {
  open(level, std::make_shared<spdlog::sinks::stderr_sink_mt>());
}
void open_log(LogLevel level, std::string& lines) {
  open(level, std::make_shared<StringSink>(lines));
}
void close_log() {
  logger.reset();
}

bool log_enabled(LogLevel level) {
  return logger && logger->should_log(to_spdlog(level));
}

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!log_enabled(level)) return;
  std::string line;
  line.reserve(256);
  line.append("\"event\":\"");
  append_json_escaped(line, event);
  line.push_back('"');
  for (const LogField& field : fields) {
    line.append(",\"");
    append_json_escaped(line, field.name);
    line.append("\":");
    append_value(line, field);
  }
  logger->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace suppressd
