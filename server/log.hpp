// Structured logs: one JSON object a line, to standard error. An event is a fixed word or sentence;
// what varies goes into fields, which are escaped. Nobody may log an address, a phone number or a
// key: fields hold counts, durations, statuses, names of options and files.
// Thread safety: any thread. Nothing is written before open_log().
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace suppressd {

enum class LogLevel : uint8_t { debug, info, warning, error, off };

struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t, uint64_t, double, bool> value;

  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, int v) : name(n), value(int64_t{v}) {}
  LogField(std::string_view n, unsigned v) : name(n), value(uint64_t{v}) {}
  LogField(std::string_view n, int64_t v) : name(n), value(v) {}
  LogField(std::string_view n, uint64_t v) : name(n), value(v) {}
  LogField(std::string_view n, double v) : name(n), value(v) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
};

/// Starts writing lines of at least this level to standard error. Before threads start.
void open_log(LogLevel level);
/// Tests: starts writing to `lines`, one JSON object a line, which must outlive the log's use.
void open_log(LogLevel level, std::string& lines);
void close_log();

/// Cheap: lets callers skip gathering fields.
bool log_enabled(LogLevel level);
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

/// Appends `text` as the inside of a JSON string: quotes, backslashes and controls escaped, bytes
/// that are not UTF-8 replaced.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace suppressd
