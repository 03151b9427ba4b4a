// Turns the API's description into what the server serves: YAML in, a C++ source with the same
// document as JSON out. Run by the build.
//
//   openapi_embed server/openapi.yaml openapi_document.cpp
#include <yaml-cpp/yaml.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

namespace {

using Json = nlohmann::ordered_json;

/// YAML 1.2's core schema, as far as JSON has it: a plain scalar may be null, a bool or a number.
Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "null" || text.empty() || text == "~") return nullptr;
  if (text == "true" || text == "false") return text == "true";
  const Json number = Json::parse(text, nullptr, false);
  return number.is_number() ? number : Json(text);
}

Json convert(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& member : node) {
      const std::string& name = member.first.Scalar();
      if (object.contains(name)) throw std::runtime_error("given twice: " + name);
      object[name] = convert(member.second);
    }
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& item : node) array.push_back(convert(item));
    return array;
  }
  return node.IsScalar() ? scalar(node) : Json(nullptr);
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 3) {
    std::cerr << "usage: openapi_embed IN.yaml OUT.cpp\n";
    return 2;
  }
  const Json document = convert(YAML::LoadFile(arguments[1]));
  std::ofstream out(arguments[2]);
  out << "#include \"server/openapi.hpp\"\n\nnamespace suppressd {\n\n"
      << "const std::string_view openapi_document = R\"openapi(" << document.dump()
      << ")openapi\";\n\n}  // namespace suppressd\n";
  out.close();
  return out ? 0 : 1;
} catch (const std::exception& failure) {
  std::cerr << "openapi_embed: " << failure.what() << '\n';
  return 1;
}
