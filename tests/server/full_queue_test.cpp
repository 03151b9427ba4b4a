// Adding suppressions while the committer cannot keep up: refused at once when nothing of the request
// was taken, waited out when something was.
#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <thread>

#include "tests/server/app_driver.hpp"

namespace suppressd {
namespace {

using test::AppDriver;
using test::Reply;
using test::Request;

std::string addresses(size_t count) {
  std::string body;
  for (size_t i = 0; i < count; ++i) body += "u" + std::to_string(i) + "@example.com\n";
  return body;
}

/// Holds the committer inside a commit until told to go on.
class HeldCommitter {
 public:
  explicit HeldCommitter(AppDriver& driver) : driver_(driver) {
    driver_.during_commit = [gate = gate_, opened = gate_->open.get_future().share()] {
      if (!gate->held.exchange(true)) gate->reached.set_value();
      opened.wait();
    };
    submit(1);
    gate_->reached.get_future().wait();  // the first change is being committed
  }
  ~HeldCommitter() { open(); }

  /// Queues changes until no more than `free_rows` fit.
  void fill(size_t free_rows) {
    while (driver_.committer().queued_rows() + free_rows < commit_queue_rows_max) {
      submit(std::min(change_rows_max,
                      commit_queue_rows_max - free_rows - driver_.committer().queued_rows()));
    }
  }
  void open() {
    if (!std::exchange(open_, true)) gate_->open.set_value();
  }

 private:
  void submit(size_t rows) {
    AddSuppressions add;
    add.rows.resize(rows);
    for (AddSuppressions::Row& row : add.rows) {
      row.address = "filler@example.com";
      row.cause.reason = Reason::manual;
      row.cause.source = "api";
    }
    Change change;
    change.what = std::move(add);
    REQUIRE(driver_.committer().submit(std::move(change), [](const Outcome&) {}));
  }

  /// Shared with the committer's thread, which may still be at it when the test ends.
  struct Gate {
    std::promise<void> open, reached;
    std::atomic<bool> held{false};
  };

  AppDriver& driver_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  bool open_ = false;
};

Request add_request(const AppDriver& driver, size_t rows) {
  return {"POST",
          "/v1/accounts/acme/suppressions?reason=manual",
          driver.admin,
          {{"content-type", "text/plain"}},
          addresses(rows)};
}

}  // namespace

TEST_CASE("a full queue refuses a request of which nothing was taken") {
  AppDriver driver;
  driver.make_account("acme");
  HeldCommitter committer(driver);
  committer.fill(0);
  const Reply add = driver.send(add_request(driver, 5));
  CHECK(add.status == 503);
  CHECK(add.problem() == "busy");
  CHECK(add.field("Retry-After") == "1");
  CHECK(!add.json().contains("applied"));
  const Reply remove = driver.remove("/v1/accounts/acme/suppressions/email/a@example.com");
  CHECK(remove.status == 503);
  CHECK(remove.problem() == "busy");
}

TEST_CASE("a stream that was taken in part waits for room and loses nothing") {
  AppDriver driver;
  driver.make_account("acme");
  const size_t rows = 3 * change_rows_max + 7;
  Reply reply;
  {
    HeldCommitter committer(driver);
    committer.fill(change_rows_max);  // room for the stream's first change, not for its second
    auto sent =
        std::async(std::launch::async, [&] { return driver.send(add_request(driver, rows)); });
    while (driver.committer().queued_rows() + change_rows_max / 2 < commit_queue_rows_max) {
      std::this_thread::yield();
    }
    committer.open();
    reply = sent.get();
  }
  REQUIRE(reply.status == 200);
  CHECK(reply.json()["added"] == rows);
  CHECK(driver.store().suppression_count() == rows + 1);  // and the filler
}

}  // namespace suppressd
