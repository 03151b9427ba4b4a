// Makes of an uploaded file the text that an import reads: unpacked (gzip, zstd; found by their
// first bytes) and in UTF-8 (text_encoding.hpp). A file that is UTF-8 already is left as it is, mark
// and all, so that its rows keep their bytes.
//
// The encoding is decided by the text's first encoding_sample_bytes. Octets further on that are not
// of it do not stop the import: their rows are errors (bad_encoding, import_rows.hpp).
//
// Constant memory, whatever the file's size. Limits against compressed bombs are those of request
// bodies (inflater.hpp): output at most `text_bytes_max`, ratio 200:1 after 1 MiB, zstd window
// 8 MiB. Thread safety: one thread's. Errors: ImportTextError for what the file is to blame for;
// std::filesystem::filesystem_error (with the errno) for what the disk is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "server/text_encoding.hpp"

namespace suppressd {

inline constexpr size_t encoding_sample_bytes = 512 << 10;  // unpacked

/// `code`: damaged_compression, truncated_compression, too_expansive, text_too_large,
/// zstd_window_too_large.
struct ImportTextError : std::runtime_error {
  ImportTextError(std::string_view error, const std::string& sentence)
      : std::runtime_error(sentence), code(error) {}
  std::string code;
};

/// The text's start (UTF-8, without a byte order mark) for find_import_format(), at most `bytes`,
/// whole characters. `whole`: it is all of the text.
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
/// After an error the upload is there as well, and `text` is not.
bool make_text(const std::filesystem::path& upload, const std::filesystem::path& text,
               std::optional<TextEncoding> wanted, uint64_t text_bytes_max,
               const std::function<bool(uint64_t)>& go_on);

}  // namespace suppressd
