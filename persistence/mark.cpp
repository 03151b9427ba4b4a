// The file is two blocks of 4096 bytes. Each opens with a slot:
//
//   "suppmrk1" | turn: 8, big-endian | sequence: 8, big-endian | BLAKE2b-128 of these 24 octets
//
// The slot with the larger turn is the newest; turn t is written to slot t mod 2.
#include "persistence/mark.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "persistence/bytes.hpp"
#include "persistence/store.hpp"

namespace suppressd {
namespace {

constexpr std::string_view magic = "suppmrk1";
constexpr size_t block_bytes = 4096;  // a sector or page never holds both slots
constexpr size_t check_bytes = 16;
constexpr size_t covered_bytes = magic.size() + 2 * sizeof(uint64_t);
constexpr size_t slot_bytes = covered_bytes + check_bytes;

std::string check_of(std::string_view octets) {
  std::string check(check_bytes, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(check.data()), check.size(),
                     reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), nullptr,
                     0);
  return check;
}

std::string make_slot(uint64_t turn, uint64_t sequence) {
  std::string slot;
  ByteWriter to(slot);
  to.raw(magic);
  to.u64(turn);
  to.u64(sequence);
  to.raw(check_of(slot));
  return slot;
}

bool parse_slot(std::string_view slot, uint64_t& turn, uint64_t& sequence) {
  if (slot.size() != slot_bytes || !slot.starts_with(magic) ||
      slot.substr(covered_bytes) != check_of(slot.substr(0, covered_bytes))) {
    return false;
  }
  ByteReader from(slot.substr(magic.size()));
  turn = from.u64();
  sequence = from.u64();
  return true;
}

}  // namespace

void Mark::create(const std::filesystem::path& path, uint64_t sequence) {
  std::string content = make_slot(0, sequence);
  content.resize(2 * block_bytes);
  write_file_durably(path, content);
}

std::optional<Mark> Mark::open(const std::filesystem::path& path) {
  FileHandle file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.open()) {
    if (errno == ENOENT) return std::nullopt;
    throw_system_error("open", path);
  }
  Mark mark(std::move(file));
  bool whole = false;
  for (size_t block = 0; block < 2; ++block) {
    std::string slot(slot_bytes, '\0');
    ssize_t length = ::pread(mark.file_.get(), slot.data(), slot.size(),
                             static_cast<off_t>(block * block_bytes));
    uint64_t turn, sequence;
    if (length != static_cast<ssize_t>(slot.size()) || !parse_slot(slot, turn, sequence)) continue;
    if (whole && turn < mark.turn_) continue;
    mark.turn_ = turn;
    mark.sequence_ = sequence;
    whole = true;
  }
  if (!whole) {
    throw StoreError(StoreError::Kind::damaged,
                     "the file " + path.string() +
                         " is damaged, so it cannot be told whether acknowledged changes are "
                         "missing. Restore the data directory from a backup, or, to go on with "
                         "what the store holds, rename that file to acknowledged.accepted.");
  }
  return mark;
}

bool Mark::write(uint64_t sequence) {
  std::string slot = make_slot(turn_ + 1, sequence);
  off_t at = static_cast<off_t>((turn_ + 1) % 2 * block_bytes);
  if (::pwrite(file_.get(), slot.data(), slot.size(), at) != static_cast<ssize_t>(slot.size()) ||
      ::fdatasync(file_.get()) != 0) {
    return false;
  }
  ++turn_;
  sequence_ = sequence;
  return true;
}

}  // namespace suppressd
