// POST …/events: what campaigns saw, a row an event. Whoever a hard bounce, a complaint or an
// unsubscribe is about is suppressed before the answer is sent (persistence/commit_events.cpp).
#include <deque>
#include <iterator>
#include <nlohmann/json.hpp>

#include "server/bounce_intake.hpp"
#include "server/content_decoder.hpp"
#include "server/event_rows.hpp"
#include "server/handlers.hpp"
#include "server/query.hpp"
#include "server/row_stream.hpp"
#include "server/time_text.hpp"

namespace suppressd {
namespace {

constexpr size_t event_bytes = 320;  // of memory that a row takes, about

/// All of an account's that a change of events needs but for its rows.
struct EventsRequest {
  AddEvents events;
  std::string key_id;
  Region region;
};

/// A time that was not given is left out, as a repetition has another.
void hash_rows(const std::vector<AddEvents::Row>& rows, std::string& hashed) {
  for (const AddEvents::Row& row : rows) {
    for (const std::string_view text :
         {name_of(row.kind), name_of(row.channel), std::string_view(row.address),
          std::string_view(row.given), row.region.text(), std::string_view(row.campaign),
          std::string_view(row.detail), std::string_view(row.id)}) {
      hashed.append(std::to_string(text.size())).append(":").append(text);
    }
    hashed.append(std::to_string(row.at)).append(";");
  }
}

class EventsExchange final : public RowStream {
 public:
  EventsExchange(const AppParts& parts, Worker& worker, Wake wake, RowStreamRequest stream,
                 EventsRequest request)
      : RowStream(parts, std::move(wake), std::move(stream)),
        request_(std::move(request)),
        reader_(worker.normalizer, request_.region, now_ms()) {}

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
  size_t rows_waiting() const override { return waiting_.size(); }
  uint64_t memory_bytes() const override {
    return reader_.document_bytes() + waiting_.size() * event_bytes;
  }

  Change take_change(std::string* hashed) override {
    AddEvents events = request_.events;
    const size_t rows = std::min(waiting_.size(), change_rows_max);
    const auto end = waiting_.begin() + static_cast<ptrdiff_t>(rows);
    events.rows.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    const auto indexes_end = indexes_.begin() + static_cast<ptrdiff_t>(rows);
    sent_.emplace_back(indexes_.begin(), indexes_end);
    indexes_.erase(indexes_.begin(), indexes_end);
    if (hashed != nullptr) hash_rows(events.rows, *hashed);
    const TimeMs now = now_ms();
    for (AddEvents::Row& row : events.rows) {
      if (!row.timed) row.at = now;
    }
    return {std::move(events), request_.key_id, now, std::nullopt};
  }

  void add_up(const Outcome& outcome) override {
    accepted_ += uint64_t{outcome.added} + outcome.updated + outcome.unchanged - outcome.duplicates;
    suppressed_ += outcome.added;
    duplicates_ += outcome.duplicates;
    for (const uint32_t row : outcome.refused_rows) {
      refuse_row(sent_.front().at(row), {"event_id", "event_id_reused"});
    }
    sent_.pop_front();
  }

  nlohmann::ordered_json counts(uint64_t sequence) const override {
    return {{"sequence", sequence},
            {"accepted", accepted_},
            {"duplicates", duplicates_},
            {"suppressed", suppressed_}};
  }

 private:
  std::optional<RowFault> keep(std::optional<RowFault> error) {
    if (error) return error;
    waiting_.push_back(std::move(row_));
    indexes_.push_back(row_index());
    return std::nullopt;
  }

  const EventsRequest request_;
  EventRows reader_;
  AddEvents::Row row_;  // being read
  std::vector<AddEvents::Row> waiting_;
  std::vector<uint64_t> indexes_;           // of those that wait, in the body
  std::deque<std::vector<uint64_t>> sent_;  // and of changes under way, in order
  uint64_t accepted_ = 0, duplicates_ = 0, suppressed_ = 0;
};

}  // namespace

std::unique_ptr<Exchange> post_events(Call& call) {
  Query query;
  if (auto problem = Query::parse(call.head.query, {"region"}, query)) {
    return problem_exchange(*problem);
  }
  EventsRequest request;
  request.region = call.account->default_region;
  if (const auto text = query.get("region")) {
    const auto parsed = parse_region(*text);
    if (!parsed) {
      return problem_exchange(invalid_request_problem(
          "region", "bad_value", "Expected for region: two letters such as UA."));
    }
    request.region = *parsed;
  }
  RowStreamRequest stream;
  if (auto problem = read_row_stream(call, stream)) return problem_exchange(*problem);
  request.key_id = call.key->id;
  request.events = events_for(*call.account, call.parts.limits.bounce_agreement);
  const uint64_t body_bytes_max = stream.body_bytes_max;
  return decode_content(call.head.field("content-encoding").value_or(""),
                        std::make_unique<EventsExchange>(call.parts, call.worker, call.wake,
                                                         std::move(stream), std::move(request)),
                        body_bytes_max);
}

}  // namespace suppressd
