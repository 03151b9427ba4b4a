#include "tools/suppressctl/import_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tools/suppressctl/failure.hpp"

namespace suppressctl {
namespace {

constexpr size_t head_bytes = 64 * 1024;
constexpr int state_version = 1;

std::filesystem::path state_folder(const Environment& environment) {
  if (const auto base = environment("XDG_STATE_HOME"))
    return std::filesystem::path(*base) / "suppressctl";
  if (const auto home = environment("HOME"))
    return std::filesystem::path(*home) / ".local" / "state" / "suppressctl";
  throw Failure("Neither XDG_STATE_HOME nor HOME says where to remember the import's progress.");
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw Failure("The import's progress cannot be " + std::string(what) + " (" + path.string() +
                ": " + std::strerror(errno) + ").");
}

void write_synced(const std::filesystem::path& path, std::string_view text) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) fail(path, "saved");
  const bool written =
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!synced) fail(path, "saved");
}

std::string hex_of(uint64_t high, uint64_t low) {
  std::array<char, 33> hex;
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx", static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return hex.data();
}

}  // namespace

std::string short_hash(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return hex_of(hash.high64, hash.low64);
}

std::string random_id() {
  std::random_device random;
  const auto draw = [&random] { return uint64_t{random()} << 32 | random(); };
  const uint64_t high = draw();
  return hex_of(high, draw());
}

FileIdentity identify(const InputFile& input) {
  struct stat status {};
  if (::fstat(input.descriptor(), &status) != 0)
    throw Failure("Cannot look at " + input.path() + ": " + std::strerror(errno) + ".");
  std::string head(head_bytes, '\0');
  const ssize_t size = ::pread(input.descriptor(), head.data(), head.size(), 0);
  if (size < 0) throw Failure("Cannot read " + input.path() + ": " + std::strerror(errno) + ".");
  head.resize(static_cast<size_t>(size));
  return {static_cast<uint64_t>(status.st_size),
          status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, short_hash(head)};
}

ImportStateFile::ImportStateFile(const std::string& input_path, const std::string& target,
                                 const Environment& environment) {
  const std::string input = std::filesystem::absolute(input_path).lexically_normal().string();
  path_ = state_folder(environment) / ("import-" + short_hash(input + "\n" + target) + ".json");
}

std::optional<ImportState> ImportStateFile::load() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return std::nullopt;
  try {
    const auto json = nlohmann::json::parse(file);
    if (json.at("version") != state_version) throw std::invalid_argument("version");
    ImportState state;
    const auto& input = json.at("file");
    state.file = {input.at("size"), input.at("modified_ns"), input.at("head")};
    state.id = json.at("id");
    state.options = json.at("options");
    const auto& position = json.at("position");
    state.position = {position.at("offset"), position.at("row"), position.at("line")};
    state.delimiter = json.at("delimiter").get<std::string>().at(0);
    const auto header = json.at("header").get<std::vector<uint8_t>>();
    state.header.assign(header.begin(), header.end());
    state.errors_bytes = json.at("errors_bytes");
    const auto& counts = json.at("counts");
    state.counts = {counts.at("added"), counts.at("updated"), counts.at("unchanged"),
                    counts.at("invalid")};
    return state;
  } catch (const std::exception&) {
    throw Failure("The saved progress of this import cannot be read (" + path_.string() +
                  "). Start over with --restart.");
  }
}

void ImportStateFile::save(const ImportState& state) const {
  // The header as numbers: it may be in any encoding, and JSON text may not.
  const nlohmann::json json{
      {"version", state_version},
      {"file",
       {{"size", state.file.size},
        {"modified_ns", state.file.modified_ns},
        {"head", state.file.head}}},
      {"id", state.id},
      {"options", state.options},
      {"position",
       {{"offset", state.position.offset},
        {"row", state.position.row},
        {"line", state.position.line}}},
      {"delimiter", std::string(1, state.delimiter)},
      {"header", std::vector<uint8_t>(state.header.begin(), state.header.end())},
      {"errors_bytes", state.errors_bytes},
      {"counts",
       {{"added", state.counts.added},
        {"updated", state.counts.updated},
        {"unchanged", state.counts.unchanged},
        {"invalid", state.counts.invalid}}}};
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  const std::filesystem::path fresh = path_.string() + ".new";
  write_synced(fresh, json.dump());
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) fail(path_, "saved");
}

void ImportStateFile::remove() const {
  std::error_code error;
  std::filesystem::remove(path_, error);
}

}  // namespace suppressctl
