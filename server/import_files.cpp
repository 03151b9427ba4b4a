#include "server/import_files.hpp"

#include <sys/statvfs.h>

#include <charconv>

#include "persistence/data_directory.hpp"

namespace suppressd {
namespace fs = std::filesystem;
namespace {

std::optional<ImportName> parse_folder(std::string_view text) {
  ImportName name;
  const char* const end = text.data() + text.size();
  const auto account = std::from_chars(text.data(), end, name.account);
  if (account.ec != std::errc() || account.ptr == end || *account.ptr != '-') return std::nullopt;
  const auto job = std::from_chars(account.ptr + 1, end, name.job);
  if (job.ec != std::errc() || job.ptr != end) return std::nullopt;
  return name;
}

}  // namespace

ImportFiles::ImportFiles(const fs::path& data_dir, const ImportLimits& limits)
    : disk_free_bytes_min(limits.disk_free_bytes_min),
      root_(data_dir / "imports"),
      limits_(limits) {}

fs::path ImportFiles::folder(const ImportName& name) const {
  return root_ / (std::to_string(name.account) + "-" + std::to_string(name.job));
}

void ImportFiles::make_folder(const ImportName& name) const {
  const bool first = fs::create_directory(root_);
  if (first) {
    fs::permissions(root_, fs::perms::owner_all);
    sync_directory(root_.parent_path());
  }
  if (!fs::create_directory(folder(name))) return;
  fs::permissions(folder(name), fs::perms::owner_all);
  sync_directory(root_);
}

void ImportFiles::remove(const ImportName& name) const {
  std::error_code error;  // what is left now is found by the next sweep
  fs::remove_all(folder(name), error);
}

std::vector<ImportName> ImportFiles::all() const {
  std::vector<ImportName> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(root_, error)) {
    if (const auto name = parse_folder(entry.path().filename().string())) names.push_back(*name);
  }
  return names;
}

bool ImportFiles::disk_has_room() const {
  struct statvfs about {};
  if (::statvfs(root_.parent_path().c_str(), &about) != 0) return true;  // then writing tells
  return static_cast<uint64_t>(about.f_bavail) * about.f_frsize >=
         disk_free_bytes_min.load(std::memory_order_relaxed);
}

bool ImportFiles::uploads_are_too_many() {
  const std::lock_guard lock(mutex_);
  return claimed_.size() >= limits_.uploads_max;
}

std::shared_ptr<void> ImportFiles::claim(const ImportName& name, Refusal& refusal) {
  const std::lock_guard lock(mutex_);
  refusal = claimed_.contains(name)                  ? Refusal::busy
            : claimed_.size() >= limits_.uploads_max ? Refusal::too_many
                                                     : Refusal::none;
  if (refusal != Refusal::none) return nullptr;
  claimed_.insert(name);
  return std::shared_ptr<void>(this, [this, name](void*) {
    const std::lock_guard release(mutex_);
    claimed_.erase(name);
  });
}

}  // namespace suppressd
