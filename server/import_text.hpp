// Makes of an uploaded file the text that an import reads: unpacked (gzip, zstd; found by their
// first bytes) and in UTF-8 (byte order marks, UTF-16 with or without one, Latin-1, UTF-8 are told
// apart). A file that is UTF-8 already is left as it is, so that its rows keep their bytes.
//
// Constant memory, whatever the file's size. Limits against compressed bombs are those of request
// bodies: output at most `text_bytes_max`, ratio 200:1 after 1 MiB, zstd window 8 MiB. Thread
// safety: one thread's. Errors: ImportTextError for what the file is to blame for;
// std::filesystem::filesystem_error (with the errno) for what the disk is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace suppressd {

enum class TextEncoding : uint8_t { utf8, utf16_le, utf16_be, latin1 };
std::string_view name_of(TextEncoding encoding);
std::optional<TextEncoding> parse_encoding(std::string_view name);

/// `code`: damaged_compression, truncated_compression, too_expansive, text_too_large,
/// zstd_window_too_large, mixed_encodings (bytes that are not of the encoding: at which offset).
struct ImportTextError : std::runtime_error {
  ImportTextError(std::string_view error, const std::string& sentence)
      : std::runtime_error(sentence), code(error) {}
  std::string code;
};

/// The text's start (UTF-8, without a byte order mark) for find_import_format(), at most `bytes`.
struct TextSample {
  std::string text;
  bool whole = false;
  TextEncoding encoding = TextEncoding::utf8;
};
TextSample sample_text(const std::filesystem::path& upload, std::optional<TextEncoding> wanted,
                       size_t bytes);

/// Writes `text` durably, or renames `upload` to it when that is the text already; then `upload` is
/// gone. Does nothing when `text` is there and `upload` is not. `go_on` is asked every MiB or so
/// with the bytes read of the upload; false stops, leaving the upload (the result is false then).
bool make_text(const std::filesystem::path& upload, const std::filesystem::path& text,
               std::optional<TextEncoding> wanted, uint64_t text_bytes_max,
               const std::function<bool(uint64_t)>& go_on);

}  // namespace suppressd
