// What a check request asks for, read from its head: formats by Content-Type and Accept, options by
// query. Every way of asking wrongly has its problem.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/bulk_check.hpp"
#include "persistence/records.hpp"
#include "server/audience.hpp"
#include "server/exchange.hpp"
#include "server/problem.hpp"

namespace suppressd {

enum class BodyFormat : uint8_t { text, json, ndjson, csv };
enum class AnswerFormat : uint8_t { json, ndjson, text, bitmap, csv };

/// A column's name (compared without case and outer white space; the first match counts) or its
/// 0-based number. Digits alone are a number.
using CsvColumn = std::variant<size_t, std::string>;

/// How a CSV body is read.
struct CsvOptions {
  CsvColumn column = size_t{0};
  /// Whether the first row is a header. When not given: yes with a column's name; with a number,
  /// yes when csv_cell_is_name() says so of the first row's cell in that column.
  std::optional<bool> header;
  std::optional<char> delimiter;  // when not given, the first row tells
};

/// Values of the query's parameters for CSV bodies; false when they are not as expected.
bool read_csv_column(std::string_view value, CsvColumn& column);
bool read_csv_header(std::string_view value, CsvOptions& options);
bool read_csv_delimiter(std::string_view value, CsvOptions& options);

struct CheckRequest {
  BodyFormat body = BodyFormat::text;
  AnswerFormat answer = AnswerFormat::json;
  CheckOptions options;
  CsvOptions csv;
  bool full_detail = false;
  Audience audience = Audience::account;  // of the detail
};

std::variant<CheckRequest, Problem> read_check_request(const RequestHead& head,
                                                       const Account& account);

/// The index in `offered` of what the Accept fields like best (RFC 9110, 12.5.1), the earlier of
/// equals; nullopt when none is acceptable. No Accept field accepts everything.
std::optional<size_t> choose_media_type(const RequestHead& head,
                                        const std::vector<std::string_view>& offered);

}  // namespace suppressd
