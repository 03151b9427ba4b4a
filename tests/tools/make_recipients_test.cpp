// make_recipients as a program: what it writes, and how lists overlap.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/tools/program.hpp"

namespace tools_tests {
namespace {

struct Generator {
  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), MAKE_RECIPIENTS_BINARY);
    return Program(folder, arguments, {}).wait();
  }
  std::vector<std::string> lines(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all;
    std::istringstream stream(run(arguments).out);
    for (std::string line; std::getline(stream, line);) all.push_back(line);
    return all;
  }
  TemporaryFolder folder;
};

TEST_CASE("two runs write the same, and a later start continues the list") {
  const Generator generator;
  const auto whole = generator.lines({"--rows", "1000"});
  CHECK(whole.size() == 1000);
  CHECK(generator.lines({"--rows", "1000"}) == whole);
  const auto rest = generator.lines({"--rows", "400", "--start", "600"});
  CHECK(std::equal(rest.begin(), rest.end(), whole.begin() + 600, whole.end()));
  CHECK(generator.lines({"--rows", "1000", "--seed", "2"}) != whole);
}

TEST_CASE("exactly the wanted share lies on the other list, unrepeated and in no order") {
  const Generator generator;
  const auto list = generator.lines({"--canonical", "--rows", "5000"});
  const std::set<std::string> on_list(list.begin(), list.end());
  const auto recipients = generator.lines(
      {"--canonical", "--rows", "1000", "--overlap", "0.1", "--overlap-rows", "5000"});
  CHECK(std::set<std::string>(recipients.begin(), recipients.end()).size() == 1000);
  std::vector<size_t> places;
  for (size_t i = 0; i < recipients.size(); ++i)
    if (on_list.count(recipients[i]) > 0) places.push_back(i);
  CHECK(places.size() == 100);
  CHECK(places.front() < 200);
  CHECK(places.back() > 800);
}

TEST_CASE("CSV and NDJSON carry the same addresses as the text") {
  const Generator generator;
  const std::vector<std::string> mix{"--rows", "500", "--messy-share", "0.5"};
  const auto with = [&mix](std::vector<std::string> more) {
    more.insert(more.end(), mix.begin(), mix.end());
    return more;
  };
  const auto text = generator.lines(mix);
  const auto objects = generator.lines(with({"--format", "ndjson", "--reasons"}));
  REQUIRE(objects.size() == text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto json = nlohmann::json::parse(objects[i]);
    CHECK(json["address"] == text[i]);
    CHECK(json["reason"].is_string());
  }
  const std::string csv = generator.run(with({"--format", "csv"})).out;
  CHECK_THAT(csv, Catch::StartsWith("address,name,region\n") && Catch::Contains("\"\"\"") &&
                      Catch::Contains(",\""));
}

TEST_CASE("what does not fit together is refused before a row is written") {
  const Generator generator;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--rows", "10", "--overlap", "0.5"},
                                             {"--rows", "3000000000"},
                                             {"--region", "XX"},
                                             {"--messy-share", "2"},
                                             {"--format", "xml"},
                                             {"--unknown"}}) {
    const Finished done = generator.run(arguments);
    CHECK(done.exit_code != 0);
    CHECK(done.out.empty());
    CHECK_FALSE(done.err.empty());
  }
}

}  // namespace
}  // namespace tools_tests
