#include "tools/suppressctl/bench_requests.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "tools/suppressctl/api.hpp"
#include "tools/suppressctl/failure.hpp"

namespace suppressctl {
namespace {

struct FormatName {
  std::string_view name;
  std::string_view media_type;
};
constexpr std::array<FormatName, 4> body_names{{{"text", "text/plain"},
                                                {"json", "application/json"},
                                                {"ndjson", "application/x-ndjson"},
                                                {"csv", "text/csv"}}};
constexpr std::array<FormatName, 5> answer_names{{{"json", "application/json"},
                                                  {"ndjson", "application/x-ndjson"},
                                                  {"text", "text/plain"},
                                                  {"bitmap", "application/octet-stream"},
                                                  {"csv", "text/csv"}}};

template <class Format, size_t size>
Format parse_format_name(const std::array<FormatName, size>& names, std::string_view what,
                         std::string_view given) {
  std::string known;
  for (size_t i = 0; i < size; ++i) {
    if (names[i].name == given) return static_cast<Format>(i);
    known.append(known.empty() ? "" : ", ").append(names[i].name);
  }
  throw Failure("There is no " + std::string(what) + " format '" + std::string(given) +
                "'; there are " + known + ".");
}

/// The population as people type it: some of it messy, a little of it invalid. Numbers as written
/// at home would need a region, so there are none.
suppressd::RecipientMix typed(uint64_t seed) {
  suppressd::RecipientMix mix;
  mix.seed = seed;
  mix.national_share = 0;
  return mix;
}

suppressd::RecipientMix canonical(uint64_t seed) {
  suppressd::RecipientMix mix = typed(seed);
  mix.make_canonical();
  return mix;
}

/// Where addresses come from: lines of a file, or rows of the population.
class Addresses {
 public:
  Addresses(const RequestMix& mix, std::mt19937_64& random)
      : mix_(mix), random_(random), recipients_(typed(mix.seed)) {
    if (!mix.address_file.empty()) read_lines();
  }

  void append(std::string& out) {
    if (!lines_.empty()) {
      out += lines_[random_() % lines_.size()];
      return;
    }
    constexpr double unit = 0x1p-53;
    const bool hit = mix_.prepared > 0 && static_cast<double>(random_() >> 11) * unit < mix_.hits;
    const uint64_t row =
        hit ? random_() % mix_.prepared
            : rows_missing_begin + random_() % (rows_missing_end - rows_missing_begin);
    recipients_.append(row, out);
  }

 private:
  /// A fair draw of at most file_lines_max lines, however many there are.
  void read_lines() {
    std::ifstream file(mix_.address_file, std::ios::binary);
    if (!file) throw Failure("The file " + mix_.address_file + " cannot be read.");
    uint64_t seen = 0;
    for (std::string line; std::getline(file, line); ++seen) {
      if (line.ends_with('\r')) line.pop_back();
      if (lines_.size() < file_lines_max) {
        lines_.push_back(std::move(line));
      } else if (const uint64_t at = random_() % (seen + 1); at < lines_.size()) {
        lines_[at] = std::move(line);
      }
    }
    if (lines_.empty()) throw Failure("The file " + mix_.address_file + " has no lines.");
  }

  const RequestMix& mix_;
  std::mt19937_64& random_;
  suppressd::Recipients recipients_;
  std::vector<std::string> lines_;
};

void append_json_string(std::string_view text, std::string& out) {
  out += Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_csv_cell(std::string_view text, std::string& out) {
  if (text.find_first_of(",;\t\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

std::string body_of(BodyFormat format, uint32_t count, Addresses& addresses) {
  std::string body = format == BodyFormat::json  ? "{\"addresses\":["
                     : format == BodyFormat::csv ? "address\n"
                                                 : "";
  std::string address;
  for (uint32_t i = 0; i < count; ++i) {
    address.clear();
    addresses.append(address);
    if (format == BodyFormat::text) {
      body.append(address).append("\n");
    } else if (format == BodyFormat::csv) {
      append_csv_cell(address, body);
      body += '\n';
    } else {
      if (format == BodyFormat::json && i > 0) body += ',';
      append_json_string(address, body);
      if (format == BodyFormat::ndjson) body += '\n';
    }
  }
  return format == BodyFormat::json ? body + "]}" : body;
}

std::string head_of(const Settings& settings, const Endpoint& endpoint, const std::string& target,
                    std::string_view content_type, std::string_view accept, size_t body_bytes) {
  std::string head = "POST " + endpoint.prefix + target + " HTTP/1.1\r\nHost: ";
  head += endpoint.host_field() + "\r\n";
  if (!settings.key.empty()) head += "Authorization: Bearer " + settings.key + "\r\n";
  head.append("Content-Type: ").append(content_type).append("\r\nAccept: ").append(accept);
  return head + "\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n\r\n";
}

}  // namespace

std::string_view media_type(BodyFormat format) {
  return body_names[static_cast<size_t>(format)].media_type;
}
std::string_view media_type(AnswerFormat format) {
  return answer_names[static_cast<size_t>(format)].media_type;
}
std::string_view name_of(BodyFormat format) {
  return body_names[static_cast<size_t>(format)].name;
}
std::string_view name_of(AnswerFormat format) {
  return answer_names[static_cast<size_t>(format)].name;
}
BodyFormat parse_body_format(std::string_view name) {
  return parse_format_name<BodyFormat>(body_names, "body", name);
}
AnswerFormat parse_answer_format(std::string_view name) {
  return parse_format_name<AnswerFormat>(answer_names, "answer", name);
}

std::vector<PreparedRequest> prepare_requests(const Settings& settings, const Endpoint& endpoint,
                                              const RequestMix& mix) {
  std::mt19937_64 random(mix.seed);
  Addresses addresses(mix, random);
  std::vector<PreparedRequest> requests;
  for (uint64_t made = 0; requests.size() < requests_min ||
                          (made < mix.addresses && requests.size() < requests_max);) {
    PreparedRequest request;
    request.addresses = mix.batches.pick(random);
    request.body = mix.bodies.pick(random);
    request.answer = mix.answers.pick(random);
    // The server gives annotated CSV back for CSV only; other bodies get its usual answer.
    if (request.answer == AnswerFormat::csv && request.body != BodyFormat::csv)
      request.answer = AnswerFormat::json;
    const std::string body = body_of(request.body, request.addresses, addresses);
    const std::string target = account_path(settings, "/check") +
                               (request.body == BodyFormat::csv ? "?column=address" : "");
    request.bytes = head_of(settings, endpoint, target, media_type(request.body),
                            media_type(request.answer), body.size()) +
                    body;
    made += request.addresses;
    requests.push_back(std::move(request));
  }
  return requests;
}

RowWriter::RowWriter(uint64_t seed) : recipients_(canonical(seed)) {}

void RowWriter::append_lines(uint64_t begin, uint64_t count, std::string& out) const {
  for (uint64_t row = begin; row < begin + count; ++row) {
    recipients_.append_canonical(row, out);
    out += '\n';
  }
}

PreparedRequest RowWriter::add_request(const Settings& settings, const Endpoint& endpoint,
                                       uint64_t begin, uint32_t count) const {
  std::string body;
  append_lines(begin, count, body);
  PreparedRequest request;
  request.addresses = count;
  request.bytes =
      head_of(settings, endpoint, account_path(settings, "/suppressions") + "?reason=manual",
              "text/plain", "application/json", body.size()) +
      body;
  return request;
}

}  // namespace suppressctl
