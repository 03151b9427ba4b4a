// The database of a closed store, read and altered behind the store's back.
#pragma once

#include <rocksdb/db.h>
#include <sodium.h>

#include "persistence/codec.hpp"
#include "persistence/keys.hpp"
#include "store_harness.hpp"

namespace suppressd {

/// FORMAT as an older suppressd wrote it.
inline void set_format(const fs::path& directory, unsigned format) {
  std::string content = read_file(directory / "FORMAT");
  content.replace(content.find("format 4"), 8, "format " + std::to_string(format));
  content.resize(content.rfind("check "));
  unsigned char hash[16];
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(content.data()),
                     content.size(), nullptr, 0);
  char hex[2 * sizeof hash + 1];
  sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
  write_file(directory / "FORMAT", content + "check " + hex + "\n");
}

/// The database of a closed store, opened without it.
class RawDatabase {
 public:
  explicit RawDatabase(const fs::path& directory) {
    std::string path = (directory / "db").string();
    std::vector<std::string> names;
    REQUIRE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> wanted;
    for (const std::string& name : names) wanted.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* rocks = nullptr;
    REQUIRE(rocksdb::DB::Open({}, path, wanted, &handles_, &rocks).ok());
    rocks_.reset(rocks);
  }
  ~RawDatabase() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      rocks_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
  }

  void put(const std::string& family, const std::string& key, const std::string& value) {
    REQUIRE(rocks_->Put({}, handle(family), key, value).ok());
  }
  void remove(const std::string& family, const std::string& key) {
    REQUIRE(rocks_->Delete({}, handle(family), key).ok());
  }
  std::string get(const std::string& family, const std::string& key) {
    std::string value;
    REQUIRE(rocks_->Get({}, handle(family), key, &value).ok());
    return value;
  }
  size_t count(const std::string& family) {
    std::unique_ptr<rocksdb::Iterator> row(rocks_->NewIterator({}, handle(family)));
    size_t rows = 0;
    for (row->SeekToFirst(); row->Valid(); row->Next()) ++rows;
    return rows;
  }
  Meta meta() { return *decode_meta(get("default", "meta")); }
  void put_meta(const Meta& meta) {
    std::string bytes;
    encode(meta, bytes);
    put("default", "meta", bytes);
  }
  /// Rewrites the suppressions as small tables of one level; returns their files in key order.
  std::vector<std::string> spread() {
    rocksdb::ColumnFamilyHandle* family = handle("suppressions");
    REQUIRE(rocks_->SetOptions(family, {{"target_file_size_base", "20000"}}).ok());
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    REQUIRE(rocks_->CompactRange(options, family, nullptr, nullptr).ok());
    return tables();
  }
  /// The files of the suppressions' tables.
  std::vector<std::string> tables() {
    rocksdb::ColumnFamilyMetaData now;
    rocks_->GetColumnFamilyMetaData(handle("suppressions"), &now);
    std::vector<std::string> files;
    for (const auto& level : now.levels) {
      for (const auto& file : level.files) files.push_back(file.db_path + file.name);
    }
    return files;
  }
  std::map<std::string, std::string> rows(const std::string& family) {
    std::map<std::string, std::string> rows;
    std::unique_ptr<rocksdb::Iterator> row(rocks_->NewIterator({}, handle(family)));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      rows.emplace(row->key().ToString(), row->value().ToString());
    }
    return rows;
  }
  /// What a scan with RocksDB's defaults finds, and whether it says that all is well.
  std::pair<size_t, bool> plain_scan() {
    std::unique_ptr<rocksdb::Iterator> row(rocks_->NewIterator({}, handle("suppressions")));
    size_t rows = 0;
    for (row->SeekToFirst(); row->Valid(); row->Next()) ++rows;
    return {rows, row->status().ok()};
  }

 private:
  rocksdb::ColumnFamilyHandle* handle(const std::string& family) {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      if (handle->GetName() == family) return handle;
    }
    throw std::runtime_error("no such column family");
  }

  std::unique_ptr<rocksdb::DB> rocks_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

}  // namespace suppressd
