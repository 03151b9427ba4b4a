#include "persistence/import_outcome.hpp"

#include <algorithm>

#include "persistence/bytes.hpp"

namespace suppressd {
namespace {

constexpr uint8_t counts_version = 1;

}  // namespace

std::string_view name_of(ImportFate fate) {
  constexpr std::array<std::string_view, import_fates> names{
      "pending",      "new",      "updated",  "unchanged", "restored",
      "deleted_kept", "conflict", "too_many", "duplicate", "invalid"};
  return names[static_cast<size_t>(fate)];
}

void ImportMark::set(size_t channel, const Standing& standing) {
  uint8_t& octet = addresses[channel];
  octet = static_cast<uint8_t>(present | static_cast<uint8_t>(standing.reason));
  if (standing.exempt) octet |= exempt;
  if (standing.reason != Reason::none && standing.scope == Scope::platform) octet |= platform;
}

std::optional<size_t> ImportMark::suppressed() const {
  for (size_t i = 0; i < channels; ++i) {
    if (reason(i) != Reason::none) return i;
  }
  return std::nullopt;
}

bool ImportMark::clear() const {
  return fate != ImportFate::invalid && fate != ImportFate::duplicate && !suppressed();
}

void ImportCounts::add(const ImportMark& row) {
  ++rows;
  ++fates[static_cast<size_t>(row.fate)];
  if (row.clear()) ++clear;
  if (row.fate == ImportFate::invalid) ++errors[row.error];
  if (const auto channel = row.suppressed()) {
    ++suppressed;
    ++reasons[{row.scope(*channel), row.reason(*channel)}];
  }
}

void encode(const std::vector<ImportMark>& rows, std::string& out) {
  out.reserve(out.size() + rows.size() * ImportMark::octets);
  ByteWriter to(out);
  for (const ImportMark& row : rows) {
    to.u8(static_cast<uint8_t>(row.fate));
    for (const uint8_t address : row.addresses) to.u8(address);
    to.u8(row.error);
  }
}

std::optional<std::vector<ImportMark>> decode_import_rows(std::string_view bytes) {
  if (bytes.size() % ImportMark::octets != 0) return std::nullopt;
  std::vector<ImportMark> rows(bytes.size() / ImportMark::octets);
  ByteReader from(bytes);
  for (ImportMark& row : rows) {
    const uint8_t fate = from.u8();
    if (fate >= import_fates) return std::nullopt;
    row.fate = static_cast<ImportFate>(fate);
    for (uint8_t& address : row.addresses) address = from.u8();
    row.error = from.u8();
  }
  return rows;
}

void encode(const ImportCounts& counts, std::string& out) {
  ByteWriter to(out);
  to.u8(counts_version);
  for (const uint64_t number :
       {counts.rows, counts.clear, counts.suppressed, counts.first_at, counts.last_at}) {
    to.varint(number);
  }
  for (const uint64_t number : counts.fates) to.varint(number);
  to.varint(counts.reasons.size());
  for (const auto& [what, number] : counts.reasons) {
    to.u8(static_cast<uint8_t>(what.first));
    to.u8(static_cast<uint8_t>(what.second));
    to.varint(number);
  }
  to.varint(counts.errors.size());
  for (const auto& [error, number] : counts.errors) {
    to.u8(error);
    to.varint(number);
  }
}

std::optional<ImportCounts> decode_import_counts(std::string_view bytes) {
  ByteReader from(bytes);
  if (from.u8() != counts_version) return std::nullopt;
  ImportCounts counts;
  for (uint64_t* number :
       {&counts.rows, &counts.clear, &counts.suppressed, &counts.first_at, &counts.last_at}) {
    *number = from.varint();
  }
  for (uint64_t& number : counts.fates) number = from.varint();
  for (uint64_t left = from.varint(); left != 0 && from.good(); --left) {
    const auto scope = static_cast<Scope>(from.u8());
    const auto reason = static_cast<Reason>(from.u8());
    counts.reasons[{scope, reason}] = from.varint();
  }
  for (uint64_t left = from.varint(); left != 0 && from.good(); --left) {
    const uint8_t error = from.u8();
    counts.errors[error] = from.varint();
  }
  if (!from.finished()) return std::nullopt;
  return counts;
}

}  // namespace suppressd
