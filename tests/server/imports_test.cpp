// Imports: what becomes of a file, uploads in parts and again, confirmation, a full disk, and what is
// refused.
#include "server/gzip_writer.hpp"
#include "server/import_sweep.hpp"
#include "tests/server/import_driver.hpp"

using namespace suppressd;
using namespace suppressd::test;
using nlohmann::json;

namespace {

const std::string small_file =
    "email,city\r\n"
    "new@example.com,Kyiv\r\n"
    "Bad@Example.com,Lviv\r\n"
    "no-at-sign,Odesa\r\n"
    "NEW@example.com,Dnipro\r\n"
    "worst@example.com,\"Kyiv, Podil\"\r\n";

std::string many(size_t rows, const std::string& name = "row") {
  std::string file = "email\n";
  for (size_t i = 0; i < rows; ++i) file += name + std::to_string(i) + "@example.com\n";
  return file;
}

}  // namespace

TEST_CASE("a file becomes contacts, a report, a clean file and files of each class", "[imports]") {
  ImportDriver driver;
  driver.suppress("bad@example.com", "complaint");
  driver.suppress("worst@example.com", "hard_bounce", true);
  const json report = driver.imported("", small_file);
  INFO(report.dump(1));
  CHECK(report["state"] == "done");
  CHECK(report["mode"] == "contacts");
  CHECK(report["total"] == 5);
  CHECK(report["rows"] == 5);
  CHECK(report["progress"] == 1.0);
  CHECK(report["new"] == 3);
  CHECK(report["duplicate"] == 1);
  CHECK(report["invalid"] == json{{"rows", 1}, {"errors", {{"no_at_sign", 1}}}});
  CHECK(report["clear"] == 1);
  CHECK(report["suppressed"] ==
        json{{"rows", 2},
             {"by",
              {{{"scope", "account"}, {"reason", "complaint"}, {"rows", 1}},
               {{"scope", "platform"}, {"reason", "hard_bounce"}, {"rows", 1}}}}});
  CHECK(report["format"]["columns"]["email"] == 0);
  CHECK(report["received_bytes"] == small_file.size());
  CHECK(driver.contact("new@example.com").fields.at("city") == "Kyiv");
  CHECK(driver.contact("worst@example.com").source == "import");
  CHECK(driver.clean("j1") == "email,city\r\nnew@example.com,Kyiv\r\n");
  CHECK(driver.rows("j1", "suppressed") ==
        "row,class,error,reason,scope,email,city\r\n"
        "2,new,,complaint,account,Bad@Example.com,Lviv\r\n"
        "5,new,,hard_bounce,platform,worst@example.com,\"Kyiv, Podil\"\r\n");
  CHECK(driver.rows("j1", "invalid") ==
        "row,class,error,reason,scope,email,city\r\n"
        "3,invalid,no_at_sign,,,no-at-sign,Odesa\r\n");
  CHECK(driver.rows("j1", "duplicate") ==
        "row,class,error,reason,scope,email,city\r\n"
        "4,duplicate,,,,NEW@example.com,Dnipro\r\n");
}

TEST_CASE("a dry run reports the same and changes nothing", "[imports]") {
  ImportDriver driver;
  driver.suppress("bad@example.com", "complaint");
  driver.commit(made_contacts(driver.number(), "row", 0, 3));
  const std::string file = small_file + "row1@example.com,Lviv\r\nrow2@example.com,Odesa\r\n";
  const uint64_t before = driver.count(ContactState::active);
  const json dry = driver.imported("?mode=dry_run", file);
  CHECK(driver.count(ContactState::active) == before);
  const json real = driver.imported("?mode=contacts", file);
  INFO(dry.dump(1) << real.dump(1));
  CHECK(driver.count(ContactState::active) > before);
  for (const char* count : {"rows", "new", "updated", "unchanged", "restored", "deleted_kept",
                            "conflict", "duplicate", "suppressed", "invalid", "clear"}) {
    CHECK(dry[count] == real[count]);
  }
  CHECK(real["unchanged"] == 1);
  CHECK(real["updated"] == 1);
  CHECK(driver.rows("j1", "all") == driver.rows("j2", "all"));
  CHECK(driver.clean("j1") == driver.clean("j2"));
}

TEST_CASE("deleted contacts stay deleted unless the import restores them", "[imports]") {
  ImportDriver driver;
  driver.commit(made_contacts(driver.number(), "row", 0, 2));
  REQUIRE(driver.remove(driver.path("/contacts/" + driver.id("row0@example.com"))).status == 200);
  const json kept = driver.imported("", many(2));
  CHECK(kept["deleted_kept"] == 1);
  CHECK(driver.rows("j1", "deleted").find("1,deleted_kept,") != std::string::npos);
  const json restored = driver.imported("?restore_deleted=true", many(2));
  CHECK(restored["restored"] == 1);
  CHECK(driver.count(ContactState::deleted) == 0);
}

TEST_CASE("an upload goes on where it broke off", "[imports]") {
  ImportDriver driver;
  const std::string file = many(20'000);
  const size_t half = file.size() / 2;
  const Reply first = driver.upload("", file.substr(0, half), {{"upload-complete", "?0"}});
  INFO(first.body);
  REQUIRE(first.status == 202);
  CHECK(first.json()["import"]["state"] == "uploading");
  CHECK(driver.report("j1")["received_bytes"] == half);
  for (const uint64_t wrong : {uint64_t{0}, uint64_t{half - 1}, uint64_t{half + 1}}) {
    const Reply refused = driver.append("j1", wrong, file.substr(half));
    CHECK(refused.status == 409);
    CHECK(refused.problem() == "wrong-offset");
    CHECK(refused.json()["received_bytes"] == half);
  }
  const Reply resumed = driver.post(driver.path("/imports/j1/resume"), "");
  CHECK(resumed.status == 409);
  CHECK(resumed.problem() == "upload-incomplete");
  CHECK(driver.post(driver.path("/jobs/j1/resume"), "").problem() == "upload-incomplete");
  CHECK(driver.append("j1", half, file.substr(half, 100), false).status == 202);
  REQUIRE(driver.append("j1", half + 100, file.substr(half + 100)).status == 202);
  CHECK(driver.settled("j1")["new"] == 20'000);
  CHECK(driver.append("j1", file.size(), "").problem() == "upload-complete");
  CHECK(driver.count(ContactState::active) == 20'000);
}

TEST_CASE("a retried upload with the same key joins the same import", "[imports]") {
  ImportDriver driver;
  const std::string file = many(3'000);
  const Fields key{{"idempotency-key", "one"}};
  Fields part = key;
  part.emplace_back("upload-complete", "?0");
  REQUIRE(driver.upload("", file.substr(0, 5'000), part).status == 202);
  std::string other = file;
  other[100] = 'X';
  const Reply differs = driver.upload("", other, key);
  CHECK(differs.status == 409);
  CHECK(differs.problem() == "upload-differs");
  CHECK(driver.upload("", file.substr(0, 100), key).problem() == "upload-differs");
  const Reply whole = driver.upload("", file, key);
  REQUIRE(whole.status == 202);
  CHECK(whole.json()["import"]["id"] == "j1");
  CHECK(driver.settled("j1")["new"] == 3'000);
  const Reply again = driver.upload("", file, key);
  CHECK(again.status == 200);
  CHECK(again.json()["import"]["id"] == "j1");
  CHECK(again.json()["import"]["state"] == "done");
  CHECK(driver.upload("?mode=dry_run", file, key).problem() == "idempotency-key-reused");
  CHECK(driver.get(driver.path("/imports")).json()["items"].size() == 1);
}

TEST_CASE("what cannot be imported is refused, and says why", "[imports]") {
  ImportDriver driver;
  CHECK(driver.upload("", "").status == 422);
  CHECK(driver.upload("", "name,city\nAnn,Kyiv\n").status == 422);
  CHECK(driver.upload("?email_column=mail", "name,city\nAnn,Kyiv\n").status == 422);
  CHECK(driver.report("j1")["state"] == "failed");
  CHECK_FALSE(std::filesystem::exists(driver.imports().folder({driver.number(), 1})));
  const json wrong = driver.imported("?email_column=name", "name,email\nAnn,ann@example.com\n");
  CHECK(wrong["state"] == "failed");
  CHECK(wrong["result"]["error"] == "no_valid_row");
  CHECK(wrong["result"]["invalid"] == json{{"no_at_sign", 1}});
  for (const char* query : {"?mode=all", "?header=maybe", "?delimiter=x", "?segment=7",
                            "?default_region=Z9", "?confirm=many", "?reason=none", "?color=red"}) {
    INFO(query);
    CHECK(driver.upload(query, small_file).status == 400);
  }
  CHECK(driver.upload("?segment=s7", small_file).problem() == "unknown-segment");
  CHECK(driver.upload("", small_file, {{"content-encoding", "br"}}).status == 415);
  CHECK(driver.upload("", small_file, {{"upload-complete", "yes"}}).status == 400);
  CHECK(driver.get(driver.path("/imports/j99")).problem() == "unknown-import");
  CHECK(driver.get(driver.path("/imports/j4/rows?class=odd")).status == 400);
  REQUIRE(driver.post(driver.path("/counts/recalculate"), "").status == 202);
  CHECK(driver.get(driver.path("/imports/j5")).status == 404);  // a job, and no import
  CHECK(driver.post(driver.path("/imports/j5/cancel"), "").status == 404);
  CHECK(driver.remove(driver.path("/imports/j5")).status == 404);
}

TEST_CASE("suppressions of many contacts wait for a confirmation", "[imports]") {
  ImportDriver driver;
  driver.commit(made_contacts(driver.number(), "row", 0, 10));
  const json few = driver.imported("?mode=suppress&reason=unsubscribe", many(2));
  INFO(few.dump(1));
  CHECK(few["state"] == "done");
  CHECK(few["new"] == 2);
  CHECK(driver.verdict("acme", "row1@example.com") == "suppressed:account:unsubscribe");
  const json waits = driver.imported("?mode=suppress&reason=complaint", many(6));
  INFO(waits.dump(1));
  CHECK(waits["state"] == "paused");
  CHECK(waits["result"] ==
        json{{"error", "confirmation_needed"}, {"rows", 6}, {"affected", 4}, {"contacts", 10}});
  CHECK(driver.verdict("acme", "row5@example.com") == "clear");
  const std::string confirm = driver.path("/imports/j2/confirm");
  CHECK(driver.post(confirm, R"({"rows":5})").status == 409);
  CHECK(driver.post(confirm, "{}").status == 400);
  CHECK(driver.post(driver.path("/imports/j1/confirm"), R"({"rows":2})").problem() ==
        "nothing-to-confirm");
  REQUIRE(driver.post(driver.path("/imports/j2/resume"), "").status == 200);
  CHECK(driver.settled("j2")["state"] == "paused");  // that is no confirmation
  REQUIRE(driver.post(confirm, R"({"rows":6})").status == 200);
  const json done = driver.settled("j2");
  CHECK(done["state"] == "done");
  CHECK(done["new"] == 4);
  CHECK(done["updated"] == 2);
  CHECK(done["result"].is_null());
  CHECK(driver.verdict("acme", "row5@example.com") == "suppressed:account:complaint");
  CHECK(driver.imported("?mode=suppress&confirm=9", many(9))["state"] == "done");
}

TEST_CASE("rows that share an address are counted one by one before they suppress", "[imports]") {
  ImportDriver driver;
  driver.commit(made_contacts(driver.number(), "row", 0, 10));
  std::string file = "email,phone\n";
  for (int i = 0; i < 6; ++i) file += "row" + std::to_string(i) + "@example.com,+380441234567\n";
  const json waits = driver.imported("?mode=suppress&reason=complaint", file);
  INFO(waits.dump(1));
  CHECK(waits["state"] == "paused");
  CHECK(waits["result"]["affected"] == 6);
  CHECK(driver.verdict("acme", "row5@example.com") == "clear");
}

TEST_CASE("no reason of a file of suppressions gets lost among its duplicates", "[imports]") {
  ImportDriver driver;
  const json report = driver.imported("?mode=suppress",
                                      "email,reason\n"
                                      "ann@example.com,unsubscribe\n"
                                      "bob@example.com,hard_bounce\n"
                                      "ann@example.com,complaint\n"
                                      "bob@example.com,hard_bounce\n");
  INFO(report.dump(1));
  CHECK(report["new"] == 2);
  CHECK(report["updated"] == 1);
  CHECK(report["duplicate"] == 1);
  CHECK(driver.verdict("acme", "ann@example.com") == "suppressed:account:complaint");
  CHECK(driver.verdict("acme", "bob@example.com") == "suppressed:account:hard_bounce");
}

TEST_CASE("a full disk pauses imports and refuses uploads, and checks go on", "[imports]") {
  ImportDriver driver;
  driver.suppress("bad@example.com", "complaint");
  REQUIRE(driver.upload("", many(10), {{"upload-complete", "?0"}}).status == 202);
  const uint64_t full = ~uint64_t{0};
  driver.imports().disk_free_bytes_min = full;
  const Reply refused = driver.upload("", many(10));
  CHECK(refused.status == 507);
  CHECK(refused.problem() == "disk-full");
  const uint64_t there = many(10).size();
  CHECK(driver.append("j1", there, "more@example.com\n").status == 507);
  CHECK(driver.report("j1")["received_bytes"] == there);
  // What is whole already is started, and pauses at once.
  REQUIRE(driver.append("j1", there, "").status == 202);
  const json paused = driver.settled("j1");
  CHECK(paused["state"] == "paused");
  CHECK(paused["result"]["error"] == "disk_full");
  CHECK(driver.verdict("acme", "bad@example.com") == "suppressed:account:complaint");
  driver.suppress("other@example.com", "manual");
  driver.imports().disk_free_bytes_min = 0;
  REQUIRE(driver.post(driver.path("/imports/j1/resume"), "").status == 200);
  CHECK(driver.settled("j1")["new"] == 10);
}

TEST_CASE("who may import what", "[imports]") {
  ImportDriver driver;
  const auto status = [&](Role role, const std::string& query) {
    const std::string key = driver.make_key(role, "acme").text;
    return driver.send({"POST", driver.path("/imports" + query), key, {}, small_file}).status;
  };
  for (const Role role : {Role::owner, Role::sender}) {
    CHECK(status(role, "?mode=dry_run") == 202);
    CHECK(status(role, "") == 202);
    CHECK(status(role, "?mode=suppress") == 403);
  }
  CHECK(status(Role::checker, "") == 403);
  const Reply begun = driver.upload("?mode=suppress", small_file, {{"upload-complete", "?0"}});
  const std::string part = begun.json()["import"]["id"].get<std::string>() + "/upload";
  const Fields offset{{"upload-offset", std::to_string(small_file.size())}};
  const std::string sender = driver.make_key(Role::sender, "acme").text;
  const std::string more = driver.path("/imports/" + part);
  CHECK(driver.send({"PATCH", more, sender, offset, "more@example.com,Kyiv"}).status == 403);
  const json policy{{"policies", {{"self_service", true}}}};
  const Reply patched = driver.send({"PATCH",
                                     "/v1/accounts/acme",
                                     driver.admin,
                                     {{"content-type", "application/json"}},
                                     policy.dump()});
  REQUIRE(patched.status == 200);
  CHECK(status(Role::owner, "?mode=suppress&confirm=5") == 202);
  CHECK(status(Role::sender, "?mode=suppress") == 403);
}

TEST_CASE("an import's progress is a stream of events that ends with it", "[imports]") {
  AppDriverOptions options;
  options.import_limits.progress_interval = std::chrono::milliseconds(1);
  ImportDriver driver("acme", options);
  REQUIRE(driver.upload("", many(12'000)).status == 202);
  const Reply stream = driver.send({"GET",
                                    driver.path("/imports/j1/progress"),
                                    driver.admin,
                                    {{"accept", "text/event-stream"}},
                                    {}});
  CHECK(stream.status == 200);
  CHECK(stream.field("Content-Type") == "text/event-stream");
  const size_t last = stream.body.rfind("event: done\ndata: ");
  REQUIRE(last != std::string::npos);
  const std::string data = stream.body.substr(last + 18);
  CHECK(json::parse(data)["new"] == 12'000);
  CHECK(stream.body.ends_with("\n\n"));
  CHECK(driver.get(driver.path("/imports/j1/progress")).json()["state"] == "done");
}

TEST_CASE("imports pause, go on and end; their files go, and an ended one can be forgotten",
          "[imports]") {
  ImportDriver driver;
  REQUIRE(driver.upload("", many(30), {{"upload-complete", "?0"}}).status == 202);
  CHECK(driver.get(driver.path("/imports/j1/clean")).problem() == "import-not-ended");
  CHECK(driver.remove(driver.path("/imports/j1")).problem() == "import-not-ended");
  REQUIRE(driver.post(driver.path("/imports/j1/cancel"), "").status == 200);
  CHECK(driver.append("j1", 0, "").problem() == "upload-complete");
  CHECK(driver.imported("", many(30))["state"] == "done");
  const json page = driver.get(driver.path("/imports?limit=1")).json();
  CHECK(page["items"][0]["id"] == "j2");
  CHECK(page["next"] == "j2");
  const json rest = driver.get(driver.path("/imports?cursor=j2")).json();
  CHECK(rest["items"][0]["id"] == "j1");
  CHECK(rest["next"].is_null());

  const ImportName first{driver.number(), 1}, second{driver.number(), 2};
  const auto sweep = [&](TimeMs later) {
    sweep_imports(driver.store(), driver.committer(), driver.imports(), now_ms() + later);
  };
  sweep(0);
  CHECK(std::filesystem::exists(driver.imports().folder(second)));
  sweep(driver.imports().limits().files_kept_ms + 1);
  CHECK_FALSE(std::filesystem::exists(driver.imports().folder(first)));
  CHECK_FALSE(std::filesystem::exists(driver.imports().folder(second)));
  CHECK(driver.report("j2")["new"] == 30);
  CHECK(driver.get(driver.path("/imports/j2/rows")).problem() == "import-files-gone");
  REQUIRE(driver.remove(driver.path("/imports/j2")).status == 200);
  CHECK(driver.get(driver.path("/imports/j2")).status == 404);
  CHECK(driver.store().contacts().import_rows(driver.number(), 2, 0).empty());
  CHECK(driver.store().contacts().import_counts(driver.number(), 2) == ImportCounts{});
}

TEST_CASE("one writer at a time, and only so many", "[imports]") {
  AppDriverOptions options;
  options.import_limits.uploads_max = 1;
  ImportDriver driver("acme", options);
  REQUIRE(driver.upload("", many(3), {{"upload-complete", "?0"}}).status == 202);
  ImportFiles::Refusal refusal{};
  const auto claim = driver.imports().claim({driver.number(), 1}, refusal);
  REQUIRE(claim != nullptr);
  CHECK(driver.append("j1", many(3).size(), "").problem() == "upload-busy");
  CHECK(driver.upload("", many(3)).status == 503);
  CHECK(driver.get(driver.path("/imports")).json()["items"].size() == 1);
}

TEST_CASE("a packed file in another encoding is unpacked by its job", "[imports]") {
  ImportDriver driver;
  std::string latin1 = "email;city\n";
  for (size_t i = 0; i < 2'000; ++i) latin1 += "row" + std::to_string(i) + "@example.com;K\xf6ln\n";
  std::string packed;
  GzipWriter().write(latin1, true, packed);
  const json report = driver.imported("", packed, {{"content-encoding", "gzip"}});
  INFO(report.dump(1));
  CHECK(report["new"] == 2'000);
  CHECK(report["format"]["encoding"] == "latin1");
  CHECK(report["format"]["delimiter"] == ";");
  CHECK(report["received_bytes"] == packed.size());
  CHECK(driver.contact("row7@example.com").fields.at("city") == "K\xc3\xb6ln");
  CHECK(driver.clean("j1").starts_with("email;city\nrow0@example.com;K\xc3\xb6ln\n"));
  const Reply cut = driver.upload("", packed.substr(0, packed.size() - 9));
  CHECK(cut.status == 422);
  CHECK(cut.problem() == "unreadable-file");
  CHECK(cut.json()["errors"] == json{{{"error", "truncated_compression"}}});
}

TEST_CASE("several imports run in turns", "[imports]") {
  ImportDriver driver;
  for (const char* name : {"ann", "bob", "cid"}) {
    REQUIRE(driver.upload("", many(11'000, name)).status == 202);
  }
  for (const char* id : {"j1", "j2", "j3"}) CHECK(driver.settled(id)["new"] == 11'000);
  CHECK(driver.count(ContactState::active) == 33'000);
}
