// The directory that holds everything the server keeps, and the checks made before anything in it
// is touched.
//
//   FORMAT        text: the format's version, the secret's id, whether creation was completed
//   LOCK          flock()ed while a process has the directory open
//   secret        192 random bytes that key the fingerprints; readable by the owner only
//   acknowledged  the last acknowledged sequence (mark.hpp)
//   image         the set's lines, for a fast start (image.hpp); may be missing
//   db/           RocksDB
//   runs/         files on their way into it; what a crash leaves there is removed at the next start
//   imports/      files of imports (server/import_files.hpp)
//
// open() checks in this order and changes nothing before all of it holds: FORMAT is not newer; the
// directory is writable; no other process has it; FORMAT is whole; the secret is whole and is the
// one that FORMAT names.
// Creation is safe to interrupt: FORMAT says `creating` from the first moment and `ready` from
// finish_creation() on. Until then nothing was acknowledged, and the next start goes on with what
// is there. Files other than these are left alone.
// Errors: StoreError. Thread safety: one thread's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/fingerprint.hpp"
#include "persistence/codec.hpp"

namespace suppressd {

/// Format 1 had another digest in meta, format 2 no contacts and no feeds of accounts, format
/// 3 no imports and no memory of events; such directories are opened and raised.
inline constexpr unsigned directory_format = 4;
inline constexpr unsigned directory_format_min = 1;

/// An open file descriptor, closed at the end of its scope.
class FileHandle {
 public:
  explicit FileHandle(int descriptor = -1) : descriptor_(descriptor) {}
  ~FileHandle();
  FileHandle(FileHandle&& other) noexcept;
  FileHandle& operator=(FileHandle&& other) noexcept;
  int get() const { return descriptor_; }
  bool open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

class DataDirectory {
 public:
  explicit DataDirectory(std::filesystem::path path);

  /// True when the directory was made now, or its making was interrupted: the database and the mark
  /// may be missing or empty.
  bool creating() const { return creating_; }
  /// True when an older suppressd wrote it last.
  bool older() const { return format_ < directory_format; }
  unsigned long format() const { return format_; }
  /// Durably says that the directory is complete.
  void finish_creation();
  /// Durably raises the format of an older directory, so that an older suppressd refuses it.
  void raise_format();

  const std::array<std::byte, fingerprint_secret_bytes>& secret() const { return secret_; }
  /// 256 bits that follow from the secret and the purpose (16 to 64 octets).
  std::array<uint8_t, 32> derived_key(std::string_view purpose) const;
  const SecretId& secret_id() const { return secret_id_; }
  std::filesystem::path database_path() const { return path_ / "db"; }
  std::filesystem::path runs_path() const { return path_ / "runs"; }
  std::filesystem::path mark_path() const { return path_ / "acknowledged"; }
  std::filesystem::path image_path() const { return path_ / "image"; }
  const std::filesystem::path& path() const { return path_; }

 private:
  void refuse_newer() const;
  void lock();
  void begin_creation();
  void write_format(bool ready) const;
  void read_format();
  void read_secret();
  void create_secret();

  std::filesystem::path path_;
  FileHandle lock_;
  bool creating_ = false;
  unsigned long format_ = directory_format;
  SecretId secret_id_{};
  SecretId expected_secret_id_{};
  std::array<std::byte, fingerprint_secret_bytes> secret_{};
};

/// Writes `content` to `path` so that after a crash either nothing or all of it is there: a
/// neighbor file, synced, renamed, the directory synced. Mode 0600.
void write_file_durably(const std::filesystem::path& path, std::string_view content);
void sync_directory(const std::filesystem::path& path);
/// The error of the last system call as a StoreError: io, or read_only where that is the reason.
[[noreturn]] void throw_system_error(const std::string& doing, const std::filesystem::path& path);

}  // namespace suppressd
