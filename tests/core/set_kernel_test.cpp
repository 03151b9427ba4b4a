// The kernels against each other. AVX-512 runs emulated (SIMDe) on any machine, and natively where
// there is one.
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <catch2/catch.hpp>

#include "core/set_kernel_avx512.hpp"
#include "core/set_kernel_loop.hpp"
#include "tests/core/random_input.hpp"
#include "tests/core/set_model.hpp"

namespace suppressd {
namespace {

void check_avx512_emulated(const CheckBatch& batch) {
  check_batch<Avx512Compare>(batch);
}

/// The same entries in a set of its own for each kernel.
struct Contestant {
  Contestant(std::string kernel_name, SuppressionSet::Options options)
      : name(std::move(kernel_name)),
        set(std::make_unique<SuppressionSet>(options)),
        reader(std::make_unique<SuppressionSet::Reader>(*set)) {}
  std::string name;
  std::unique_ptr<SuppressionSet> set;
  std::unique_ptr<SuppressionSet::Reader> reader;
};

std::vector<Contestant> contestants(uint32_t ranges) {
  std::vector<Contestant> made;
  for (const Kernel kernel : {Kernel::scalar, Kernel::avx2, Kernel::avx512}) {
    if (!kernel_available(kernel)) continue;
    made.emplace_back(std::string(name_of(kernel)),
                      SuppressionSet::Options{2, ranges, kernel, nullptr});
  }
  made.emplace_back("avx512 emulated",
                    SuppressionSet::Options{2, ranges, Kernel::scalar, check_avx512_emulated});
  return made;
}

}  // namespace

TEST_CASE("every kernel gives the scalar kernel's answers") {
  RandomInput input;
  const uint32_t ranges = GENERATE(1u, 64u);
  INFO("SUPPRESSD_SEED=" << input.seed << ", " << ranges << " ranges");
  auto sets = contestants(ranges);
  REQUIRE(sets.size() >= 2);
  auto addresses = random_addresses(input.engine, 5000);
  addresses[0] = {0, 0};  // its key is the same as an empty slot's
  addresses[1] = {~uint64_t{0}, ~uint64_t{0}};
  for (size_t step = 0; step < 8000; ++step) {
    const Fingerprint& address = addresses[step < 2 ? step : input.number(addresses.size() / 2)];
    const auto account = static_cast<AccountNumber>(input.number(3));
    const SlotState state = random_state(input.engine);
    for (Contestant& contestant : sets) contestant.set->put(address, account, state);
  }
  for (AccountNumber account = 0; account < 4; ++account) {
    for (const Purpose purpose : {Purpose::marketing, Purpose::transactional}) {
      std::vector<std::vector<Finding>> answers;
      for (Contestant& contestant : sets) {
        answers.emplace_back(addresses.size());
        contestant.set->check(*contestant.reader, addresses, account, answers.back(), purpose);
      }
      for (size_t i = 1; i < sets.size(); ++i) {
        INFO(sets[i].name);
        CHECK(answers[i] == answers[0]);
      }
    }
  }
}

TEST_CASE("every kernel finds a key in every slot of a line, and nothing beside it") {
  auto sets = contestants(1);
  // One line holds eight accounts of an address, in the order in which they came.
  const Fingerprint address{0, 0x123456789abcdef0};
  for (Contestant& contestant : sets) {
    INFO(contestant.name);
    for (AccountNumber account = 1; account <= 8; ++account) {
      contestant.set->put(address, account, static_cast<SlotState>(account));
    }
    for (AccountNumber account = 1; account <= 20; ++account) {
      Finding finding;
      contestant.set->check(*contestant.reader, {&address, 1}, account, {&finding, 1});
      CHECK(finding.bits == (account <= 8 ? account : 0));
    }
  }
}

TEST_CASE("every kernel finds the address whose key is an empty slot's, behind an empty slot") {
  const Fingerprint first{0, 0x100}, zero{0, 0};
  for (Contestant& contestant : contestants(1)) {
    INFO(contestant.name);
    contestant.set->put(first, platform_number, SlotState{5});
    contestant.set->put(zero, platform_number, SlotState{6});
    contestant.set->put(first, platform_number, SlotState::absent);
    Finding finding;
    contestant.set->check(*contestant.reader, {&zero, 1}, 0, {&finding, 1});
    CHECK(finding.reason() == Reason::spam_trap);
    contestant.set->check(*contestant.reader, {&zero, 1}, 7, {&finding, 1});
    CHECK(finding.reason() == Reason::spam_trap);
  }
}

TEST_CASE("the best kernel is one that this machine has") {
  REQUIRE(kernel_available(best_kernel()));
  REQUIRE(kernel_available(Kernel::scalar));
  REQUIRE(name_of(Kernel::scalar) == "scalar");
  REQUIRE(name_of(Kernel::avx2) == "avx2");
  REQUIRE(name_of(Kernel::avx512) == "avx512");
}

}  // namespace suppressd
