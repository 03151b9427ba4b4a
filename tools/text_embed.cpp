// Puts a file of text into the program: a C++ source that defines it as a string. Run by the build.
//
//   text_embed server/bounce_rules.tsv bounce_rules_text.cpp bounce_rules_text
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

int main(int count, char** arguments) try {
  if (count != 4) {
    std::cerr << "usage: text_embed IN OUT.cpp NAME\n";
    return 2;
  }
  std::ifstream in(arguments[1], std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty()) throw std::runtime_error("cannot be read, or is empty");
  std::ofstream out(arguments[2]);
  out << "#include \"server/embedded_text.hpp\"\n\nnamespace suppressd {\n\n"
      << "const std::string_view " << arguments[3] << " = R\"embedded(" << text.str()
      << ")embedded\";\n\n}  // namespace suppressd\n";
  out.close();
  return out ? 0 : 1;
} catch (const std::exception& failure) {
  std::cerr << "text_embed: " << failure.what() << '\n';
  return 1;
}
