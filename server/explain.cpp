// GET …/explain: the verdict that a check gives, and why.
//
// The verdict comes from the set by the very code of the check; the causes come from the store. The
// two must tell the same story: the store is read on the pool, then the set must have caught up
// with what the store knew by then, and if a change of this very address came between, both are
// read again.
#include <nlohmann/json.hpp>

#include "core/bulk_check.hpp"
#include "server/committer.hpp"
#include "server/handlers.hpp"
#include "server/json_answer.hpp"
#include "server/mailbox.hpp"
#include "server/query.hpp"
#include "server/store_exchange.hpp"
#include "server/suppression_json.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

constexpr int attempts_max = 8;  // each lost to another change of this very address

struct Stored {
  std::optional<Suppression> account, platform;
  uint64_t sequence = 0;   // at least: what was read may hold later changes too
  uint64_t caught_up = 0;  // at most: nothing later was read
  bool failed = false;
};

struct ExplainRequest {
  CheckOptions options;
  Audience audience = Audience::account;
  std::string raw;
  Channel channel = Channel::email;
  std::string address;  // canonical; empty when it cannot be read
};

Stored read_stored(const Store& store, const ExplainRequest& request) {
  Stored stored;
  try {
    stored.sequence = store.sequence();
    stored.account = store.find(request.options.account, request.channel, request.address);
    stored.platform = store.find(platform_number, request.channel, request.address);
    stored.caught_up = store.sequence();
  } catch (const std::exception&) {
    stored.failed = true;
  }
  return stored;
}

bool has_causes(const std::optional<Suppression>& one) {
  return one && !one->causes.empty();
}

/// What a check for marketing must say, going by the stored records (DESIGN: account suppression,
/// account exemption, platform suppression, clear).
RowVerdict verdict_of(const Stored& stored) {
  RowVerdict verdict;
  if (has_causes(stored.account)) {
    verdict = {Verdict::suppressed, stored.account->strongest(), Scope::account, {}};
  } else if (!(stored.account && stored.account->exemption) && has_causes(stored.platform)) {
    verdict = {Verdict::suppressed, stored.platform->strongest(), Scope::platform, {}};
  }
  return verdict;
}

class ExplainExchange final : public Exchange {
 public:
  ExplainExchange(const AppParts& parts, Worker& worker, Wake wake, ExplainRequest request)
      : parts_(parts),
        worker_(worker),
        request_(std::move(request)),
        mailbox_(std::make_shared<Mailbox<Stored>>(std::move(wake))) {}
  ~ExplainExchange() override { parts_.committer.forget(ticket_); }

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }

  Progress on_end(Answer& answer) override {
    const RowVerdict first = check(request_.options.purpose);
    if (first.verdict == Verdict::invalid) return answer_invalid(first, answer);
    return read_store(answer);
  }

  Progress on_wake(Answer& answer) override {
    for (Stored& stored : mailbox_->take()) stored_ = std::move(stored);
    if (stored_.failed) return fail(storage_problem(), answer);
    if (parts_.committer.visible_sequence() < stored_.caught_up) return wait_for_set(answer);
    const RowVerdict shown = check(request_.options.purpose);
    if (check(Purpose::marketing) == verdict_of(stored_)) return answer_verdict(shown, answer);
    return read_store(answer);
  }

 private:
  RowVerdict check(Purpose purpose) {
    CheckOptions options = request_.options;
    options.purpose = purpose;
    const auto bulk = std::make_unique<BulkCheck>(
        parts_.set, worker_.reader, parts_.store.fingerprint_key(), worker_.normalizer, options);
    bulk->push(request_.raw);
    return bulk->run().front();
  }

  Progress read_store(Answer& answer) {
    if (++attempts_ > attempts_max) return fail(busy_problem(), answer);
    const bool queued =
        parts_.pool.run([mailbox = mailbox_, &store = parts_.store, request = request_] {
          mailbox->post(read_stored(store, request));
        });
    if (!queued) return fail(busy_problem(), answer);
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  Progress wait_for_set(Answer& answer) {
    ticket_ = parts_.committer.when_visible(
        stored_.caught_up, [mailbox = mailbox_, stored = stored_] { mailbox->post(stored); });
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  static Progress fail(const Problem& problem, Answer& answer) {
    write_problem(problem, answer);
    return Progress::done;
  }

  Progress answer_invalid(const RowVerdict& verdict, Answer& answer) {
    nlohmann::ordered_json json{{"address", nullptr},
                                {"channel", nullptr},
                                {"verdict", name_of(verdict.verdict)},
                                {"error", error_name(verdict.error)}};
    if (request_.options.channel) json["channel"] = name_of(*request_.options.channel);
    json["causes"] = nlohmann::ordered_json::array();
    json["exemption"] = nullptr;
    json["sequence"] = parts_.committer.visible_sequence();
    write_json(json, 200, answer);
    return Progress::done;
  }

  Progress answer_verdict(const RowVerdict& verdict, Answer& answer) {
    nlohmann::ordered_json json{{"address", request_.address},
                                {"channel", name_of(request_.channel)},
                                {"verdict", name_of(verdict.verdict)},
                                {"scope", nullptr},
                                {"reason", nullptr}};
    if (verdict.verdict == Verdict::suppressed) {
      json["scope"] = name_of(verdict.scope);
      json["reason"] = name_of(verdict.reason);
    }
    json["causes"] = causes_json(stored_.account, stored_.platform, request_.audience);
    json["exemption"] = exemption_json(stored_.account ? stored_.account->exemption : std::nullopt);
    json["sequence"] = stored_.sequence;
    write_json(json, 200, answer);
    return Progress::done;
  }

  const AppParts& parts_;
  Worker& worker_;
  const ExplainRequest request_;
  std::shared_ptr<Mailbox<Stored>> mailbox_;
  Stored stored_;
  int attempts_ = 0;
  uint64_t ticket_ = 0;
};

Problem expected(std::string name, const std::string& what) {
  const std::string detail = "Expected for " + name + ": " + what + ".";
  return invalid_request_problem(std::move(name), "bad_value", detail);
}

std::optional<Problem> read_request(Call& call, ExplainRequest& request) {
  Query query;
  if (auto problem =
          Query::parse(call.head.query, {"channel", "address", "region", "purpose"}, query)) {
    return problem;
  }
  request.audience = audience_of(call.key->role);
  CheckOptions& options = request.options;
  options.account = call.account->number;
  options.region = call.account->default_region;
  if (const auto text = query.get("channel")) {
    options.channel = parse_channel(*text);
    if (!options.channel) return expected("channel", "email or phone");
  }
  if (const auto text = query.get("region")) {
    const auto region = parse_region(*text);
    if (!region) return expected("region", "two letters such as UA");
    options.region = *region;
  }
  const std::string_view purpose = query.get("purpose").value_or("marketing");
  if (purpose != "marketing" && purpose != "transactional") {
    return expected("purpose", "marketing or transactional");
  }
  options.purpose = purpose == "marketing" ? Purpose::marketing : Purpose::transactional;
  if (!query.get("address")) {
    return invalid_request_problem("address", "required", "An explanation needs ?address=.");
  }
  request.raw = *query.get("address");
  CanonicalAddress canonical;
  if (call.worker.normalizer.address(request.raw, options.channel, options.region, canonical) ==
      AddressError::none) {
    request.channel = canonical.channel();
    request.address = canonical.text();
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Exchange> get_explain(Call& call) {
  ExplainRequest request;
  if (auto problem = read_request(call, request)) return problem_exchange(*problem);
  return std::make_unique<ExplainExchange>(call.parts, call.worker, call.wake, std::move(request));
}

}  // namespace suppressd
