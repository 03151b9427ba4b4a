// The small parts of the application: times, targets, media types, the pool, the directory.
#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <thread>

#include "server/directory.hpp"
#include "server/mailbox.hpp"
#include "server/media_type.hpp"
#include "server/query.hpp"
#include "server/time_text.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {

TEST_CASE("times are written in UTC and read in any offset") {
  CHECK(time_text(0) == "1970-01-01T00:00:00.000Z");
  CHECK(time_text(951'827'696'789) == "2000-02-29T12:34:56.789Z");
  CHECK(parse_time("2000-02-29T12:34:56.789Z") == 951'827'696'789);
  CHECK(parse_time("2000-02-29t14:34:56.7894+02:00") == 951'827'696'789);
  CHECK(parse_time("2000-02-29T12:34:56z") == 951'827'696'000);
  for (const TimeMs time : {TimeMs{1}, TimeMs{1'700'000'000'001}, TimeMs{253'402'300'799'999}}) {
    CHECK(parse_time(time_text(time)) == time);
  }
  for (const char* bad :
       {"", "2001-02-29T00:00:00Z", "2000-13-01T00:00:00Z", "2000-01-01", "2000-01-01T24:00:00Z",
        "2000-01-01T00:00:00", "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00+2:00",
        "1969-12-31T23:59:59Z", "2000-01-01 00:00:00Z", "2000-01-01T00:00:00Zx"}) {
    INFO(bad);
    CHECK(!parse_time(bad));
  }
}

TEST_CASE("a query is decoded; a plus sign stays one") {
  Query query;
  CHECK(!Query::parse("address=+380%2050&&channel=", {"address", "channel"}, query));
  CHECK(query.get("address") == "+380 50");
  CHECK(query.get("channel") == "");
  CHECK(!query.get("region"));
  for (const char* bad : {"a=%", "a=%4", "a=%gg", "b=1", "a=1&a=1", "=1"}) {
    Query other;
    INFO(bad);
    CHECK(Query::parse(bad, {"a"}, other).value().status == 400);
  }
}

TEST_CASE("a media type is compared without case, and only UTF-8 is read") {
  CHECK(media_type("Text/Plain") == "text/plain");
  CHECK(media_type("application/json ; charset=\"utf-8\"; x=y") == "application/json");
  CHECK(media_type("text/plain;") == "text/plain");
  for (const char* bad :
       {"", "text", "/plain", "text/", "text/plain; charset=utf-16", "text/plain; charset"}) {
    INFO(bad);
    CHECK(!media_type(bad));
  }
}

TEST_CASE("the pool runs what it took before it ends, and refuses past its limit") {
  std::atomic<int> ran{0};
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  {
    WorkerPool pool(1, 2);
    std::promise<void> started;
    REQUIRE(pool.run([&] {
      started.set_value();
      opened.wait();
      ++ran;
    }));
    started.get_future().wait();
    CHECK(pool.run([&] { ++ran; }));
    CHECK(pool.run([&] { ++ran; }));
    CHECK(!pool.run([&] { ++ran; }));
    CHECK(pool.queued_tasks() == 2);
    gate.set_value();
  }
  CHECK(ran == 3);
}

TEST_CASE("a timer runs in its turn, and not once it is forgotten") {
  WorkerPool pool(2);
  std::atomic<bool> wrong{false};
  const uint64_t ticket =
      pool.run_after(std::chrono::milliseconds(1'000'000), [&] { wrong = true; });
  std::promise<void> later, sooner;
  const auto start = WorkerPool::Clock::now();
  pool.run_after(std::chrono::milliseconds(20), [&] { later.set_value(); });
  pool.run_after(std::chrono::milliseconds(1), [&] { sooner.set_value(); });
  sooner.get_future().wait();
  later.get_future().wait();
  CHECK(WorkerPool::Clock::now() - start >= std::chrono::milliseconds(20));
  pool.forget(ticket);
  pool.forget(ticket);
  CHECK(!wrong);
}

TEST_CASE("a mailbox wakes once for what was posted after it was armed") {
  int wakes = 0;
  Mailbox<int> mailbox([&] { ++wakes; });
  mailbox.post(1);
  CHECK(wakes == 0);
  CHECK(!mailbox.arm());
  CHECK(mailbox.take() == std::vector<int>{1});
  CHECK(mailbox.arm());
  mailbox.post(2);
  mailbox.post(3);
  CHECK(wakes == 1);
  CHECK(mailbox.take() == std::vector<int>{2, 3});
}

namespace {

Change key_change(const std::string& id, Role role) {
  ApiKey key;
  key.id = id;
  key.role = role;
  key.hash[0] = static_cast<uint8_t>(id.back());
  Change change;
  change.what = CreateKey{key};
  return change;
}

}  // namespace

TEST_CASE("a directory shows a thread what was committed, and keeps old snapshots whole") {
  Directory directory;
  Directory::View view;
  const Outcome committed{Outcome::Status::committed, 1};
  const Outcome refused{Outcome::Status::refused, 1};
  CHECK(directory.refresh(view).key(std::string_view("k1")) == nullptr);
  directory.apply(std::vector{key_change("k1", Role::admin), key_change("k2", Role::admin)},
                  std::vector{committed, refused});
  const auto old = view.snapshot;
  CHECK(directory.refresh(view).key(std::string_view("k1")) != nullptr);
  CHECK(directory.refresh(view).key(std::string_view("k2")) == nullptr);
  CHECK(directory.refresh(view).keys_in_force(Role::admin) == 1);
  CHECK(old->key(std::string_view("k1")) == nullptr);
  Change revoke;
  revoke.what = RevokeKey{"k1"};
  revoke.at = 7;
  directory.apply(std::vector{revoke}, std::vector{committed});
  CHECK(directory.refresh(view).key(std::string_view("k1"))->revoked_at == 7);
  CHECK(directory.refresh(view).keys_in_force(Role::admin) == 0);
}

TEST_CASE("threads that read the directory while it changes see a revocation once acknowledged") {
  Directory directory;
  const Outcome committed{Outcome::Status::committed, 1};
  std::atomic<int> acknowledged{-1};
  constexpr int keys = 200;
  for (int i = 0; i < keys; ++i) {
    directory.apply(std::vector{key_change("k" + std::to_string(i), Role::support)},
                    std::vector{committed});
  }
  std::atomic<bool> missed{false};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      Directory::View view;
      for (int seen = -1; seen < keys - 1;) {
        seen = acknowledged.load();
        const Directory::Snapshot& snapshot = directory.refresh(view);
        if (seen < 0) continue;
        const ApiKey* key = snapshot.key(std::string_view("k" + std::to_string(seen)));
        if (!key || key->revoked_at == 0) missed = true;
      }
    });
  }
  for (int i = 0; i < keys; ++i) {
    Change revoke;
    revoke.what = RevokeKey{"k" + std::to_string(i)};
    revoke.at = 1;
    directory.apply(std::vector{revoke}, std::vector{committed});
    acknowledged = i;
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(!missed);
}

}  // namespace suppressd
