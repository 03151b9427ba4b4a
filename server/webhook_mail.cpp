// Raw messages: delivery reports (RFC 3464, with the addresses of RFC 6533) and feedback reports (RFC
// 5965). GMime takes the message apart; the report's own fields are read by report_fields.hpp. What
// the report returns of the original message is not looked into: it is anybody's text.
#include <gmime/gmime.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "server/media_type.hpp"
#include "server/report_fields.hpp"
#include "server/webhook.hpp"

namespace suppressd {
namespace {

using What = WebhookEvent::What;

constexpr size_t separators_a_part = 4;
constexpr size_t mail_parts_max = 256;         // of a message, those of the returned one too
constexpr int mail_depth_max = 8;              // of multiparts around the report
constexpr size_t report_octets_max = 1 << 20;  // of the report's fields, decoded

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Held = std::unique_ptr<T, Unref>;

/// What the parser makes of a message is bounded before it begins: parts inside parts, and parts
/// beside parts, which need no more than the line that separates them. A message may write either
/// into its text as often as it likes; that so many do is not worth a better count.
bool few_parts(std::string_view mail) {
  constexpr std::string_view name = "content-type:", separator = "\n--";
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  size_t parts = 0, separators = 0;
  for (size_t at = 0; (at = mail.find(separator, at)) != mail.npos; at += separator.size()) {
    if (++separators > separators_a_part * mail_parts_max) return false;
  }
  for (auto at = mail.begin();; at += name.size()) {
    at = std::search(at, mail.end(), name.begin(), name.end(), same);
    if (at == mail.end()) return true;
    if (++parts > mail_parts_max) return false;
  }
}

Held<GMimeMessage> parse_mail(std::string_view mail) {
  static std::once_flag started;
  std::call_once(started, [] { g_mime_init(); });
  const Held<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(mail.data(), mail.size()));
  const Held<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  return Held<GMimeMessage>(g_mime_parser_construct_message(parser.get(), nullptr));
}

/// The first part of one of the types, not inside a message that is returned.
GMimePart* find_part(GMimeObject* part, const char* sub_type, const char* other_sub_type,
                     int depth = 0) {
  if (part == nullptr) return nullptr;
  if (GMIME_IS_MULTIPART(part)) {
    GMimeMultipart* const parts = GMIME_MULTIPART(part);
    const int count = depth < mail_depth_max ? g_mime_multipart_get_count(parts) : 0;
    for (int i = 0; i < count; ++i) {
      GMimeObject* const one = g_mime_multipart_get_part(parts, i);
      if (GMimePart* found = find_part(one, sub_type, other_sub_type, depth + 1)) return found;
    }
    return nullptr;
  }
  GMimeContentType* const type = g_mime_object_get_content_type(part);
  const bool fits = g_mime_content_type_is_type(type, "message", sub_type) ||
                    g_mime_content_type_is_type(type, "message", other_sub_type);
  return fits && GMIME_IS_PART(part) ? GMIME_PART(part) : nullptr;
}

/// nullopt when it is longer than a report may be: part of it would be a part of its recipients.
std::optional<std::string> content_of(GMimePart* part) {
  GMimeDataWrapper* const content = g_mime_part_get_content(part);
  if (content == nullptr) return std::string();
  const Held<GMimeStream> stream(g_mime_stream_mem_new());
  g_mime_data_wrapper_write_to_stream(content, stream.get());
  const GByteArray* const octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
  if (octets->len > report_octets_max) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(octets->data), octets->len);
}

/// The fields of the report in a message; nullopt when there is none.
std::optional<std::vector<ReportBlock>> report_in(std::string_view mail, const char* sub_type,
                                                  const char* other_sub_type) {
  if (!few_parts(mail)) return std::nullopt;
  const Held<GMimeMessage> message = parse_mail(mail);
  if (!message) return std::nullopt;
  GMimePart* const part =
      find_part(g_mime_message_get_mime_part(message.get()), sub_type, other_sub_type);
  if (part == nullptr) return std::nullopt;
  const auto content = content_of(part);
  if (!content) return std::nullopt;
  return parse_report(*content);
}

/// 0 when the text is no date.
TimeMs date_in(std::string_view text) {
  if (text.empty()) return 0;
  GDateTime* const date = g_mime_utils_header_decode_date(std::string(text).c_str());
  if (date == nullptr) return 0;
  const int64_t seconds = g_date_time_to_unix(date);
  g_date_time_unref(date);
  return seconds > 0 ? static_cast<TimeMs>(seconds) * 1000 : 0;
}

std::optional<What> what_of(const ReportBlock& recipient) {
  const std::string action = to_lower(recipient.get("action"));
  if (action == "delayed") return What::soft;
  if (action == "delivered") return What::delivered;
  if (action != "failed") return std::nullopt;  // relayed, expanded: no word on the mailbox
  // A comment may stand behind the status.
  std::string_view status = recipient.get("status");
  status = status.substr(0, status.find_first_of(" \t("));
  const std::string_view reply = without_type(recipient.get("diagnostic-code"));
  return event_of(classify_bounce({{}, status, reply}).what);
}

/// Who the message was sent to, even if it was forwarded from there.
std::string recipient_of(const ReportBlock& recipient) {
  std::string original = address_in(recipient.get("original-recipient"));
  if (original.find('@') != std::string::npos) return original;
  return address_in(recipient.get("final-recipient"));
}

/// Left out by the one who reports, so that nobody learns who complained.
bool is_redacted(std::string_view address) {
  return address.find('@') == std::string_view::npos ||
         to_lower(address).find("redacted") != std::string::npos;
}

}  // namespace

std::optional<Problem> read_dsn(std::string_view payload, WebhookEvents& events) {
  const auto blocks = report_in(payload, "delivery-status", "global-delivery-status");
  if (!blocks) return webhook_payload_problem("Expected a message with a delivery report.");
  // The first block is about the message, each one after it about a recipient.
  const TimeMs arrived = blocks->empty() ? 0 : date_in(blocks->front().get("arrival-date"));
  bool reports = false;
  for (const ReportBlock& block : *blocks) {
    if (block.get("final-recipient").empty() && block.get("original-recipient").empty()) continue;
    reports = true;
    const auto what = what_of(block);
    std::string address = recipient_of(block);
    if (!what) {
      ++events.ignored;
      continue;
    }
    if (is_redacted(address)) {
      ++events.unidentified;
      continue;
    }
    WebhookEvent& told = events.events.emplace_back();
    told.what = *what;
    told.address = std::move(address);
    const TimeMs tried = date_in(block.get("last-attempt-date"));
    told.at = tried != 0 ? tried : arrived;
    const std::string_view reply = without_type(block.get("diagnostic-code"));
    told.detail = reply.empty() ? block.get("status") : reply;
  }
  if (!reports) return webhook_payload_problem("The delivery report names no recipient.");
  return std::nullopt;
}

std::optional<Problem> read_arf(std::string_view payload, WebhookEvents& events) {
  const auto blocks = report_in(payload, "feedback-report", "feedback-report");
  if (!blocks || blocks->empty() || blocks->front().get("feedback-type").empty()) {
    return webhook_payload_problem("Expected a message with a feedback report.");
  }
  const ReportBlock& report = blocks->front();
  const std::string type = to_lower(report.get("feedback-type"));
  // `virus`, `auth-failure` and `other` are no recipient's wish, and `not-spam` is the opposite.
  if (type != "abuse" && type != "fraud") {
    ++events.ignored;
    return std::nullopt;
  }
  const auto recipients = report.all("original-rcpt-to");
  for (const std::string_view recipient : recipients) {
    if (is_redacted(recipient)) {
      ++events.unidentified;
      continue;
    }
    WebhookEvent& told = events.events.emplace_back();
    told.what = What::complained;
    told.address = recipient;
    told.at = date_in(report.get("arrival-date"));
    told.detail = type;
  }
  if (recipients.empty()) ++events.unidentified;
  return std::nullopt;
}

}  // namespace suppressd
