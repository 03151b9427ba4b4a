// The stored bytes of contacts, segments and activities are frozen: literal octets here, and
// decoders that never trust what they read.
#include "persistence/contact_codec.hpp"

#include "codec_damage.hpp"

using namespace suppressd;
using namespace std::string_literals;

namespace {

Contact sample_contact() {
  Contact contact;
  contact.created_at = 300;
  contact.updated_at = 301;
  contact.source = "api";
  ContactAddress& email = contact.of(Channel::email);
  email.address = "a@x.y";
  email.given = "A@x.y";
  email.sequence = 7;
  email.standing = {Reason::hard_bounce, Scope::platform, false, 5, "campaign", "c"};
  email.deletion = Deletion{9, "k1", "why", 2};
  email.engagement = {1, 2, 3, 4, 0, 5, 6, 7};
  ContactAddress& phone = contact.of(Channel::phone);
  phone.address = "+1";
  phone.sequence = 8;
  phone.standing.exempt = true;
  contact.fields = {{"city", "Kyiv"}, {"name", ""}};
  contact.segments = {3, 300};
  return contact;
}

const std::string contact_bytes =
    "\x01\xac\x02\xad\x02\x03"
    "api\x03"
    "\x3b\x05"
    "a@x.y\x05"
    "A@x.y\x07"
    "\x05\x05\x08"
    "campaign\x01"
    "c"
    "\x09\x02k1\x03why\x02"
    "\x01\x02\x03\x04\x00\x05\x06\x07"
    "\x04\x02+1\x08"
    "\x02\x04"
    "city\x04Kyiv\x04name\x00"
    "\x02\x03\xa9\x02"s;

const std::string segment_bytes =
    "\x01\xac\x02\x03"
    "vip\x05\x02k1\x01"s;

const std::string activity_bytes =
    "\x01\x08\x01\x80\x01\x02k1\x01"
    "c\x03"
    "550\x05"s;

template <class Record>
std::string bytes_of(const Record& record) {
  std::string bytes;
  encode(record, bytes);
  return bytes;
}

std::optional<std::string> contact_again(std::string_view bytes) {
  Contact contact;
  if (!decode(bytes, contact)) return std::nullopt;
  return bytes_of(contact);
}

std::optional<std::string> segment_again(std::string_view bytes) {
  const std::optional<Segment> segment = decode_segment(bytes);
  return segment ? std::optional(bytes_of(*segment)) : std::nullopt;
}

std::optional<std::string> activity_again(std::string_view bytes) {
  const std::optional<Activity> activity = decode_activity(bytes);
  return activity ? std::optional(bytes_of(*activity)) : std::nullopt;
}

Contact read_contact(std::string_view bytes) {
  Contact contact;
  REQUIRE(decode(bytes, contact));
  return contact;
}

}  // namespace

TEST_CASE("a contact has these bytes, and they give it back") {
  REQUIRE(bytes_of(sample_contact()) == contact_bytes);
  REQUIRE(read_contact(contact_bytes) == sample_contact());

  Contact plain;
  plain.of(Channel::phone).address = "+1";
  REQUIRE(bytes_of(plain) == "\x01\x00\x00\x00\x02\x00\x02+1\x00\x00\x00"s);
  REQUIRE(read_contact(bytes_of(plain)) == plain);
  // What was decoded before leaves nothing behind.
  Contact used = sample_contact();
  REQUIRE(decode(bytes_of(plain), used));
  REQUIRE(used == plain);
}

TEST_CASE("segments and activities have these bytes, and they give them back") {
  const Segment segment{300, "vip", 5, "k1", true};
  REQUIRE(bytes_of(segment) == segment_bytes);
  REQUIRE(decode_segment(segment_bytes) == segment);

  Activity activity{0,     ActivityKind::bounced, Channel::email, 128, "k1", "c",
                    "550", Reason::hard_bounce};
  REQUIRE(bytes_of(activity) == activity_bytes);
  REQUIRE(decode_activity(activity_bytes) == activity);
  activity.channel.reset();
  activity.reason = Reason::none;
  REQUIRE(bytes_of(activity)[2] == 0);
  REQUIRE(decode_activity(bytes_of(activity)) == activity);
}

TEST_CASE("a cut contact, segment or activity is none") {
  require_frozen(contact_bytes, contact_again);
  require_frozen(segment_bytes, segment_again);
  require_frozen(activity_bytes, activity_again);
}

TEST_CASE("numbers out of their range are refused") {
  const auto with = [](std::string bytes, size_t at, uint8_t octet) {
    REQUIRE(at < bytes.size());
    bytes[at] = static_cast<char>(octet);
    return bytes;
  };
  REQUIRE_FALSE(contact_again(with(contact_bytes, 0, 2)));      // a version of the future
  REQUIRE_FALSE(contact_again(with(contact_bytes, 9, 4)));      // a third channel
  REQUIRE_FALSE(contact_again(with(contact_bytes, 10, 0x7b)));  // a flag of the future
  const size_t reason = contact_bytes.find("A@x.y") + 6;
  REQUIRE_FALSE(contact_again(with(contact_bytes, reason, 0)));  // suppressed for no reason
  REQUIRE_FALSE(contact_again(with(contact_bytes, reason, 9)));
  REQUIRE_FALSE(segment_again(with(segment_bytes, segment_bytes.size() - 1, 2)));
  REQUIRE_FALSE(activity_again(with(activity_bytes, 1, 0)));
  REQUIRE_FALSE(activity_again(with(activity_bytes, 1, 20)));
  REQUIRE_FALSE(activity_again(with(activity_bytes, 2, 3)));
  REQUIRE_FALSE(activity_again(with(activity_bytes, activity_bytes.size() - 1, 9)));
}

TEST_CASE("what one record has in one way is not read when it is written in another") {
  Contact contact = sample_contact();
  contact.of(Channel::email).given.clear();
  const std::string without = bytes_of(contact);
  // An address that was given as nothing, announced by its flag.
  std::string announced = without;
  const size_t flags = 10;
  announced[flags] = static_cast<char>(announced[flags] | 1);
  announced.insert(announced.find("a@x.y") + 5, 1, '\0');
  REQUIRE_FALSE(contact_again(announced));
  // A campaign's figures that are all zero.
  Contact idle;
  idle.of(Channel::phone).address = "+1";
  std::string zeros = bytes_of(idle);
  zeros[5] = 32;
  zeros.insert(9, 8, '\0');
  REQUIRE_FALSE(contact_again(zeros));
  // A number with an octet that says nothing.
  std::string overlong = segment_bytes;
  overlong.replace(overlong.find("vip") + 3, 1, "\x85\x00"s);
  REQUIRE_FALSE(segment_again(overlong));
  // Fields and segments out of order.
  std::string fields = contact_bytes;
  fields[fields.find("name")] = 'a';
  REQUIRE_FALSE(contact_again(fields));
  std::string segments = contact_bytes;
  segments.replace(segments.size() - 2, 2, "\x00"s);
  REQUIRE_FALSE(contact_again(segments));
}

TEST_CASE("more fields and segments than a contact may have are not read") {
  Contact contact;
  contact.of(Channel::phone).address = "+1";
  for (size_t i = 0; i < contact_fields_max; ++i) contact.fields["f" + std::to_string(i)] = "v";
  for (SegmentId i = 1; i <= contact_segments_max; ++i) contact.segments.push_back(i);
  REQUIRE(read_contact(bytes_of(contact)) == contact);
  Contact wide = contact, member = contact;
  wide.fields["one more"] = "";
  member.segments.push_back(contact_segments_max + 1);
  REQUIRE_FALSE(contact_again(bytes_of(wide)));
  REQUIRE_FALSE(contact_again(bytes_of(member)));
}

TEST_CASE("altered contacts, segments and activities are refused or are what they say") {
  const uint64_t seed = test_seed();
  INFO("SUPPRESSD_SEED=" << seed);
  std::mt19937_64 random(seed);
  require_survives_damage(contact_bytes, contact_again, random);
  require_survives_damage(segment_bytes, segment_again, random);
  require_survives_damage(activity_bytes, activity_again, random);
}
