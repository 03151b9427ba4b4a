#include "server/problem.hpp"

#include <nlohmann/json.hpp>

#include "server/json_answer.hpp"

namespace suppressd {
namespace {

class ProblemExchange final : public Exchange {
 public:
  explicit ProblemExchange(Problem problem) : problem_(std::move(problem)) {}
  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }
  Progress on_end(Answer& answer) override {
    write_problem(problem_, answer);
    return Progress::done;
  }
  Progress on_wake(Answer& answer) override { return on_end(answer); }

 private:
  Problem problem_;
};

}  // namespace

nlohmann::ordered_json row_json(const Problem::Row& row) {
  nlohmann::ordered_json json;
  if (row.index) json["index"] = *row.index;
  if (!row.field.empty()) json["field"] = row.field;
  json["error"] = row.error;
  return json;
}

void write_problem(const Problem& problem, Answer& answer) {
  nlohmann::ordered_json json{
      {"type", "/problems/" + problem.type}, {"title", problem.title}, {"status", problem.status}};
  if (!problem.detail.empty()) json["detail"] = problem.detail;
  for (const auto& [name, value] : problem.members) {
    json[name] = nlohmann::ordered_json::parse(value);
  }
  for (const Problem::Row& row : problem.errors) json["errors"].push_back(row_json(row));
  answer = Answer{};
  answer.fields = problem.fields;
  write_json(json, problem.status, answer, "application/problem+json");
}

std::unique_ptr<Exchange> problem_exchange(Problem problem) {
  return std::make_unique<ProblemExchange>(std::move(problem));
}

Problem busy_problem() {
  return {503,
          "busy",
          "The server has too much to do.",
          "Nothing was stored. Send the request again after Retry-After seconds.",
          {{"Retry-After", "1"}},
          {},
          {}};
}

Problem storage_problem() {
  return {503,
          "storage-failed",
          "The storage failed.",
          "Nothing was stored by this request. The server needs a restart; its log says why.",
          {{"Retry-After", "30"}},
          {},
          {}};
}

Problem write_unknown_problem() {
  return {503,
          "write-unknown",
          "The storage failed during this write.",
          "It may or may not have been stored. Once the server was restarted, look, or repeat the "
          "request with the same Idempotency-Key.",
          {{"Retry-After", "30"}},
          {},
          {}};
}

Problem unknown_suppression_problem() {
  return {404,
          "unknown-suppression",
          "This scope says nothing of this address.",
          "Another scope may: see /explain.",
          {},
          {},
          {}};
}

Problem too_large_problem(uint64_t octets_max) {
  return {413,
          "body-too-large",
          "The body is larger than this route accepts.",
          "At most " + std::to_string(octets_max) +
              " octets are accepted; send several requests, "
              "or a format that streams.",
          {},
          {},
          {}};
}

Problem media_type_problem(std::string_view accepted) {
  return {415,
          "unsupported-media-type",
          "The body's Content-Type is not accepted here.",
          "Accepted: " + std::string(accepted) + ".",
          {{"Accept", std::string(accepted)}},
          {},
          {}};
}

Problem invalid_request_problem(std::string name, std::string error, std::string detail) {
  return {400,
          "invalid-request",
          "A parameter or member is not valid.",
          std::move(detail),
          {},
          {{std::nullopt, std::move(name), std::move(error)}},
          {}};
}

Problem invalid_body_problem(std::vector<Problem::Row> errors, std::string detail) {
  return {400,
          "invalid-request",
          "A parameter or member is not valid.",
          std::move(detail),
          {},
          std::move(errors),
          {}};
}

Problem malformed_json_problem(size_t octet) {
  return {400,
          "malformed-json",
          "The body is not well-formed JSON.",
          "The text is wrong at octet " + std::to_string(octet) + ", counted from 0.",
          {},
          {},
          {{"octet", std::to_string(octet)}}};
}

}  // namespace suppressd
