// Directories written before the digest was one of slots: opened, proven once, raised.
#include "raw_database.hpp"

using namespace suppressd;
using Kind = StoreError::Kind;

namespace {

void fill(const fs::path& directory) {
  LoadedStore one(directory);
  for (const char* address : {"a@example.com", "b@example.com", "c@example.com"}) {
    one.commit(add_one(7, address, cause_of(Reason::complaint)));
  }
  one.commit(change_of(SetExemption{7, Channel::email, "d@example.com", Exemption{}}));
}

/// FORMAT as format 1 wrote it, and meta as its codec did.
void make_format_1(const fs::path& directory) {
  const FingerprintKey key = Store::open(options_for(directory))->fingerprint_key();
  set_format(directory, 1);
  RawDatabase raw(directory);
  Meta meta = raw.meta();
  meta.digest_version = 1;
  meta.digest = {};
  const auto add = [&](const char* address, SlotState state) {
    meta.digest += entry_digest_of_version_1(
        key(CanonicalAddress::from_stored(Channel::email, address)), 7, state);
  };
  for (const char* address : {"a@example.com", "b@example.com", "c@example.com"}) {
    add(address, slot_state(Reason::complaint));
  }
  add("d@example.com", SlotState::exempt);
  raw.put_meta(meta);
  for (const auto& [row, value] : raw.rows("account_changes")) raw.remove("account_changes", row);
}

}  // namespace

TEST_CASE("a directory of format 1 is proven by its own digest and raised to this format") {
  TemporaryDirectory directory;
  fill(directory.path());
  const Meta before = RawDatabase(directory.path()).meta();
  make_format_1(directory.path());
  REQUIRE(read_file(directory.path() / "FORMAT").find("format 1\n") != std::string::npos);
  {
    LoadedStore one(directory.path());
    REQUIRE(one.set.entries() == 4);
    REQUIRE(one.store->sequence() == 4);
    REQUIRE(one.store->changes(0, 4, 7, 10).items.size() == 4);
  }
  REQUIRE(RawDatabase(directory.path()).meta() == before);
  REQUIRE(read_file(directory.path() / "FORMAT").find("format 4\n") != std::string::npos);
  REQUIRE(LoadedStore(directory.path()).set.entries() == 4);
}

TEST_CASE("a directory of format 1 that its digest does not prove is refused and left as it is") {
  TemporaryDirectory directory;
  fill(directory.path());
  make_format_1(directory.path());
  {
    RawDatabase(directory.path())
        .remove("suppressions", suppression_key(7, Channel::email, "b@example.com"));
  }
  REQUIRE(refusal(directory.path()) == Kind::digest_mismatch);
  REQUIRE(read_file(directory.path() / "FORMAT").find("format 1\n") != std::string::npos);
  REQUIRE(RawDatabase(directory.path()).meta().digest_version == 1);
}
