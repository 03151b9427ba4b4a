// The stored bytes of requests, jobs and of what a row of `changes` says of contacts are frozen.
#include "codec_damage.hpp"
#include "persistence/change_row.hpp"
#include "persistence/contact_codec.hpp"

using namespace suppressd;
using namespace std::string_literals;

namespace {

ModerationRequest sample_request() {
  ModerationRequest request;
  request.id = 300;
  request.kind = RequestKind::reactivate;
  request.state = RequestState::approved_in_part;
  request.filed_at = 5;
  request.decided_at = 128;
  request.filed_by = "k1";
  request.decided_by = "k2";
  request.statement = "it exists";
  request.note = "so be it";
  request.targets = {{Channel::email, "a@x.y", 1}, {Channel::phone, "+1", 0}};
  request.segment = 4;
  request.segment_channel = Channel::phone;
  request.approved = {1};
  request.job = 6;
  request.applied = 7;
  request.already = 8;
  return request;
}

const std::string request_bytes =
    "\x01\xac\x02\x03\x03\x05\x80\x01\x02k1\x02k2\x09"
    "it exists\x08so be it"
    "\x02\x01\x05"
    "a@x.y\x01\x02\x02+1\x00"
    "\x04\x02\x01\x01\x06\x07\x08"s;

Job sample_job() {
  Job job;
  job.id = 300;
  job.kind = JobKind::apply_request;
  job.state = JobState::paused;
  job.created_at = 1;
  job.updated_at = 2;
  job.by = "k1";
  job.plan = "{}";
  job.position = "p";
  job.total = 128;
  job.done = 3;
  job.changed = 4;
  job.skipped = 5;
  job.result = "[]";
  return job;
}

const std::string job_bytes =
    "\x01\xac\x02\x05\x02\x01\x02\x02k1\x02{}\x01p\x80\x01\x03\x04\x05\x02[]"s;

const LoggedAct sample_act{300, 1, 2, 128, "vip", {{0, 5}, {3, 300}}};
const std::string act_bytes = "\xac\x02\x01\x02\x80\x01\x03vip\x02\x00\x05\x03\xac\x02"s;

template <class Record>
std::string bytes_of(const Record& record) {
  std::string bytes;
  encode(record, bytes);
  return bytes;
}

std::optional<std::string> request_again(std::string_view bytes) {
  const std::optional<ModerationRequest> request = decode_request(bytes);
  return request ? std::optional(bytes_of(*request)) : std::nullopt;
}

std::optional<std::string> job_again(std::string_view bytes) {
  const std::optional<Job> job = decode_job(bytes);
  return job ? std::optional(bytes_of(*job)) : std::nullopt;
}

std::optional<std::string> act_again(std::string_view bytes) {
  const std::optional<LoggedAct> act = decode_act(bytes);
  return act ? std::optional(bytes_of(*act)) : std::nullopt;
}

}  // namespace

TEST_CASE("a request has these bytes, and they give it back") {
  REQUIRE(bytes_of(sample_request()) == request_bytes);
  REQUIRE(decode_request(request_bytes) == sample_request());
  ModerationRequest plain;
  plain.segment = 1;
  REQUIRE(bytes_of(plain) ==
          "\x01\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00"s);
  REQUIRE(decode_request(bytes_of(plain)) == plain);
}

TEST_CASE("a job has these bytes, and they give it back") {
  REQUIRE(bytes_of(sample_job()) == job_bytes);
  REQUIRE(decode_job(job_bytes) == sample_job());
}

TEST_CASE("what a change did to contacts has these bytes, and they give it back") {
  REQUIRE(bytes_of(sample_act) == act_bytes);
  REQUIRE(decode_act(act_bytes) == sample_act);
  std::string row;
  encode_change_head(ChangeKind::contacts_deleted, "k1", 300, row);
  encode(sample_act, row);
  REQUIRE(row == "\x01\x0c\xac\x02\x02k1"s + act_bytes);
  REQUIRE(account_of(row) == AccountNumber{300});
}

TEST_CASE("a cut request, job or act is none") {
  require_frozen(request_bytes, request_again);
  require_frozen(job_bytes, job_again);
  require_frozen(act_bytes, act_again);
}

TEST_CASE("numbers out of their range make no request and no job") {
  const auto with = [](std::string bytes, size_t at, uint8_t octet) {
    bytes[at] = static_cast<char>(octet);
    return bytes;
  };
  REQUIRE_FALSE(request_again(with(request_bytes, 0, 2)));
  for (const size_t place : {3, 4}) {  // kind and state
    REQUIRE_FALSE(request_again(with(request_bytes, place, 0)));
    REQUIRE_FALSE(request_again(with(request_bytes, place, 5)));
    REQUIRE_FALSE(job_again(with(job_bytes, place, 0)));
    REQUIRE_FALSE(job_again(with(job_bytes, place, 9)));
  }
  const size_t targets = request_bytes.find("so be it") + 8;
  REQUIRE_FALSE(request_again(with(request_bytes, targets, 0x7f)));  // more than there can be
  REQUIRE_FALSE(request_again(with(request_bytes, targets + 1, 3)));
  REQUIRE_FALSE(request_again(with(request_bytes, request_bytes.size() - 6, 3)));
  REQUIRE_FALSE(act_again(with(act_bytes, act_bytes.find("vip") + 3, 0x7f)));
}

TEST_CASE("altered requests, jobs and acts are refused or are what they say") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  require_survives_damage(request_bytes, request_again, random);
  require_survives_damage(job_bytes, job_again, random);
  require_survives_damage(act_bytes, act_again, random);
}
