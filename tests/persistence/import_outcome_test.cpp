// The bytes of what an import keeps of its rows, and the sums over them.
#include <catch2/catch.hpp>

#include "persistence/import_outcome.hpp"

namespace suppressd {
namespace {

Standing suppressed(Reason reason, Scope scope) {
  Standing standing;
  standing.reason = reason;
  standing.scope = scope;
  return standing;
}

std::vector<ImportMark> some_rows() {
  std::vector<ImportMark> rows(5);
  rows[0].fate = ImportFate::created;
  rows[0].set(0, {});
  rows[1].fate = ImportFate::updated;
  rows[1].set(0, suppressed(Reason::complaint, Scope::account));
  rows[1].set(1, suppressed(Reason::hard_bounce, Scope::platform));
  rows[2].fate = ImportFate::invalid;
  rows[2].error = 37;
  rows[3].fate = ImportFate::duplicate;
  rows[3].set(1, {});
  rows[4].fate = ImportFate::conflict;
  Standing exempt;
  exempt.exempt = true;
  rows[4].set(0, exempt);
  return rows;
}

}  // namespace

TEST_CASE("rows of an import are four octets each, for good", "[imports]") {
  std::string bytes;
  encode(some_rows(), bytes);
  const std::string expected(
      "\x01\x80\x00\x00"
      "\x02\x87\x95\x00"
      "\x09\x00\x00\x25"
      "\x08\x00\x80\x00"
      "\x06\xa0\x00\x00",
      20);
  CHECK(bytes == expected);
  CHECK(decode_import_rows(bytes) == some_rows());
  CHECK_FALSE(decode_import_rows(bytes.substr(1)));
  bytes[0] = '\x0a';
  CHECK_FALSE(decode_import_rows(bytes));
}

TEST_CASE("the sums of an import count each row once", "[imports]") {
  ImportCounts counts;
  for (const ImportMark& row : some_rows()) counts.add(row);
  counts.first_at = 300;
  counts.last_at = 5;
  CHECK(counts.rows == 5);
  CHECK(counts.clear == 2);
  CHECK(counts.suppressed == 1);
  CHECK(counts.reasons ==
        std::map<std::pair<Scope, Reason>, uint64_t>{{{Scope::account, Reason::complaint}, 1}});
  CHECK(counts.errors == std::map<uint8_t, uint64_t>{{37, 1}});
  std::string bytes;
  encode(counts, bytes);
  const std::string expected(
      "\x01\x05\x02\x01\xac\x02\x05"
      "\x00\x01\x01\x00\x00\x00\x01\x00\x01\x01"
      "\x01\x00\x07\x01"
      "\x01\x25\x01",
      24);
  CHECK(bytes == expected);
  CHECK(decode_import_counts(bytes) == counts);
  CHECK_FALSE(decode_import_counts(bytes + "x"));
  CHECK_FALSE(decode_import_counts(bytes.substr(0, 10)));
  CHECK_FALSE(decode_import_counts(""));
}

}  // namespace suppressd
