// Splits a text that arrives in pieces of any size into lines: a push parser without input or
// output of its own.
//
// A line ends with LF or CR LF; a last line without an end counts when it holds a byte. A UTF-8
// byte order mark at the start is dropped. A line longer than line_bytes_max is reported as such
// and read over in constant memory. The lines do not depend on how the text was cut into pieces.
//
// A sink has two members: line(std::string_view) and overlong_line(). One with a third member,
// lines(std::string_view), gets all whole lines of a piece at once, with their ends and whatever
// their length; the other two are then for lines that span pieces. A view lives until the next
// call of feed() or finish(), and no longer than the piece it came with: only a line that spans
// pieces is copied. Thread safety: one thread's.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "server/byte_order_mark.hpp"

namespace suppressd {

class LineSplitter {
 public:
  explicit LineSplitter(size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  template <class Sink>
  void feed(std::string_view piece, Sink&& sink) {
    if (mark_.kind() == ByteOrderMark::Kind::undecided) {
      piece.remove_prefix(mark_.feed(piece));
      if (mark_.kind() == ByteOrderMark::Kind::undecided) return;
      keep(mark_.held());
    }
    split(piece, sink);
  }

  template <class Sink>
  void finish(Sink&& sink) {
    if (mark_.kind() == ByteOrderMark::Kind::undecided) keep(mark_.held());
    if (!partial_.empty() || skipping_) end_partial(std::string_view(), sink);
  }

  /// The text is not UTF-8 but UTF-16: what was and will be reported means nothing.
  bool utf16() const { return mark_.kind() == ByteOrderMark::Kind::utf16; }

 private:
  template <class Sink>
  void split(std::string_view piece, Sink& sink) {
    const char* at = piece.data();
    const char* const end = at + piece.size();
    while (at != end) {
      if constexpr (requires { sink.lines(piece); }) {
        if (partial_.empty() && !skipping_) return split_whole({at, end}, sink);
      }
      const char* const newline =
          static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
      if (newline == nullptr) return keep({at, static_cast<size_t>(end - at)});
      const std::string_view line(at, static_cast<size_t>(newline - at));
      if (partial_.empty() && !skipping_) [[likely]] {
        report(without_return(line), sink);
      } else {
        end_partial(line, sink);
      }
      at = newline + 1;
    }
  }

  template <class Sink>
  void split_whole(std::string_view piece, Sink& sink) {
    const size_t size = piece.rfind('\n') + 1;  // npos: no line ends here
    if (size > 0) sink.lines(piece.substr(0, size));
    if (size < piece.size()) keep(piece.substr(size));
  }

  static std::string_view without_return(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
  }

  template <class Sink>
  void report(std::string_view line, Sink& sink) {
    if (line.size() > line_bytes_max_) {
      sink.overlong_line();
    } else {
      sink.line(line);
    }
  }

  // One byte more than the limit may be the CR of a line's end.
  void keep(std::string_view rest) {
    if (skipping_) return;
    if (partial_.size() + rest.size() > line_bytes_max_ + 1) {
      skipping_ = true;
      std::string().swap(partial_);
      return;
    }
    partial_.append(rest);
  }

  template <class Sink>
  void end_partial(std::string_view rest, Sink& sink) {
    keep(rest);
    if (skipping_) {
      skipping_ = false;
      sink.overlong_line();
      return;
    }
    joined_.swap(partial_);
    partial_.clear();
    report(without_return(joined_), sink);
  }

  size_t line_bytes_max_;
  ByteOrderMark mark_;
  bool skipping_ = false;
  std::string partial_;  // an unfinished line
  std::string joined_;   // the last finished one of those, while its view lives
};

}  // namespace suppressd
