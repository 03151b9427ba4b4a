// Requests and jobs as people and the runner of jobs ask for them.
#include <rocksdb/db.h>

#include <algorithm>

#include "persistence/contact_codec.hpp"
#include "persistence/contact_reader.hpp"
#include "persistence/cursor.hpp"
#include "persistence/row_walk.hpp"

namespace suppressd {
namespace {

// A request may name thousands of addresses, so few are looked at for a page.
constexpr size_t requests_examined_max = 1'000;

std::string list_of(const RequestFilter& filter) {
  std::string list = "requests";
  ByteWriter to(list);
  to.u8(filter.account ? 1 : 0);
  to.u32(filter.account.value_or(platform_number));
  to.u8(filter.state ? static_cast<uint8_t>(*filter.state) : uint8_t{0});
  to.u8(filter.kind ? static_cast<uint8_t>(*filter.kind) : uint8_t{0});
  to.u64(filter.contact);
  return list;
}

/// Of the rows that a list of requests walks; what follows it is a row's place.
std::string start_of_rows(const RequestFilter& filter) {
  if (!filter.account) return filter.state == RequestState::open ? "o" : "r";
  std::string start = tagged_key(filter.contact != 0 ? 'c' : 'r', *filter.account, filter.contact);
  if (filter.contact == 0) start.resize(start.size() - sizeof filter.contact);
  return start;
}

ModerationRequest decode_whole_request(std::string_view bytes) {
  std::optional<ModerationRequest> request = decode_request(bytes);
  if (!request) throw StorageFailure("a stored request is damaged");
  return std::move(*request);
}

/// The request of a row of either kind: they end with its number, which its account precedes but
/// for rows about a contact.
RequestPage::Item request_at(const Snapshot& snapshot, const RowWalk& row) {
  ByteReader from(row.key());
  const auto tag = static_cast<char>(from.u8());
  if (tag == 'o') from.u64();
  RequestPage::Item item;
  item.account = from.u32();
  if (tag == 'c') from.u64();
  const RequestId id = from.u64();
  if (!from.finished()) throw StorageFailure("a list of requests is damaged");
  std::string bytes(row.value());
  if (tag != 'r' && !snapshot.database().get(Family::requests, request_key(item.account, id), bytes,
                                             snapshot.get())) {
    throw StorageFailure("a list of requests names one that is not there");
  }
  item.request = decode_whole_request(bytes);
  return item;
}

bool passes(const RequestFilter& filter, const ModerationRequest& request) {
  return (!filter.state || *filter.state == request.state) &&
         (!filter.kind || *filter.kind == request.kind);
}

Job decode_whole_job(std::string_view bytes) {
  std::optional<Job> job = decode_job(bytes);
  if (!job) throw StorageFailure("a stored job is damaged");
  return std::move(*job);
}

}  // namespace

std::optional<ModerationRequest> ContactReader::request(AccountNumber account, RequestId id) const {
  std::string bytes;
  if (!context_.database.get(Family::requests, request_key(account, id), bytes)) {
    return std::nullopt;
  }
  return decode_whole_request(bytes);
}

RequestPage ContactReader::requests(const RequestFilter& filter, std::string_view cursor,
                                    size_t limit) const {
  const std::string list = list_of(filter), start = start_of_rows(filter);
  std::string place;
  if (!cursor.empty()) place = parse_cursor(list, cursor, context_.secret);
  const Snapshot snapshot(context_.database);
  RequestPage page;
  page.sequence = snapshot.sequence();
  RowWalk row(snapshot, Family::requests, start + place, successor(start));
  if (!place.empty() && row.valid() && row.key().substr(start.size()) == place) row.next();
  for (size_t examined = 0; row.valid(); row.next()) {
    if (page.items.size() == std::max<size_t>(limit, 1) || examined++ == requests_examined_max) {
      page.next = make_cursor(list, place, context_.secret);
      break;
    }
    place = row.key().substr(start.size());
    RequestPage::Item item = request_at(snapshot, row);
    if (passes(filter, item.request)) page.items.push_back(std::move(item));
  }
  return page;
}

std::vector<ModerationRequest> ContactReader::latest_requests(AccountNumber account,
                                                              ContactId contact,
                                                              size_t most) const {
  const Snapshot snapshot(context_.database);
  const std::string first = tagged_key('c', account, contact);
  std::string end = first;
  ByteWriter(end).u64(~RequestId{0});
  const rocksdb::Slice lower(first);
  rocksdb::ReadOptions options = read_options();
  options.iterate_lower_bound = &lower;
  options.snapshot = snapshot.get();
  const Database& database = context_.database;
  const std::unique_ptr<rocksdb::Iterator> row(
      database.rocks().NewIterator(options, database.family(Family::requests)));
  std::vector<ModerationRequest> requests;
  for (row->SeekForPrev(end); row->Valid() && requests.size() < most; row->Prev()) {
    ByteReader from(std::string_view(row->key().data(), row->key().size()).substr(first.size()));
    const RequestId id = from.u64();
    std::string bytes;
    if (!from.finished() ||
        !database.get(Family::requests, request_key(account, id), bytes, snapshot.get())) {
      throw StorageFailure("a list of requests names one that is not there");
    }
    requests.push_back(decode_whole_request(bytes));
  }
  require_ok(row->status());
  return requests;
}

std::optional<Job> ContactReader::job(AccountNumber account, JobId id) const {
  std::string bytes;
  if (!context_.database.get(Family::jobs, job_key(account, id), bytes)) return std::nullopt;
  return decode_whole_job(bytes);
}

std::vector<Job> ContactReader::jobs(AccountNumber account, JobId before, size_t most) const {
  const std::string first = job_key(account, 0), end = job_key(account, before - 1);
  const rocksdb::Slice lower(first);
  rocksdb::ReadOptions options = read_options();
  options.iterate_lower_bound = &lower;
  const Database& database = context_.database;
  const std::unique_ptr<rocksdb::Iterator> row(
      database.rocks().NewIterator(options, database.family(Family::jobs)));
  std::vector<Job> jobs;
  for (row->SeekForPrev(end); row->Valid() && jobs.size() < most; row->Prev()) {
    jobs.push_back(decode_whole_job({row->value().data(), row->value().size()}));
  }
  require_ok(row->status());
  return jobs;
}

std::vector<RunningJob> ContactReader::running_jobs() const {
  const Snapshot snapshot(context_.database);
  std::vector<RunningJob> running;
  for (RowWalk row(snapshot, Family::jobs, "r", "s"); row.valid(); row.next()) {
    ByteReader from(row.key().substr(1));
    const AccountNumber account = from.u32();
    const JobId id = from.u64();
    std::string bytes;
    if (!from.finished() ||
        !context_.database.get(Family::jobs, job_key(account, id), bytes, snapshot.get())) {
      throw StorageFailure("the list of running jobs is damaged");
    }
    running.push_back({account, decode_whole_job(bytes)});
  }
  return running;
}

ImportCounts ContactReader::import_counts(AccountNumber account, JobId id) const {
  std::string bytes;
  if (!context_.database.get(Family::imports, import_counts_key(account, id), bytes)) return {};
  std::optional<ImportCounts> counts = decode_import_counts(bytes);
  if (!counts) throw StorageFailure("the counts of an import are damaged");
  return std::move(*counts);
}

std::vector<ImportMark> ContactReader::import_rows(AccountNumber account, JobId id,
                                                   uint64_t first_row) const {
  std::string bytes;
  if (!context_.database.get(Family::imports, import_rows_key(account, id, first_row), bytes)) {
    return {};
  }
  std::optional<std::vector<ImportMark>> rows = decode_import_rows(bytes);
  if (!rows) throw StorageFailure("the rows of an import are damaged");
  return std::move(*rows);
}

}  // namespace suppressd
