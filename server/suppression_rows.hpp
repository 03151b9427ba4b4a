// Rows of suppressions from a request's body: JSON objects, cells or plain addresses in, rows to
// store or an error per row out. A bad row is an error of that row, never of the body.
//
// Members of a row: channel, address, region, reason, source, campaign, evidence, at. What a row
// does not say, the query's parameters of the same names say for all rows. Thread safety: one
// thread's.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.hpp"
#include "persistence/change.hpp"
#include "server/problem.hpp"
#include "server/query.hpp"

namespace suppressd {

/// How far a row's `at` may lie ahead of this machine's clock.
inline constexpr std::chrono::minutes clock_skew_max{5};

/// What every row has that does not say otherwise, and who is asking.
struct RowDefaults {
  std::optional<Channel> channel;
  Region region;
  Cause cause;  // at 0: the time of the change; by: the key
  Role role = Role::sender;
  TimeMs now = 0;

  /// From ?channel=&region=&reason=&source=&campaign=&evidence=; 400 for values that cannot be.
  static std::optional<Problem> read(const Query& query, RowDefaults& out);
};

/// Who may claim which source: senders and admins import, api and campaign; support and admins
/// support; admins also webhook:<provider>.
bool may_claim_source(Role role, std::string_view source);

struct RowFault {
  std::string_view field;  // member, or empty for the row as a whole
  std::string_view code;   // stable; static storage
};

/// The members of a row, in the order of their values below.
inline constexpr std::array<std::string_view, 8> row_members = {
    "address", "channel", "region", "reason", "source", "campaign", "evidence", "at"};
/// A row's members as given; those that are absent are null views.
using RowValues = std::array<std::string_view, row_members.size()>;

/// A row to store. Its texts stand in the body, the defaults or the normalizer's scratch space:
/// they live until the next row is read.
struct RowView {
  Channel channel = Channel::email;
  std::string_view address;  // canonical
  std::string_view given;    // empty when equal to address
  Region region;
  CauseView cause;            // at 0: the time of the change; without `by`
  bool default_cause = true;  // but for its reason
};

/// Takes the rows of a body, in order.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void row(const RowView& row) = 0;
  virtual void fault(const RowFault& fault) = 0;
};

class SuppressionRows {
 public:
  SuppressionRows(Normalizer& normalizer, RowDefaults defaults);
  ~SuppressionRows();

  /// A line that is an address. Each of these fills `row` unless it returns an error.
  std::optional<RowFault> text(std::string_view line, RowView& row);
  /// A line that is a JSON object.
  std::optional<RowFault> json_line(std::string_view line, RowView& row);
  /// Values that somebody took apart already. The texts must be UTF-8, except for the address.
  std::optional<RowFault> values(const RowValues& values, RowView& row);

  /// A whole document: one row's object, or {"suppressions":[rows]}. A problem when it is neither.
  std::optional<Problem> open_document(std::string document);
  /// The document's next row: false after the last one.
  bool next(RowView& row, std::optional<RowFault>& error);
  /// Memory that the open document takes, about.
  size_t document_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suppressd
