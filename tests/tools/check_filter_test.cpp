// suppressctl check as a program, against a stand-in that judges lines by what they say.
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <random>

#include "tests/tools/program.hpp"
#include "tests/tools/stub_server.hpp"

namespace tools_tests {
namespace {

struct Filter {
  explicit Filter(StubServer::Handler handler = judge) : server(std::move(handler)) {}

  Finished run(std::vector<std::string> arguments, std::string_view input = "") {
    arguments.insert(arguments.begin(), {SUPPRESSCTL_BINARY, "check", "--server", server.url(),
                                         "--account", "demo", "--key", "secret"});
    return Program(folder, arguments, {}, input).wait();
  }

  StubServer server;
  TemporaryFolder folder;
};

TEST_CASE("check asks for the account with the key and passes on what was chosen") {
  Filter filter;
  CHECK(filter.run({"--region", "UA", "--purpose", "transactional"}, "a@b.c\n").out == "a@b.c\n");
  const auto requests = filter.server.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].target == "/v1/accounts/demo/check?region=UA&purpose=transactional");
  CHECK(requests[0].fields.at("authorization") == "Bearer secret");
  CHECK(requests[0].body == "a@b.c\n-\n");
}

TEST_CASE("clear lines come out byte for byte, with their line ends") {
  Filter filter;
  const Finished done = filter.run({"--batch", "2"},
                                   "\xEF\xBB\xBF"
                                   "a@b.c\r\nblocked@b.c\n  d@e.f \nnothing\ng@h.i");
  CHECK(done.exit_code == 0);
  CHECK(done.out ==
        "\xEF\xBB\xBF"
        "a@b.c\r\n  d@e.f \ng@h.i");
  CHECK(done.err.empty());
}

TEST_CASE("clear CSV rows come out byte for byte: quotes, line breaks, ragged rows and all") {
  const auto seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  Filter filter;
  const std::vector<std::string> ends{"\n", "\r\n"};
  const std::vector<std::string> names{"plain", "\"quoted, comma\"", "\"two\nlines\"",
                                       "\"CR\r\nLF and \"\"quotes\"\"\"", ""};
  const std::vector<std::pair<std::string, bool>> addresses{{"a@b.c", true},
                                                            {"\"a@b.c\"", true},
                                                            {" spaced@b.c ", true},
                                                            {"blocked@b.c", false},
                                                            {"\"blocked@b.c\"", false},
                                                            {"nothing", false},
                                                            {"\"\n wrapped@b.c\"", true},
                                                            {"", false},
                                                            {"\"with \"\"blocked\"\"\"", false}};
  for (int round = 0; round < 20; ++round) {
    const std::string end = ends[random() % 2];
    std::string input = (random() % 2 ? "\xEF\xBB\xBF" : "") + ("name,\"Email\",more" + end);
    std::string expected = input;
    for (auto n = random() % 60; n > 0; --n) {
      const auto& [address, clear] = addresses[random() % addresses.size()];
      const std::string row =
          names[random() % names.size()] + "," + address + (random() % 3 ? ",x" : "") + end;
      input += row;
      if (clear) expected += row;
    }
    const std::string file = filter.folder.write("input.csv", input);
    const std::string batch = std::to_string(1 + random() % 9);
    const Finished done = filter.run({file, "--column", "email", "--batch", batch});
    CHECK(done.exit_code == 0);
    CHECK(done.out == expected);
  }
}

TEST_CASE("the first row is a header only when it could be no address") {
  Filter filter;
  CHECK(filter.run({"--format", "csv"}, "a@b.c\nblocked@x\n").out == "a@b.c\n");
  CHECK(filter.run({"--format", "csv"}, "blocked@b.c\nd@e.f\n").out == "d@e.f\n");
  CHECK(filter.run({"--format", "csv"}, "email\nblocked@b.c\n").out == "email\n");
  CHECK(filter.run({"--format", "csv", "--no-header"}, "email\na@b.c\n").out == "a@b.c\n");
  const Finished unclear = filter.run({"--format", "csv"}, "x,y\na@b.c,1\n");
  CHECK(unclear.exit_code == 2);
  CHECK(unclear.out.empty());
  CHECK_THAT(unclear.err, Catch::Contains("--column"));
}

TEST_CASE("NDJSON rows are checked by their member and come out as they were") {
  Filter filter;
  const std::string clear = R"({"id":1, "address":"a@b.c"})"
                            "\n"
                            R"("plain@b.c")"
                            "\n";
  const std::string blocked = R"({"address":"blocked@b.c"})"
                              "\nbroken\n{}\n";
  CHECK(filter.run({"--format", "ndjson"}, blocked + clear).out == clear);
  CHECK(filter.run({"--format", "ndjson", "--column", "mail"}, R"({"mail":"a@b.c"})").out ==
        R"({"mail":"a@b.c"})");
}

TEST_CASE("what is not sent goes to another file, with its reasons") {
  Filter filter;
  const std::string rejected = filter.folder.path("rejected.csv");
  const Finished done = filter.run({"--format", "csv", "--blocked", rejected, "--batch", "2"},
                                   "email,n\na@b.c,1\nblocked@b.c,2\nnothing,3\r\nd@e.f,4\n");
  CHECK(done.out == "email,n\na@b.c,1\nd@e.f,4\n");
  CHECK(filter.folder.read("rejected.csv") ==
        "email,n,verdict,reason,scope\nblocked@b.c,2,suppressed,complaint,account\n"
        "nothing,3,invalid,no_at_sign,\r\n");
}

TEST_CASE("invert, annotate, count and JSON show the same verdicts in other ways") {
  Filter filter;
  const std::string input = "a@b.c\nblocked@b.c\nnothing\n";
  CHECK(filter.run({"--invert"}, input).out == "blocked@b.c\nnothing\n");
  CHECK(filter.run({"--annotate"}, input).out ==
        "a@b.c\tclear\t\t\nblocked@b.c\tsuppressed\tcomplaint\taccount\n"
        "nothing\tinvalid\tno_at_sign\t\n");
  CHECK(filter.run({"--annotate", "--invert"}, input).out ==
        "blocked@b.c\tsuppressed\tcomplaint\taccount\nnothing\tinvalid\tno_at_sign\t\n");
  CHECK(filter.run({"--count"}, input).out == "1\n");
  CHECK(filter.run({"--count", "--invert"}, input).out == "2\n");
  CHECK(filter.run({"--count", "--json"}, input).out ==
        "{\"checked\":3,\"clear\":1,\"suppressed\":1,\"invalid\":1}\n");
  CHECK(
      filter.run({"--json", "--invert"}, input).out ==
      R"({"row":2,"address":"blocked@b.c","verdict":"suppressed","reason":"complaint","scope":"account"})"
      "\n"
      R"({"row":3,"address":"nothing","verdict":"invalid","error":"no_at_sign"})"
      "\n");
  CHECK(filter.run({"--annotate", "--format", "ndjson"}, "{\"address\":\"a@b.c\"}\n").out ==
        "{\"address\":\"a@b.c\",\"verdict\":\"clear\"}\n");
}

TEST_CASE("exit codes are 0 unless asked for, then grep's") {
  Filter filter;
  CHECK(filter.run({}, "blocked@b.c\n").exit_code == 0);
  CHECK(filter.run({"--exit-code"}, "blocked@b.c\na@b.c\n").exit_code == 0);
  CHECK(filter.run({"--exit-code"}, "blocked@b.c\n").exit_code == 1);
  CHECK(filter.run({"--exit-code", "--invert"}, "blocked@b.c\n").exit_code == 0);
  CHECK(filter.run({"--exit-code", "--invert"}, "a@b.c\n").exit_code == 1);
  CHECK(filter.run({"--exit-code"}, "").exit_code == 1);
  CHECK(filter.run({"--no-such-option"}, "").exit_code == 2);
  CHECK(filter.run({filter.folder.path("missing")}).exit_code == 2);
}

std::string numbered_rows(int begin, int end) {
  std::string rows;
  for (int i = begin; i < end; ++i) rows += "row" + std::to_string(i) + "@b.c\n";
  return rows;
}

TEST_CASE("a failure midway ends the output at a batch's boundary, with exit code 2") {
  // Whatever goes wrong with the batch that holds row 35, the three before it are out, no more.
  const std::vector<StubServer::Handler> troubles{
      [](auto&) { return StubAnswer{}; },  // connection lost
      [](auto&) {
        return answer_with(500, R"({"title":"It broke.","detail":""})", "application/problem+json");
      },
      [](auto&) { return answer_with(200, "", "application/octet-stream"); },
      [](auto&) {
        return answer_with(200, std::string("\xff\xff", 2), "application/octet-stream");
      },
      [](auto&) { return answer_with(200, "row35@b.c\n", "text/plain"); },
      [](const StubRequest& request) {  // as if one row less had been sent
        StubRequest other = request;
        other.body.erase(0, other.body.find('\n') + 1);
        return judge(other);
      },
      [](const StubRequest& request) {  // an answer that breaks off
        StubAnswer answer = judge(request);
        answer.bytes.pop_back();
        answer.close_after = true;
        return answer;
      }};
  for (size_t i = 0; i < troubles.size(); ++i) {
    Filter filter([&, i](const StubRequest& request) {
      return request.body.find("row35@") != std::string::npos ? troubles[i](request)
                                                              : judge(request);
    });
    INFO("trouble " << i);
    const Finished done = filter.run({"--batch", "10"}, numbered_rows(0, 100));
    CHECK(done.exit_code == 2);
    CHECK(done.out == numbered_rows(0, 30));
    CHECK_THAT(done.err, Catch::StartsWith("suppressctl: "));
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
  }
}

TEST_CASE("a refusal is told in the server's words, and not as JSON") {
  Filter filter([](auto&) {
    return answer_with(404,
                       R"({"type":"/problems/unknown-account","title":"There is no such account.",)"
                       R"("status":404,"detail":"Look again."})",
                       "application/problem+json");
  });
  const Finished done = filter.run({}, "a@b.c\n");
  CHECK(done.exit_code == 2);
  CHECK(done.out.empty());
  CHECK(done.err == "suppressctl: There is no such account. Look again.\n");
}

TEST_CASE("a busy server is asked again, within the time allowed") {
  int asked = 0;
  Filter filter([&asked](const StubRequest& request) {
    if (asked++ < 2) return answer_with(503, "{}", "application/problem+json");
    return judge(request);
  });
  CHECK(filter.run({}, "a@b.c\n").out == "a@b.c\n");
  Filter busy(
      [](auto&) { return answer_with(503, R"({"title":"Busy."})", "application/problem+json"); });
  const Finished done = busy.run({"--retry-for", "0"}, "a@b.c\n");
  CHECK(done.exit_code == 2);
  CHECK(done.err == "suppressctl: Busy.\n");
}

TEST_CASE("a broken CSV lets through only batches before the damage") {
  Filter filter;
  const std::string good = "email\n" + numbered_rows(0, 20);
  const Finished done =
      filter.run({"--format", "csv", "--batch", "10"}, good + "\"never closed\nx@y.z\n");
  CHECK(done.exit_code == 2);
  CHECK(good.starts_with(done.out));
  CHECK_THAT(done.err, Catch::Contains("quote"));
}

TEST_CASE("a reader that goes away ends check quietly with 2") {
  Filter filter;
  const std::string script = std::string("'") + SUPPRESSCTL_BINARY + "' check --server " +
                             filter.server.url() +
                             " --account demo --batch 1000 --connections 1 2>err | head -n 1; "
                             "echo ${PIPESTATUS[0]}";
  const Finished done =
      Program(filter.folder, {"/bin/bash", "-c", "cd " + filter.folder.path("") + "; " + script},
              {}, numbered_rows(0, 200'000))
          .wait();
  CHECK(done.out == "row0@b.c\n2\n");
  CHECK(filter.folder.read("err").empty());
}

TEST_CASE("a full disk is an error and not a short list") {
  Filter filter;
  const Finished done =
      Program(filter.folder,
              {"/bin/bash", "-c",
               std::string("'") + SUPPRESSCTL_BINARY + "' check --account demo --server " +
                   filter.server.url() + " > /dev/full"},
              {}, "a@b.c\n")
          .wait();
  CHECK(done.exit_code == 2);
  CHECK_THAT(done.err, Catch::Contains("Cannot write"));
}

}  // namespace
}  // namespace tools_tests
