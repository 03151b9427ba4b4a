#include "server/contact_rows.hpp"

#include "server/contact_fields.hpp"
#include "server/json_rows.hpp"

namespace suppressd {
namespace {

namespace dom = simdjson::dom;

/// A row's members as given; those that are absent are null views and an empty optional.
struct Given {
  std::array<std::string_view, channels> addresses;
  std::string_view region;
  std::optional<dom::element> fields;
};

bool given(std::string_view value) {
  return value.data() != nullptr;
}

std::optional<RowFault> read_text(std::string_view name, dom::element value,
                                  std::string_view& slot) {
  if (given(slot)) return RowFault{name, "given_twice"};
  if (value.get_string().get(slot) != simdjson::SUCCESS) return RowFault{name, "not_a_string"};
  return std::nullopt;
}

std::optional<RowFault> read_member(std::string_view name, dom::element value, Given& row) {
  for (const Channel channel : all_channels) {
    if (name != name_of(channel)) continue;
    if (value.is_null()) return std::nullopt;  // as if absent
    return read_text(name_of(channel), value, row.addresses[static_cast<size_t>(channel) - 1]);
  }
  if (name == "region") {
    return value.is_null() ? std::nullopt : read_text("region", value, row.region);
  }
  if (name != "fields") return RowFault{"", "unknown_member"};
  if (row.fields) return RowFault{"fields", "given_twice"};
  if (!value.is_null()) row.fields = value;
  return std::nullopt;
}

std::optional<RowFault> read_fields(dom::element json, std::map<std::string, std::string>& fields) {
  dom::object object;
  if (json.get_object().get(object) != simdjson::SUCCESS) {
    return RowFault{"fields", "not_an_object"};
  }
  for (const auto [name, value] : object) {
    if (value.is_null()) continue;
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) {
      return RowFault{"fields", "not_a_string"};
    }
    std::string_view error = field_name_error(name);
    if (error.empty()) error = field_value_error(text);
    if (!error.empty()) return RowFault{"fields", error};
    if (!fields.emplace(name, text).second) return RowFault{"fields", "given_twice"};
  }
  if (fields.size() > contact_fields_max) return RowFault{"fields", "too_many_fields"};
  return std::nullopt;
}

}  // namespace

struct ContactRows::Impl {
  Normalizer& normalizer;
  const Region default_region;
  const SegmentId segment;
  JsonRows body{"contacts", "contact"};

  std::optional<RowFault> normalize(Channel channel, std::string_view raw, Region region,
                                    PutContacts::Row& row) {
    CanonicalAddress canonical;
    const AddressError error = normalizer.address(raw, channel, region, canonical);
    if (error != AddressError::none) return RowFault{name_of(channel), error_name(error)};
    const size_t i = static_cast<size_t>(channel) - 1;
    row.addresses[i] = canonical.text();
    if (raw != canonical.text()) row.given[i] = raw;
    return std::nullopt;
  }

  std::optional<RowFault> element(dom::element value, PutContacts::Row& row) {
    row = {};
    row.segment = segment;
    dom::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return RowFault{"", "not_an_object"};
    Given members;
    for (const auto [name, member] : object) {
      if (auto error = read_member(name, member, members)) return error;
    }
    Region region = default_region;
    if (given(members.region)) {
      const auto parsed = parse_region(members.region);
      if (!parsed) return RowFault{"region", "unknown_region"};
      region = *parsed;
    }
    bool any = false;
    for (const Channel channel : all_channels) {
      const std::string_view raw = members.addresses[static_cast<size_t>(channel) - 1];
      if (!given(raw)) continue;
      any = true;
      if (auto error = normalize(channel, raw, region, row)) return error;
    }
    if (!any) return RowFault{"", "no_address"};
    return members.fields ? read_fields(*members.fields, row.fields) : std::nullopt;
  }
};

ContactRows::ContactRows(Normalizer& normalizer, Region region, SegmentId segment)
    : impl_(new Impl{normalizer, region, segment}) {}
ContactRows::~ContactRows() = default;

std::optional<RowFault> ContactRows::json_line(std::string_view line, PutContacts::Row& row) {
  dom::element json;
  if (!impl_->body.line(line, json)) return RowFault{"", "bad_json"};
  return impl_->element(json, row);
}

std::optional<Problem> ContactRows::open_document(std::string document) {
  return impl_->body.open(std::move(document));
}

bool ContactRows::next(PutContacts::Row& row, std::optional<RowFault>& error) {
  dom::element json;
  if (!impl_->body.next(json)) return false;
  error = impl_->element(json, row);
  return true;
}

size_t ContactRows::document_bytes() const {
  return impl_->body.document_bytes();
}

}  // namespace suppressd
