#include "server/contact_results.hpp"

#include <algorithm>

#include "server/contact_ids.hpp"

namespace suppressd {
namespace {

using Fate = ContactOutcome::Fate;

/// Nothing in it needs escaping.
void append_standing(const Standing& standing, std::string& out) {
  if (standing.reason == Reason::none) {
    out += R"({"verdict":"clear","reason":null,"scope":null})";
    return;
  }
  out.append(R"({"verdict":"suppressed","reason":")").append(name_of(standing.reason));
  out.append(R"(","scope":")").append(name_of(standing.scope)).append("\"}");
}

void append_result(const ContactResult& result, std::string& out) {
  const ContactOutcome& outcome = result.outcome;
  const std::string_view error = contact_error(outcome.fate);
  out.append(R"({"index":)").append(std::to_string(result.index)).append(R"(,"id":)");
  out.append(outcome.id == 0 ? "null" : '"' + contact_id_text(outcome.id) + '"');
  out.append(R"(,"result":")").append(error.empty() ? name_of(outcome.fate) : "conflict");
  if (!error.empty()) out.append(R"(","error":")").append(error);
  out += '"';
  for (const Channel channel : all_channels) {
    out.append(",\"").append(name_of(channel)).append("\":");
    if (error.empty() && (result.given & channel_bit(channel)) != 0) {
      append_standing(outcome.standings[static_cast<size_t>(channel) - 1], out);
    } else {
      out += "null";
    }
  }
  out += '}';
}

}  // namespace

std::string_view contact_error(Fate fate) {
  if (fate == Fate::conflict) return "address_of_another_contact";
  return fate == Fate::too_many ? "too_many_fields" : "";
}

std::string contact_results_text(std::vector<ContactResult>& results) {
  std::sort(results.begin(), results.end(),
            [](const ContactResult& a, const ContactResult& b) { return a.index < b.index; });
  std::string text = R"("results":[)";
  for (const ContactResult& result : results) {
    if (text.back() == '}') text += ',';
    append_result(result, text);
  }
  text += ']';
  return text;
}

std::vector<ContactOutcome> look_up_contacts(const ContactReader& contacts, AccountNumber account,
                                             const std::vector<ContactAddresses>& rows) {
  std::vector<ContactOutcome> outcomes;
  outcomes.reserve(rows.size());
  for (const ContactAddresses& addresses : rows) {
    ContactOutcome& outcome = outcomes.emplace_back();
    for (const Channel channel : all_channels) {
      const size_t i = static_cast<size_t>(channel) - 1;
      if (addresses[i].empty()) continue;
      const auto contact = contacts.contact_of(account, channel, addresses[i]);
      if (!contact) continue;
      if (outcome.id != 0 && outcome.id != contact->id) {
        outcome.fate = Fate::conflict;
        continue;
      }
      outcome.id = contact->id;
      outcome.standings[i] = contact->of(channel).standing;
      if (contact->of(channel).deletion) outcome.fate = Fate::kept_deleted;
    }
  }
  return outcomes;
}

}  // namespace suppressd
