// What an import remembers so that it can be resumed: how far the server has acknowledged the file.
//
// Invariants
//  1. The state on disk never says more than was acknowledged: it is replaced, whole, by a synced
//     file under the same name, after the answer arrived.
//  2. It belongs to one file as it was (size, time of change, hash of its head) and one set of
//     options; with anything else resuming is refused, never guessed.
// Files: $XDG_STATE_HOME/suppressctl/import-<hash>.json, else ~/.local/state/suppressctl/….
// Thread safety: one thread's. Errors: Failure.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tools/suppressctl/rows.hpp"
#include "tools/suppressctl/settings.hpp"

namespace suppressctl {

/// A file as it was when the import began.
struct FileIdentity {
  uint64_t size = 0;
  int64_t modified_ns = 0;
  std::string head;  // hash of the first 64 KiB, in hex
  bool operator==(const FileIdentity&) const = default;
};
FileIdentity identify(const InputFile& input);

struct ImportCounts {
  uint64_t added = 0;
  uint64_t updated = 0;
  uint64_t unchanged = 0;
  uint64_t invalid = 0;
  uint64_t rows() const { return added + updated + unchanged + invalid; }
};

struct ImportState {
  std::string id;  // random, of this import: a later one of the same file is another one
  FileIdentity file;
  std::string options;   // everything that decides what the rows mean
  RowPosition position;  // behind the last acknowledged row
  char delimiter = ',';
  std::string header;         // of CSV: the raw row that names the columns
  uint64_t errors_bytes = 0;  // of the errors file that belong to acknowledged rows
  ImportCounts counts;
};

/// Hex of a 128-bit hash, for names; not for secrets.
std::string short_hash(std::string_view text);
std::string random_id();

class ImportStateFile {
 public:
  /// One per input file, server and target.
  ImportStateFile(const std::string& input_path, const std::string& target,
                  const Environment& environment);

  std::optional<ImportState> load() const;
  void save(const ImportState& state) const;
  void remove() const;

 private:
  std::filesystem::path path_;
};

}  // namespace suppressctl
