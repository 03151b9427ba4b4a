#include "persistence/bulk_run.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cassert>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr size_t known_causes = 1024;  // a power of two

void append_hash(const XXH3_state_t& state, std::string& out) {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  ByteWriter to(out);
  to.u64(hash.high64);
  to.u64(hash.low64);
}

}  // namespace

Cause decode_cause(std::string_view bytes) {
  ByteReader from(bytes);
  Cause cause;
  cause.reason = static_cast<Reason>(from.u8());
  cause.at = from.varint();
  cause.source = from.text();
  cause.by = from.text();
  cause.evidence = from.text();
  cause.campaign = from.text();
  assert(from.finished());
  return cause;
}

BulkRun::BulkRun(AccountNumber scope, std::string by, TimeMs at)
    : scope_(scope), by_(std::move(by)), at_(at) {}

uint32_t BulkRun::cause(CauseView cause) {
  const bool timed = cause.at != 0;
  if (!timed) cause.at = at_;
  cause.by = by_;
  scratch_.clear();
  encode(cause, scratch_);
  const auto is_said = [&](const StoredCause& stored) {
    return stored.timed == timed && text(stored) == scratch_;
  };
  if (!causes_.empty() && is_said(causes_[0])) return 0;
  // Most runs have one cause, and a request of one row should not pay for a table.
  if (!causes_.empty() && known_causes_.empty()) known_causes_.resize(known_causes);
  const uint64_t hash = XXH3_64bits(scratch_.data(), scratch_.size());
  const size_t slot = hash % known_causes;
  if (!known_causes_.empty() && known_causes_[slot] != 0 && is_said(causes_[known_causes_[slot]])) {
    return known_causes_[slot];
  }
  const auto number = static_cast<uint32_t>(causes_.size());
  causes_.push_back({static_cast<uint32_t>(cause_bytes_.size()),
                     static_cast<uint32_t>(scratch_.size()), cause.reason, timed});
  cause_bytes_.append(scratch_);
  if (number != 0) known_causes_[slot] = number;
  return number;
}

void BulkRun::add(Channel channel, std::string_view address, std::string_view given, Region region,
                  uint32_t cause) {
  const bool opens = rows_.size() % change_rows_max == 0;
  const bool same = !opens && same_cause(cause, rows_.back().cause);
  Row row{};
  row.offset = static_cast<uint32_t>(bytes_.size());
  row.cause = cause;
  rows_.push_back(row);
  const StoredCause& its = causes_[cause];
  encode_change_row({channel, address, given, region, slot_state(its.reason),
                     same ? std::string_view() : text(its)},
                    bytes_);
}

size_t BulkRun::memory_bytes() const {
  return rows_.capacity() * sizeof(Row) + bytes_.capacity() + cause_bytes_.capacity() +
         causes_.capacity() * sizeof(StoredCause);
}

EncodedRow BulkRun::row(const Row& row) const {
  EncodedRow encoded;
  [[maybe_unused]] const bool good =
      decode_change_row(std::string_view(bytes_).substr(row.offset), encoded);
  assert(good);
  encoded.cause = encoded_cause(row);
  return encoded;
}

// The address follows its length behind the bits; a canonical one is shorter than 2^14 octets.
std::string_view BulkRun::address(const Row& row) const {
  const char* at = bytes_.data() + row.offset + 1;
  size_t size = static_cast<uint8_t>(*at++);
  if (size >= 0x80) size = (size & 0x7f) | static_cast<size_t>(static_cast<uint8_t>(*at++)) << 7;
  return {at, size};
}

Channel BulkRun::channel(const Row& row) const {
  return static_cast<Channel>(bytes_[row.offset] & 3);
}

std::string_view BulkRun::octets_of(size_t first, size_t last) const {
  const size_t begin = rows_[first].offset;
  const size_t end = last < rows_.size() ? rows_[last].offset : bytes_.size();
  return std::string_view(bytes_).substr(begin, end - begin);
}

std::string BulkRun::content_hash() const {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  std::string scratch;
  for (const Row& row : rows_) {
    EncodedRow said = this->row(row);
    said.cause = {};
    scratch.clear();
    encode_change_row(said, scratch);
    ByteWriter(scratch).u32(row.cause);
    XXH3_128bits_update(&state, scratch.data(), scratch.size());
  }
  for (const StoredCause& stored : causes_) {
    Cause cause = decode_cause(text(stored));
    if (!stored.timed) cause.at = 0;
    scratch.clear();
    encode(
        CauseView{cause.reason, cause.at, cause.source, cause.by, cause.evidence, cause.campaign},
        scratch);
    XXH3_128bits_update(&state, scratch.data(), scratch.size());
  }
  std::string hash;
  append_hash(state, hash);
  return hash;
}

Change BulkRun::change(size_t first) const {
  AddSuppressions add;
  add.scope = scope_;
  const size_t last = std::min(rows_.size(), first + change_rows_max);
  add.rows.reserve(last - first);
  uint32_t decoded = UINT32_MAX;
  Cause cause;
  for (size_t i = first; i < last; ++i) {
    const EncodedRow said = row(rows_[i]);
    if (rows_[i].cause != decoded) {
      decoded = rows_[i].cause;
      cause = decode_cause(said.cause);
      if (!causes_[decoded].timed) cause.at = 0;
    }
    add.rows.push_back(
        {said.channel, std::string(said.address), std::string(said.given), said.region, cause});
  }
  Change change;
  change.what = std::move(add);
  change.by = by_;
  change.at = at_;
  return change;
}

void BulkRun::fingerprint(const FingerprintKey& key) {
  for (Row& row : rows_) {
    row.address = key(CanonicalAddress::from_stored(channel(row), address(row)));
  }
}

}  // namespace suppressd
