#include <catch2/catch.hpp>

#include "check_harness.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

CheckAnswer check(const std::string& type, std::string_view body, const std::string& query = "",
                  const std::string& accept = "") {
  return check_server().check({type, accept, query, ""}, body);
}

/// The errors of an answer's invalid rows, by index.
std::map<uint64_t, std::string> errors_of(const CheckAnswer& answer) {
  std::map<uint64_t, std::string> errors;
  REQUIRE(answer.status == 200);
  const nlohmann::json json = answer.json();
  for (const auto& result : json["results"]) {
    if (result["verdict"] == "invalid") errors[result["index"]] = result["error"];
  }
  return errors;
}
using Errors = std::map<uint64_t, std::string>;

AppLimits small_limits() {
  AppLimits limits;
  limits.json_body_bytes_max = 1000;
  limits.streaming_body_bytes_max = 100'000;
  limits.line_bytes_max = 2000;
  return limits;
}
CheckServer& small_server() {
  static CheckServer server(small_limits());
  return server;
}

}  // namespace

TEST_CASE("malformed JSON is a 400 that tells what is wrong") {
  const std::vector<std::string> documents = {
      "",
      " ",
      "[]",
      "\"a@b.c\"",
      "7",
      "{",
      "{\"addresses\":[",
      "{\"addresses\":[]",
      "{\"addresses\":[\"a@b.c\"}",
      "{\"addresses\":[\"a@b.c\",]}",
      "{\"addresses\":[\"a@b.c\" \"d@e.f\"]}",
      "{\"addresses\":[\"a@b.c]}",
      "{\"addresses\":[\"a@b\\q.c\"]}",
      "{\"addresses\":[\"a@b\x01.c\"]}",
      "{\"addresses\":[\"a@b\xff.c\"]}",
      "{\"addresses\":[\"\\ud800\"]}",
      "{\"addresses\":[nul]}",
      "{\"addresses\":[tru]}",
      "{\"addresses\":[01]}",
      "{\"addresses\":[1.]}",
      "{\"addresses\":[{]}",
      "{\"addresses\":[[1,]]}",
      "{\"addresses\":[]} x",
      "{\"addresses\":[]}{}",
      "{addresses:[]}",
      "{\"addresses\" []}",
      "{\"addresses\":[],}",
  };
  for (const std::string& document : documents) {
    INFO(document);
    const CheckAnswer answer = check("application/json", document);
    CHECK(answer.status == 400);
    CHECK(answer.problem() == "/problems/malformed-json");
    CHECK(answer.body.find("a@b") == std::string::npos);
  }
}

TEST_CASE("JSON that ends too early is a 400, wherever it ends") {
  const std::string whole =
      R"( {"emails":["a@example.com",1,null,[{"x":"y"}]],"phones":["\u002b1"]})";
  for (size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    const CheckAnswer answer = check("application/json", std::string_view(whole).substr(0, size));
    CHECK(answer.status == 400);
  }
  CHECK(check("application/json", whole).status == 200);
}

TEST_CASE("JSON of the wrong shape is a 400 that names the shapes") {
  const std::map<std::string, std::string> documents = {
      {"{}", "no_list"},
      {R"({"address":["a@b.c"]})", "unknown_member"},
      {R"({"addresses":"a@b.c"})", "not_a_list"},
      {R"({"addresses":null})", "not_a_list"},
      {R"({"addresses":[],"addresses":[]})", "given_twice"},
      {R"({"addresses":[],"emails":[]})", "lists_mixed"},
  };
  for (const auto& [document, error] : documents) {
    INFO(document);
    const CheckAnswer answer = check("application/json", document);
    CHECK(answer.status == 400);
    CHECK(answer.problem() == "/problems/invalid-request");
    CHECK(answer.json()["errors"][0]["error"] == error);
  }
}

TEST_CASE("deep nesting is refused, however deep") {
  for (const size_t depth : {size_t{40}, size_t{2000}, size_t{200'000}}) {
    const std::string document =
        "{\"addresses\":[" + std::string(depth, '[') + std::string(depth, ']') + "]}";
    CHECK(check("application/json", document).problem() == "/problems/malformed-json");
    const std::string line = std::string(depth, '[') + std::string(depth, ']');
    CHECK(errors_of(check("application/x-ndjson", line)) == Errors{{0, "bad_json"}});
  }
}

TEST_CASE("JSON values that are no strings are invalid rows") {
  CHECK(errors_of(
            check("application/json",
                  R"({"addresses":[1,"free@example.com",null,true,[["x"]],{"a":{}},-1.5e3]})")) ==
        Errors{{0, "not_a_string"},
               {2, "not_a_string"},
               {3, "not_a_string"},
               {4, "not_a_string"},
               {5, "not_a_string"},
               {6, "not_a_string"}});
}

TEST_CASE("a malformed NDJSON line is an invalid row and the others are answered") {
  const std::vector<std::string> bad = {"{",
                                        "}",
                                        "\"",
                                        "\"a@b.c",
                                        "a@b.c",
                                        "\"a@b.c\" x",
                                        "{\"email\":\"a@b.c\"",
                                        "{}",
                                        "nul",
                                        "{\"email\":\"a@b.c\",}",
                                        "{\"email\":\"a@b.c\",\"phone\":\"1\"}",
                                        "{\"name\":\"a@b.c\"}",
                                        "{\"address\":\"a@b.c\",\"channel\":\"fax\"}",
                                        "{\"email\":\"a@b.c\"} {}",
                                        "\"\\x\"",
                                        "{\"address\":\"a@b.c\",\"x\":[}",
                                        "\"tab\there\"",
                                        "{\"email\":\"a\",\"email\":\"b\"}"};
  std::string body;
  Errors expected;
  for (size_t i = 0; i < bad.size(); ++i) {
    body += "\"user20@example.com\"\n" + bad[i] + "\n";
    expected[i * 2 + 1] = "bad_json";
  }
  const CheckAnswer answer = check("application/x-ndjson", body);
  CHECK(errors_of(answer) == expected);
  CHECK(answer.json()["suppressed"] == bad.size());
  CHECK(errors_of(check("application/x-ndjson", "7\n[]\n{\"email\":7}\nnull\n\n")) ==
        Errors{{0, "not_a_string"},
               {1, "not_a_string"},
               {2, "not_a_string"},
               {3, "not_a_string"},
               {4, "empty"}});
}

TEST_CASE("a quote that CSV never closes fails the body: its rows cannot be told") {
  const CheckAnswer answer =
      check("text/csv", "a@example.com\n\"user20@example.com\nb@example.com\n");
  CHECK(answer.status == 400);
  CHECK(answer.problem() == "/problems/malformed-csv");
}

TEST_CASE("CSV rows of any width are answered") {
  CHECK(errors_of(check("text/csv", "1,free@example.com\n2\n3,free@example.com,x,y\n\n5,\n",
                        "column=1")) ==
        Errors{{1, "missing_column"}, {3, "missing_column"}, {4, "empty"}});
}

TEST_CASE("a CSV column that is not there by name is a 400") {
  const CheckAnswer answer = check("text/csv", "id,email\n1,a@example.com\n", "column=mail");
  CHECK(answer.status == 400);
  CHECK(answer.json()["errors"][0]["error"] == "unknown_column");
  CHECK(answer.body.find("email") == std::string::npos);
  CHECK(check("text/csv", "", "column=mail").status == 200);
}

TEST_CASE("a CSV header is recognized when nobody says whether there is one") {
  const auto checked = [](const std::string& body, const std::string& query) {
    return check("text/csv", body, query).json()["checked"].get<int>();
  };
  CHECK(checked("email\na@example.com\n", "") == 1);
  CHECK(checked("пошта\na@example.com\n", "") == 1);
  CHECK(checked("b@example.com\na@example.com\n", "") == 2);
  CHECK(checked("044 123 45 67\na@example.com\n", "") == 2);
  CHECK(checked("\na@example.com\n", "") == 2);
  CHECK(checked("email\na@example.com\n", "header=false") == 2);
  CHECK(checked("a@example.com\nb@example.com\n", "header=true") == 1);
}

TEST_CASE("an unknown content type is a 415 that lists what is accepted") {
  for (const std::string type : {"", "text/html", "application/x-www-form-urlencoded",
                                 "text/plain; charset=utf-16", "text"}) {
    INFO(type);
    const CheckAnswer answer = check(type, "a@example.com\n");
    CHECK(answer.status == 415);
    CHECK(answer.problem() == "/problems/unsupported-media-type");
    CHECK(answer.field("Accept") == "text/plain, application/json, application/x-ndjson, text/csv");
  }
  CHECK(check("Text/Plain; Charset=\"UTF-8\"", "a@example.com\n").status == 200);
}

TEST_CASE("UTF-16 is refused with a sentence, not row by row") {
  for (const std::string type : {"text/plain", "text/csv", "application/x-ndjson"}) {
    const CheckAnswer answer = check(type, std::string("\xFF\xFE"
                                                       "a\0@\0b\0\n\0",
                                                       10));
    CHECK(answer.status == 400);
    CHECK(answer.json()["detail"].get<std::string>().find("UTF-16") != std::string::npos);
  }
}

TEST_CASE("NUL bytes and invalid UTF-8 are invalid rows") {
  const std::string nul("a\0b@example.com", 15), bad = "a\xff@example.com", cut = "a\xC3";
  const Errors expected = {{0, "control_character"}, {1, "not_utf8"}, {3, "not_utf8"}};
  const std::string good = "free@example.com";
  const std::string text = nul + "\n" + bad + "\n" + good + "\n" + cut + "@example.com";
  CHECK(errors_of(check("text/plain", text)) == expected);
  CHECK(errors_of(check("text/csv", text, "header=false")) == expected);
  const Errors lines = {{0, "bad_json"}, {1, "not_utf8"}, {3, "not_utf8"}};
  CHECK(errors_of(check("application/x-ndjson", "\"" + nul + "\"\n\"" + bad + "\"\n\"" + good +
                                                    "\"\n\"" + cut + "@example.com\"")) == lines);
}

TEST_CASE("a line of more than 1 MiB is one invalid row") {
  const std::string huge((1 << 20) + 1, 'x');
  for (const std::string type : {"text/plain", "application/x-ndjson", "text/csv"}) {
    const std::string query = type == "text/csv" ? "header=false" : "";
    INFO(type);
    CHECK(errors_of(check(type, huge, query)) == Errors{{0, "line_too_long"}});
    const std::string hit =
        type == "application/x-ndjson" ? "\"user20@example.com\"" : "user20@example.com";
    const CheckAnswer answer = check(type, hit + "\r\n" + huge + "\n" + hit, query);
    CHECK(errors_of(answer) == Errors{{1, "line_too_long"}});
    CHECK(answer.json()["suppressed"] == 2);
    const std::string largest(1 << 20, 'x');
    CHECK(errors_of(check(type, largest + "\r\n" + hit, query)) ==
          Errors{{0, type == "application/x-ndjson" ? "bad_json" : "too_long"}});
  }
}

TEST_CASE("an overlong line is told the same way however it is cut") {
  for (const std::string type : {"text/plain", "text/csv"}) {
    for (size_t size = 1998; size <= 2003; ++size) {
      for (const std::string end : {"", "\n", "\r\n"}) {
        const std::string body = "a@example.com\n" + std::string(size, 'x') + end;
        const CheckCall call{type, "", "", ""};
        const CheckAnswer whole = small_server().check(call, body);
        const Errors expected = {{1, size > 2000 ? "line_too_long" : "too_long"}};
        CHECK(errors_of(whole) == expected);
        for (const size_t piece :
             {size_t{1}, size_t{700}, size_t{2000}, size_t{2014}, size_t{2015}})
          CHECK(small_server().check(call, body, piece).body == whole.body);
      }
    }
  }
}

TEST_CASE("a body over its limit is a 413 that tells the limit") {
  const std::string document = "{\"addresses\":[\"" + std::string(1000, 'x') + "\"]}";
  const CheckAnswer json = small_server().check({"application/json", "", "", ""}, document, 100);
  CHECK(json.status == 413);
  CHECK(json.problem() == "/problems/body-too-large");
  CHECK(json.body.find("1000") != std::string::npos);
  const std::string clear(100'001, '\n');
  CHECK(small_server().check({"text/plain", "application/octet-stream", "", ""}, clear).status ==
        413);
  CHECK(small_server()
            .check({"text/plain", "application/octet-stream", "", ""}, clear.substr(1))
            .status == 200);
}

TEST_CASE("an error after the answer has begun breaks it off") {
  std::string body;
  while (body.size() < 3'000'000) body += "no-at-sign\n";
  const CheckAnswer answer = check("text/csv", body + "\"never closed", "header=false");
  CHECK(answer.status == 200);
  CHECK(answer.broken);
  const CheckAnswer large =
      small_server().check({"text/plain", "", "", ""}, std::string(100'001, '\n'), 1000);
  CHECK(large.broken);
}

TEST_CASE("no address at all is a whole answer") {
  const std::map<std::string, std::string> bodies = {
      {"text/plain", ""},
      {"application/json", R"({"addresses":[]})"},
      {"application/x-ndjson", ""},
      {"text/csv", ""},
  };
  for (const auto& [type, body] : bodies) {
    INFO(type);
    const CheckAnswer json = check(type, body);
    CHECK(json.status == 200);
    CHECK(json.json()["checked"] == 0);
    CHECK(json.json()["results"].empty());
    for (const std::string accept : {"text/plain", "application/octet-stream"}) {
      const CheckAnswer empty = check(type, body, "", accept);
      CHECK(empty.status == 200);
      CHECK(empty.body.empty());
    }
  }
  CHECK(check("text/csv", "email\n", "column=email", "text/csv").body ==
        "email,verdict,reason,scope\n");
  CHECK(check("application/json", R"({"phones":[],"emails":[]})").json()["checked"] == 0);
  CHECK(check("text/plain", "\xEF\xBB\xBF").json()["checked"] == 0);
}

TEST_CASE("ten million empty lines are ten million invalid rows") {
  const std::string piece(250'000, '\n');
  const std::vector<std::string_view> pieces(40, piece);
  const CheckAnswer bits =
      check_server().check({"text/plain", "application/octet-stream", "", ""}, pieces);
  CHECK(bits.body == std::string(10'000'000 / 8, '\xFF'));
  const CheckAnswer text = check_server().check({"text/plain", "text/plain", "", ""}, pieces);
  CHECK(text.status == 200);
  CHECK(text.body.empty());
}

TEST_CASE("what one call appends to the answer is bounded, however short the lines are") {
  int wakes = 0;
  const auto exchange = check_server().begin({"text/plain", "", "", ""}, [&] { ++wakes; });
  const std::string piece(256 * 1024, '\n');
  Answer answer;
  Progress progress = exchange->on_body(piece, answer);
  while (progress == Progress::wait) {
    CHECK(answer.body.size() < 4 << 20);
    answer.body.clear();
    progress = exchange->on_wake(answer);
  }
  CHECK(progress == Progress::more);
  CHECK(wakes > 5);
}
