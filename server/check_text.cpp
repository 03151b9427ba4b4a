// Text bodies of the check: one address a line.
#include "server/check_body.hpp"
#include "server/line_splitter.hpp"

namespace suppressd {
namespace {

class TextReader : public BodyReader {
 public:
  explicit TextReader(size_t line_bytes_max) : splitter_(line_bytes_max) {}

  ReadState feed(std::string_view piece, CheckRows& rows) override {
    splitter_.feed(piece, Sink{rows});
    return checked(ReadState::more);
  }
  ReadState finish(CheckRows& rows) override {
    splitter_.finish(Sink{rows});
    return checked(ReadState::done);
  }

 private:
  struct Sink {
    CheckRows& rows;
    void line(std::string_view address) { rows.add(address); }
    void overlong_line() { rows.add_invalid(RowError::line_too_long); }
  };
  ReadState checked(ReadState state) {
    return splitter_.utf16() ? malformed("malformed-text", "The text is UTF-16; send it as UTF-8.")
                             : state;
  }
  LineSplitter splitter_;
};

}  // namespace

std::unique_ptr<BodyReader> make_text_reader(const AppLimits& limits) {
  return std::make_unique<TextReader>(limits.line_bytes_max);
}

}  // namespace suppressd
