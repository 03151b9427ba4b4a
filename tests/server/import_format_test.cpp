#include "import_reading.hpp"
#include "server/import_time.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

using Texts = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

ImportWish wish_of(std::optional<std::string> email, std::optional<std::string> phone = {}) {
  ImportWish wish;
  wish.email = std::move(email);
  wish.phone = std::move(phone);
  return wish;
}

}  // namespace

TEST_CASE("columns are found by the names that people give them") {
  for (const std::string name :
       {"email", "E-Mail", "Email Address", "E_MAIL", "mail", "Correo electrónico", "correo",
        "почта", "Пошта", "E-Mail-Adresse", "adresse e-mail", "email_address", "Recipient"}) {
    CAPTURE(name);
    const ImportFormat format = format_of("name," + name + "\nAda,a@example.com\n");
    CHECK(format.header);
    CHECK(format.email == 1);
    CHECK(format.phone == std::nullopt);
    CHECK(format.fields == std::vector<std::pair<size_t, std::string>>{{0, "name"}});
  }
  for (const std::string name : {"phone", "Phone Number", "MSISDN", "mobile", "tel.", "Телефон",
                                 "Handy-Nummer", "teléfono"}) {
    CAPTURE(name);
    const ImportFormat format = format_of(name + ";note\n0501234567;x\n");
    CHECK(format.delimiter == ';');
    CHECK(format.phone == 0);
    CHECK(format.email == std::nullopt);
  }
}

TEST_CASE("columns without a telling name are found by what they hold") {
  const ImportFormat named =
      format_of("who\tcontact\tcall\n1\ta@example.com\t+380501234567\n2\t\t\n");
  CHECK(named.delimiter == '\t');
  CHECK(named.header);
  CHECK(named.email == 1);
  CHECK(named.phone == 2);
  const ImportFormat bare = format_of("17,a@example.com,Ada\n18,b@example.com,Bob\n");
  CHECK_FALSE(bare.header);
  CHECK(bare.email == 1);
  CHECK(bare.fields.empty());
}

TEST_CASE("a column that is called mail and holds no addresses gives way to one that does") {
  const ImportFormat format = format_of("mail,contact\nyes,a@example.com\nno,b@example.com\n");
  CHECK(format.email == 1);
}

TEST_CASE("what the caller says wins") {
  const std::string text = "email,backup email,phone\na@example.com,b@example.org,+380501234567\n";
  CHECK(rows_of(text, wish_of("Backup Email")) ==
        Texts{"b@example.org email=a@example.com phone=+380501234567"});
  CHECK(rows_of(text, wish_of("1", "2")) ==
        Texts{"b@example.org +380501234567 email=a@example.com"});
  ImportWish wish = wish_of("0");
  wish.header = false;
  wish.fields.emplace();
  CHECK(rows_of(text, wish) == Texts{"! no_at_sign", "a@example.com"});
  wish = wish_of("email");
  wish.fields = Pairs{{"phone", "home"}, {"1", "other"}};
  CHECK(rows_of(text, wish) == Texts{"a@example.com home=+380501234567 other=b@example.org"});
  wish = {};
  wish.shape = ImportShape::text;
  CHECK(rows_of("a@example.com,b\n+380501234567\n", wish) ==
        Texts{"! bad_domain", "+380501234567"});
  wish.phone = "0";
  CHECK(rows_of("a@example.com\n+380501234567\n", wish) ==
        Texts{"! not_a_number", "+380501234567"});
}

TEST_CASE("a column that is not there is refused, naming those that are") {
  Problem problem = problem_of("email,name\na@example.com,Ada\n", wish_of("e-post"));
  CHECK(problem.status == 422);
  CHECK(problem.type == "unmappable-import");
  REQUIRE(problem.errors.size() == 1);
  CHECK(problem.errors[0].field == "email");
  CHECK(problem.errors[0].error == "unknown_column");
  CHECK(problem.detail.find(R"("email", "name")") != std::string::npos);
  ImportWish wish = wish_of("0", "7");
  problem = problem_of("a@example.com,Ada\n", wish);
  CHECK(problem.errors.at(0).field == "phone");
  CHECK(problem.detail.find("a@example") == std::string::npos);
  CHECK(problem.detail.find("2 columns") != std::string::npos);
  wish = wish_of("email");
  wish.header = false;
  CHECK(problem_of("email\na@example.com\n", wish).errors.at(0).error == "name_without_header");
  wish = {};
  wish.fields = Pairs{{"nowhere", "x"}};
  CHECK(problem_of("email\na@example.com\n", wish).errors.at(0).field == "fields");
}

TEST_CASE("a file without rows, or without anything that can be an address, is refused") {
  for (const std::string_view text : {"", "\n\r\n", " \n", ",,\n"}) {
    CHECK(problem_of(text).type == "empty-import");
    CHECK(problem_of(text).status == 422);
  }
  CHECK(problem_of("email,phone\n").type == "empty-import");
  CHECK(problem_of("name,age\nAda,36\nBob,40\n").type == "unmappable-import");
  CHECK(problem_of("hello\nworld\n").type == "unmappable-import");
  CHECK(problem_of("{\n  \"email\": \"a@example.com\"\n}\n").errors.at(0).error == "not_ndjson");
  CHECK(problem_of("{\"name\":\"Ada\"}\n").type == "unmappable-import");
}

TEST_CASE("reasons, times and regions are taken where every cell is one") {
  const std::string head = "email,reason,date,country\n";
  CHECK(rows_of(head + "a@example.com,spam,2025-03-04,UA\nb@example.com,hard_bounce,,\n") ==
        Texts{"a@example.com complaint 2025-03-04T00:00:00.000Z", "b@example.com hard_bounce"});
  CHECK(rows_of(head + "a@example.com,because,soon,Ukraine\n") ==
        Texts{"a@example.com country=Ukraine date=soon reason=because"});
  const std::string members = "email,status\na@example.com,subscribed\nb@example.com,cleaned\n";
  CHECK(rows_of(members) == Texts{"! not_suppressing", "b@example.com hard_bounce"});
  ImportWish wish;
  wish.reason = "reason";
  CHECK(rows_of(head + "a@example.com,because,,\nb@example.com,Opt-Out,,\nc@example.com,,,\n",
                wish) == Texts{"! unknown_reason", "b@example.com unsubscribe", "c@example.com"});
  wish = {};
  wish.at = "date";
  CHECK(rows_of("email,date\na@example.com,soon\nb@example.com,1741080930\n", wish) ==
        Texts{"! bad_time", "b@example.com 2025-03-04T09:35:30.000Z"});
}

TEST_CASE("a region's column makes national numbers readable") {
  CHECK(rows_of("phone,country\n050 123 45 67,UA\n050 123 45 67,\n") ==
        Texts{"+380501234567 (050 123 45 67)", "! no_region"});
  CHECK(rows_of("phone\n050 123 45 67\n", {}, *parse_region("UA")) ==
        Texts{"+380501234567 (050 123 45 67)"});
}

TEST_CASE("lines of addresses are text, of either channel") {
  CHECK(format_of("a@example.com\n+380501234567\n").shape == ImportShape::text);
  CHECK(rows_of("a@example.com\n+380501234567\nnobody\n") ==
        Texts{"a@example.com", "+380501234567", "! not_a_number"});
  // One column that has a name is CSV of one column.
  CHECK(format_of("Email\na@example.com\n").shape == ImportShape::csv);
}

TEST_CASE("NDJSON is told by its first line, and its members by name or content") {
  const std::string text =
      "{\"mail\":\"a@example.com\",\"msisdn\":380501234567,\"name\":\"Ada\",\"vip\":true}\n"
      "{\"name\":\"Bob\",\"mail\":\"B@example.com\",\"extra\":{\"a\": 1},\"n\":null}\n";
  const ImportFormat format = format_of(text);
  CHECK(format.shape == ImportShape::ndjson);
  CHECK(format.email_member == "mail");
  CHECK(format.phone_member == "msisdn");
  CHECK(rows_of(text, {}, *parse_region("UA")) ==
        Texts{"a@example.com +380501234567 (380501234567) name=Ada vip=true",
              "b@example.com (B@example.com) extra={\"a\":1} name=Bob"});
  ImportWish wish = wish_of("name");
  wish.fields = Pairs{{"mail", "other"}};
  CHECK(rows_of(text, wish) == Texts{"! no_at_sign", "! no_at_sign"});
  wish.email = "mail";
  wish.fields = Pairs{{"name", "who"}};
  CHECK(rows_of(text, wish) ==
        Texts{"a@example.com who=Ada", "b@example.com (B@example.com) who=Bob"});
}

TEST_CASE("our own export of contacts comes back as it was") {
  const std::string text =
      "id,email,email_given,email_state,phone,phone_given,phone_state,field.name,field.=odd\r\n"
      "7,a@example.com,A@example.com,active,+380501234567,+380501234567,active,\"'=SUM(1,2)\","
      "x\r\n";
  CHECK(rows_of(text) ==
        Texts{"a@example.com (A@example.com) +380501234567 =odd=x name==SUM(1,2)"});
}

TEST_CASE("a format as text comes back equal") {
  ImportWish wish = wish_of("mail");
  wish.fields = Pairs{{"name", "who"}};
  for (const ImportFormat& format :
       {format_of("status,reason,email,created\n5.1.1,x,a@example.com,1741080930\n"),
        format_of("a@example.com\n"), format_of("{\"mail\":\"a@example.com\",\"name\":\"Ada\"}\n"),
        format_of("{\"mail\":\"a@example.com\",\"name\":\"Ada\"}\n", wish),
        format_of("Name;E-Mail;Region;Телефон\nA;a@example.com;UA;0501234567\n")}) {
    CAPTURE(format_text(format));
    CHECK(parse_format_text(format_text(format)) == format);
  }
  for (const std::string_view bad : {"", "{}", "[]", "{\"shape\":\"csv\"}",
                                     "{\"shape\":\"cvs\",\"delimiter\":\",\",\"header\":true,"
                                     "\"origin\":\"none\",\"columns\":1}"}) {
    CHECK(parse_format_text(bad) == std::nullopt);
  }
}

TEST_CASE("times are read as files have them") {
  const auto time = [](std::string_view text) {
    const auto found = parse_import_time(text);
    return found ? (*found == 0 ? std::string("unknown") : time_text(*found)) : std::string("bad");
  };
  const std::string same = "2025-03-04T09:35:30.000Z";
  for (const std::string_view text :
       {"2025-03-04T09:35:30Z", "2025-03-04 09:35:30", "2025-03-04 09:35:30 UTC",
        "2025-03-04 10:35:30 +0100", "2025-03-04T10:35:30+01:00", "1741080930", "1741080930000",
        "1741080930.0", "Tue, 04 Mar 2025 09:35:30 UTC", "4 Mar 2025 9:35:30 GMT",
        "Tue, 04 Mar 2025 04:35:30 -0500", " 2025-03-04 9:35:30 "}) {
    CAPTURE(text);
    CHECK(time(text) == same);
  }
  CHECK(time("2025-03-04") == "2025-03-04T00:00:00.000Z");
  CHECK(time("2025-3-4 1:05") == "2025-03-04T01:05:00.000Z");
  CHECK(time("2025-03-04T09:35:30.98765Z") == "2025-03-04T09:35:30.987Z");
  CHECK(time("Mon, 01 Jan 0001 00:00:00 UTC") == "unknown");
  CHECK(time("1969-12-31 23:59:59") == "unknown");
  for (const std::string_view text :
       {"", "01/02/2025", "2025-13-01", "2025-02-30", "soon", "20250304", "1741080930x",
        "2025-03-04 25:00", "2025-03-04x", "Tue, 04 Foo 2025 09:35:30 UTC", "12"}) {
    CAPTURE(text);
    CHECK(time(text) == "bad");
  }
}
