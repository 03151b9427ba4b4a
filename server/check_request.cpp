#include "server/check_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/media_type.hpp"
#include "server/query.hpp"

namespace suppressd {
namespace {

// ---- Content-Type ----

std::optional<Problem> read_content_type(const RequestHead& head, CheckRequest& request) {
  const std::optional<std::string> type = media_type(head.field("content-type").value_or(""));
  if (type == "text/plain") {
    request.body = BodyFormat::text;
  } else if (type == "application/json") {
    request.body = BodyFormat::json;
  } else if (type == "application/x-ndjson" || type == "application/ndjson") {
    request.body = BodyFormat::ndjson;
  } else if (type == "text/csv") {
    request.body = BodyFormat::csv;
  } else {
    return media_type_problem("text/plain, application/json, application/x-ndjson, text/csv");
  }
  return std::nullopt;
}

// ---- Query ----
// Each function reads one parameter's value into the request; false when it is not as expected.

bool read_channel(std::string_view value, CheckRequest& request) {
  request.options.channel = parse_channel(value);
  return request.options.channel.has_value();
}

bool read_region(std::string_view value, CheckRequest& request) {
  const std::optional<Region> region = parse_region(value);
  request.options.region = region.value_or(Region{});
  return region.has_value();
}

bool read_purpose(std::string_view value, CheckRequest& request) {
  const bool transactional = value == "transactional";
  request.options.purpose = transactional ? Purpose::transactional : Purpose::marketing;
  return transactional || value == "marketing";
}

bool read_detail(std::string_view value, CheckRequest& request) {
  request.full_detail = value == "full";
  return request.full_detail;
}

bool read_column(std::string_view value, CheckRequest& request) {
  return read_csv_column(value, request.csv.column);
}

bool read_header(std::string_view value, CheckRequest& request) {
  return read_csv_header(value, request.csv);
}

bool read_delimiter(std::string_view value, CheckRequest& request) {
  return read_csv_delimiter(value, request.csv);
}

struct Parameter {
  const char* name;
  bool csv_only;
  bool (*read)(std::string_view value, CheckRequest& request);
  const char* expected;
};
constexpr std::array<Parameter, 7> parameters = {{
    {"channel", false, read_channel, "Expected: email or phone."},
    {"region", false, read_region, "Expected: a region's two letters, such as UA."},
    {"purpose", false, read_purpose, "Expected: marketing or transactional."},
    {"detail", false, read_detail, "Expected: full."},
    {"column", true, read_column, "Expected: a column's name, or its number counted from 0."},
    {"header", true, read_header, "Expected: true or false."},
    {"delimiter", true, read_delimiter, "Expected: comma, semicolon or tab."},
}};

std::optional<Problem> read_query(std::string_view text, CheckRequest& request) {
  Query query;
  if (auto problem = Query::parse(
          text, {"channel", "region", "purpose", "detail", "column", "header", "delimiter"}, query))
    return problem;
  for (const Parameter& parameter : parameters) {
    const std::optional<std::string_view> value = query.get(parameter.name);
    if (!value) continue;
    if (parameter.csv_only && request.body != BodyFormat::csv) {
      return invalid_request_problem(parameter.name, "only_for_csv",
                                     "This parameter is for bodies of type text/csv.");
    }
    if (!parameter.read(*value, request))
      return invalid_request_problem(parameter.name, "bad_value", parameter.expected);
  }
  if (request.csv.header == false && std::holds_alternative<std::string>(request.csv.column)) {
    return invalid_request_problem("column", "name_without_header",
                                   "A column has a name only with a header; give its number.");
  }
  return std::nullopt;
}

// ---- Accept ----

struct Offer {
  AnswerFormat format;
  std::string_view type;
};
constexpr std::array<Offer, 5> offers = {{
    {AnswerFormat::json, "application/json"},
    {AnswerFormat::ndjson, "application/x-ndjson"},
    {AnswerFormat::text, "text/plain"},
    {AnswerFormat::bitmap, "application/octet-stream"},
    {AnswerFormat::csv, "text/csv"},
}};

bool available(AnswerFormat format, const CheckRequest& request) {
  if (format == AnswerFormat::json || format == AnswerFormat::ndjson) return true;
  if (request.full_detail) return false;
  return format != AnswerFormat::csv || request.body == BodyFormat::csv;
}

std::optional<Problem> read_accept(const RequestHead& head, CheckRequest& request) {
  std::vector<std::string_view> types;
  std::vector<AnswerFormat> formats;
  std::string names;
  for (const Offer& offer : offers) {
    if (!available(offer.format, request)) continue;
    types.push_back(offer.type);
    formats.push_back(offer.format);
    names.append(names.empty() ? "" : ", ").append(offer.type);
  }
  const std::optional<size_t> chosen = choose_media_type(head, types);
  if (!chosen) {
    return Problem{406,
                   "not-acceptable",
                   "No answer format that the client accepts is available.",
                   "Available for this request: " + names + ".",
                   {},
                   {},
                   {}};
  }
  request.answer = formats[*chosen];
  return std::nullopt;
}

}  // namespace

bool read_csv_column(std::string_view value, CsvColumn& column) {
  if (value.empty()) return false;
  if (value.find_first_not_of("0123456789") != std::string_view::npos) {
    column = std::string(value);
    return true;
  }
  size_t number = 0;
  const auto result = std::from_chars(value.data(), value.data() + value.size(), number);
  column = number;
  return result.ec == std::errc();
}

bool read_csv_header(std::string_view value, CsvOptions& options) {
  options.header = value == "true";
  return value == "true" || value == "false";
}

bool read_csv_delimiter(std::string_view value, CsvOptions& options) {
  if (value == "," || value == "comma") options.delimiter = ',';
  if (value == ";" || value == "semicolon") options.delimiter = ';';
  if (value == "\t" || value == "tab") options.delimiter = '\t';
  return options.delimiter.has_value();
}

std::variant<CheckRequest, Problem> read_check_request(const RequestHead& head,
                                                       const Account& account) {
  CheckRequest request;
  request.options.account = account.number;
  request.options.region = account.default_region;
  if (auto problem = read_content_type(head, request)) return *std::move(problem);
  if (auto problem = read_query(head.query, request)) return *std::move(problem);
  if (auto problem = read_accept(head, request)) return *std::move(problem);
  return request;
}

}  // namespace suppressd
