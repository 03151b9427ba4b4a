#include "server/import_scan.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_set>

#include "persistence/data_directory.hpp"
#include "server/input_file.hpp"

namespace suppressd {
namespace fs = std::filesystem;
namespace {

constexpr size_t bucket_count = 256;  // one at a time is in memory, as its different addresses
constexpr size_t bucket_piece_records = 50'000;
constexpr size_t bucket_buffer_bytes = 32 << 10;
constexpr size_t fingerprint_bytes = 12, record_bytes = fingerprint_bytes + sizeof(uint64_t);
constexpr size_t rows_between_clocks = 256;
constexpr size_t piece_bytes = 4 << 10;
constexpr uint64_t rows_an_octet = 4;

/// Why an address is in a bucket.
enum Place : uint8_t { identity = 0, second_phone = 1 };

[[noreturn]] void fail(const char* what, const fs::path& file) {
  throw fs::filesystem_error(what, file, std::error_code(errno, std::generic_category()));
}

class Descriptor {
 public:
  Descriptor(const fs::path& file, int flags) : file_(file) {
    number_ = ::open(file.c_str(), flags | O_CLOEXEC, 0600);
    if (number_ < 0) fail("cannot open", file);
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

  void write(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t written = ::write(number_, octets.data(), octets.size());
      if (written < 0 && errno != EINTR) fail("cannot write", file_);
      if (written > 0) octets.remove_prefix(static_cast<size_t>(written));
    }
  }

 private:
  const fs::path file_;
  int number_ = -1;
};

/// The start of an address's fingerprint, which is random already.
using Head = std::array<char, fingerprint_bytes>;
struct HeadHash {
  size_t operator()(const Head& head) const {
    size_t hash = 0;
    std::memcpy(&hash, head.data() + fingerprint_bytes - sizeof hash, sizeof hash);
    return hash;
  }
};

/// A file's octets in memory that the kernel takes back when it wants to.
class MappedFile {
 public:
  MappedFile(const fs::path& file, size_t octets) : file_(file, O_RDWR | O_CREAT | O_TRUNC) {
    size_ = octets;
    if (size_ == 0) return;
    // A page that finds no room on the disk later would be the end of the process.
    if (const int error = ::posix_fallocate(file_.number(), 0, static_cast<off_t>(size_))) {
      errno = error;
      fail("cannot write", file);
    }
    void* const at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file_.number(), 0);
    if (at == MAP_FAILED) fail("cannot map", file);
    octets_ = static_cast<unsigned char*>(at);
  }
  ~MappedFile() {
    if (octets_ != nullptr) ::munmap(octets_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  unsigned char& operator[](uint64_t at) { return octets_[at]; }
  void sync(const fs::path& file) {
    if (octets_ != nullptr && ::msync(octets_, size_, MS_SYNC) != 0) fail("cannot sync", file);
    if (::fsync(file_.number()) != 0) fail("cannot sync", file);
  }

 private:
  Descriptor file_;
  size_t size_ = 0;
  unsigned char* octets_ = nullptr;
};

}  // namespace

struct ImportScan::Buckets {
  std::array<std::string, bucket_count> buffers;
  std::unique_ptr<MappedFile> marks;

  static fs::path file(const fs::path& folder, size_t number) {
    return folder / ("bucket-" + std::to_string(number));
  }
  void add(const fs::path& folder, const Fingerprint& address, uint64_t row) {
    std::string& buffer = buffers[address.high >> 56];
    if (buffer.size() + record_bytes > bucket_buffer_bytes) flush(folder, address.high >> 56);
    if (buffer.capacity() == 0) buffer.reserve(bucket_buffer_bytes);
    std::array<char, record_bytes> record;
    std::memcpy(record.data(), &address.high, sizeof address.high);
    std::memcpy(record.data() + sizeof address.high, &address.low,
                fingerprint_bytes - sizeof address.high);
    std::memcpy(record.data() + fingerprint_bytes, &row, sizeof row);
    buffer.append(record.data(), record.size());
  }
  void flush(const fs::path& folder, size_t number) {
    if (buffers[number].empty()) return;
    Descriptor(file(folder, number), O_WRONLY | O_CREAT | O_APPEND).write(buffers[number]);
    buffers[number].clear();
  }
};

ImportScan::ImportScan(fs::path folder, const FingerprintKey& key,
                       std::unique_ptr<ImportRows> reader)
    : folder_(std::move(folder)),
      key_(key),
      reader_(std::move(reader)),
      buckets_(std::make_unique<Buckets>()) {
  for (size_t i = 0; i < bucket_count; ++i) fs::remove(Buckets::file(folder_, i));
}

ImportScan::~ImportScan() = default;

bool ImportScan::go_on(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (reader_) {
    for (size_t i = 0; i < rows_between_clocks; ++i) {
      if (reader_->next(row_)) {
        read_row(row_);
        continue;
      }
      for (size_t bucket = 0; bucket < bucket_count; ++bucket) buckets_->flush(folder_, bucket);
      for (std::string& buffer : buckets_->buffers) buffer = {};
      buckets_->marks = std::make_unique<MappedFile>(folder_ / "duplicates",
                                                     (rows + rows_an_octet - 1) / rows_an_octet);
      reader_.reset();
      break;
    }
    if (std::chrono::steady_clock::now() >= until) return false;
  }
  for (; next_bucket_ < bucket_count; ++next_bucket_) {
    if (std::chrono::steady_clock::now() >= until) return false;
    mark_repeats();
  }
  buckets_->marks->sync(folder_ / "duplicates");
  sync_directory(folder_);
  return true;
}

void ImportScan::read_row(const ImportRow& row) {
  const uint64_t number = rows++;
  if (row.error != ImportError::none) {
    ++errors[static_cast<uint8_t>(row.error)];
    return;
  }
  ++usable;
  Place role = identity;
  for (const Channel channel : all_channels) {
    const std::string& address = row.addresses[static_cast<size_t>(channel) - 1];
    if (address.empty()) continue;
    const Fingerprint fingerprint = key_(CanonicalAddress::from_stored(channel, address));
    ++addresses;
    buckets_->add(folder_, fingerprint, number * 4 + role);
    role = second_phone;
  }
}

/// Records lie in the order of rows, so whichever comes after another one of its address repeats it.
void ImportScan::mark_repeats() {
  const fs::path file = Buckets::file(folder_, next_bucket_);
  if (!fs::exists(file)) return;
  std::unordered_set<Head, HeadHash> seen;
  std::string piece(bucket_piece_records * record_bytes, '\0');
  const InputFile from(file);
  for (uint64_t at = 0; const size_t got = from.read(piece.data(), piece.size(), at); at += got) {
    for (size_t i = 0; i + record_bytes <= got; i += record_bytes) {
      Head head;
      uint64_t place = 0;
      std::memcpy(head.data(), piece.data() + i, fingerprint_bytes);
      std::memcpy(&place, piece.data() + i + fingerprint_bytes, sizeof place);
      if (!seen.insert(head).second) mark(place);
    }
  }
  fs::remove(file);
}

void ImportScan::mark(uint64_t place) {
  const uint64_t row = place / 4;
  unsigned char& octet = (*buckets_->marks)[row / rows_an_octet];
  const auto shift = static_cast<unsigned>(row % rows_an_octet) * 2;
  if (((octet >> shift) & 3u) == 0) --usable;
  const unsigned mark =
      place % 4 == identity ? ImportDuplicates::repeats : ImportDuplicates::phone_taken;
  octet = static_cast<unsigned char>(octet | (mark << shift));
}

ImportDuplicates::ImportDuplicates(const fs::path& file) : file_(file) {
  descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail("cannot open", file);
}

ImportDuplicates::~ImportDuplicates() {
  ::close(descriptor_);
}

uint8_t ImportDuplicates::of(uint64_t row) {
  const uint64_t octet = row / rows_an_octet;
  if (octet < piece_begins_ || octet - piece_begins_ >= piece_.size()) {
    piece_.resize(piece_bytes);
    piece_begins_ = octet;
    const ssize_t got =
        ::pread(descriptor_, piece_.data(), piece_.size(), static_cast<off_t>(octet));
    if (got == 0) errno = EIO;
    if (got <= 0) fail("cannot read", file_);
    piece_.resize(static_cast<size_t>(got));
  }
  const auto shift = static_cast<unsigned>(row % rows_an_octet) * 2;
  return static_cast<uint8_t>((static_cast<unsigned char>(piece_[octet - piece_begins_]) >> shift) &
                              3u);
}

}  // namespace suppressd
