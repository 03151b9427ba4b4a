#include "server/import_origins.hpp"

#include <algorithm>
#include <array>

#include "server/bounce_rules.hpp"

namespace suppressd {
namespace {

constexpr size_t export_columns_max = 6;

struct ExportColumns {
  std::array<std::string_view, export_columns_max> names;  // that must be there
  bool no_others;  // names that many a list has: an export only when there are no others
  ImportExport found;
};

using enum ImportOrigin;

/// The more telling ones first: the first that fits counts.
constexpr std::array exports{
    ExportColumns{{"emailaddress", "reason", "lastupdatetime"},
                  false,
                  {ses, Reason::none, "emailaddress", "reason", "lastupdatetime", {}}},
    ExportColumns{{"destination", "reason", "lastupdatetime"},
                  false,
                  {ses, Reason::none, "destination", "reason", "lastupdatetime", {}}},
    ExportColumns{{"emailaddress", "suppressionreason", "origin", "createdat"},
                  false,
                  {postmark, Reason::none, "emailaddress", "suppressionreason", "createdat", {}}},
    ExportColumns{
        {"emailaddress", "cleantime"},
        false,
        {mailchimp, Reason::hard_bounce, "emailaddress", {}, "cleantime", "cleancampaigntitle"}},
    ExportColumns{{"emailaddress", "unsubtime"},
                  false,
                  {mailchimp, Reason::unsubscribe, "emailaddress", {}, "unsubtime", "unsubreason"}},
    ExportColumns{{"address", "code", "error", "createdat"},
                  false,
                  {mailgun, Reason::hard_bounce, "address", {}, "createdat", "error"}},
    ExportColumns{{"address", "tags", "createdat"},
                  true,
                  {mailgun, Reason::unsubscribe, "address", {}, "createdat", "tags"}},
    ExportColumns{{"address", "tag", "createdat"},
                  true,
                  {mailgun, Reason::unsubscribe, "address", {}, "createdat", "tag"}},
    ExportColumns{{"address", "createdat"},
                  true,
                  {mailgun, Reason::complaint, "address", {}, "createdat", {}}},
    ExportColumns{{"status", "reason", "email", "created"},
                  true,
                  {sendgrid, Reason::hard_bounce, "email", "status", "created", "reason"}},
    ExportColumns{{"reason", "email", "created"},
                  true,
                  {sendgrid, Reason::invalid_address, "email", {}, "created", "reason"}},
    ExportColumns{{"email", "created", "ip"},
                  true,
                  {sendgrid, Reason::complaint, "email", {}, "created", "ip"}},
    ExportColumns{
        {"email", "created"}, true, {sendgrid, Reason::unsubscribe, "email", {}, "created", {}}},
};

struct Word {
  std::string_view plain;
  Reason reason;
};

/// What providers and people call our reasons, as plain names; sorted by reason.
constexpr std::array words{
    Word{"bounce", Reason::hard_bounce},
    Word{"bounced", Reason::hard_bounce},
    Word{"hard", Reason::hard_bounce},
    Word{"hardbounce", Reason::hard_bounce},
    Word{"hardbounced", Reason::hard_bounce},
    Word{"permanent", Reason::hard_bounce},
    Word{"permanentbounce", Reason::hard_bounce},
    Word{"undeliverable", Reason::hard_bounce},
    Word{"cleaned", Reason::hard_bounce},
    Word{"complaint", Reason::complaint},
    Word{"complained", Reason::complaint},
    Word{"spam", Reason::complaint},
    Word{"spamcomplaint", Reason::complaint},
    Word{"spamreport", Reason::complaint},
    Word{"abuse", Reason::complaint},
    Word{"unsubscribe", Reason::unsubscribe},
    Word{"unsubscribed", Reason::unsubscribe},
    Word{"unsub", Reason::unsubscribe},
    Word{"optout", Reason::unsubscribe},
    Word{"optedout", Reason::unsubscribe},
    Word{"manual", Reason::manual},
    Word{"manualsuppression", Reason::manual},
    Word{"suppressed", Reason::manual},
    Word{"blacklist", Reason::manual},
    Word{"blacklisted", Reason::manual},
    Word{"blocklisted", Reason::manual},
    Word{"invalid", Reason::invalid_address},
    Word{"invalidaddress", Reason::invalid_address},
    Word{"invalidemail", Reason::invalid_address},
    Word{"invalidnumber", Reason::invalid_address},
    Word{"spamtrap", Reason::spam_trap},
    Word{"legal", Reason::legal},
    Word{"gdpr", Reason::legal},
    Word{"softbouncelimit", Reason::soft_bounce_limit},
    // Those do not suppress.
    Word{"soft", Reason::none},
    Word{"softbounce", Reason::none},
    Word{"softbounced", Reason::none},
    Word{"transient", Reason::none},
    Word{"block", Reason::none},
    Word{"blocked", Reason::none},
    Word{"active", Reason::none},
    Word{"subscribed", Reason::none},
    Word{"clear", Reason::none},
    Word{"valid", Reason::none},
};

bool is_plain_octet(unsigned char octet) {
  return octet >= 0x80 || (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z');
}

bool fits(const ExportColumns& one, const std::vector<std::string>& names) {
  size_t count = 0;
  for (const std::string_view name : one.names) {
    if (name.empty()) break;
    ++count;
    if (std::find(names.begin(), names.end(), name) == names.end()) return false;
  }
  return !one.no_others || count == names.size();
}

Reason sendgrid_reason(std::string_view status, std::string_view text) {
  BounceReply reply;
  reply.text = text;
  (status.find('.') != std::string_view::npos ? reply.enhanced : reply.code) = status;
  const bool put_off = status.starts_with('4');
  return put_off || classify_bounce(reply).what == BounceClass::blocked ? Reason::none
                                                                        : Reason::hard_bounce;
}

}  // namespace

std::string plain_column_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (is_plain_octet(static_cast<unsigned char>(lower))) plain += lower;
  }
  return plain;
}

std::optional<ImportExport> recognize_export(const std::vector<std::string>& names) {
  for (const ExportColumns& one : exports) {
    if (fits(one, names)) return one.found;
  }
  return std::nullopt;
}

std::optional<Reason> parse_import_reason(ImportOrigin origin, std::string_view word,
                                          std::string_view evidence) {
  if (origin == ImportOrigin::sendgrid) return sendgrid_reason(word, evidence);
  if (const auto ours = parse_reason(word)) return ours;
  const std::string plain = plain_column_name(word);
  for (const Word& one : words) {
    if (one.plain == plain) return one.reason;
  }
  return std::nullopt;
}

}  // namespace suppressd
