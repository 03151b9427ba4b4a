// Writing an image: the set's shards one after the other into a neighbor file, each piece as the
// export gives it, then the header in front, then sync and rename.
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "persistence/image.hpp"

namespace suppressd {
namespace {

namespace fs = std::filesystem;

/// So much may wait in memory for the disk; more only makes the sync at the end longer.
constexpr uint64_t unsynced_bytes_max = 16ull << 20;

/// Ends the writing; what() completes "the image was not written: ".
struct WriteFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(const char* doing) {
  throw WriteFailure(std::string("it cannot be ") + doing + ": " + std::strerror(errno));
}

fs::path neighbor_of(fs::path path) {
  return path += ".new";
}

void require_room(const fs::path& directory, uint64_t bytes) {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0) fail("measured whether there is room");
  const uint64_t left = uint64_t{disk.f_bavail} * disk.f_frsize;
  if (left < bytes + image_disk_left_bytes_min) {
    throw WriteFailure("the disk has " + std::to_string(left) + " bytes left, it needs " +
                       std::to_string(bytes) + " and leaves " +
                       std::to_string(image_disk_left_bytes_min));
  }
}

}  // namespace

/// The neighbor file while it is written; removes it unless it was put in place.
class ImageFileWriter {
 public:
  ImageFileWriter(fs::path path, const ImageOrigin& origin, uint32_t shards)
      : path_(std::move(path)), neighbor_(neighbor_of(path_)) {
    image_.origin_ = origin;
    image_.parts_.resize(shards);
    file_ = FileHandle(
        ::open(neighbor_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_.open()) fail("created");
    end_ = image_.encode_header().size();
  }
  ~ImageFileWriter() {
    if (!in_place_) ::unlink(neighbor_.c_str());
  }
  ImageFileWriter(const ImageFileWriter&) = delete;
  ImageFileWriter& operator=(const ImageFileWriter&) = delete;

  void add_shard(const SuppressionSet& set, uint32_t number, const std::function<bool()>& go_on) {
    ShardExport lines = set.export_shard(number);
    Image::Part& part = image_.parts_[number];
    part.offset = end_;
    XXH3_64bits_reset(&checksum_);
    for (auto piece = lines.next(); !piece.empty(); piece = lines.next()) {
      if (!go_on()) throw WriteFailure("it was stopped before its end");
      append({reinterpret_cast<const char*>(piece.data()), piece.size()});
    }
    part.shard = lines.finish();
    part.spilled = part.shard.spilled.size();
    append(spilled_octets(std::exchange(part.shard.spilled, {})));
    part.checksum = XXH3_64bits_digest(&checksum_);
    image_.entries_ += part.shard.filled + part.spilled;
  }

  /// Returns the file's size.
  uint64_t put_in_place(ImageCaching caching) {
    image_.bytes_ = end_;
    write_at(image_.encode_header(), 0);
    if (::fsync(file_.get()) != 0) fail("synced");
    if (caching == ImageCaching::drop) ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
    if (::rename(neighbor_.c_str(), path_.c_str()) != 0) fail("renamed");
    in_place_ = true;
    const FileHandle directory(
        ::open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.open() || ::fsync(directory.get()) != 0) fail("synced in its directory");
    return image_.bytes_;
  }

 private:
  static std::string spilled_octets(const std::vector<ShardImage::Spilled>& spilled) {
    std::string octets(Image::whole_blocks(spilled.size() * Image::spilled_bytes), '\0');
    char* to = octets.data();
    for (const ShardImage::Spilled& entry : spilled) {
      const uint64_t words[] = {entry.range, entry.slot};
      std::memcpy(to, words, sizeof words);
      to += sizeof words;
    }
    return octets;
  }

  void append(std::string_view octets) {
    XXH3_64bits_update(&checksum_, octets.data(), octets.size());
    write_at(octets, end_);
    end_ += octets.size();
    if (end_ - handed_over_ < unsynced_bytes_max) return;
    // Begins the new writes, and waits for those begun the time before.
    const uint64_t waited =
        handed_over_ < unsynced_bytes_max ? 0 : handed_over_ - unsynced_bytes_max;
    ::sync_file_range(file_.get(), static_cast<off_t>(handed_over_), 0, SYNC_FILE_RANGE_WRITE);
    ::sync_file_range(
        file_.get(), static_cast<off_t>(waited), static_cast<off_t>(handed_over_ - waited),
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    handed_over_ = end_;
  }

  void write_at(std::string_view octets, uint64_t offset) {
    while (!octets.empty()) {
      const ssize_t written =
          ::pwrite(file_.get(), octets.data(), octets.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("written");
      octets.remove_prefix(static_cast<size_t>(written));
      offset += static_cast<uint64_t>(written);
    }
  }

  const fs::path path_, neighbor_;
  FileHandle file_;
  Image image_;
  XXH3_state_t checksum_;
  uint64_t end_ = 0;
  uint64_t handed_over_ = 0;  // to the disk, by sync_file_range
  bool in_place_ = false;
};

ImageWritten write_image(const fs::path& path, const SuppressionSet& set, const ImageOrigin& origin,
                         ImageCaching caching, const std::function<bool()>& go_on) {
  assert(set.shards() <= image_shards_max);
  ImageWritten result;
  try {
    require_room(path.parent_path(), set.memory_bytes());
    ImageFileWriter file(path, origin, set.shards());
    for (uint32_t shard = 0; shard < set.shards(); ++shard) file.add_shard(set, shard, go_on);
    result.bytes = file.put_in_place(caching);
    result.written = true;
  } catch (const std::bad_alloc&) {
    result.failure = "memory is short";
  } catch (const std::exception& failure) {
    result.failure = failure.what();
  }
  return result;
}

void remove_unfinished_image(const fs::path& path) {
  ::unlink(neighbor_of(path).c_str());
}

}  // namespace suppressd
