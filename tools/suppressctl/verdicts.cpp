#include "tools/suppressctl/verdicts.hpp"

#include <algorithm>

#include "tools/suppressctl/columns.hpp"

namespace suppressctl {
namespace {

/// No address in any region or channel: its bit is always set.
constexpr std::string_view sentinel = "-";

Failure mismatch() {
  return Failure(
      "The server's answer does not fit the rows that were sent; none of them was let through.");
}

std::string member(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) throw mismatch();
  return found->get<std::string>();
}

uint64_t count_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned()) throw mismatch();
  return found->get<uint64_t>();
}

Finding finding_of(const Json& json, size_t rows) {
  const uint64_t index = count_of(json, "index");
  if (index >= rows) throw mismatch();
  const std::string verdict = member(json, "verdict");
  if (verdict == "invalid") return {static_cast<uint32_t>(index), true, member(json, "error"), ""};
  if (verdict != "suppressed") throw mismatch();
  return {static_cast<uint32_t>(index), false, member(json, "reason"), member(json, "scope")};
}

void verify_summary(const Json& summary, const Verdicts& verdicts) {
  const auto invalid =
      static_cast<uint64_t>(std::count_if(verdicts.findings.begin(), verdicts.findings.end(),
                                          [](const Finding& finding) { return finding.invalid; }));
  const uint64_t rows = verdicts.blocked.size();
  const bool fits = count_of(summary, "checked") == rows &&
                    count_of(summary, "invalid") == invalid &&
                    count_of(summary, "suppressed") == verdicts.blocked_count - invalid &&
                    count_of(summary, "clear") == rows - verdicts.blocked_count;
  if (!fits) throw mismatch();
}

}  // namespace

Verdicts read_bitmap(std::string_view answer, size_t rows) {
  const auto bit = [answer](size_t i) {
    return (static_cast<unsigned char>(answer[i / 8]) >> (i % 8) & 1) != 0;
  };
  if (answer.size() != rows / 8 + 1 || !bit(rows)) throw mismatch();
  for (size_t i = rows + 1; i < answer.size() * 8; ++i)
    if (bit(i)) throw mismatch();
  Verdicts verdicts;
  verdicts.blocked.resize(rows);
  for (size_t i = 0; i < rows; ++i) {
    if (!bit(i)) continue;
    verdicts.blocked[i] = true;
    ++verdicts.blocked_count;
  }
  return verdicts;
}

Verdicts read_results(std::string_view answer, size_t rows) {
  Verdicts verdicts;
  verdicts.blocked.resize(rows);
  bool summed = false;
  while (!answer.empty()) {
    const size_t end = answer.find('\n');
    const Json json = Json::parse(answer.substr(0, end), nullptr, false);
    answer.remove_prefix(end == std::string_view::npos ? answer.size() : end + 1);
    if (summed || !json.is_object()) throw mismatch();
    const auto summary = json.find("summary");
    if (summary != json.end()) {
      verify_summary(*summary, verdicts);
      summed = true;
      continue;
    }
    Finding finding = finding_of(json, rows);
    if (verdicts.blocked[finding.row]) throw mismatch();
    verdicts.blocked[finding.row] = true;
    ++verdicts.blocked_count;
    verdicts.findings.push_back(std::move(finding));
  }
  if (!summed) throw mismatch();
  std::sort(verdicts.findings.begin(), verdicts.findings.end(),
            [](const Finding& a, const Finding& b) { return a.row < b.row; });
  return verdicts;
}

Verdicts ask_verdicts(const CheckRequest& request, const RowBatch& batch, Connection& connection,
                      const std::function<bool(std::chrono::milliseconds)>& pause) {
  std::string body;
  std::string scratch;
  body.reserve(batch.bytes.size() + 2);
  for (size_t i = 0; i < batch.size(); ++i)
    append_value_line(request.value_of(batch.text(i), scratch), body);
  if (!request.with_reasons) append_value_line(sentinel, body);
  HttpRequest post = request_to(request.settings, "POST", request.target);
  const char* accept = request.with_reasons ? "application/x-ndjson" : "application/octet-stream";
  post.fields.emplace_back("Content-Type", "text/plain");
  post.fields.emplace_back("Accept", accept);
  post.body = body;
  const HttpAnswer answer = send_patiently(connection, post, request.retry, pause);
  if (answer.status != 200 || !answer.field("content-type").starts_with(accept)) throw mismatch();
  return request.with_reasons ? read_results(answer.body, batch.size())
                              : read_bitmap(answer.body, batch.size());
}

}  // namespace suppressctl
