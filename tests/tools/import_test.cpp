// suppressctl import as a program, against a stand-in that takes every row it is given once.
#include <signal.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "tests/tools/program.hpp"
#include "tests/tools/stub_server.hpp"

namespace tools_tests {
namespace {

/// The body's rows; line ends within quotes do not count.
std::vector<std::string> rows_in(const std::string& body) {
  std::vector<std::string> rows;
  std::string row;
  bool quoted = false;
  for (const char c : body) {
    if (c == '"') quoted = !quoted;
    if (c != '\n' || quoted) {
      row += c;
      continue;
    }
    rows.push_back(row);
    row.clear();
  }
  return rows;
}

/// Keeps the rows of each Idempotency-Key, as the server does; rows that say "bad" are invalid.
class TakingServer {
 public:
  TakingServer() : stub([this](const StubRequest& request) { return take(request); }) {}

  std::multiset<std::string> rows() {
    const std::lock_guard lock(mutex_);
    std::multiset<std::string> all;
    for (const auto& [key, body] : stored_) {
      for (const std::string& row : rows_in(body)) all.insert(row);
    }
    return all;
  }
  /// From now on requests with that text are not answered until release().
  void hold(const std::string& text) {
    const std::lock_guard lock(mutex_);
    held_text_ = text;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_text_.clear();
    released_.notify_all();
  }
  /// The next so many requests are stored, but their answers get lost.
  void lose_answers(int count) {
    const std::lock_guard lock(mutex_);
    answers_to_lose_ = count;
  }
  bool holds() {
    const std::lock_guard lock(mutex_);
    return holding_;
  }

 private:
  StubAnswer take(const StubRequest& request) {
    std::unique_lock lock(mutex_);
    if (!held_text_.empty() && request.body.find(held_text_) != std::string::npos) {
      holding_ = true;
      released_.wait(lock, [this] { return held_text_.empty(); });
      return {};
    }
    const auto key = request.fields.find("idempotency-key");
    const std::string name = key == request.fields.end() ? request.body : key->second;
    const auto [stored, fresh] = stored_.emplace(name, request.body);
    if (!fresh && stored->second != request.body)
      return answer_with(422, R"({"title":"Another body."})", "application/problem+json");
    if (answers_to_lose_ > 0) {
      --answers_to_lose_;
      return {};
    }
    return answer_with(200, counts_of(request.body), "application/json");
  }

  static std::string counts_of(const std::string& body) {
    std::string errors;
    const std::vector<std::string> rows = rows_in(body);
    size_t invalid = 0;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rows[row].find("bad") == std::string::npos) continue;
      errors += (invalid++ == 0 ? "" : ",") + (R"({"index":)" + std::to_string(row) +
                                               R"(,"field":"address","error":"no_at_sign"})");
    }
    return "{\"sequence\":1,\"added\":" + std::to_string(rows.size() - invalid) +
           ",\"updated\":0,\"unchanged\":0,\"invalid\":" + std::to_string(invalid) +
           ",\"errors\":[" + errors + "]}";
  }

  std::mutex mutex_;
  std::condition_variable released_;
  std::map<std::string, std::string> stored_;
  std::string held_text_;
  bool holding_ = false;
  int answers_to_lose_ = 0;

 public:
  StubServer stub;
};

struct Importer {
  std::vector<std::string> arguments(std::vector<std::string> more) const {
    more.insert(more.begin(), {SUPPRESSCTL_BINARY, "import", "--server", server.stub.url(),
                               "--account", "demo", "--reason", "manual"});
    return more;
  }
  Environment environment() const { return {{"XDG_STATE_HOME", folder.path("state")}}; }
  Finished run(const std::vector<std::string>& more, std::string_view input = "") const {
    return Program(folder, arguments(more), environment(), input).wait();
  }

  TemporaryFolder folder;
  TakingServer server;
};

std::string numbered(int begin, int end, const std::string& bad_every_tenth = "") {
  std::string rows;
  for (int i = begin; i < end; ++i)
    rows += (i % 10 == 9 && !bad_every_tenth.empty() ? bad_every_tenth : "row") +
            std::to_string(i) + "@b.c\n";
  return rows;
}

TEST_CASE("import sends every row once and sums up") {
  Importer importer;
  const std::string file = importer.folder.write("list.txt", numbered(0, 95, "bad"));
  const Finished done = importer.run(
      {file, "--batch", "10", "--json", "--errors", importer.folder.path("errors.csv")});
  CHECK(done.exit_code == 0);
  CHECK(
      done.out ==
      "{\"rows\":95,\"added\":86,\"updated\":0,\"unchanged\":0,\"invalid\":9,\"resumed\":false}\n");
  CHECK(importer.server.rows().size() == 95);
  CHECK(importer.folder.read("errors.csv")
            .starts_with("line,error,address\n10,no_at_sign,bad9@b.c\n20,no_at_sign,bad19@b.c\n"));
  CHECK(importer.server.stub.requests()[0].target ==
        "/v1/accounts/demo/suppressions?source=import&reason=manual");
  const Finished platform = importer.run({file, "--platform", "--quiet"});
  CHECK(platform.exit_code == 0);
  CHECK(platform.out.empty());
  CHECK(importer.server.stub.requests().back().target.starts_with("/v1/platform/suppressions?"));
}

TEST_CASE("a CSV goes as it is, and the query says which columns hold what") {
  Importer importer;
  const std::string file =
      importer.folder.write("list.csv",
                            "why;E-Mail;reason;evidence\n1;a@b.c;legal;\"said\n\"\"no\"\"\"\n2;d@e."
                            "f;;\n3;bad@x.y;legal;");
  const Finished done = importer.run(
      {file, "--column", "e-mail", "--json", "--errors", importer.folder.path("errors.csv")});
  CHECK(done.exit_code == 0);
  const std::multiset<std::string> expected{"1;a@b.c;legal;\"said\n\"\"no\"\"\"", "2;d@e.f;;",
                                            "3;bad@x.y;legal;"};
  CHECK(importer.server.rows() == expected);
  CHECK_THAT(importer.server.stub.requests()[0].target,
             Catch::EndsWith("&header=false&delimiter=semicolon&column=1&reason_column=2"
                             "&evidence_column=3"));
  // The first row spans two lines, so the third stands on line 5.
  CHECK(importer.folder.read("errors.csv") == "line,error,address\n5,no_at_sign,bad@x.y\n");
  CHECK(importer.run({file, "--column", "e-mail", "--evidence-column", "why"}).exit_code == 0);
  CHECK_THAT(importer.server.stub.requests().back().target, Catch::Contains("&evidence_column=0"));
}

TEST_CASE("a CSV goes without its header; NDJSON without empty lines") {
  Importer importer;
  const std::string csv = importer.folder.write("list.csv", "email,x\n\"a@b.c\",1\n");
  CHECK(importer.run({csv}).exit_code == 0);
  const std::string ndjson =
      importer.folder.write("list.ndjson", "{\"address\":\"d@e.f\"}\n\n{\"address\":\"g@h.i\"}");
  CHECK(importer.run({ndjson, "--json"}).out.find("\"rows\":3,\"added\":2") != std::string::npos);
  const std::multiset<std::string> expected{"\"a@b.c\",1", R"({"address":"d@e.f"})",
                                            R"({"address":"g@h.i"})"};
  CHECK(importer.server.rows() == expected);
}

TEST_CASE("a lost answer is asked for again with the same key, and counted once") {
  Importer importer;
  importer.server.lose_answers(3);
  const std::string file = importer.folder.write("list.txt", numbered(0, 50));
  const Finished done = importer.run({file, "--batch", "10", "--json"});
  CHECK(done.exit_code == 0);
  CHECK(done.out.find("\"rows\":50,\"added\":50") != std::string::npos);
  CHECK(importer.server.rows().size() == 50);
  CHECK(importer.server.stub.requests().size() == 8);
}

TEST_CASE("when the server stays away import ends with 2, and goes on where it stood") {
  Importer importer;
  const std::string file = importer.folder.write("list.txt", numbered(0, 50));
  importer.server.lose_answers(1000);
  CHECK(importer.run({file, "--batch", "10", "--retry-for", "0"}).exit_code == 2);
  importer.server.lose_answers(0);
  CHECK(importer.run({file, "--batch", "10"}).exit_code == 0);
  CHECK(importer.server.rows().size() == 50);
}

TEST_CASE("an import killed midway resumes behind what was acknowledged") {
  Importer importer;
  const std::string file = importer.folder.write("list.txt", numbered(0, 200, "bad"));
  const std::string errors = importer.folder.path("errors.csv");
  const std::vector<std::string> arguments{file, "--batch", "10", "--errors", errors, "--json"};
  importer.server.hold("row105@");
  {
    Program killed(importer.folder, importer.arguments(arguments), importer.environment());
    // Ten batches before the held one are acknowledged; then kill -9, without a chance to tidy up.
    wait_until("the held batch and ten error lines", [&] {
      const std::string text =
          importer.folder.has("errors.csv") ? importer.folder.read("errors.csv") : "";
      return importer.server.holds() && std::count(text.begin(), text.end(), '\n') == 11;
    });
    killed.signal(SIGKILL);
    CHECK(killed.wait().exit_code == 128 + SIGKILL);
  }
  importer.server.release();
  const size_t before = importer.server.stub.requests().size();

  SECTION("with the same command") {
    const Finished done = importer.run(arguments);
    CHECK(done.exit_code == 0);
    CHECK_THAT(done.err, Catch::Contains("Resuming behind row"));
    CHECK(done.out.find("\"rows\":200,\"added\":180,") != std::string::npos);
    CHECK(importer.server.rows().size() == 200);
    const std::string text = importer.folder.read("errors.csv");
    CHECK(std::count(text.begin(), text.end(), '\n') == 21);
    CHECK(importer.server.stub.requests().size() - before <= 11);
    // Done is done: a later import of the file is a new one, from its start, stored anew.
    CHECK(importer.run(arguments).err.empty());
    CHECK(importer.server.rows().size() == 400);
    CHECK(importer.run({file, "--resume"}).exit_code == 2);
  }
  SECTION("but not when the file has changed") {
    importer.folder.write("list.txt", numbered(0, 201, "bad"));
    const Finished refused = importer.run(arguments);
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, Catch::Contains("changed") && Catch::Contains("--restart"));
    CHECK(importer.server.stub.requests().size() == before);
    std::vector<std::string> anew = arguments;
    anew.push_back("--restart");
    CHECK(importer.run(anew).out.find("\"rows\":201") != std::string::npos);
  }
  SECTION("and not with other options") {
    std::vector<std::string> other = arguments;
    other.insert(other.end(), {"--channel", "email"});
    CHECK_THAT(importer.run(other).err, Catch::Contains("other options"));
  }
}

TEST_CASE("a CSV resumes with its header, delimiter and lines") {
  Importer importer;
  std::string text = "name;email;reason\n";
  for (int i = 0; i < 60; ++i)
    text += "\"two\nlines\";" + std::string(i % 10 == 9 ? "bad" : "row") + std::to_string(i) +
            "@b.c;legal\n";
  const std::string file = importer.folder.write("list.csv", text);
  const std::vector<std::string> arguments{
      file, "--batch", "10", "--errors", importer.folder.path("errors.csv"), "--connections", "1"};
  importer.server.hold("row35@");
  {
    Program killed(importer.folder, importer.arguments(arguments), importer.environment());
    wait_until("the held batch", [&] { return importer.server.holds(); });
    killed.signal(SIGKILL);
    killed.wait();
  }
  importer.server.release();
  CHECK(importer.run(arguments).exit_code == 0);
  CHECK(importer.server.rows().size() == 60);
  CHECK(importer.server.rows().count("\"two\nlines\";row35@b.c;legal") == 1);
  CHECK_THAT(importer.folder.read("errors.csv"), Catch::Contains("\n120,no_at_sign,bad59@b.c\n"));
}

TEST_CASE("standard input is imported too, but cannot be resumed") {
  Importer importer;
  CHECK(importer.run({"-", "--batch", "10"}, numbered(0, 25)).exit_code == 0);
  CHECK(importer.server.rows().size() == 25);
  CHECK(importer.run({"-", "--resume"}).exit_code == 2);
}

}  // namespace
}  // namespace tools_tests
