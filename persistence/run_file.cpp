#include "persistence/run_file.hpp"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>

#include "persistence/data_directory.hpp"

namespace suppressd {
namespace {

constexpr std::string_view ending = ".sst";

rocksdb::Slice slice(std::string_view octets) {
  return {octets.data(), octets.size()};
}

/// Not compressed. Suppressions are merged soon, and compressed then; what goes into `changes` stays
/// as it is written, but compressing it took a fifth of the time for which a run holds the
/// committer up.
rocksdb::Options file_options(const Database& database, Family family) {
  rocksdb::Options options = database.rocks().GetOptions(database.family(family));
  options.compression = rocksdb::kNoCompression;
  return options;
}

}  // namespace

RunFile::RunFile(const Database& database, Family family, std::filesystem::path path)
    : family_(family),
      path_(std::move(path)),
      writer_(std::make_unique<rocksdb::SstFileWriter>(
          rocksdb::EnvOptions(), file_options(database, family), database.family(family),
          false /* the next merge reads it: leave it in the page cache */)) {
  require_ok(writer_->Open(path_.string()));
}

RunFile::~RunFile() {
  writer_.reset();
  std::error_code error;
  std::filesystem::remove(path_, error);
}

void RunFile::put(std::string_view key, std::string_view value) {
  require_ok(writer_->Put(slice(key), slice(value)));
}

void RunFile::remove(std::string_view key) {
  require_ok(writer_->Delete(slice(key)));
}

void RunFile::finish() {
  require_ok(writer_->Finish());
  writer_.reset();
}

void RunFolder::clear() const {
  std::error_code error;
  std::filesystem::create_directory(path_, error);
  if (error) throw_system_error("create", path_);
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path().extension() == ending) std::filesystem::remove(entry.path(), error);
  }
}

std::filesystem::path RunFolder::next() {
  return path_ / (std::to_string(++last_) + std::string(ending));
}

}  // namespace suppressd
