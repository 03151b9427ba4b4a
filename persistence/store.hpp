// The durable list: RocksDB column families by kind of record, one synced WriteBatch a commit.
//
// Files: data_directory.hpp. Keys: keys.hpp. Bytes of records: codec.cpp. What one commit does:
// commit_group.hpp.
//
// Promises
//  1. What commit() says is committed survives a crash: the batch is synced, then a mark outside
//     RocksDB (mark.hpp), so a start notices when an acknowledged tail is gone.
//  2. A change is there as a whole or not at all, and no sequence ever means two changes.
//  3. load() returns only when count and digest of what it read are what commits wrote down.
//  4. After the first storage error every later commit is refused; nothing is retried. Opening the
//     directory anew reads the disk again.
//  5. A refusal to open changes nothing, but for what RocksDB does when it opens: a database that
//     only meta shows to be short or foreign was opened by then.
//
// Thread safety: open, then load, then commit from one thread (the committer) and everything const
// from any thread. Reads see whole commits only.
// Errors: open() and load() throw StoreError with a sentence for the operator. Reads throw
// StorageFailure when RocksDB reports an error. commit() never throws: see Outcome::Status.
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/suppression_set.hpp"
#include "persistence/change.hpp"
#include "persistence/records.hpp"
#include "persistence/webhook.hpp"

namespace suppressd {

class BulkRun;
class ContactReader;
class PreparedRun;

/// Start-up failure; what() says what is wrong and what to do. Never holds an address.
struct StoreError : std::runtime_error {
  enum class Kind {
    locked,
    read_only,
    newer_format,
    foreign_secret,
    damaged,
    lost_changes,
    digest_mismatch,
    io
  };
  StoreError(Kind k, const std::string& sentence) : std::runtime_error(sentence), kind(k) {}
  Kind kind;
};

/// A read that RocksDB could not answer. Never holds an address.
struct StorageFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct StoreOptions {
  std::filesystem::path directory;
  uint64_t block_cache_bytes = 256ull << 20;
  uint64_t write_buffer_bytes = 64ull << 20;
  /// Told once, from any thread, when storage fails in the background. Must not call the store.
  std::function<void(std::string_view what)> on_failure;
};

/// How the set was filled.
struct Loaded {
  enum class From : uint8_t { store, image };
  From from = From::store;
  bool tables_read = false;       // From::store: from the tables' blocks, not with slower iterators
  uint64_t changes_replayed = 0;  // after the image
  /// Why the image that was there was deleted instead of used; empty when there was none.
  std::string image_refusal;
};

struct ImageWritten;  // image.hpp
enum class ImageCaching : uint8_t;

/// Bounds what reads must look through, and how far merging may fall behind.
inline constexpr uint64_t run_files_max = 36;

struct SuppressionFilter {
  std::optional<Channel> channel;
  std::optional<Reason> reason;  // strongest reason
  std::string source;            // of any cause; empty: all
  TimeMs since = 0;              // newest cause at or after
  std::string prefix;            // of the canonical address
};

struct SuppressionPage {
  std::vector<Suppression> items;
  std::string next;       // opaque; empty at the end
  uint64_t sequence = 0;  // at which the page was read
};

/// Rows of `changes` as they are stored; change_row.hpp reads them.
struct ChangePage {
  struct Item {
    uint64_t sequence = 0;
    std::string row;
  };
  std::vector<Item> items;
  uint64_t after = 0;  // the last change looked at; the next page begins after it
};
inline constexpr size_t change_page_bytes_max = 4 << 20;  // of rows; one that is larger comes alone
inline constexpr size_t change_page_examined_max = 20'000;  // of changes, whatever passes

class Store {
 public:
  /// Opens or creates. Refuses a directory that is locked, read-only, newer, damaged or of another
  /// secret before changing a byte in it.
  static std::unique_ptr<Store> open(const StoreOptions& options);
  ~Store();

  const FingerprintKey& fingerprint_key() const;

  /// Fills the empty set in parallel, from the image if there is one that can be proven, else by a
  /// scan of the store, and proves count and digest; throws StoreError otherwise. `progress` (0 to
  /// 1) is updated as it goes.
  Loaded load(SuppressionSet& set, unsigned threads, std::atomic<double>& progress);

  // ---- any thread ----
  uint64_t sequence() const;           // last committed
  uint64_t suppression_count() const;  // entries of the set: suppressions and exemptions
  /// Of an erased address: reason and time, with the source `erased` and no words.
  std::optional<Suppression> find(AccountNumber scope, Channel channel,
                                  std::string_view canonical) const;
  /// Suppressions (not what is only an exemption) in key order: channel, then address. At most
  /// `limit`, and bounded work: a page may be shorter, even empty, with `next` set, when a filter
  /// passes over many records. Erased ones are not shown: there is no address to show. `cursor` is what an earlier page gave, or empty. Throws
  /// std::invalid_argument on a bad cursor.
  SuppressionPage list(AccountNumber scope, const SuppressionFilter& filter,
                       std::string_view cursor, size_t limit) const;
  /// The changes after `after` up to `up_to`, in order, all or those that concern one account. At
  /// most `limit`, and bounded work and bytes: a page may be short, even empty, before `up_to`.
  ChangePage changes(uint64_t after, uint64_t up_to, std::optional<AccountNumber> account,
                     size_t limit) const;
  /// The next part of a running job of kind erase_contact, to be committed with a time of now (`by`
  /// is filled in); then read the job again and ask for the next one, until it is done. Does what
  /// the part needs beforehand: searches a piece of the log of changes, or rewrites the files that
  /// held what was erased, which takes seconds to minutes and first waits until reads that began
  /// earlier have ended. `contact`: whom the job is to erase. nullopt once `stopping` became true.
  ///
  /// Outcomes: `not_found`: there is no such contact (the first part only). `stopped`: the job was
  /// paused, or stands elsewhere by now.
  ///
  /// When the job is done, what was erased is in no file of the directory. Files that a walk opened
  /// earlier still reads go when it ends; a file system may keep what deleted files held.
  std::optional<Change> next_part_of_erasure(AccountNumber account, const Job& job,
                                             ContactId contact, std::atomic<bool>& stopping) const;
  /// Contacts, segments, requests, jobs, counts (contact_reader.hpp).
  const ContactReader& contacts() const;
  std::vector<Account> accounts() const;        // all; the server keeps them in memory
  std::vector<ApiKey> keys() const;             // all, revoked ones too
  std::vector<WebhookConfig> webhooks() const;  // all; the server keeps them in memory
  /// 256 bits that follow from the directory's secret and the purpose, which names what they are
  /// used for and the version of it: at least 16 octets, at most 64.
  std::array<uint8_t, 32> derived_key(std::string_view purpose) const;

  /// Writes the loaded set's lines to the directory's image (image.hpp), while the committer goes
  /// on. Every change up to `visible_sequence` must be in the set. Any one thread at a time; asked
  /// now and then, `go_on` ends it early.
  ImageWritten write_image(const SuppressionSet& set, uint64_t visible_sequence,
                           ImageCaching caching, const std::function<bool()>& go_on) const;

  /// Sorts the run and writes its file; its fingerprints must be filled in. Null when storage
  /// failed: then every later commit is refused.
  std::unique_ptr<PreparedRun> prepare(std::unique_ptr<BulkRun> run);
  /// The outcome to repeat: `replayed` or `idempotency_mismatch`; nullopt when the key is new.
  /// Throws StorageFailure.
  std::optional<Outcome> remembered(const Idempotency& idempotency, TimeMs at) const;
  /// Runs that were committed and not merged yet. Past run_files_max let the next one wait.
  uint64_t unmerged_runs() const;
  /// Storage failed: every later commit is refused.
  bool failed() const;

  // ---- the committer's thread ----

  /// Commits the changes as one synced batch, in order, each seeing what those before it did.
  /// `set` is read (never written) to skip store reads of entries that are surely absent.
  /// Appends to `updates` what the set must then be told. Never throws.
  void commit(std::span<const Change> changes, std::span<Outcome> outcomes,
              const SuppressionSet& set, std::vector<SetUpdate>& updates);

  /// Commits a run the same way, its files taken in at once. False, and nothing was done, when too
  /// many of its rows are known by now, or may be addresses of contacts: then commit its changes. Of the rows that are alone the set
  /// must be told, too (PreparedRun::for_each_alone), unless the outcome is not `committed`.
  [[nodiscard]] bool commit(PreparedRun& run, const SuppressionSet& set, Outcome& outcome,
                            std::vector<SetUpdate>& updates);

  /// Flushes and closes; further calls are programmer errors. Also done by the destructor.
  void close();

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
