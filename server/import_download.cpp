#include "server/import_download.hpp"

#include <array>
#include <fstream>

#include "persistence/contact_reader.hpp"
#include "server/contact_csv.hpp"
#include "server/csv_splitter.hpp"
#include "server/import_json.hpp"
#include "server/import_rows.hpp"

namespace suppressd {
namespace {

constexpr size_t piece_rows = 2'000;
constexpr size_t piece_bytes = 256 << 10;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr size_t block_bytes = 256 << 10;

constexpr std::array<std::pair<std::string_view, ImportClass>, 11> classes{
    {{"all", ImportClass::all},
     {"new", ImportClass::created},
     {"updated", ImportClass::updated},
     {"unchanged", ImportClass::unchanged},
     {"restored", ImportClass::restored},
     {"deleted", ImportClass::deleted},
     {"conflict", ImportClass::conflict},
     {"duplicate", ImportClass::duplicate},
     {"invalid", ImportClass::invalid},
     {"suppressed", ImportClass::suppressed},
     {"rejected", ImportClass::rejected}}};

bool belongs(const ImportMark& row, ImportClass wanted) {
  switch (wanted) {
    case ImportClass::all:
      return true;
    case ImportClass::created:
      return row.fate == ImportFate::created;
    case ImportClass::updated:
      return row.fate == ImportFate::updated;
    case ImportClass::unchanged:
      return row.fate == ImportFate::unchanged;
    case ImportClass::restored:
      return row.fate == ImportFate::restored;
    case ImportClass::deleted:
      return row.fate == ImportFate::kept_deleted;
    case ImportClass::conflict:
      return row.fate == ImportFate::conflict || row.fate == ImportFate::too_many;
    case ImportClass::duplicate:
      return row.fate == ImportFate::duplicate;
    case ImportClass::invalid:
      return row.fate == ImportFate::invalid;
    case ImportClass::suppressed:
      return row.suppressed().has_value();
    case ImportClass::rejected:
      return !row.clear();
  }
  return false;
}

Problem running_problem() {
  return {409,
          "import-not-ended",
          "The import has not ended.",
          "Its rows can be fetched once it is done, cancelled or failed.",
          {},
          {},
          {}};
}

Problem files_gone_problem() {
  return {
      410, "import-files-gone", "The import's file is no longer kept.", "Its report stays.", {}, {},
      {}};
}

std::string_view without_ending(std::string_view row) {
  if (row.ends_with('\n')) row.remove_suffix(1);
  if (row.ends_with('\r')) row.remove_suffix(1);
  return row;
}

/// Without a mark before it and empty lines after it.
std::string_view header_row(std::string_view text) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

class DownloadSource final : public PieceSource {
 public:
  DownloadSource(const AppParts& parts, const ImportDownload& what) : parts_(parts), what_(what) {}

  Piece next() override {
    Piece piece;
    try {
      if (!rows_) {
        piece.problem = begin();
        if (piece.problem) return piece;
      }
      read(piece);
    } catch (const std::exception&) {
      piece.problem = storage_problem();
    }
    return piece;
  }

 private:
  std::optional<Problem> begin() {
    const std::optional<Job> job = find_import(parts_.store.contacts(), what_.name);
    if (!job) return unknown_import_problem();
    if (!ended(job->state)) return running_problem();
    const auto plan = parse_import_plan(job->plan);
    const std::filesystem::path text = parts_.imports.text(what_.name);
    if (!plan || !plan->format || !std::filesystem::exists(text)) return files_gone_problem();
    format_ = *plan->format;
    text_.open(text, std::ios::binary);
    rows_ = std::make_unique<ImportRows>(text, format_, plan->region, normalizer_, 0);
    return std::nullopt;
  }

  /// The mark of the row; false when the import got no further.
  bool mark_of(uint64_t row, ImportMark& mark) {
    if (row >= marks_begin_ + marks_.size()) {
      marks_begin_ += marks_.size();
      marks_ =
          parts_.store.contacts().import_rows(what_.name.account, what_.name.job, marks_begin_);
      if (marks_.empty()) return false;
    }
    mark = marks_[row - marks_begin_];
    return true;
  }

  void read(Piece& piece) {
    piece.sequence = parts_.store.sequence();
    ImportRow row;
    ImportMark mark;
    for (size_t i = 0; i < piece_rows && piece.octets.size() < piece_bytes; ++i) {
      const bool more = rows_->next(row);
      if (!std::exchange(headed_, true))
        header(more ? row.begin : rows_->text_bytes(), piece.octets);
      piece.last = !more || !mark_of(row_, mark);
      if (piece.last) return;
      ++row_;
      if (what_.clean) {
        if (mark.clear()) piece.octets += octets(row.begin, row.end);
      } else if (belongs(mark, what_.wanted)) {
        write_row(row, mark, piece.octets);
      }
    }
  }

  /// Of the text; rows come in order, so a block serves many of them.
  std::string_view octets(uint64_t begin, uint64_t end) {
    if (begin < block_begin_ || end > block_begin_ + block_.size()) {
      block_.resize(std::max<uint64_t>(end - begin, block_bytes));
      block_begin_ = begin;
      text_.clear();
      text_.seekg(static_cast<std::streamoff>(begin));
      text_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
      block_.resize(static_cast<size_t>(text_.gcount()));
      if (block_.size() < end - begin) {
        throw std::runtime_error("an import's text is shorter than its rows");
      }
    }
    return std::string_view(block_).substr(begin - block_begin_, end - begin);
  }

  /// What is before the first row is the header.
  void header(uint64_t first_row, std::string& out) {
    if (what_.clean) {
      out += octets(0, first_row);
      return;
    }
    for (const char* name : {"row", "class", "error", "reason", "scope"}) {
      append_csv_cell(name, false, out);
    }
    if (format_.header) cells(header_row(octets(0, first_row)), out);
    end_csv_row(out);
  }

  void write_row(const ImportRow& row, const ImportMark& mark, std::string& out) {
    append_csv_cell(std::to_string(row_), false, out);
    append_csv_cell(name_of(mark.fate), false, out);
    const bool invalid = mark.fate == ImportFate::invalid;
    append_csv_cell(invalid ? error_name(static_cast<ImportError>(mark.error)) : "", false, out);
    const auto channel = mark.suppressed();
    append_csv_cell(channel ? name_of(mark.reason(*channel)) : "", false, out);
    append_csv_cell(channel ? name_of(mark.scope(*channel)) : "", false, out);
    // A row may be longer than what is read of one.
    cells(octets(row.begin, std::min(row.end, row.begin + import_row_bytes_max)), out);
    end_csv_row(out);
  }

  void cells(std::string_view row, std::string& out) {
    row = without_ending(row);
    if (format_.shape != ImportShape::csv) {
      append_csv_cell(row, what_.for_spreadsheet, out);
      return;
    }
    CsvCells split(row, format_.delimiter);
    std::string_view cell;
    std::string scratch;
    while (split.next(cell)) {
      append_csv_cell(csv_unquote(cell, scratch), what_.for_spreadsheet, out);
    }
  }

  const AppParts& parts_;
  const ImportDownload what_;
  Normalizer normalizer_;
  ImportFormat format_;
  std::unique_ptr<ImportRows> rows_;
  std::ifstream text_;
  std::string block_;
  uint64_t block_begin_ = 0;
  std::vector<ImportMark> marks_;
  uint64_t marks_begin_ = 0, row_ = 0;
  bool headed_ = false;
};

}  // namespace

std::optional<ImportClass> parse_import_class(std::string_view name) {
  for (const auto& [known, value] : classes) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::shared_ptr<PieceSource> import_download(const AppParts& parts, const ImportDownload& what) {
  return std::make_shared<DownloadSource>(parts, what);
}

}  // namespace suppressd
