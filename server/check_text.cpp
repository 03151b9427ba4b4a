// Text bodies of the check: one address a line.
#include "server/check_body.hpp"
#include "server/line_splitter.hpp"

namespace suppressd {
namespace {

class TextReader : public BodyReader {
 public:
  explicit TextReader(size_t line_bytes_max)
      : line_bytes_max_(line_bytes_max), splitter_(line_bytes_max) {}

  ReadState feed(std::string_view piece, CheckRows& rows) override {
    splitter_.feed(piece, Sink{rows, line_bytes_max_});
    return checked(ReadState::more);
  }
  ReadState finish(CheckRows& rows) override {
    splitter_.finish(Sink{rows, line_bytes_max_});
    return checked(ReadState::done);
  }

 private:
  struct Sink {
    CheckRows& rows;
    size_t line_bytes_max;
    void lines(std::string_view text) { rows.add_lines(text, line_bytes_max); }
    void line(std::string_view address) { rows.add(address); }
    void overlong_line() { rows.add_invalid(RowError::line_too_long); }
  };
  ReadState checked(ReadState state) {
    return splitter_.utf16() ? malformed("malformed-text", "The text is UTF-16; send it as UTF-8.")
                             : state;
  }
  const size_t line_bytes_max_;
  LineSplitter splitter_;
};

}  // namespace

std::unique_ptr<BodyReader> make_text_reader(const AppLimits& limits) {
  return std::make_unique<TextReader>(limits.line_bytes_max);
}

}  // namespace suppressd
