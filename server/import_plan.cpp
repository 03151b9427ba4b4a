#include "server/import_plan.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "server/contact_ids.hpp"
#include "server/media_type.hpp"
#include "server/query.hpp"

namespace suppressd {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t column_octets_max = 1024;
constexpr size_t campaign_octets_max = 256;
constexpr std::string_view tab_name = "tab";

constexpr std::array<std::string_view, 18> parameters{
    "mode",     "email_column",    "phone_column",    "reason_column", "at_column",
    "fields",   "evidence_column", "delimiter",       "header",        "encoding",
    "format",   "default_region",  "restore_deleted", "segment",       "reason",
    "campaign", "region_column",   "confirm"};

constexpr std::array<std::pair<std::string_view, ImportMode>, 3> modes{
    {{"dry_run", ImportMode::dry_run},
     {"contacts", ImportMode::contacts},
     {"suppress", ImportMode::suppress}}};

using Member = std::optional<std::string> ImportWish::*;
constexpr std::array<std::pair<std::string_view, Member>, 6> columns{
    {{"email_column", &ImportWish::email},
     {"phone_column", &ImportWish::phone},
     {"reason_column", &ImportWish::reason},
     {"at_column", &ImportWish::at},
     {"evidence_column", &ImportWish::evidence},
     {"region_column", &ImportWish::region}}};

Problem bad(std::string_view name, const std::string& expected) {
  return invalid_request_problem(std::string(name), "bad_value",
                                 "Expected for " + std::string(name) + ": " + expected + ".");
}

std::optional<Problem> read_flag(const Query& query, std::string_view name,
                                 std::optional<bool>& flag) {
  const auto text = query.get(name);
  if (!text) return std::nullopt;
  if (*text != "true" && *text != "false") return bad(name, "true or false");
  flag = *text == "true";
  return std::nullopt;
}

/// "Column:field,Column": a column without a field gives it its own name.
std::vector<std::pair<std::string, std::string>> parse_fields(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> fields;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const size_t colon = one.rfind(':');
    const std::string_view column = one.substr(0, colon);
    if (column.empty()) continue;
    fields.emplace_back(column, colon == one.npos ? column : one.substr(colon + 1));
  }
  return fields;
}

std::optional<Problem> read_wish(const Query& query, ImportWish& wish) {
  for (const auto& [name, member] : columns) {
    std::string text;
    if (!query.get(name)) continue;
    if (auto problem = read_text(query, name, column_octets_max, text)) return problem;
    wish.*member = std::move(text);
  }
  if (const auto text = query.get("fields")) wish.fields = parse_fields(*text);
  if (const auto text = query.get("delimiter")) {
    const std::string_view one = *text == tab_name ? "\t" : *text;
    if (one.size() != 1 || std::string_view(",;|\t").find(one) == one.npos) {
      return bad("delimiter", "one of , ; | or tab");
    }
    wish.delimiter = one[0];
  }
  return read_flag(query, "header", wish.header);
}

std::optional<Problem> read_shape(const Call& call, const Query& query, ImportWish& wish) {
  if (const auto text = query.get("format")) {
    if (*text == "tsv") {
      wish.shape = ImportShape::csv;
      wish.delimiter = '\t';
      return std::nullopt;
    }
    wish.shape = parse_import_shape(*text);
    if (!wish.shape) return bad("format", "csv, tsv, text or ndjson");
    return std::nullopt;
  }
  // What says nothing of the shape is looked at: tools send files under all kinds of names.
  const std::string type(call.head.field("content-type").value_or(""));
  const std::string name = to_lower(type.substr(0, type.find(';')));
  if (name == "text/csv") wish.shape = ImportShape::csv;
  if (name == "text/tab-separated-values") {
    wish.shape = ImportShape::csv;
    if (!wish.delimiter) wish.delimiter = '\t';
  }
  if (name == "application/x-ndjson") wish.shape = ImportShape::ndjson;
  return std::nullopt;
}

std::optional<Problem> read_mode(const Call& call, const Query& query, ImportPlan& plan) {
  const auto text = query.get("mode");
  const auto* const found = std::find_if(modes.begin(), modes.end(), [&](const auto& mode) {
    return mode.first == text.value_or("contacts");
  });
  if (found == modes.end()) return bad("mode", "dry_run, contacts or suppress");
  plan.mode = found->second;
  plan.wish.suppressions = plan.mode == ImportMode::suppress;
  if (plan.mode != ImportMode::suppress || may_suppress(call)) return std::nullopt;
  return suppress_forbidden_problem();
}

std::optional<Problem> read_rest(const Call& call, const Query& query, ImportPlan& plan) {
  plan.region = call.account->default_region;
  if (const auto text = query.get("default_region")) {
    const auto region = parse_region(*text);
    if (!region) return bad("default_region", "two letters of a region, such as UA");
    plan.region = *region;
  }
  if (const auto text = query.get("encoding")) {
    plan.encoding_wanted = parse_encoding(*text);
    if (!plan.encoding_wanted) return bad("encoding", "utf-8, utf-16le, utf-16be or latin1");
  }
  if (const auto text = query.get("segment")) {
    plan.segment = parse_segment_id(*text).value_or(0);
    if (plan.segment == 0) return bad("segment", "a segment's id");
  }
  if (const auto text = query.get("reason")) {
    const auto reason = parse_reason(*text);
    if (!reason) return bad("reason", "a reason, such as unsubscribe");
    plan.reason = *reason;
  }
  if (const auto text = query.get("confirm")) {
    const auto end = text->data() + text->size();
    const auto result = std::from_chars(text->data(), end, plan.confirmed_rows);
    if (result.ec != std::errc() || result.ptr != end) return bad("confirm", "a number of rows");
  }
  std::optional<bool> restore;
  if (auto problem = read_flag(query, "restore_deleted", restore)) return problem;
  plan.restore_deleted = restore.value_or(false);
  return read_text(query, "campaign", campaign_octets_max, plan.campaign);
}

Json wish_json(const ImportWish& wish) {
  Json json = Json::object();
  if (wish.shape) json["format"] = name_of(*wish.shape);
  if (wish.delimiter) json["delimiter"] = std::string(1, *wish.delimiter);
  if (wish.header) json["header"] = *wish.header;
  for (const auto& [name, member] : columns) {
    if (wish.*member) json[std::string(name)] = *(wish.*member);
  }
  if (wish.fields) {
    json["fields"] = Json::array();
    for (const auto& [column, field] : *wish.fields) json["fields"].push_back({column, field});
  }
  return json;
}

void read_wish_json(const Json& json, ImportWish& wish) {
  wish.shape = parse_import_shape(json.value("format", ""));
  if (json.contains("delimiter")) wish.delimiter = json["delimiter"].get<std::string>().at(0);
  if (json.contains("header")) wish.header = json["header"].get<bool>();
  for (const auto& [name, member] : columns) {
    const std::string key(name);
    if (json.contains(key)) wish.*member = json[key].get<std::string>();
  }
  if (!json.contains("fields")) return;
  wish.fields.emplace();
  for (const Json& one : json["fields"]) wish.fields->emplace_back(one.at(0), one.at(1));
}

}  // namespace

bool may_suppress(const Call& call) {
  const Role role = call.key->role;
  const bool staff = role == Role::admin || role == Role::support;
  return staff || (role == Role::owner && call.account->policies.self_service);
}

Problem suppress_forbidden_problem() {
  return {403,
          "forbidden",
          "The key's role does not allow this.",
          "Suppressions are imported by support, and by an owner whose account's policy "
          "self_service allows it.",
          {},
          {},
          {}};
}

std::string_view name_of(ImportMode mode) {
  return modes[static_cast<size_t>(mode)].first;
}

std::optional<Problem> read_import_plan(const Call& call, ImportPlan& plan) {
  Query query;
  if (auto problem = Query::parse(call.head.query, parameters, query)) return problem;
  if (auto problem = read_mode(call, query, plan)) return problem;
  if (auto problem = read_wish(query, plan.wish)) return problem;
  if (auto problem = read_shape(call, query, plan.wish)) return problem;
  return read_rest(call, query, plan);
}

std::string import_plan_text(const ImportPlan& plan) {
  Json json{{"mode", name_of(plan.mode)}, {"wish", wish_json(plan.wish)}};
  if (plan.encoding_wanted) json["encoding_wanted"] = name_of(*plan.encoding_wanted);
  if (!plan.region.empty()) json["region"] = plan.region.text();
  if (plan.restore_deleted) json["restore_deleted"] = true;
  if (plan.segment != 0) json["segment"] = plan.segment;
  if (plan.reason != Reason::none) json["reason"] = name_of(plan.reason);
  if (!plan.campaign.empty()) json["campaign"] = plan.campaign;
  if (plan.confirmed_rows != 0) json["confirmed_rows"] = plan.confirmed_rows;
  if (plan.format) {
    json["format"] = format_text(*plan.format);
    json["encoding"] = name_of(plan.encoding);
    json["upload_bytes"] = plan.upload_bytes;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<ImportPlan> parse_import_plan(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  ImportPlan plan;
  try {
    for (const auto& [name, mode] : modes) {
      if (json.at("mode") == name) plan.mode = mode;
    }
    read_wish_json(json.at("wish"), plan.wish);
    plan.wish.suppressions = plan.mode == ImportMode::suppress;
    plan.encoding_wanted = parse_encoding(json.value("encoding_wanted", ""));
    if (const auto region = parse_region(json.value("region", ""))) plan.region = *region;
    plan.restore_deleted = json.value("restore_deleted", false);
    plan.segment = json.value("segment", SegmentId{0});
    plan.reason = parse_reason(json.value("reason", "")).value_or(Reason::none);
    plan.campaign = json.value("campaign", "");
    plan.confirmed_rows = json.value("confirmed_rows", uint64_t{0});
    if (json.contains("format")) {
      plan.format = parse_format_text(json["format"].get<std::string>());
      if (!plan.format) return std::nullopt;
      plan.encoding = parse_encoding(json.value("encoding", "")).value_or(TextEncoding::utf8);
      plan.upload_bytes = json.value("upload_bytes", uint64_t{0});
    }
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return plan;
}

Json import_format_json(const ImportPlan& plan) {
  if (!plan.format) return nullptr;
  const ImportFormat& format = *plan.format;
  Json json{{"shape", name_of(format.shape)}, {"encoding", name_of(plan.encoding)}};
  json["origin"] =
      format.origin == ImportOrigin::none ? Json(nullptr) : Json(name_of(format.origin));
  Json columns_json = Json::object();
  if (format.shape == ImportShape::ndjson) {
    const std::array<std::pair<const char*, const std::string*>, 6> members{
        {{"email", &format.email_member},
         {"phone", &format.phone_member},
         {"reason", &format.reason_member},
         {"at", &format.at_member},
         {"evidence", &format.evidence_member},
         {"region", &format.region_member}}};
    for (const auto& [name, member] : members) {
      if (!member->empty()) columns_json[name] = *member;
    }
  } else {
    if (format.shape == ImportShape::csv) {
      json["delimiter"] = std::string(1, format.delimiter);
      json["header"] = format.header;
    }
    const std::array<std::pair<const char*, std::optional<size_t>>, 6> numbers{
        {{"email", format.email},
         {"phone", format.phone},
         {"reason", format.reason},
         {"at", format.at},
         {"evidence", format.evidence},
         {"region", format.region}}};
    for (const auto& [name, number] : numbers) {
      if (number) columns_json[name] = *number;
    }
    for (const auto& [number, field] : format.fields) columns_json["fields"][field] = number;
  }
  json["columns"] = std::move(columns_json);
  return json;
}

}  // namespace suppressd
