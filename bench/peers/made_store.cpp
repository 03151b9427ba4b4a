#include "bench/peers/made_store.hpp"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/measure.hpp"
#include "persistence/codec.hpp"
#include "persistence/keys.hpp"
#include "persistence/store.hpp"

namespace suppressd::bench {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t entries_per_table = 2'000'000;
constexpr size_t readahead_bytes = 4 << 20;

void require(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
}

/// As the store writes its tables (persistence/database.cpp).
rocksdb::Options table_options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::Options options;
  options.compression = rocksdb::kLZ4Compression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// The database of a closed store.
class Database {
 public:
  Database(const fs::path& directory, bool read_only) {
    const std::string path = directory / "db";
    std::vector<std::string> names;
    require(rocksdb::DB::ListColumnFamilies({}, path, &names));
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, table_options());
    rocksdb::DB* opened = nullptr;
    rocksdb::DBOptions options;
    options.max_open_files = -1;
    require(read_only ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles_, &opened)
                      : rocksdb::DB::Open(options, path, families, &handles_, &opened));
    rocks.reset(opened);
  }
  ~Database() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      rocks->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
  }
  rocksdb::ColumnFamilyHandle* family(const std::string& name) const {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      if (handle->GetName() == name) return handle;
    }
    throw std::runtime_error("no column family " + name);
  }

  std::unique_ptr<rocksdb::DB> rocks;

 private:
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

/// Writes the addresses [from, to) as one table.
void write_table(const fs::path& path, const FingerprintKey& key, uint64_t from, uint64_t to,
                 uint64_t entries, Digest& digest) {
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), table_options());
  require(writer.Open(path));
  Suppression record;
  record.causes = {{Reason::hard_bounce, "import", 0, "key_4f1d2c3b", "", "spring"}};
  std::string value;
  for (uint64_t i = from; i < to; ++i) {
    const std::string address = sorted_address(i, entries);
    record.causes[0].at = 1'700'000'000'000 + fingerprint_of(i).low % 10'000'000'000;
    value.clear();
    encode(record, value);
    require(writer.Put(suppression_key(platform_number, Channel::email, address), value));
    digest += entry_digest(key(CanonicalAddress::from_stored(Channel::email, address)),
                           platform_number, record.state());
  }
  require(writer.Finish());
}

}  // namespace

std::string sorted_address(uint64_t number, uint64_t entries) {
  static constexpr char digits[] = "abcdefghijklmnopqrstuvwxyz";
  static constexpr const char* names[] = {".maria", "_john", ".olena.k", "-sales", ""};
  static constexpr const char* domains[] = {"gmail.com", "example.org", "mail.example.net",
                                            "company.example"};
  constexpr size_t local_digits = 9;
  constexpr uint64_t locals = 26ull * 26 * 26 * 26 * 26 * 26 * 26 * 26 * 26;
  const uint64_t mixed = fingerprint_of(number).high;
  const uint64_t step = locals / entries;
  uint64_t local = number * step + mixed % step;
  std::string address(local_digits, '\0');
  for (size_t i = local_digits; i-- > 0; local /= 26) address[i] = digits[local % 26];
  address += names[(mixed >> 40) % std::size(names)];
  address += '@';
  return address += domains[(mixed >> 50) % std::size(domains)];
}

void make_store(const fs::path& directory, uint64_t entries) {
  StoreOptions options;
  options.directory = directory;
  std::unique_ptr<Store> store = Store::open(options);
  const FingerprintKey key = store->fingerprint_key();
  store.reset();
  Digest digest;
  std::vector<std::string> tables;
  for (uint64_t from = 0; from < entries; from += entries_per_table) {
    tables.push_back(directory / ("made" + std::to_string(tables.size()) + ".sst"));
    write_table(tables.back(), key, from, std::min(entries, from + entries_per_table), entries,
                digest);
  }
  const Database database(directory, false);
  rocksdb::IngestExternalFileOptions ingest;
  ingest.move_files = true;
  require(database.rocks->IngestExternalFile(database.family("suppressions"), tables, ingest));
  std::string bytes;
  require(database.rocks->Get({}, database.family("default"), rocksdb::Slice(meta_key), &bytes));
  Meta meta = decode_meta(bytes).value();
  meta.entries = entries;
  meta.digest = digest;
  bytes.clear();
  encode(meta, bytes);
  require(database.rocks->Put({}, database.family("default"), rocksdb::Slice(meta_key), bytes));
  require(database.rocks->FlushWAL(true));
}

uint64_t count_with_iterator(const fs::path& directory) {
  const Database database(directory, true);
  rocksdb::ReadOptions options;
  options.readahead_size = readahead_bytes;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> row(
      database.rocks->NewIterator(options, database.family("suppressions")));
  uint64_t rows = 0;
  for (row->SeekToFirst(); row->Valid(); row->Next()) ++rows;
  require(row->status());
  return rows;
}

}  // namespace suppressd::bench
