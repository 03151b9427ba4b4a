#include "tools/suppressctl/request_output.hpp"

#include "tools/suppressctl/contact_output.hpp"

namespace suppressctl {
namespace {

void write_line(const char* title, const std::string& text, Writer& output) {
  if (!text.empty()) output.append(std::string(title) + ": " + text + "\n");
}

/// "hard_bounce 2026-01-31T…, 550 5.1.1; manual …": what somebody decides by.
std::string causes_text(const Json& address) {
  std::string text;
  for (const Json& cause : member_of(address, "causes")) {
    if (!text.empty()) text += "; ";
    text += text_of(cause, "reason") + " " + text_of(cause, "at");
    const std::string evidence = text_of(cause, "evidence");
    if (!evidence.empty()) text += ", " + evidence;
  }
  return text;
}

}  // namespace

const Table request_table{{"REQUEST", "id"},
                          {"ACCOUNT", "account"},
                          {"KIND", "kind"},
                          {"STATE", "state"},
                          {"FILED", "filed_at"},
                          number_column("TARGETS", "targets"),
                          number_column("APPLIED", "applied"),
                          number_column("ALREADY", "already"),
                          {"SEGMENT", "segment"}};

void write_request(const Json& request, Writer& output) {
  write_table(Json::array({request}), request_table, output);
  write_line("Statement", text_of(request, "statement"), output);
  write_line("Decided", text_of(request, "decided_at"), output);
  write_line("Note", text_of(request, "note"), output);
  write_line("Job", text_of(request, "job"), output);
  const Json& addresses = member_of(request, "addresses");
  if (addresses.empty()) return;
  size_t position = 0;
  const Table table{{"#", [&position](const Json&) { return std::to_string(position++); }},
                    {"ADDRESS", "address"},
                    {"CONTACT", "contact"},
                    {"VERDICT", verdict_text},
                    {"APPROVED", "approved"},
                    {"CAUSES", causes_text}};
  output.append("\n");
  write_table(addresses, table, output);
}

}  // namespace suppressctl
