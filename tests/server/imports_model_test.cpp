// A generated file against an independent model: the report, the files of each class and the clean
// file are exactly what the model says, and what a check says.
#include <algorithm>
#include <random>
#include <set>

#include "tests/server/check_harness.hpp"
#include "tests/server/import_driver.hpp"

using namespace suppressd;
using namespace suppressd::test;
using nlohmann::json;

namespace {

/// A row of the file, with what it means.
struct FileLine {
  std::string text;                       // with its end
  std::string email, phone, given, city;  // canonical; `given`: of the email, when it differs
  std::string error;
};

struct ModelContact {
  std::string email, phone, given, city;
  bool email_deleted = false, phone_deleted = false;  // in that channel
};

/// What an account knows, kept as simply as it can be.
struct Model {
  std::map<std::string, std::string> mine, platform;  // address → reason
  std::vector<ModelContact> contacts;

  ModelContact* owner(const std::string& address) {
    if (address.empty()) return nullptr;
    for (ModelContact& one : contacts) {
      if (one.email == address || one.phone == address) return &one;
    }
    return nullptr;
  }
  /// "account:complaint", "platform:…", or nothing.
  std::string verdict(const std::string& address) const {
    if (const auto at = mine.find(address); at != mine.end()) return "account:" + at->second;
    if (const auto at = platform.find(address); at != platform.end()) {
      return "platform:" + at->second;
    }
    return "";
  }

  std::string put(const FileLine& line) {
    ModelContact* const by_email = owner(line.email);
    ModelContact* const by_phone = owner(line.phone);
    if (by_email != nullptr && by_phone != nullptr && by_email != by_phone) return "conflict";
    ModelContact* const found = by_email != nullptr ? by_email : by_phone;
    if (found == nullptr) {
      contacts.push_back({line.email, line.phone, line.given, line.city});
      return "new";
    }
    const ModelContact before = *found;
    if (!line.email.empty()) {
      found->email = line.email;
      found->given = line.given;
    }
    if (!line.phone.empty()) found->phone = line.phone;
    if (!line.city.empty()) found->city = line.city;
    if ((found->email_deleted && !line.email.empty()) ||
        (found->phone_deleted && !line.phone.empty())) {
      return "deleted_kept";
    }
    const bool same = before.email == found->email && before.given == found->given &&
                      before.phone == found->phone && before.city == found->city;
    return same ? "unchanged" : "updated";
  }
};

struct Expected {
  std::vector<std::string> fates, suppressed;  // of each row; "" when it is not suppressed
  std::map<std::string, uint64_t> counts, errors, reasons;
  std::map<std::string, std::set<uint64_t>> rows;  // by class; numbered from 1
  std::string clean;
};

Expected expect(Model& model, const std::string& header, const std::vector<FileLine>& lines) {
  Expected expected;
  expected.clean = header;
  std::set<std::string> seen;
  for (size_t i = 0; i < lines.size(); ++i) {
    const FileLine& line = lines[i];
    std::string fate = "invalid", said;
    if (line.error.empty()) {
      const std::string& identity = line.email.empty() ? line.phone : line.email;
      if (seen.contains(identity)) {
        fate = "duplicate";
      } else if (!line.email.empty() && !line.phone.empty() && seen.contains(line.phone)) {
        fate = "conflict";
      } else {
        fate = model.put(line);
      }
      for (const std::string& address : {line.email, line.phone}) {
        if (address.empty()) continue;
        seen.insert(address);
        if (said.empty()) said = model.verdict(address);
      }
    } else {
      ++expected.errors[line.error];
    }
    ++expected.counts[fate];
    expected.rows[fate].insert(i + 1);
    if (!said.empty()) {
      ++expected.reasons[said];
      expected.rows["suppressed"].insert(i + 1);
    }
    if (fate != "invalid" && fate != "duplicate" && said.empty()) expected.clean += line.text;
    expected.fates.push_back(fate);
    expected.suppressed.push_back(said);
  }
  return expected;
}

std::string email(size_t i) {
  return "name" + std::to_string(i) + "@example.com";
}
std::string phone(size_t i) {
  return "+38044" + std::to_string(1'000'000 + i);
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}
  size_t below(size_t most) { return random_() % most; }

  FileLine line(size_t people) {
    FileLine line;
    std::string email_cell, phone_cell;
    if (below(10) != 0) {
      line.email = email_cell = email(below(people));
      if (below(3) == 0) email_cell[0] = 'N';
      if (email_cell != line.email) line.given = email_cell;
    }
    if (below(3) == 0) line.phone = phone_cell = phone(below(people));
    line.city = below(2) == 0 ? "Kyiv" : "Lviv";
    switch (below(25)) {
      case 0:
        email_cell = "nobody";
        line.error = "no_at_sign";
        break;
      case 1:
        phone_cell = "+123";
        line.error = "too_short";
        break;
      case 2:
        email_cell = phone_cell = "";
        line.error = "no_address";
        break;
      default:
        break;
    }
    if (line.error.empty() && line.email.empty() && line.phone.empty()) line.error = "no_address";
    const std::string city = below(5) == 0 ? "\"" + line.city + "\"" : line.city;
    line.text = email_cell + "," + phone_cell + "," + city + (below(2) == 0 ? "\r\n" : "\n");
    return line;
  }

 private:
  std::mt19937_64 random_;
};

/// The numbers of the rows that a class's file holds.
std::set<uint64_t> row_numbers(const std::string& csv) {
  std::set<uint64_t> numbers;
  for (size_t at = csv.find('\n') + 1; at < csv.size(); at = csv.find('\n', at) + 1) {
    numbers.insert(std::stoull(csv.substr(at)));
  }
  return numbers;
}

void compare_report(const json& report, const Expected& expected, size_t rows) {
  INFO(report.dump(1));
  REQUIRE(report["state"] == "done");
  CHECK(report["rows"] == rows);
  const auto count = [&](const char* fate) {
    const auto at = expected.counts.find(fate);
    return at == expected.counts.end() ? 0 : at->second;
  };
  for (const char* fate :
       {"new", "updated", "unchanged", "restored", "deleted_kept", "conflict", "duplicate"}) {
    INFO(fate);
    CHECK(report[fate] == count(fate));
  }
  CHECK(report["invalid"]["rows"] == count("invalid"));
  CHECK(report["invalid"]["errors"] == json(expected.errors));
  std::map<std::string, uint64_t> reasons;
  for (const json& one : report["suppressed"]["by"]) {
    reasons[one["scope"].get<std::string>() + ":" + one["reason"].get<std::string>()] = one["rows"];
  }
  CHECK(reasons == expected.reasons);
}

void compare_files(ImportDriver& driver, const std::string& id, const Expected& expected) {
  for (const auto& [name, fate] :
       std::map<std::string, std::string>{{"new", "new"},
                                          {"updated", "updated"},
                                          {"unchanged", "unchanged"},
                                          {"deleted", "deleted_kept"},
                                          {"conflict", "conflict"},
                                          {"duplicate", "duplicate"},
                                          {"invalid", "invalid"},
                                          {"suppressed", "suppressed"}}) {
    INFO(name);
    const auto at = expected.rows.find(fate);
    CHECK(row_numbers(driver.rows(id, name)) ==
          (at == expected.rows.end() ? std::set<uint64_t>{} : at->second));
  }
  CHECK(driver.clean(id) == expected.clean);
}

/// One address a line, in the file's order; those of a row are told by the model's own parse.
void compare_with_check(ImportDriver& driver, const std::vector<FileLine>& lines,
                        const Expected& expected) {
  std::string body;
  std::vector<std::pair<size_t, bool>> asked;  // row; whether it is the last of it
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].error.empty()) continue;
    for (const std::string& address : {lines[i].email, lines[i].phone}) {
      if (address.empty()) continue;
      body += address + "\n";
      asked.emplace_back(i, false);
    }
  }
  const Reply reply = driver.post(driver.path("/check"), body, "text/plain");
  REQUIRE(reply.status == 200);
  std::vector<std::string> said(lines.size());
  const json answer = reply.json();
  for (const json& one : answer["results"]) {
    REQUIRE(one["verdict"] == "suppressed");
    std::string& row = said[asked[one["index"].get<size_t>()].first];
    if (row.empty()) {
      row = one["scope"].get<std::string>() + ":" + one["reason"].get<std::string>();
    }
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    INFO("row " << i + 1 << ": " << lines[i].text);
    REQUIRE(said[i] == expected.suppressed[i]);
  }
}

}  // namespace

TEST_CASE("an import's report and files are what an independent model and the check say",
          "[imports]") {
  const uint64_t seed = testing::random_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  Generator random(seed);
  ImportDriver driver;
  Model model;
  const size_t people = 400;
  const std::vector<std::string> reasons{"complaint", "unsubscribe", "manual", "hard_bounce"};
  for (size_t i = 0; i < 60; ++i) {
    const std::string address =
        i % 5 == 0 ? phone(random.below(people)) : email(random.below(people));
    const std::string& reason = reasons[random.below(reasons.size())];
    const bool platform = random.below(2) == 0;
    if ((platform ? model.platform : model.mine).emplace(address, reason).second) {
      driver.suppress(address, reason, platform);
    }
  }
  PutContacts put;
  put.account = driver.number();
  put.source = "api";
  for (size_t i = 0; i < people; i += 4) {
    PutContacts::Row& row = put.rows.emplace_back();
    row.addresses[0] = email(i);
    if (i % 8 == 0) row.addresses[1] = phone(i);
    row.fields["city"] = "Kyiv";
    model.contacts.push_back({email(i), row.addresses[1], "", "Kyiv"});
  }
  REQUIRE(driver.commit(std::move(put)).status == Outcome::Status::committed);
  for (size_t i = 0; i < model.contacts.size(); i += 7) {
    const std::string id = driver.id(model.contacts[i].email);
    REQUIRE(driver.remove(driver.path("/contacts/" + id)).status == 200);
    model.contacts[i].email_deleted = true;
    model.contacts[i].phone_deleted = !model.contacts[i].phone.empty();
  }
  const std::string header = "Email,Phone,City\n";
  std::vector<FileLine> lines;
  std::string file = header;
  for (size_t i = 0; i < 3'000 * testing::test_size(); ++i) {
    lines.push_back(random.line(people + 2'000));
    file += lines.back().text;
  }
  const Expected expected = expect(model, header, lines);
  const std::string columns = "?email_column=Email&phone_column=Phone&fields=City:city";
  const json report = driver.imported(columns, file);
  compare_report(report, expected, lines.size());
  compare_files(driver, "j1", expected);
  compare_with_check(driver, lines, expected);
  CHECK(driver.store().contacts().count_of(driver.number(), 0, CountOf::contacts) ==
        model.contacts.size());
}
