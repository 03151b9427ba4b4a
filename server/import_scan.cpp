#include "server/import_scan.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "persistence/data_directory.hpp"

namespace suppressd {
namespace fs = std::filesystem;
namespace {

constexpr size_t bucket_count = 256;  // of 100 million rows with two addresses each takes 16 MB
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

struct Record {
  std::array<char, fingerprint_bytes> fingerprint;
  uint64_t row;  // * 4 + role
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
    sort_bucket();
  }
  buckets_->marks->sync(folder_ / "duplicates");
  sync_directory(folder_);
  return true;
}

void ImportScan::read_row(const ImportRow& row) {
  const uint64_t number = rows++;
  octets = row.end;
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
    buckets_->add(folder_, fingerprint, number * 4 + role);
    role = second_phone;
  }
}

void ImportScan::sort_bucket() {
  const fs::path file = Buckets::file(folder_, next_bucket_);
  std::error_code none;
  const uint64_t size = fs::file_size(file, none);
  if (none || size < record_bytes) return;
  std::vector<Record> records(size / record_bytes);
  {
    std::string text(size, '\0');
    const Descriptor from(file, O_RDONLY);
    for (size_t read = 0; read < text.size();) {
      const ssize_t got = ::read(from.number(), text.data() + read, text.size() - read);
      if (got == 0) errno = EIO;
      if (got <= 0 && errno != EINTR) fail("cannot read", file);
      if (got > 0) read += static_cast<size_t>(got);
    }
    for (size_t i = 0; i < records.size(); ++i) {
      const char* const at = text.data() + i * record_bytes;
      std::memcpy(records[i].fingerprint.data(), at, fingerprint_bytes);
      std::memcpy(&records[i].row, at + fingerprint_bytes, sizeof records[i].row);
    }
  }
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    const int order = std::memcmp(a.fingerprint.data(), b.fingerprint.data(), fingerprint_bytes);
    return order != 0 ? order < 0 : a.row < b.row;
  });
  for (size_t i = 1; i < records.size(); ++i) {
    if (records[i].fingerprint != records[i - 1].fingerprint) continue;
    const uint64_t row = records[i].row / 4;
    unsigned char& octet = (*buckets_->marks)[row / rows_an_octet];
    const auto shift = static_cast<unsigned>(row % rows_an_octet) * 2;
    if (((octet >> shift) & 3u) == 0) --usable;
    const unsigned mark =
        records[i].row % 4 == identity ? ImportDuplicates::repeats : ImportDuplicates::phone_taken;
    octet = static_cast<unsigned char>(octet | (mark << shift));
  }
  fs::remove(file);
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
