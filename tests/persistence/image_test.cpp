// The image as a file: what is written is read back, and nothing that is not exactly what was
// written is.
#include "persistence/image.hpp"

#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <thread>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "persistence/bytes.hpp"
#include "store_harness.hpp"

using namespace suppressd;

namespace {

const SuppressionSet::Options four_shards{.shards = 4, .ranges_per_shard = 16384};
constexpr size_t fixed_bytes = 68, part_bytes = 60;

ImageOrigin origin_of(uint64_t sequence) {
  ImageOrigin origin;
  origin.secret.fill(7);
  origin.normalizer = normalizer_version;
  origin.sequence = sequence;
  return origin;
}

ImageWritten write(const fs::path& path, const SuppressionSet& set, uint64_t sequence = 5) {
  return write_image(path, set, origin_of(sequence), ImageCaching::keep, [] { return true; });
}

/// Some entries all over the set, and one address that so many accounts suppress that it spills.
void fill(SuppressionSet& set, uint64_t seed, size_t entries = 3'000) {
  std::mt19937_64 random(seed);
  for (size_t i = 0; i < entries; ++i) {
    set.put({random(), random()}, static_cast<AccountNumber>(random() % 3),
            slot_state(Reason::complaint));
  }
  for (AccountNumber account = 1; account <= 100; ++account) {
    set.put({1, 2}, account, SlotState::exempt);
  }
}

/// Why the file is not used; empty when it is. Then the set holds it, else nothing.
std::string refusal_of(const fs::path& path, SuppressionSet& set) {
  std::string refusal;
  const std::optional<Image> image = Image::open(path, refusal);
  std::atomic<double> progress{0};
  if (image && image->load(set, 2, progress, 0.5, refusal)) {
    REQUIRE(progress <= 0.5);
    return "";
  }
  REQUIRE(set.entries() == 0);
  REQUIRE(set.digest() == Digest{});
  return refusal.empty() ? "no file" : refusal;
}

std::string refusal_of(const fs::path& path) {
  SuppressionSet set(four_shards);
  return refusal_of(path, set);
}

std::string hex(std::string_view octets) {
  std::string text;
  char pair[3];
  for (const char octet : octets) {
    std::snprintf(pair, sizeof pair, "%02x", static_cast<unsigned char>(octet));
    text += pair;
  }
  return text;
}

/// Makes a header that was altered by hand whole again.
void sign(std::string& file) {
  std::string checksum;
  ByteWriter(checksum).u64(XXH3_64bits(file.data(), image_block_bytes - 8));
  file.replace(image_block_bytes - 8, 8, checksum);
}

}  // namespace

TEST_CASE("an image gives back every entry, also those that spilled") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  SuppressionSet set(four_shards);
  fill(set, 1);
  REQUIRE(set.statistics().spilled > 0);
  const ImageWritten written = write(path, set);
  REQUIRE(written.written);
  REQUIRE(written.failure.empty());
  REQUIRE(written.bytes == fs::file_size(path));
  REQUIRE_FALSE(fs::exists(directory.path() / "image.new"));
  {
    SuppressionSet again(four_shards);
    REQUIRE(refusal_of(path, again).empty());
    REQUIRE(again.entries() == set.entries());
    REQUIRE(again.digest() == set.digest());
    REQUIRE(again.statistics().moved == set.statistics().moved);
    REQUIRE(again.get({1, 2}, 100) == SlotState::exempt);
    REQUIRE(again.put({1, 2}, 100, SlotState::absent) == SlotState::exempt);
  }
  std::string refusal;
  const std::optional<Image> image = Image::open(path, refusal);
  REQUIRE(image);
  REQUIRE(image->origin().sequence == 5);
  REQUIRE(image->origin().secret == origin_of(5).secret);
  REQUIRE(image->entries() == set.entries());
  REQUIRE(image->bytes() == written.bytes);
}

TEST_CASE("an image that left the page cache is read") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  SuppressionSet set(four_shards), again(four_shards);
  fill(set, 2);
  REQUIRE(write_image(path, set, origin_of(1), ImageCaching::drop, [] { return true; }).written);
  REQUIRE(refusal_of(path, again).empty());
  REQUIRE(again.digest() == set.digest());
}

TEST_CASE("an image has these octets") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  SuppressionSet set({.shards = 4, .ranges_per_shard = 16384});
  // Shard 1 (01), range 1 of 16384, placement 0x8000; its line is the range's only one.
  set.put({0x40018000'00000000, 0x0011223344556677}, platform_number, slot_state(Reason::manual));
  REQUIRE(write(path, set, 0x1234).written);
  const std::string file = read_file(path);
  REQUIRE(file.size() == image_block_bytes + 4 * 16384 * sizeof(Line));
  REQUIRE(file.starts_with("suppimg1"));
  REQUIRE(hex(std::string_view(file).substr(8, 16)) == "00000001000000020000000200000001");
  REQUIRE(hex(std::string_view(file).substr(24, 44)) ==
          "07070707070707070707070707070707"
          "0000000000001234"
          "0000000000000001"
          "0000000000401000"
          "00000004");
  REQUIRE(hex(std::string_view(file).substr(fixed_bytes + part_bytes, 36)) ==
          "0000000000101000"
          "00000001"
          "0000000000000001"
          "0000000000000000"
          "0000000000000000");
  const size_t line = image_block_bytes + 16384 * sizeof(Line) + sizeof(Line);
  REQUIRE(hex(std::string_view(file).substr(line, 8)) == "0366554433220080");
  REQUIRE(file.find_first_not_of('\0', line + 8) == std::string::npos);
}

TEST_CASE("a file that is not there or not an image is refused") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  REQUIRE(refusal_of(path) == "no file");
  write_file(path, "");
  REQUIRE(refusal_of(path) == "it is not an image");
  write_file(path, std::string(100'000, 'x'));
  REQUIRE(refusal_of(path) == "it is not an image");
  fs::remove(path);
  fs::create_directory(path);
  REQUIRE_FALSE(refusal_of(path).empty());
}

TEST_CASE("an image that was cut or grown is refused") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  SuppressionSet set(four_shards);
  fill(set, 3);
  REQUIRE(write(path, set).written);
  const size_t size = fs::file_size(path);
  for (size_t length : {size + 4096, size + 1, size - 1, size - 4096, size / 2, size_t{4096},
                        size_t{4095}, size_t{68}, size_t{67}, size_t{8}, size_t{0}}) {
    INFO("length " << length);
    fs::resize_file(path, length);
    REQUIRE_FALSE(refusal_of(path).empty());
  }
}

TEST_CASE("an image with one octet altered is refused, wherever it is") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  SuppressionSet set(four_shards);
  fill(set, seed);
  REQUIRE(write(path, set).written);
  const size_t size = fs::file_size(path);
  std::vector<size_t> places;
  for (size_t at = 0; at < fixed_bytes + 4 * part_bytes; ++at) places.push_back(at);
  for (size_t i = 0; i < 16; ++i) places.push_back(fixed_bytes + random() % image_block_bytes);
  for (size_t i = 0; i < 60 * test_size(); ++i) places.push_back(random() % size);
  for (size_t i = 0; i < 16; ++i) places.push_back(size - 1 - random() % image_block_bytes);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto flip = [&](size_t at, int mask) {
    file.seekg(static_cast<std::streamoff>(at));
    const int octet = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(octet ^ mask));
    file.flush();
  };
  for (const size_t at : places) {
    INFO("octet " << at);
    const int mask = 1 << random() % 8;
    flip(at, mask);
    REQUIRE_FALSE(refusal_of(path).empty());
    flip(at, mask);
  }
  REQUIRE(refusal_of(path).empty());
}

TEST_CASE("an image of another version, layout or shape is refused though it is whole") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  SuppressionSet set(four_shards);
  fill(set, 4);
  REQUIRE(write(path, set).written);
  std::string file = read_file(path);
  const auto with = [&](size_t at, char octet) {
    std::string altered = file;
    altered[at] = octet;
    sign(altered);
    write_file(path, altered);
    return refusal_of(path);
  };
  REQUIRE(with(11, 1).empty());  // the version that it has: signing is right
  REQUIRE_THAT(with(11, 9), Catch::Contains("image version 9"));
  REQUIRE_THAT(with(15, 99), Catch::Contains("layout"));
  REQUIRE_THAT(with(19, 99), Catch::Contains("layout"));
  REQUIRE_FALSE(with(67, 3).empty());                // shards
  REQUIRE_FALSE(with(fixed_bytes + 6, 0).empty());   // where a shard lies
  REQUIRE_FALSE(with(fixed_bytes + 11, 2).empty());  // its lines
  REQUIRE_FALSE(with(fixed_bytes + 12, 1).empty());  // more entries than slots
  REQUIRE_FALSE(with(fixed_bytes + 20, 1).empty());  // more moved ones than entries
  REQUIRE_FALSE(with(fixed_bytes + 28, 1).empty());  // more spilled ones than octets
  SuppressionSet other({.shards = 8, .ranges_per_shard = 8192});
  write_file(path, file);
  REQUIRE_FALSE(refusal_of(path, other).empty());
}

TEST_CASE("a writing that is stopped leaves the image that was there") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  SuppressionSet set(four_shards);
  fill(set, 5);
  REQUIRE(write(path, set).written);
  const std::string before = read_file(path);
  fill(set, 6);
  int asked = 0;
  const ImageWritten stopped =
      write_image(path, set, origin_of(6), ImageCaching::keep, [&] { return ++asked < 3; });
  REQUIRE_FALSE(stopped.written);
  REQUIRE_THAT(stopped.failure, Catch::Contains("stopped"));
  REQUIRE(read_file(path) == before);
  REQUIRE_FALSE(fs::exists(directory.path() / "image.new"));
  REQUIRE_FALSE(write(directory.path() / "missing" / "image", set).written);
}

TEST_CASE("child writes an image to a full disk", "[.]") {
  SuppressionSet set(four_shards);
  fill(set, 7);
  const fs::path path = child_directory() / "image";
  bool right = write(path, set).written;
  const std::string before = read_file(path);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1 << 20, 1 << 20};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  fill(set, 8);
  const ImageWritten second = write(path, set, 6);
  right = right && !second.written && !second.failure.empty() && read_file(path) == before &&
          !fs::exists(child_directory() / "image.new");
  ::_exit(right ? 0 : 1);
}

TEST_CASE("a disk that fills while an image is written costs the new image only") {
  TemporaryDirectory directory;
  REQUIRE(exit_code_of(start_child("child writes an image to a full disk", directory.path())) == 0);
}

TEST_CASE("an image written beside a busy writer is a whole one") {
  TemporaryDirectory directory;
  const fs::path path = directory.path() / "image";
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  SuppressionSet set(four_shards);
  fill(set, seed, 100'000);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    std::mt19937_64 random(seed + 1);
    while (!stop) {
      set.put({random(), random()}, platform_number, slot_state(Reason::manual));
      set.put({1, 2}, static_cast<AccountNumber>(random() % 200),
              random() % 2 == 0 ? SlotState::absent : SlotState::exempt);
    }
  });
  std::vector<std::string> refusals;
  for (size_t round = 0; round < 3 * test_size(); ++round) {
    const bool written = write(path, set).written;
    SuppressionSet again(four_shards);
    refusals.push_back(written ? refusal_of(path, again) : "not written");
  }
  stop = true;
  writer.join();
  for (const std::string& refusal : refusals) REQUIRE(refusal == "");
}
