#include "import_reading.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

struct Sample {
  std::string_view file;
  std::string_view origin;
  std::vector<std::string> rows;
};

const std::vector<Sample> samples = {
    {"ses_suppression_list.csv",
     "ses",
     {"gone@example.com hard_bounce 2025-03-04T09:15:30.123Z",
      "angry@example.com (Angry@Example.com) complaint 2025-03-04T09:35:30.500Z"}},
    {"ses_suppressed_destinations.ndjson",
     "ses",
     {"gone@example.com hard_bounce 2025-03-04T09:15:30.000Z",
      "angry@example.com complaint 2025-03-04T09:35:30.250Z"}},
    {"sendgrid_bounces.csv",
     "sendgrid",
     {"gone@example.com hard_bounce 2025-03-04T09:35:30.000Z "
      "[550 5.1.1 The email account that you tried to reach does not exist.]",
      "gone2@example.com hard_bounce 2025-03-04T09:35:31.000Z [550 unknown user, \"gone2\"]",
      "! not_suppressing"}},
    {"sendgrid_blocks.csv", "sendgrid", {"! not_suppressing", "! not_suppressing"}},
    {"sendgrid_spam_reports.csv",
     "sendgrid",
     {"angry@example.com complaint 2025-03-04T09:35:30.000Z [192.0.2.1]"}},
    {"sendgrid_unsubscribes.csv",
     "sendgrid",
     {"leaver@example.com unsubscribe 2025-03-04T09:35:30.000Z"}},
    {"sendgrid_invalid_emails.csv",
     "sendgrid",
     {"nobody@nowhere.example.com invalid_address 2025-03-04T09:35:30.000Z "
      "[Mail domain mentioned in email address is unknown]"}},
    {"mailgun_bounces.csv",
     "mailgun",
     {"gone@example.com hard_bounce 2025-03-04T09:35:30.000Z [No such mailbox, sorry] code=550",
      "gone2@example.com hard_bounce [Not delivering to previously bounced address] code=605"}},
    {"mailgun_complaints.csv", "mailgun", {"angry@example.com complaint 2025-03-04T09:35:30.000Z"}},
    {"mailgun_unsubscribes.csv",
     "mailgun",
     {"leaver@example.com unsubscribe 2025-03-04T09:35:30.000Z [*]",
      "leaver2@example.com unsubscribe [newsletter]"}},
    {"postmark_suppressions.csv",
     "postmark",
     {"gone@example.com hard_bounce 2025-03-04T09:35:30.000Z Origin=Recipient",
      "angry@example.com complaint 2025-03-04T09:35:30.123Z Origin=Recipient",
      "asked@example.com manual 2025-03-04T09:35:30.000Z Origin=Customer"}},
    {"mailchimp_cleaned.csv",
     "mailchimp",
     {"gone@example.com hard_bounce 2025-03-04T09:35:30.000Z [Spring \"sale\"] "
      "CLEAN_CAMPAIGN_ID=a1b2c3d4e5 CONFIRM_IP=192.0.2.1 CONFIRM_TIME=2024-01-02 03:05:05 "
      "EUID=f00d First Name=Ada LEID=123456 Last Name=Byron, Countess MEMBER_RATING=2 "
      "OPTIN_IP=192.0.2.1 OPTIN_TIME=2024-01-02 03:04:05"}},
    {"mailchimp_unsubscribed.csv",
     "mailchimp",
     {"leaver@example.com unsubscribe 2025-03-04T09:35:30.000Z [NORMAL] EUID=f00e First Name=Bob "
      "LEID=123457 Last Name=Stone MEMBER_RATING=2 OPTIN_TIME=2024-01-02 03:04:05 "
      "UNSUB_CAMPAIGN_ID=a1b2c3d4e5 UNSUB_CAMPAIGN_TITLE=Spring"}},
};

std::filesystem::path path_of(const Sample& sample) {
  return std::filesystem::path(IMPORT_SAMPLES) / sample.file;
}

}  // namespace

TEST_CASE("each provider's export is recognized and its reasons are ours") {
  for (const Sample& sample : samples) {
    CAPTURE(sample.file);
    const TextSample text = sample_text(path_of(sample), std::nullopt, import_sample_bytes);
    const ImportFormat format = format_of(text.text);
    CHECK(name_of(format.origin) == sample.origin);
    CHECK(read_rows(path_of(sample), format).texts == sample.rows);
  }
}

TEST_CASE("every sample file is tested") {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(IMPORT_SAMPLES)) {
    files += entry.path().filename() != "README.md";
  }
  CHECK(files == samples.size());
}

TEST_CASE("an export whose columns stand in another order and case is recognized") {
  CHECK(rows_of("lastUpdateTime,reason,emailaddress\n1741080930,bounce,a@example.com\n") ==
        std::vector<std::string>{"a@example.com hard_bounce 2025-03-04T09:35:30.000Z"});
}

TEST_CASE("as contacts, an export's rows are whole, and none is left out") {
  ImportWish wish;
  wish.suppressions = false;
  CHECK(rows_of("status,reason,email,created\n4.2.2,full,a@example.com,1741080930\n", wish) ==
        std::vector<std::string>{"a@example.com created=1741080930 reason=full status=4.2.2"});
}
