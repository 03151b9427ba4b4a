#include "server/check_writers.hpp"

#include <cassert>
#include <charconv>
#include <cstring>

#include "server/csv_splitter.hpp"

namespace suppressd {
namespace {

constexpr size_t reasons = static_cast<size_t>(Reason::legal) + 1;
constexpr size_t address_errors = static_cast<size_t>(AddressError::short_code) + 1;
constexpr size_t row_errors = static_cast<size_t>(RowError::missing_column) + 1;

/// A short text that is copied at its full room, so that no copy's length is unknown.
class Text {
 public:
  static constexpr size_t room = 96;

  Text() = default;
  explicit Text(std::string_view text) : size_(text.size()) {
    assert(text.size() <= room);
    text.copy(bytes_.data(), room);
  }
  std::string_view view() const { return {bytes_.data(), size_}; }
  /// Writes it at `out`, which has room for more, and returns where it ends.
  char* write(char* out) const {
    std::memcpy(out, bytes_.data(), room);
    return out + size_;
  }

 private:
  size_t size_ = 0;
  std::array<char, room> bytes_{};
};

/// One text for every way of not being clear.
struct Texts {
  std::array<std::array<Text, 2>, reasons> suppressed;  // [reason][scope]
  std::array<Text, address_errors> invalid;
  std::array<Text, row_errors> unreadable;

  const Text& of(const RowVerdict& verdict, RowError error) const {
    if (verdict.verdict == Verdict::suppressed) {
      return suppressed[static_cast<size_t>(verdict.reason)][static_cast<size_t>(verdict.scope)];
    }
    return error == RowError::none ? invalid[static_cast<size_t>(verdict.error)]
                                   : unreadable[static_cast<size_t>(error)];
  }
};

template <class Suppressed, class Invalid>
Texts make_texts(Suppressed suppressed_text, Invalid invalid_text) {
  Texts texts;
  for (size_t reason = 0; reason < reasons; ++reason) {
    for (size_t scope = 0; scope < 2; ++scope) {
      texts.suppressed[reason][scope] = Text(suppressed_text(name_of(static_cast<Reason>(reason)),
                                                             name_of(static_cast<Scope>(scope))));
    }
  }
  for (size_t i = 0; i < address_errors; ++i)
    texts.invalid[i] = Text(invalid_text(error_name(static_cast<AddressError>(i))));
  for (size_t i = 0; i < row_errors; ++i)
    texts.unreadable[i] = Text(invalid_text(row_error_name(static_cast<RowError>(i))));
  return texts;
}

const Texts& json_texts() {
  static const Texts texts = make_texts(
      [](std::string_view reason, std::string_view scope) {
        return std::string(R"(,"verdict":"suppressed","reason":")")
            .append(reason)
            .append(R"(","scope":")")
            .append(scope)
            .append("\"");
      },
      [](std::string_view error) {
        return std::string(R"(,"verdict":"invalid","error":")").append(error).append("\"");
      });
  return texts;
}

void append_number(uint64_t number, std::string& out) {
  char digits[20];
  const auto result = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, static_cast<size_t>(result.ptr - digits));
}

void append_counts(const CheckSummary& summary, std::string& out) {
  append_number(summary.sequence, out.append(R"("sequence":)"));
  append_number(summary.checked(), out.append(R"(,"checked":)"));
  append_number(summary.clear, out.append(R"(,"clear":)"));
  append_number(summary.suppressed, out.append(R"(,"suppressed":)"));
  append_number(summary.invalid, out.append(R"(,"invalid":)"));
}

std::string_view result_start() {
  return R"({"index":)";
}

std::string result_channel(Channel list) {
  return std::string(R"(,"channel":")").append(name_of(list)).append("\"");
}

/// Results as objects, each after `before` but the first, and before `after`.
class JsonRows {
 public:
  JsonRows(std::string_view before, std::string_view after) : before_(before), after_(after) {}

  void append(const CheckChunk& chunk, std::string& out) {
    std::array<char, 8 * 1024> written;
    char* const full = written.data() + written.size() - result_bytes_max;
    char* at = written.data();
    const Text start(result_start());
    const Text middle(chunk.list ? result_channel(*chunk.list) : "");
    for (const uint16_t i : chunk.not_clear) {
      at = first_ ? at : before_.write(at);
      first_ = false;
      at = start.write(at);
      at = std::to_chars(at, at + index_digits_max, chunk.first_index + i).ptr;
      if (chunk.list) at = middle.write(at);
      at = texts_.of(chunk.verdicts[i], chunk.rows[i].error).write(at);
      at = after_.write(at);
      if (at <= full) continue;
      out.append(written.data(), at);
      at = written.data();
    }
    out.append(written.data(), at);
  }

 private:
  static constexpr size_t index_digits_max = 20;
  static constexpr size_t result_bytes_max = 5 * Text::room + index_digits_max;

  const Texts& texts_ = json_texts();
  Text before_, after_;
  bool first_ = true;
};

class JsonWriter : public VerdictWriter {
 public:
  std::string_view content_type() const override { return "application/json"; }
  void begin(std::string& out) override { out.append(R"({"results":[)"); }
  void rows(const CheckChunk& chunk, std::string& out) override { rows_.append(chunk, out); }
  void end(const CheckSummary& summary, std::string& out) override {
    out.append("],");
    append_counts(summary, out);
    out.append("}\n");
  }

 private:
  JsonRows rows_{",", "}"};
};

class NdjsonWriter : public VerdictWriter {
 public:
  std::string_view content_type() const override { return "application/x-ndjson"; }
  void rows(const CheckChunk& chunk, std::string& out) override { rows_.append(chunk, out); }
  void end(const CheckSummary& summary, std::string& out) override {
    out.append(R"({"summary":{)");
    append_counts(summary, out);
    out.append("}}\n");
  }

 private:
  JsonRows rows_{"", "}\n"};
};

/// The clear addresses. Neighbors in the body go over in one piece.
class TextWriter : public VerdictWriter {
 public:
  /// With `lines` the addresses are lines of the body; else they may have line breaks around them,
  /// which an answer of lines cannot hold (an address with one inside is never clear).
  explicit TextWriter(bool lines) : lines_(lines) {}

  std::string_view content_type() const override { return "text/plain; charset=utf-8"; }
  bool needs_rows() const override { return true; }

  void rows(const CheckChunk& chunk, std::string& out) override {
    const char* begin = nullptr;  // of the piece of the body that goes over next
    const char* end = nullptr;
    for (size_t i = 0; i < chunk.verdicts.size(); ++i) {
      if (chunk.verdicts[i].verdict != Verdict::clear) continue;
      const std::string_view address =
          lines_ ? chunk.rows[i].address : inner(chunk.rows[i].address);
      if (begin == nullptr || !(lines_ && *end == '\n' && end + 1 == address.data())) {
        flush(begin, end, out);
        begin = address.data();
      }
      end = address.data() + address.size();
    }
    flush(begin, end, out);
  }

  void end(const CheckSummary&, std::string&) override {}

 private:
  static std::string_view inner(std::string_view address) {
    const auto breaks = [](char c) { return c == '\n' || c == '\r'; };
    while (!address.empty() && breaks(address.back())) address.remove_suffix(1);
    while (!address.empty() && breaks(address.front())) address.remove_prefix(1);
    return address;
  }
  static void flush(const char* begin, const char* end, std::string& out) {
    if (begin == nullptr) return;
    out.append(begin, static_cast<size_t>(end - begin)).push_back('\n');
  }

  bool lines_;
};

class BitmapWriter : public VerdictWriter {
 public:
  std::string_view content_type() const override { return "application/octet-stream"; }

  void rows(const CheckChunk& chunk, std::string& out) override {
    for (const RowVerdict& verdict : chunk.verdicts) {
      byte_ |= static_cast<unsigned>(verdict.verdict != Verdict::clear) << bits_;
      if (++bits_ == 8) flush(out);
    }
  }
  void end(const CheckSummary&, std::string& out) override {
    if (bits_ != 0) flush(out);
  }

 private:
  void flush(std::string& out) {
    out.push_back(static_cast<char>(byte_));
    byte_ = bits_ = 0;
  }
  unsigned byte_ = 0;
  unsigned bits_ = 0;
};

/// The body's rows, each with three cells more. A row that is shorter than the first one is filled
/// up with empty cells before them, so that they stand in their columns.
class CsvWriter : public VerdictWriter {
 public:
  std::string_view content_type() const override { return "text/csv; charset=utf-8"; }
  bool needs_rows() const override { return true; }

  void csv_start(const CsvStart& start, std::string& out) override {
    delimiter_ = start.delimiter;
    cells_ = start.cells;
    make_cells();
    if (start.byte_order_mark) out.append("\xEF\xBB\xBF");
    if (!start.header) return;
    out.append(start.header->text);
    for (const std::string_view name : {"verdict", "reason", "scope"})
      out.append(1, delimiter_).append(name);
    out.append(start.header->ending);
  }

  void rows(const CheckChunk& chunk, std::string& out) override {
    for (size_t i = 0; i < chunk.rows.size(); ++i) {
      const CheckRow& row = chunk.rows[i];
      const RowVerdict& verdict = chunk.verdicts[i];
      const std::string_view text(row.line, row.line_size - row.ending_size);
      out.append(text);
      const size_t cells = csv_cell_count(text, delimiter_);
      if (cells < cells_) out.append(cells_ - cells, delimiter_);
      out.append(verdict.verdict == Verdict::clear ? std::string_view(clear_)
                                                   : texts_.of(verdict, row.error).view());
      out.append(row.line + text.size(), row.ending_size);
    }
  }
  void end(const CheckSummary&, std::string&) override {}

 private:
  void make_cells() {
    const std::string d(1, delimiter_);
    clear_ = d + "clear" + d + d;
    texts_ = make_texts(
        [&](std::string_view reason, std::string_view scope) {
          return (d + "suppressed" + d).append(reason).append(d).append(scope);
        },
        [&](std::string_view error) { return (d + "invalid" + d).append(error).append(d); });
  }

  char delimiter_ = ',';
  size_t cells_ = 0;
  std::string clear_;
  Texts texts_;
};

}  // namespace

std::string_view result_members(const RowVerdict& verdict, RowError error) {
  return json_texts().of(verdict, error).view();
}

void append_result_start(uint64_t index, std::optional<Channel> list, std::string& out) {
  append_number(index, out.append(result_start()));
  if (list) out.append(result_channel(*list));
}

std::unique_ptr<VerdictWriter> make_verdict_writer(const CheckRequest& request) {
  switch (request.answer) {
    case AnswerFormat::json:
      return std::make_unique<JsonWriter>();
    case AnswerFormat::ndjson:
      return std::make_unique<NdjsonWriter>();
    case AnswerFormat::text:
      return std::make_unique<TextWriter>(request.body == BodyFormat::text);
    case AnswerFormat::bitmap:
      return std::make_unique<BitmapWriter>();
    case AnswerFormat::csv:
      return std::make_unique<CsvWriter>();
  }
  return nullptr;
}

}  // namespace suppressd
