#include "tools/suppressctl/causes_output.hpp"

#include "tools/suppressctl/listing.hpp"

namespace suppressctl {

void write_causes(const Json& causes, Writer& output) {
  static const Table table{{"REASON", "reason"},    {"SCOPE", "scope"}, {"WHEN", "at"},
                           {"SOURCE", "source"},    {"BY", "by"},       {"CAMPAIGN", "campaign"},
                           {"EVIDENCE", "evidence"}};
  if (causes.empty()) return;
  output.append("\n");
  write_table(causes, table, output);
}

void write_exemption(const Json& exemption, Writer& output) {
  if (!exemption.is_object()) return;
  output.append("\nMade active again for this account " + text_of(exemption, "at") + " by " +
                text_of(exemption, "by"));
  const std::string note = text_of(exemption, "note");
  output.append(note.empty() ? ".\n" : ": " + note + "\n");
}

}  // namespace suppressctl
