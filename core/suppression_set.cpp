#include "core/suppression_set.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <memory>
#include <vector>

#include "core/set_epoch.hpp"
#include "core/set_kernel.hpp"
#include "core/set_shard.hpp"

namespace suppressd {
namespace {

static_assert(SuppressionSet::readers_max == Epochs::readers_max);

constexpr double two_to_the(unsigned bits) {
  return bits == 0 ? 1 : 2 * two_to_the(bits - 1);
}

// The promise on exactness, as the header derives it: the default geometry implies 16 bits of
// place.
static_assert(uint64_t{SuppressionSet::shards_default} * SuppressionSet::ranges_per_shard_default ==
              uint64_t{1} << shard_and_range_bits);
static_assert(2 * 1e9 / two_to_the(shard_and_range_bits + placement_bits + tag_bits) < 1e-12);

constexpr uint8_t finding(SlotState state, Scope scope) {
  return static_cast<uint8_t>(static_cast<unsigned>(state) | static_cast<unsigned>(scope) << 4);
}

/// DESIGN section 9: account suppression, else account exemption, else platform suppression, else
/// clear.
constexpr uint8_t meaning_of(SlotState account, SlotState platform, Purpose purpose) {
  constexpr auto unsubscribe = slot_state(Reason::unsubscribe);
  constexpr uint8_t open = 1 << open_bit;
  // The weakest reason is shown only when there is no other, so it is the only cause.
  const bool passes = purpose == Purpose::transactional;
  const bool from_account = account != SlotState::absent && !(passes && account == unsubscribe);
  if (from_account) return account == SlotState::exempt ? 0 : finding(account, Scope::account);
  const uint8_t may_change =
      account == SlotState::absent || platform == SlotState::absent ? open : 0;
  const bool from_platform = platform != SlotState::absent && platform != SlotState::exempt &&
                             !(passes && platform == unsubscribe);
  return may_change | (from_platform ? finding(platform, Scope::platform) : 0);
}

/// Both keys are the platform's then, and so are both states.
constexpr uint8_t platform_meaning(SlotState platform, Purpose purpose) {
  const uint8_t meaning = meaning_of(SlotState::absent, platform, purpose);
  return platform == SlotState::absent ? meaning : meaning & finding_mask;
}

constexpr FindingTable make_table(Purpose purpose, bool platform_only) {
  FindingTable table{};
  for (unsigned i = 0; i < table.size(); ++i) {
    const auto account = static_cast<SlotState>(i & 15);
    const auto platform = static_cast<SlotState>(i >> 4);
    table[i] = platform_only ? platform_meaning(platform, purpose)
                             : meaning_of(account, platform, purpose);
  }
  return table;
}

constexpr FindingTable tables[2][2] = {
    {make_table(Purpose::marketing, false), make_table(Purpose::marketing, true)},
    {make_table(Purpose::transactional, false), make_table(Purpose::transactional, true)}};

CheckFunction function_of(Kernel kernel) {
  switch (kernel) {
    case Kernel::avx512:
      return check_avx512;
    case Kernel::avx2:
      return check_avx2;
    case Kernel::scalar:
      break;
  }
  return check_scalar;
}

}  // namespace

bool kernel_available(Kernel kernel) {
  switch (kernel) {
    case Kernel::avx512:
      return avx512_available();
    case Kernel::avx2:
      return avx2_available();
    case Kernel::scalar:
      break;
  }
  return true;
}

std::string_view name_of(Kernel kernel) {
  switch (kernel) {
    case Kernel::avx512:
      return "avx512";
    case Kernel::avx2:
      return "avx2";
    case Kernel::scalar:
      break;
  }
  return "scalar";
}

Kernel best_kernel() {
#ifndef __SANITIZE_THREAD__  // it knows atomics, but not the vector loads of the other kernels
  if (kernel_available(Kernel::avx512)) return Kernel::avx512;
  if (kernel_available(Kernel::avx2)) return Kernel::avx2;
#endif
  return Kernel::scalar;
}

struct SuppressionSet::Impl {
  /// Whole cache lines, so that nothing which a writer touches often shares one with the directory.
  static constexpr size_t words_per_line = 8;
  struct alignas(64) DirectoryLine {
    std::array<std::atomic<uint64_t>, words_per_line> words{};
  };

  explicit Impl(const Options& options)
      : geometry{static_cast<unsigned>(std::countr_zero(options.shards)),
                 static_cast<unsigned>(std::countr_zero(options.ranges_per_shard))},
        check(options.check_function ? options.check_function : function_of(options.kernel)),
        directory((options.shards + words_per_line - 1) / words_per_line) {
    shards.reserve(options.shards);
    for (uint32_t i = 0; i < options.shards; ++i) {
      const double phase = static_cast<double>(i) / options.shards;
      std::atomic<uint64_t>& word = directory_word(i);
      shards.push_back(std::make_unique<Shard>(geometry, i, phase, word, epochs));
    }
  }
  std::atomic<uint64_t>& directory_word(uint32_t shard) {
    return directory[shard / words_per_line].words[shard % words_per_line];
  }
  Shard& shard(const Fingerprint& address) const { return *shards[geometry.shard(address)]; }

  const Geometry geometry;
  const CheckFunction check;
  Epochs epochs;
  std::vector<DirectoryLine> directory;  // read by every check, written by growth only
  std::vector<std::unique_ptr<Shard>> shards;
};

SuppressionSet::SuppressionSet() : SuppressionSet(Options{}) {}

SuppressionSet::SuppressionSet(const Options& options) {
  assert(std::has_single_bit(options.shards) && std::has_single_bit(options.ranges_per_shard));
  assert(options.shards <= 4096 && options.ranges_per_shard <= 65536);
  impl_ = std::make_unique<Impl>(options);
}

SuppressionSet::~SuppressionSet() = default;

SuppressionSet::Reader::Reader(const SuppressionSet& set)
    : set_(set), epoch_(&set.impl_->epochs.claim()) {}

SuppressionSet::Reader::~Reader() {
  set_.impl_->epochs.release(*epoch_);
}

void SuppressionSet::check(Reader& reader, std::span<const Fingerprint> addresses,
                           AccountNumber account, std::span<Finding> findings,
                           Purpose purpose) const {
  assert(&reader.set_ == this && findings.size() >= addresses.size());
  const FindingTable& table = tables[purpose == Purpose::transactional][account == platform_number];
  for (size_t begin = 0; begin < addresses.size(); begin += CheckBatch::addresses_max) {
    const size_t size = std::min(addresses.size() - begin, CheckBatch::addresses_max);
    impl_->epochs.enter(*reader.epoch_);
    impl_->check({impl_->directory[0].words.data(), impl_->geometry, &table, account_salt(account),
                  addresses.data() + begin, findings.data() + begin, size});
    Epochs::leave(*reader.epoch_);
  }
}

SlotState SuppressionSet::put(const Fingerprint& address, AccountNumber account, SlotState state) {
  return impl_->shard(address).put(address, account, state);
}

SlotState SuppressionSet::get(const Fingerprint& address, AccountNumber account) const {
  return impl_->shard(address).get(address, account);
}

void SuppressionSet::prefetch(const Fingerprint& address) const {
  impl_->shard(address).prefetch(address);
}

uint32_t SuppressionSet::shard_of(const Fingerprint& address) const {
  return static_cast<uint32_t>(impl_->geometry.shard(address));
}

uint32_t SuppressionSet::shards() const {
  return static_cast<uint32_t>(impl_->shards.size());
}

void SuppressionSet::reserve(uint64_t entries) {
  for (const auto& shard : impl_->shards) shard->reserve(entries / impl_->shards.size() + 1);
}

ShardExport SuppressionSet::export_shard(uint32_t shard) const {
  return {impl_->epochs, impl_->geometry, shard, impl_->directory_word(shard),
          impl_->shards[shard]->changes()};
}

std::span<std::byte> SuppressionSet::begin_import(uint32_t shard, uint64_t range_lines) {
  return impl_->shards[shard]->begin_import(range_lines);
}

bool SuppressionSet::finish_import(uint32_t shard, const ShardImage& image) {
  return impl_->shards[shard]->finish_import(image);
}

void SuppressionSet::clear() {
  for (const auto& shard : impl_->shards) shard->clear();
}

uint64_t SuppressionSet::entries() const {
  return statistics().entries;
}

Digest SuppressionSet::digest() const {
  Digest sum;
  for (const auto& shard : impl_->shards) {
    sum += {shard->counters().digest_high.value(), shard->counters().digest_low.value()};
  }
  return sum;
}

uint64_t SuppressionSet::memory_bytes() const {
  return statistics().bytes;
}

SuppressionSet::Statistics SuppressionSet::statistics() const {
  Statistics sum;
  sum.bytes = sizeof(Impl) + impl_->shards.size() * (sizeof(Shard) + sizeof(uint64_t));
  for (const auto& shard : impl_->shards) {
    const Shard::Counters& counters = shard->counters();
    sum.lines += counters.lines.value();
    sum.entries += counters.entries.value();
    sum.moved += counters.moved.value();
    sum.spilled += counters.spilled.value();
    sum.growths += counters.growths.value();
    sum.bytes += counters.bytes.value();
  }
  return sum;
}

}  // namespace suppressd
