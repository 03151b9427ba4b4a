// POST …/contacts: rows stream in, are normalized here, and are stored in changes that answer, row by
// row, what became of the contact and what checks say of its addresses.
//
// A repetition with the same Idempotency-Key stores nothing again. What its rows are told is looked
// up: where the contact is now, and "unchanged", since this request changed nothing.
#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include "persistence/contact_reader.hpp"
#include "server/contact_ids.hpp"
#include "server/contact_problems.hpp"
#include "server/contact_results.hpp"
#include "server/contact_rows.hpp"
#include "server/content_decoder.hpp"
#include "server/handlers.hpp"
#include "server/query.hpp"
#include "server/row_stream.hpp"
#include "server/store_exchange.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr size_t results_listed_max = 10'000;  // in an answer
/// A change is also cut where its rows' texts come to this.
constexpr uint64_t change_texts_bytes_max = 8 << 20;
constexpr uint64_t row_bytes = sizeof(PutContacts::Row) + 160;  // beside long texts
constexpr uint64_t field_bytes = 128;                           // of a map's node

struct ContactsRequest {
  PutContacts put;  // but for its rows
  std::string key_id;
  Region region;
  SegmentId segment = 0;
};

uint64_t bytes_of(const PutContacts::Row& row) {
  uint64_t bytes = row_bytes;
  for (const auto& [name, value] : row.fields) bytes += field_bytes + name.size() + value.size();
  return bytes;
}

/// Everything that decides what the change stores, for the idempotency hash.
void hash_rows(const std::vector<PutContacts::Row>& rows, std::string& hashed) {
  const auto append = [&hashed](std::string_view text) {
    hashed.append(std::to_string(text.size())).append(":").append(text);
  };
  for (const PutContacts::Row& row : rows) {
    for (const std::string& text : row.addresses) append(text);
    for (const std::string& text : row.given) append(text);
    for (const auto& [name, value] : row.fields) {
      append(name);
      append(value);
    }
    hashed += ';';
  }
}

/// Rows that become one change: how far it goes is told by the rows alone.
struct Batch {
  std::vector<PutContacts::Row> rows;
  std::vector<uint64_t> indexes;  // of the rows in the body
  uint64_t bytes = 0;

  bool full() const { return rows.size() == change_rows_max || bytes >= change_texts_bytes_max; }
};

/// What is kept of a change until its outcome is there.
struct Sent {
  struct Row {
    uint64_t index = 0;
    uint8_t given = 0;    // bits of the channels of which the row gave an address
    bool listed = false;  // in the answer: the first ones are, whichever outcome comes first
  };
  std::vector<Row> rows;
  std::vector<ContactAddresses> addresses;  // for looking up, when the request may be a repetition
};

class ContactsExchange final : public RowStream {
 public:
  ContactsExchange(const AppParts& parts, Worker& worker, Wake wake, RowStreamRequest stream,
                   ContactsRequest request)
      : RowStream(parts, std::move(wake), stream),
        store_(parts.store),
        repeatable_(stream.idempotency.given()),
        request_(std::move(request)),
        reader_(worker.normalizer, request_.region, request_.segment) {}

 protected:
  std::optional<RowFault> read_line(std::string_view line) override {
    return keep(reader_.json_line(line, row_));
  }
  std::optional<Problem> open_document(std::string document) override {
    return reader_.open_document(std::move(document));
  }
  bool read_next(std::optional<RowFault>& error) override {
    if (!reader_.next(row_, error)) return false;
    keep(error);
    return true;
  }
  size_t rows_waiting() const override { return batches_.empty() ? 0 : batches_[0].rows.size(); }
  bool whole_change_waits() const override { return !batches_.empty() && batches_[0].full(); }
  uint64_t memory_bytes() const override {
    return reader_.document_bytes() + waiting_bytes_ + results_.size() * sizeof(ContactResult);
  }

  Change take_change(std::string* hashed) override {
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    waiting_bytes_ -= batch.bytes;
    if (hashed != nullptr) hash_rows(batch.rows, *hashed);
    note(batch);
    PutContacts put = request_.put;
    put.rows = std::move(batch.rows);
    return {std::move(put), request_.key_id, now_ms(), std::nullopt};
  }

  std::optional<Problem> take(const Outcome& outcome) override {
    std::optional<Problem> problem;
    if (outcome.status == Outcome::Status::not_found) {
      problem = unknown_segment_problem();
    } else {
      problem = RowStream::take(outcome);
    }
    sent_.pop_front();
    return problem;
  }

  void add_up(const Outcome& outcome) override {
    created_ += outcome.added;
    updated_ += outcome.updated;
    unchanged_ += outcome.unchanged;
    if (outcome.contacts) return list(sent_.front().rows, *outcome.contacts);
    run_aside([this, &contacts = store_.contacts(), account = request_.put.account,
               sent = std::make_shared<Sent>(std::move(sent_.front()))] {
      const auto found = look_up_contacts(contacts, account, sent->addresses);
      return [this, sent, found] { list(sent->rows, found); };
    });
  }

  nlohmann::ordered_json counts(uint64_t sequence) const override {
    return {{"sequence", sequence},
            {"created", created_},
            {"updated", updated_},
            {"unchanged", unchanged_}};
  }

  std::string further_members() override {
    std::string text = contact_results_text(results_);
    if (noted_ > results_listed_max) {
      text.append(R"(,"results_omitted":)").append(std::to_string(noted_ - results_listed_max));
    }
    return text;
  }

 private:
  std::optional<RowFault> keep(std::optional<RowFault> error) {
    if (error) return error;
    if (batches_.empty() || batches_.back().full()) batches_.emplace_back();
    const uint64_t bytes = bytes_of(row_);
    batches_.back().rows.push_back(std::move(row_));
    batches_.back().indexes.push_back(row_index());
    batches_.back().bytes += bytes;
    waiting_bytes_ += bytes;
    return std::nullopt;
  }

  void note(const Batch& batch) {
    Sent& sent = sent_.emplace_back();
    sent.rows.reserve(batch.rows.size());
    for (size_t i = 0; i < batch.rows.size(); ++i) {
      uint8_t given = 0;
      for (const Channel channel : all_channels) {
        const bool has = !batch.rows[i].addresses[static_cast<size_t>(channel) - 1].empty();
        if (has) given |= channel_bit(channel);
      }
      sent.rows.push_back({batch.indexes[i], given, noted_++ < results_listed_max});
      if (repeatable_) sent.addresses.push_back(batch.rows[i].addresses);
    }
  }

  void list(const std::vector<Sent::Row>& rows, const std::vector<ContactOutcome>& outcomes) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string_view error = contact_error(outcomes[i].fate);
      if (!error.empty()) {
        refuse_row(rows[i].index, {"", error});
        --unchanged_;
      }
      if (rows[i].listed) results_.push_back({rows[i].index, rows[i].given, outcomes[i]});
    }
  }

  const Store& store_;
  const bool repeatable_;
  const ContactsRequest request_;
  ContactRows reader_;
  PutContacts::Row row_;  // being read
  std::deque<Batch> batches_;
  uint64_t waiting_bytes_ = 0;
  std::deque<Sent> sent_;  // changes under way, in order
  std::vector<ContactResult> results_;
  uint64_t noted_ = 0;  // rows taken into changes
  uint64_t created_ = 0, updated_ = 0, unchanged_ = 0;
};

Problem expected(std::string name, const std::string& what) {
  std::string detail = "Expected for " + name + ": " + what + ".";
  return invalid_request_problem(std::move(name), "bad_value", std::move(detail));
}

std::optional<Problem> read_request(const Call& call, ContactsRequest& request) {
  Query query;
  if (auto problem = Query::parse(call.head.query,
                                  {"restore_deleted", "segment", "region", "source"}, query)) {
    return problem;
  }
  request.key_id = call.key->id;
  request.put.account = call.account->number;
  request.region = call.account->default_region;
  if (const auto text = query.get("region")) {
    const auto parsed = parse_region(*text);
    if (!parsed) return expected("region", "two letters such as UA");
    request.region = *parsed;
  }
  const std::string_view restore = query.get("restore_deleted").value_or("false");
  if (restore != "true" && restore != "false") return expected("restore_deleted", "true or false");
  request.put.restore_deleted = restore == "true";
  request.put.source = query.get("source").value_or("api");
  if (request.put.source != "api" && request.put.source != "import") {
    return expected("source", "api or import");
  }
  if (const auto text = query.get("segment")) {
    const auto segment = parse_segment_id(*text);
    if (!segment) return unknown_segment_problem();
    request.segment = *segment;
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Exchange> post_contacts(Call& call) {
  ContactsRequest request;
  RowStreamRequest stream;
  if (auto problem = read_request(call, request)) return problem_exchange(*problem);
  if (auto problem = read_row_stream(call, stream)) return problem_exchange(*problem);
  const uint64_t body_bytes_max = stream.body_bytes_max;
  return decode_content(call.head.field("content-encoding").value_or(""),
                        std::make_unique<ContactsExchange>(call.parts, call.worker, call.wake,
                                                           std::move(stream), std::move(request)),
                        body_bytes_max);
}

}  // namespace suppressd
