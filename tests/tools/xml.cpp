#include "tests/tools/xml.hpp"

#include <cctype>
#include <set>
#include <vector>

namespace tools_tests {
namespace {

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  std::string fault() {
    while (at_ < text_.size() && fault_.empty()) {
      if (text_[at_] == '<')
        tag();
      else
        character();
    }
    if (fault_.empty() && !open_.empty()) fail("<" + open_.back() + "> is not closed");
    if (fault_.empty() && roots_ != 1) fail("there is not one root element");
    return fault_;
  }

 private:
  void fail(const std::string& what) {
    if (fault_.empty()) fault_ = what + " at octet " + std::to_string(at_);
  }
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void spaces() {
    while (std::isspace(static_cast<unsigned char>(here()))) ++at_;
  }
  std::string word() {
    std::string name;
    while (std::isalnum(static_cast<unsigned char>(here())) || here() == '-' || here() == ':')
      name += text_[at_++];
    if (name.empty()) fail("a name is missing");
    return name;
  }

  void character() {
    if (text_[at_] == '&') {
      static const std::set<std::string_view> known{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
      const size_t end = text_.find(';', at_);
      const size_t length = end == std::string_view::npos ? 1 : end + 1 - at_;
      if (!known.contains(text_.substr(at_, length))) fail("an unknown entity");
      at_ += length;
      return;
    }
    if (text_[at_] == '>') fail("a stray >");
    if (open_.empty() && !std::isspace(static_cast<unsigned char>(text_[at_])))
      fail("text outside the root");
    ++at_;
  }

  void tag() {
    ++at_;
    if (here() == '!') {
      at_ = std::min(text_.find('>', at_), text_.size() - 1) + 1;
      return;
    }
    const bool closing = here() == '/';
    if (closing) ++at_;
    const std::string name = word();
    if (closing) {
      if (open_.empty() || open_.back() != name) return fail("</" + name + "> closes nothing");
      open_.pop_back();
    } else {
      if (open_.empty()) ++roots_;
      open_.push_back(name);
      attributes();
      if (here() == '/') {
        ++at_;
        open_.pop_back();
      }
    }
    if (here() != '>') return fail("<" + name + " does not end");
    ++at_;
    // A style sheet's > and & are its own.
    if (!closing && name == "style") at_ = std::min(text_.find("</style", at_), text_.size());
  }

  void attributes() {
    std::set<std::string> seen;
    for (spaces(); fault_.empty() && here() != '>' && here() != '/' && here() != '\0'; spaces()) {
      if (!seen.insert(word()).second) fail("an attribute twice");
      if (here() != '=' || at_ + 1 >= text_.size() || text_[at_ + 1] != '"')
        return fail("an attribute without a quoted value");
      at_ += 2;
      while (here() != '"' && here() != '\0') {
        if (here() == '<') fail("< in an attribute");
        ++at_;
      }
      ++at_;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t roots_ = 0;
  std::vector<std::string> open_;
  std::string fault_;
};

}  // namespace

std::string xml_fault(std::string_view text) {
  return Checker(text).fault();
}

}  // namespace tools_tests
