#include "core/bulk_check.hpp"

#include <cassert>
#include <cstring>

#include "core/email_paths.hpp"
#include "core/phone_paths.hpp"

namespace suppressd {
namespace {

/// Beside the bits of a Finding: the row holds no address.
constexpr uint8_t invalid_finding = 0x20;

const std::array<RowVerdict, 64> verdict_of_finding = [] {
  std::array<RowVerdict, 64> verdicts{};
  for (uint8_t bits = 1; bits < invalid_finding; ++bits) {
    const Finding finding{bits};
    verdicts[bits] = {Verdict::suppressed, finding.reason(), finding.scope(), AddressError::none};
  }
  verdicts[invalid_finding] = {Verdict::invalid, Reason::none, Scope::account, AddressError::none};
  return verdicts;
}();

constexpr size_t short_email_octets_min = 17;
constexpr size_t long_email_octets_min = 33;

}  // namespace

BulkCheck::BulkCheck(const SuppressionSet& set, SuppressionSet::Reader& reader,
                     const FingerprintKey& key, Normalizer& normalizer, const CheckOptions& options,
                     Kernel kernel)
    : set_(set),
      reader_(reader),
      key_(key),
      normalizer_(normalizer),
      options_(options),
      lines_(kernel) {}

void BulkCheck::Waiting::add(std::string_view raw, Target target) {
  std::memcpy(text.data() + bytes, raw.data(), raw.size());
  bytes += raw.size();
  text[bytes++] = '\n';
  sizes[count] = static_cast<uint8_t>(raw.size());
  targets[count] = target;
  ++count;
}

void BulkCheck::push(std::string_view raw, std::optional<Channel> channel) {
  assert(!full());
  const size_t row = size_++;
  if (raw.size() > waiting_octets_max) return settle(row, raw, channel);
  if (!waiting_.room()) settle_waiting();
  waiting_.add(raw, {static_cast<uint16_t>(row), channel});
}

void BulkCheck::push_invalid(AddressError error) {
  assert(!full());
  settle_invalid(size_++, error);
}

void BulkCheck::settle(size_t row, std::string_view raw, std::optional<Channel> channel) {
  CanonicalAddress address;
  const AddressError error = normalizer_.address(raw, channel, options_.region, address);
  if (error != AddressError::none) return settle_invalid(row, error);
  addresses_[row] = key_(address);
}

void BulkCheck::settle_invalid(size_t row, AddressError error) {
  assert(error != AddressError::none);
  // The set is asked for every row, so that rows keep their positions; run() ignores this answer.
  addresses_[row] = {};
  invalid_[invalid_size_++] = {static_cast<uint16_t>(row), error};
}

size_t BulkCheck::read_lines(std::string_view text) {
  if (waiting_.count > 0) settle_waiting();
  return lines_.read(text);
}

std::span<const uint32_t> BulkCheck::push_lines(size_t first, size_t count,
                                                std::optional<Channel> channel) {
  assert(size_ + count <= rows_max);
  const size_t row = size_;
  size_ += count;
  return settle_plain_lines(first, count, [row, channel](size_t i) {
    return Target{static_cast<uint16_t>(row + i), channel};
  });
}

/// Returns the lines that it left. Sorting writes each line to every list and counts it in one, so
/// that no branch depends on what lines are.
template <class TargetOf>
std::span<const uint32_t> BulkCheck::settle_plain_lines(size_t first, size_t count,
                                                        TargetOf target_of) {
  size_t short_emails = 0, long_emails = 0, others = 0;
  for (size_t i = 0; i < count; ++i) {
    const AddressLines::Line line = lines_.line(first + i);
    const Target target = target_of(i);
    const EmailPiece piece{static_cast<uint16_t>(line.begin), static_cast<uint16_t>(line.size),
                           target.row};
    const bool email = line.plain_email & (target.channel != Channel::phone);
    const bool is_short =
        email & (line.size >= short_email_octets_min) & (line.size < long_email_octets_min);
    const bool is_long =
        email & (line.size >= long_email_octets_min) & (line.size <= plain_email_octets_max);
    short_emails_[short_emails] = piece;
    long_emails_[long_emails] = piece;
    other_lines_[others] = static_cast<uint32_t>(first + i);
    short_emails += is_short;
    long_emails += is_long;
    others += !(is_short | is_long);
  }
  key_.emails_17_to_32(lines_.lower(), {short_emails_.data(), short_emails}, addresses_.data());
  key_.emails_33_to_64(lines_.lower(), {long_emails_.data(), long_emails}, addresses_.data());
  size_t left = 0;
  for (size_t i = 0; i < others; ++i) {
    const uint32_t number = other_lines_[i];
    if (settle_short(lines_.line(number), target_of(number - first))) continue;
    other_lines_[left++] = number;
  }
  return {other_lines_.data(), left};
}

/// Plain phones, and plain emails shorter than the hash's loops take.
bool BulkCheck::settle_short(const AddressLines::Line& line, Target target) {
  const std::string_view text(lines_.lower() + line.begin, line.size);
  const bool email =
      line.plain_email && line.size < short_email_octets_min && target.channel != Channel::phone;
  const bool phone = line.plain_phone && target.channel != Channel::email && is_plain_e164(text);
  if (!email && !phone) return false;
  const Channel channel = email ? Channel::email : Channel::phone;
  addresses_[target.row] = key_(CanonicalAddress::from_stored(channel, text));
  return true;
}

void BulkCheck::settle_waiting() {
  const std::string_view text(waiting_.text.data(), waiting_.bytes);
  const size_t count = waiting_.count;
  waiting_.count = waiting_.bytes = 0;
  lines_.read(text);
  // An address may hold line ends of its own; then each is looked at by itself.
  const bool lines_are_rows = lines_.size() == count;
  std::span<const uint32_t> left;
  if (lines_are_rows) {
    left = settle_plain_lines(0, count, [this](size_t i) { return waiting_.targets[i]; });
  }
  size_t begin = 0;
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view raw = text.substr(begin, waiting_.sizes[i]);
    begin += raw.size() + 1;
    if (lines_are_rows && (next == left.size() || left[next] != i)) continue;
    ++next;
    settle(waiting_.targets[i].row, raw, waiting_.targets[i].channel);
  }
}

std::span<const RowVerdict> BulkCheck::run() {
  if (waiting_.count > 0) settle_waiting();
  const size_t size = size_;
  set_.check(reader_, {addresses_.data(), size}, options_.account, {findings_.data(), size},
             options_.purpose);
  for (size_t i = 0; i < invalid_size_; ++i) findings_[invalid_[i].row].bits = invalid_finding;
  size_t not_clear = 0;
  for (size_t i = 0; i < size; ++i) {
    const Finding finding = findings_[i];
    verdicts_[i] = verdict_of_finding[finding.bits];
    not_clear_[not_clear] = static_cast<uint16_t>(i);
    not_clear += !finding.clear();
  }
  for (size_t i = 0; i < invalid_size_; ++i) verdicts_[invalid_[i].row].error = invalid_[i].error;
  not_clear_size_ = not_clear;
  run_invalid_ = invalid_size_;
  size_ = invalid_size_ = 0;
  return {verdicts_.data(), size};
}

}  // namespace suppressd
