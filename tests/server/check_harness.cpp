#include "check_harness.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <mutex>

#include "server/check_exchange.hpp"

namespace suppressd::testing {
namespace {

std::filesystem::path make_directory() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "suppressd-check-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

/// What a session's wake is to an exchange: may come from any thread, before or after `wait`.
class Alarm {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

}  // namespace

uint64_t random_seed() {
  const char* given = std::getenv("SUPPRESSD_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

size_t test_size() {
  const char* given = std::getenv("SUPPRESSD_TEST_SIZE");
  return given != nullptr ? std::max(1ul, std::strtoul(given, nullptr, 10)) : 1;
}

std::string CheckAnswer::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return "";
}

nlohmann::json CheckAnswer::json() const {
  return nlohmann::json::parse(body);
}

std::string CheckAnswer::problem() const {
  return field("Content-Type") == "application/problem+json" ? json()["type"].get<std::string>()
                                                             : "";
}

CheckServer::CheckServer(const AppLimits& limits, unsigned pool_threads, size_t pool_tasks_max)
    : directory_(make_directory()),
      pool_(pool_threads, pool_tasks_max),
      worker_(set_, metrics_.add_thread()),
      limits_(limits) {
  StoreOptions options;
  options.directory = directory_;
  store_ = Store::open(options);
  std::atomic<double> progress{0};
  store_->load(set_, 1, progress);
  committer_ = std::make_unique<Committer>(*store_, set_, [](auto, auto) {});
  account_.id = "acme";
  account_.name = "Acme";
  account_.default_region = *parse_region("UA");
  Change create{CreateAccount{account_}, "key1", 1'700'000'000'000, {}};
  commit(create);
  account_ = store_->accounts().front();

  for (int i = 0; i < 400; i += 10) {
    const auto reason = static_cast<Reason>(1 + (i / 10) % 8);
    const std::string address = "user" + std::to_string(i) + "@example.com";
    add(i % 20 == 0 ? account_.number : platform_number, address, reason);
    if (i % 30 == 0) add(platform_number, address, Reason::hard_bounce);
  }
  add(account_.number, "+380441234567", Reason::complaint);
  add(platform_number, "+12025550123", Reason::hard_bounce);
  add(account_.number, "\"odd name, really\"@example.com", Reason::manual);
  add(platform_number, "left@example.net", Reason::unsubscribe);
}

CheckServer::~CheckServer() {
  committer_.reset();
  store_.reset();
  std::filesystem::remove_all(directory_);
}

void CheckServer::commit(Change change) {
  std::promise<Outcome> outcome;
  REQUIRE(
      committer_->submit(std::move(change), [&](const Outcome& one) { outcome.set_value(one); }));
  REQUIRE(outcome.get_future().get().status == Outcome::Status::committed);
}

void CheckServer::add(AccountNumber scope, std::string_view raw, Reason reason) {
  CanonicalAddress address;
  REQUIRE(worker_.normalizer.address(raw, {}, account_.default_region, address) ==
          AddressError::none);
  AddSuppressions::Row row;
  row.channel = address.channel();
  row.address = address.text();
  row.cause = {reason, "import", 1'700'000'000'250, "key1", "550 5.1.1 \"gone\"", "spring"};
  Change change{AddSuppressions{scope, {row}}, "key1", 1'700'000'000'250, {}};
  Reason& kept = (scope == platform_number ? platform_ : mine_)[std::string(address.text())];
  kept = std::max(kept, reason);
  commit(std::move(change));
}

CheckOptions CheckServer::options() const {
  return {account_.number, {}, account_.default_region, Purpose::marketing};
}

Expected CheckServer::expect(std::string_view raw, const CheckOptions& options) {
  CanonicalAddress address;
  const AddressError error =
      worker_.normalizer.address(raw, options.channel, options.region, address);
  if (error != AddressError::none) return {"invalid", "", "", std::string(error_name(error))};
  const auto hit = [&](const std::map<std::string, Reason>& list) {
    const auto found = list.find(std::string(address.text()));
    const bool passes = found != list.end() && options.purpose == Purpose::transactional &&
                        found->second == Reason::unsubscribe;
    return found == list.end() || passes ? Reason::none : found->second;
  };
  if (const Reason reason = hit(mine_); reason != Reason::none)
    return {"suppressed", std::string(name_of(reason)), "account", ""};
  if (const Reason reason = hit(platform_); reason != Reason::none)
    return {"suppressed", std::string(name_of(reason)), "platform", ""};
  return {};
}

std::unique_ptr<Exchange> CheckServer::begin(const CheckCall& call, Wake wake) {
  RequestHead head;
  head.method = "POST";
  head.path = "/v1/accounts/acme/check";
  head.query = call.query;
  head.chunked = true;
  if (!call.type.empty()) head.fields.emplace_back("content-type", call.type);
  if (!call.accept.empty()) head.fields.emplace_back("accept", call.accept);
  if (!call.coding.empty()) head.fields.emplace_back("content-encoding", call.coding);
  const AppParts parts{*store_,  set_,  *committer_, accounts_, health_,
                       metrics_, pool_, imports_,    limits_};
  return begin_check(parts, head, account_, Audience::staff, worker_, std::move(wake));
}

CheckAnswer CheckServer::check(const CheckCall& call, const std::vector<std::string_view>& pieces) {
  const auto alarm = std::make_shared<Alarm>();
  const std::unique_ptr<Exchange> exchange = begin(call, [alarm] { alarm->ring(); });
  Answer answer;
  CheckAnswer result;
  const auto settle = [&](Progress progress) {
    while (true) {
      result.body += answer.body;
      answer.body.clear();
      if (progress != Progress::wait) return progress;
      alarm->wait();
      progress = exchange->on_wake(answer);
    }
  };
  Progress progress = Progress::more;
  size_t fed = 0;
  if (exchange->wants_body()) {
    for (; fed < pieces.size() && progress == Progress::more; ++fed)
      progress = settle(exchange->on_body(pieces[fed], answer));
  }
  result.early = !exchange->wants_body() || progress != Progress::more;
  if (progress == Progress::more) progress = settle(exchange->on_end(answer));
  CHECK(progress != Progress::more);
  result.status = answer.status;
  result.fields = answer.fields;
  result.broken = progress == Progress::broken;
  return result;
}

CheckAnswer CheckServer::check(const CheckCall& call, std::string_view body, size_t piece_bytes) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < body.size(); at += piece_bytes)
    pieces.push_back(body.substr(at, piece_bytes));
  return check(call, pieces);
}

CheckServer& check_server() {
  static CheckServer server;
  return server;
}

std::vector<std::string> mixed_addresses(std::mt19937_64& random, size_t count) {
  static const std::vector<std::string> odd = {"",
                                               " ",
                                               "no-at-sign",
                                               "@example.com",
                                               "left@example.net",
                                               " LEFT@Example.NET ",
                                               "<user10@example.com>",
                                               "mailto:user20@example.com",
                                               "+380 44 123-45-67",
                                               "044 123 45 67",
                                               "+1 (202) 555-0123",
                                               "112",
                                               "\"odd name, really\"@example.com",
                                               "a;b\t,@example.com",
                                               "\"he said \"\"hi\"\"\"@example.com",
                                               "дім@приклад.укр",
                                               "USER30@EXAMPLE.COM",
                                               "a@b@c",
                                               "user40@example.com.",
                                               "back\\slash@example.com",
                                               "\"",
                                               "\"\"",
                                               "{\"email\":1}",
                                               "a\x01@b.c",
                                               std::string(1100, 'x') + "@example.com",
                                               "é@example.com"};
  std::vector<std::string> addresses;
  for (size_t i = 0; i < count; ++i) {
    addresses.push_back(random() % 3 == 0
                            ? odd[random() % odd.size()]
                            : "user" + std::to_string(random() % 1000) + "@example.com");
  }
  return addresses;
}

std::string text_body(const std::vector<std::string>& addresses) {
  std::string body;
  for (const std::string& address : addresses) body += address + "\n";
  return body;
}

std::string json_body(const std::vector<std::string>& addresses) {
  return nlohmann::json{{"addresses", addresses}}.dump();
}

std::string ndjson_body(const std::vector<std::string>& addresses) {
  std::string body;
  for (size_t i = 0; i < addresses.size(); ++i) {
    const nlohmann::json one = addresses[i];
    const nlohmann::json object{{"address", one}, {"name", {{"first", "x"}}}};
    body += i % 3 == 0   ? one.dump()
            : i % 3 == 1 ? "{\"address\": " + one.dump() + "}"
                         : object.dump();
    body += i % 5 == 0 ? "\r\n" : "\n";
  }
  return body;
}

std::string csv_body(const std::vector<std::string>& addresses, char delimiter,
                     std::string_view ending, bool header) {
  const std::string d(1, delimiter);
  const std::string end(ending);
  std::string body = header ? "name" + d + "E-Mail" + d + "note" + end : "";
  for (size_t i = 0; i < addresses.size(); ++i) {
    std::string cell = addresses[i];
    const bool quote = i % 4 == 0 || cell.find_first_of("\",;\t") != std::string::npos;
    if (quote) {
      for (size_t at = 0; (at = cell.find('"', at)) != std::string::npos; at += 2)
        cell.insert(at, 1, '"');
      cell = "\"" + cell + "\"";
    }
    body += (i % 7 == 0 ? "\"a" + d + "\nb\"" : "n") + d + cell + d + "x" + end;
  }
  return body;
}

}  // namespace suppressd::testing
