#include "server/import_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "persistence/data_directory.hpp"
#include "server/inflater.hpp"
#include "server/input_file.hpp"

namespace suppressd {
namespace {

namespace fs = std::filesystem;

constexpr size_t read_bytes = 256 << 10;
constexpr uint64_t go_on_bytes = 1 << 20;  // of the upload, between two questions

std::optional<Coding> coding_of(std::string_view start) {
  if (start.starts_with("\x1F\x8B")) return Coding::gzip;
  if (start.starts_with("\x28\xB5\x2F\xFD")) return Coding::zstd;
  // A frame of zstd that holds no data may stand before those that do.
  if (start.size() >= 4 && (start[0] & 0xF0) == 0x50 && start.substr(1, 3) == "\x2A\x4D\x18") {
    return Coding::zstd;
  }
  return std::nullopt;
}

/// The octets of an upload, unpacked.
class UploadOctets {
 public:
  UploadOctets(const fs::path& path, uint64_t bytes_max) : file_(path), bytes_max_(bytes_max) {
    char start[4];
    const auto coding = coding_of({start, file_.read(start, sizeof(start), 0)});
    if (coding) inflater_ = make_inflater(*coding);
  }

  bool packed() const { return inflater_ != nullptr; }
  uint64_t file_bytes() const { return file_.bytes(); }
  /// Octets taken of the file so far.
  uint64_t taken() const { return at_ - input_.size(); }

  /// Fills `out` unless the upload ends first; returns how many octets.
  size_t read(char* out, size_t room) {
    size_t filled = 0;
    while (filled < room) {
      const size_t got =
          packed() ? unpack(out + filled, room - filled) : plain(out + filled, room - filled);
      if (got == 0) break;
      filled += got;
      written_ += got;
      if (written_ > bytes_max_) {
        throw ImportTextError("text_too_large",
                              "The text is larger than " + std::to_string(bytes_max_) + " octets.");
      }
      if (packed() && inflated_too_far(taken(), written_)) {
        throw ImportTextError("too_expansive", "The file grows more than 200-fold when unpacked.");
      }
    }
    return filled;
  }

 private:
  size_t plain(char* out, size_t room) {
    const size_t got = file_.read(out, room, at_);
    at_ += got;
    return got;
  }

  size_t unpack(char* out, size_t room) {
    while (true) {
      if (inflater_->fault() != InflateFault::none) throw_fault();
      if (input_.empty()) fill();
      const size_t before = input_.size();
      const size_t got = inflater_->inflate(input_, out, room);
      if (got > 0) return got;
      if (before == 0 && inflater_->fault() == InflateFault::none)
        break;  // the file's end, and nothing is held back
    }
    if (!inflater_->whole()) {
      throw ImportTextError("truncated_compression", "The compressed file ends too early.");
    }
    return 0;
  }

  void fill() {
    packed_.resize(read_bytes);
    const size_t got = file_.read(packed_.data(), packed_.size(), at_);
    at_ += got;
    input_ = {packed_.data(), got};
  }

  [[noreturn]] void throw_fault() const {
    const bool window = inflater_->fault() == InflateFault::window_too_large;
    throw ImportTextError(window ? "zstd_window_too_large" : "damaged_compression",
                          std::string(inflater_->sentence()));
  }

  const InputFile file_;
  const uint64_t bytes_max_;
  std::unique_ptr<Inflater> inflater_;
  std::vector<char> packed_;
  std::string_view input_;  // of packed_, not unpacked yet
  uint64_t at_ = 0;         // of the file
  uint64_t written_ = 0;
};

/// The first octets, by which the encoding is known.
struct Start {
  std::string octets;
  bool whole = false;
  TextEncoding encoding = TextEncoding::utf8;
};

Start read_start(UploadOctets& upload, std::optional<TextEncoding> wanted) {
  Start start;
  start.octets.resize(encoding_sample_bytes);
  start.octets.resize(upload.read(start.octets.data(), start.octets.size()));
  start.whole = start.octets.size() < encoding_sample_bytes;
  start.encoding = wanted ? *wanted : detect_encoding(start.octets, start.whole);
  return start;
}

/// A file that is there as a whole or not at all.
class TextFile {
 public:
  explicit TextFile(const fs::path& path)
      : path_(path),
        aside_(path.string() + ".part"),
        file_(::open(aside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    if (!file_.open()) throw_file_error("create", aside_);
  }
  ~TextFile() {
    if (!kept_) ::unlink(aside_.c_str());
  }
  void write(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t written = ::write(file_.get(), octets.data(), octets.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_file_error("write", aside_);
      octets.remove_prefix(static_cast<size_t>(written));
    }
  }
  void keep() {
    if (::fsync(file_.get()) != 0) throw_file_error("sync", aside_);
    fs::rename(aside_, path_);
    kept_ = true;
  }

 private:
  const fs::path path_, aside_;
  FileHandle file_;
  bool kept_ = false;
};

void sync_names(const fs::path& folder) {
  FileHandle directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open() || ::fsync(directory.get()) != 0) throw_file_error("sync", folder);
}

void keep_as_it_is(const fs::path& upload, const fs::path& text) {
  {
    FileHandle file(::open(upload.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open() || ::fsync(file.get()) != 0) throw_file_error("sync", upload);
  }
  fs::rename(upload, text);
  sync_names(text.parent_path());
  if (upload.parent_path() != text.parent_path()) sync_names(upload.parent_path());
}

/// False when it was stopped.
bool convert(UploadOctets& octets, const Start& start, TextFile& file,
             const std::function<bool(uint64_t)>& go_on) {
  Utf8Converter converter(start.encoding);
  std::string out;
  std::vector<char> piece(read_bytes);
  converter.feed(start.octets, out);
  uint64_t asked_at = 0;
  while (true) {
    file.write(out);
    out.clear();
    if (octets.taken() - asked_at >= go_on_bytes) {
      asked_at = octets.taken();
      if (!go_on(asked_at)) return false;
    }
    const size_t got = octets.read(piece.data(), piece.size());
    if (got == 0) break;
    converter.feed({piece.data(), got}, out);
  }
  converter.finish(out);
  file.write(out);
  return true;
}

}  // namespace

TextSample sample_text(const fs::path& upload, std::optional<TextEncoding> wanted, size_t bytes) {
  UploadOctets octets(upload, UINT64_MAX);
  const Start start = read_start(octets, wanted);
  TextSample sample;
  sample.encoding = start.encoding;
  Utf8Converter converter(start.encoding);
  converter.feed(start.octets, sample.text);
  if (start.whole) converter.finish(sample.text);
  if (sample.text.starts_with(utf8_mark)) sample.text.erase(0, utf8_mark.size());
  sample.whole = start.whole && sample.text.size() <= bytes;
  if (sample.text.size() > bytes) sample.text.resize(bytes);
  if (!sample.whole) {
    sample.text.resize(without_started_character(sample.text).size());
  }
  return sample;
}

bool make_text(const fs::path& upload, const fs::path& text, std::optional<TextEncoding> wanted,
               uint64_t text_bytes_max, const std::function<bool(uint64_t)>& go_on) {
  const bool made = fs::exists(text);
  if (!fs::exists(upload) && made) return true;
  if (!made) {
    UploadOctets octets(upload, text_bytes_max);
    const Start start = read_start(octets, wanted);
    if (!octets.packed() && start.encoding == TextEncoding::utf8) {
      if (octets.file_bytes() > text_bytes_max) {
        throw ImportTextError("text_too_large", "The text is larger than " +
                                                    std::to_string(text_bytes_max) + " octets.");
      }
      keep_as_it_is(upload, text);
      return true;
    }
    TextFile file(text);
    if (!convert(octets, start, file, go_on)) return false;
    file.keep();
    sync_names(text.parent_path());
  }
  fs::remove(upload);
  return true;
}

}  // namespace suppressd
