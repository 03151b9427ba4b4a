// From raw text to verdicts: what each step costs an address.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>

#include "bench/measure.hpp"
#include "core/bulk_check.hpp"

namespace suppressd::bench {
namespace {

constexpr size_t rows = 16384;  // about as many as fit in L2 with their text
constexpr AccountNumber asking_account = 7;

FingerprintKey bench_key() {
  std::array<std::byte, fingerprint_secret_bytes> secret;
  for (size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i * 73 + 11);
  return FingerprintKey(secret);
}

std::string email(size_t number, bool messy) {
  static constexpr const char* domains[] = {"gmail.com", "example.org", "mail.example.co.uk"};
  std::string local = "first.last" + std::to_string(number * 7919 % 1000003);
  if (messy) local[0] = 'F';
  const std::string made = local + "@" + domains[number % 3];
  return messy ? "  " + made + " " : made;
}

std::string phone(size_t number, bool messy) {
  const std::string digits = std::to_string(1000000 + number * 7919 % 8999999);
  if (!messy) return "+38050" + digits;
  return "+38 (050) " + digits.substr(0, 3) + "-" + digits.substr(3);
}

enum class Kind : uint8_t { plain_email, messy_email, idn_email, plain_phone, messy_phone, mixed };

std::string raw(Kind kind, size_t number) {
  switch (kind) {
    case Kind::plain_email:
      return email(number, false);
    case Kind::messy_email:
      return email(number, true);
    case Kind::idn_email:
      return "post" + std::to_string(number) +
             "@b\xc3\xbc"
             "cher.example";
    case Kind::plain_phone:
      return phone(number, false);
    case Kind::messy_phone:
      return phone(number, true);
    case Kind::mixed:
      break;
  }
  return number % 5 == 0 ? phone(number, number % 2 == 0) : email(number, number % 4 == 0);
}

std::vector<std::string> raws(Kind kind) {
  std::vector<std::string> made;
  for (size_t i = 0; i < rows; ++i) made.push_back(raw(kind, i));
  return made;
}

void normalize(benchmark::State& state, Kind kind) {
  const auto texts = raws(kind);
  Normalizer normalizer;
  CanonicalAddress address;
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(normalizer.address(texts[i], std::nullopt, {}, address));
    i = (i + 1) % rows;
  }
  state.SetItemsProcessed(state.iterations());
}

void fingerprint(benchmark::State& state) {
  const auto texts = raws(Kind::plain_email);
  const FingerprintKey key = bench_key();
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(key(CanonicalAddress::from_stored(Channel::email, texts[i])));
    i = (i + 1) % rows;
  }
  state.SetItemsProcessed(state.iterations());
}

void digest(benchmark::State& state) {
  Digest sum;
  uint64_t i = 0;
  for (auto _ : state) {
    sum += entry_digest({i, ~i}, asking_account, slot_state(Reason::manual));
    ++i;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}

std::string lines_of(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines.append(text).append("\n");
  return lines;
}

/// Lines, classes and lower case, a block at a time.
void mark_lines(benchmark::State& state, Kernel kernel) {
  if (!kernel_available(kernel)) return state.SkipWithError("not on this CPU");
  const std::string text = lines_of(raws(Kind::plain_email));
  AddressLines lines(kernel);
  size_t marked = 0;
  std::string_view rest = text;
  for (auto _ : state) {
    if (rest.empty()) rest = text;
    rest.remove_prefix(lines.read(rest));
    marked += lines.size();
  }
  benchmark::DoNotOptimize(lines);
  state.SetItemsProcessed(static_cast<int64_t>(marked));
}

/// Hashing of what was marked.
void fingerprint_lines(benchmark::State& state) {
  const std::string text = lines_of(raws(Kind::plain_email));
  const FingerprintKey key = bench_key();
  std::vector<EmailPiece> to_32, to_64;
  size_t begin = 0;
  for (size_t end = 0; (end = text.find('\n', begin)) < AddressLines::bytes_max; begin = end + 1) {
    const EmailPiece piece{static_cast<uint16_t>(begin), static_cast<uint16_t>(end - begin), 0};
    (end - begin <= 32 ? to_32 : to_64).push_back(piece);
    (end - begin <= 32 ? to_32 : to_64).back().row = static_cast<uint32_t>(to_32.size());
  }
  std::vector<Fingerprint> fingerprints(to_32.size() + to_64.size());
  for (auto _ : state) {
    key.emails_17_to_32(text.data(), to_32, fingerprints.data());
    key.emails_33_to_64(text.data(), to_64, fingerprints.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(fingerprints.size()));
}

struct Scene {
  explicit Scene(uint64_t entries, const std::vector<std::string>& texts) {
    for (uint64_t i = 0; i < entries; ++i) {
      set.put(fingerprint_of(i), platform_number, slot_state(Reason::hard_bounce));
    }
    CanonicalAddress address;
    for (size_t i = 0; i < rows; i += 10) {
      if (normalizer.address(texts[i], std::nullopt, {}, address) != AddressError::none) continue;
      set.put(key(address), asking_account, slot_state(Reason::unsubscribe));
    }
  }
  const FingerprintKey key = bench_key();
  Normalizer normalizer;
  SuppressionSet set;
  SuppressionSet::Reader reader{set};
  BulkCheck check{set, reader, key, normalizer, {.account = asking_account}};
};

/// The whole way from a text's lines, with one address in ten on the list.
void check_lines(benchmark::State& state, Kind kind) {
  const auto texts = raws(kind);
  const std::string text = lines_of(texts);
  const auto scene = std::make_unique<Scene>(static_cast<uint64_t>(state.range(0)), texts);
  BulkCheck& check = scene->check;
  size_t checked = 0, suppressed = 0;
  for (auto _ : state) {
    for (std::string_view rest = text; !rest.empty(); checked += check.lines().size()) {
      rest.remove_prefix(check.read_lines(rest));
      const AddressLines& lines = check.lines();
      if (check.size() + lines.size() > BulkCheck::rows_max) {
        suppressed += (check.run(), check.not_clear().size());
      }
      const size_t first_row = check.size();
      for (const uint32_t i : check.push_lines(0, lines.size(), std::nullopt)) {
        check.settle(first_row + i, lines.raw(lines.line(i)), std::nullopt);
      }
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(checked));
  state.counters["suppressed%"] =
      100 * static_cast<double>(suppressed) / static_cast<double>(checked);
}

/// The whole way, address by address, with one in ten on the list.
void bulk_check(benchmark::State& state, Kind kind) {
  const auto texts = raws(kind);
  const auto scene = std::make_unique<Scene>(static_cast<uint64_t>(state.range(0)), texts);
  BulkCheck& check = scene->check;
  size_t at = 0;
  size_t suppressed = 0;
  for (auto _ : state) {
    for (size_t i = 0; i < BulkCheck::rows_max; ++i) check.push(texts[(at + i) % rows]);
    for (const RowVerdict& row : check.run()) suppressed += row.verdict == Verdict::suppressed;
    at = (at + BulkCheck::rows_max) % rows;
  }
  const auto checked = state.iterations() * static_cast<int64_t>(BulkCheck::rows_max);
  state.SetItemsProcessed(checked);
  state.counters["suppressed%"] =
      100 * static_cast<double>(suppressed) / static_cast<double>(checked);
}

BENCHMARK_CAPTURE(normalize, plain_email, Kind::plain_email);
BENCHMARK_CAPTURE(normalize, messy_email, Kind::messy_email);
BENCHMARK_CAPTURE(normalize, idn_email, Kind::idn_email);
BENCHMARK_CAPTURE(normalize, plain_phone, Kind::plain_phone);
BENCHMARK_CAPTURE(normalize, messy_phone, Kind::messy_phone);
BENCHMARK(fingerprint);
BENCHMARK(digest);
BENCHMARK_CAPTURE(mark_lines, scalar, Kernel::scalar);
BENCHMARK_CAPTURE(mark_lines, avx2, Kernel::avx2);
BENCHMARK_CAPTURE(mark_lines, avx512, Kernel::avx512);
BENCHMARK(fingerprint_lines);
BENCHMARK_CAPTURE(check_lines, plain_email, Kind::plain_email)->Arg(100'000)->Arg(10'000'000);
BENCHMARK_CAPTURE(check_lines, plain_phone, Kind::plain_phone)->Arg(100'000)->Arg(10'000'000);
BENCHMARK_CAPTURE(check_lines, mixed, Kind::mixed)->Arg(100'000)->Arg(10'000'000);
BENCHMARK_CAPTURE(bulk_check, plain_email, Kind::plain_email)->Arg(100'000)->Arg(10'000'000);
BENCHMARK_CAPTURE(bulk_check, mixed, Kind::mixed)->Arg(100'000)->Arg(10'000'000);

}  // namespace
}  // namespace suppressd::bench

int main(int count, char** values) {
  std::printf("%s", suppressd::bench::environment().c_str());
  benchmark::Initialize(&count, values);
  if (benchmark::ReportUnrecognizedArguments(count, values)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
