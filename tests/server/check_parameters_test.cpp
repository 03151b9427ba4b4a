#include <catch2/catch.hpp>

#include "check_harness.hpp"
#include "server/check_request.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

std::string chosen(const std::vector<std::string>& accepts) {
  RequestHead head;
  for (const std::string& accept : accepts) head.fields.emplace_back("accept", accept);
  const std::vector<std::string_view> offered = {"application/json", "application/x-ndjson",
                                                 "text/plain"};
  const auto index = choose_media_type(head, offered);
  return index ? std::string(offered[*index]) : "none";
}

}  // namespace

TEST_CASE("Accept chooses by quality, then by the server's order") {
  CHECK(chosen({}) == "application/json");
  CHECK(chosen({""}) == "application/json");
  CHECK(chosen({"*/*"}) == "application/json");
  CHECK(chosen({"text/*"}) == "text/plain");
  CHECK(chosen({"TEXT/Plain"}) == "text/plain");
  CHECK(chosen({"text/plain, application/json"}) == "application/json");
  CHECK(chosen({"text/plain;q=0.9, application/json;q=0.8"}) == "text/plain");
  CHECK(chosen({"text/plain;q=0.8", "application/json;q=0.7"}) == "text/plain");
  CHECK(chosen({"*/*;q=0.1, application/x-ndjson"}) == "application/x-ndjson");
  CHECK(chosen({"application/json;q=0, */*"}) == "application/x-ndjson");
  CHECK(chosen({"*/*, application/json;q=0.5"}) == "application/x-ndjson");
  CHECK(chosen({"application/json; charset=utf-8 ; Q=0.2 , text/plain;q=0.3"}) == "text/plain");
  CHECK(chosen({"text/html"}) == "none");
  CHECK(chosen({"application/json;q=0"}) == "none");
  CHECK(chosen({"application/json;q=much, text/plain;q=0.001"}) == "text/plain");
  CHECK(chosen({",,;;,text/plain,"}) == "text/plain");
}

TEST_CASE("an answer format that is not available is a 406 that lists those that are") {
  const CheckAnswer csv = check_server().check({"text/plain", "text/csv", "", ""}, "a@example.com");
  CHECK(csv.status == 406);
  CHECK(csv.problem() == "/problems/not-acceptable");
  CHECK(csv.json()["detail"] ==
        "Available for this request: application/json, "
        "application/x-ndjson, text/plain, application/octet-stream.");
  const CheckAnswer detail =
      check_server().check({"text/plain", "text/plain", "detail=full", ""}, "a@example.com");
  CHECK(detail.status == 406);
}

TEST_CASE("a parameter that is unknown, twice, misplaced or misspelled is a 400 that names it") {
  struct Case {
    std::string type, query, field, error;
  };
  const std::vector<Case> cases = {
      {"text/plain", "chanel=email", "", "unknown_parameter"},
      {"text/plain", "channel=email&channel=phone", "channel", "given_twice"},
      {"text/plain", "channel=fax", "channel", "bad_value"},
      {"text/plain", "channel", "channel", "bad_value"},
      {"text/plain", "region=XX", "region", "bad_value"},
      {"text/plain", "region=", "region", "bad_value"},
      {"text/plain", "purpose=Marketing", "purpose", "bad_value"},
      {"text/plain", "detail=some", "detail", "bad_value"},
      {"text/plain", "column=1", "column", "only_for_csv"},
      {"application/json", "header=true", "header", "only_for_csv"},
      {"text/csv", "header=1", "header", "bad_value"},
      {"text/csv", "column=", "column", "bad_value"},
      {"text/csv", "column=99999999999999999999", "column", "bad_value"},
      {"text/csv", "delimiter=%7C", "delimiter", "bad_value"},
      {"text/csv", "column=email&header=false", "column", "name_without_header"},
      {"text/plain", "channel=%zz", "", "bad_encoding"},
  };
  for (const Case& one : cases) {
    INFO(one.query);
    const CheckAnswer answer = check_server().check({one.type, "", one.query, ""}, "a@example.com");
    CHECK(answer.status == 400);
    CHECK(answer.early);
    const nlohmann::json error = answer.json()["errors"][0];
    CHECK(error.value("field", "") == one.field);
    CHECK(error["error"] == one.error);
  }
}

TEST_CASE("CSV parameters take a name without case, a number, and the delimiter's name or itself") {
  const std::string body = "id;\" E-Mail \"\n1;user20@example.com\n2;\"free@example.com\"\n";
  for (const std::string query : {"column=e-mail", "column=E-MAIL&delimiter=;", "column=1",
                                  "column=1&header=true&delimiter=semicolon", "column=%20e-mail"}) {
    INFO(query);
    const nlohmann::json json = check_server().check({"text/csv", "", query, ""}, body).json();
    CHECK(json["checked"] == 2);
    CHECK(json["suppressed"] == 1);
  }
}
