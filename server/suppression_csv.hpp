// Rows of suppressions from a CSV body: which column holds what, and cells as a row's members.
//
// The address stands in `column`. Any other member may have a column, named by the parameter
// <member>_column; where the body has a header, columns called reason, evidence, campaign, region
// and at are taken by themselves. (Not source and channel: files have columns of these names that
// mean other things.) An empty cell is an absent member. Rows, cells and headers are those of the
// check (csv_splitter.hpp).
//
// Thread safety: one thread's.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/check_request.hpp"
#include "server/csv_splitter.hpp"
#include "server/suppression_rows.hpp"

namespace suppressd {

inline constexpr size_t columns_max = 16'384;  // a column's number is below

/// The query's parameters for CSV bodies.
inline constexpr std::array<std::string_view, 10> csv_parameters = {
    "column",        "header",        "delimiter",       "channel_column",  "region_column",
    "reason_column", "source_column", "campaign_column", "evidence_column", "at_column"};

struct RowColumns {
  CsvOptions csv;                                               // `column`: the address
  std::array<std::optional<CsvColumn>, row_members.size()> of;  // of[0] is not used

  /// From ?column=&header=&delimiter= and ?<member>_column=; 400 for values that cannot be.
  static std::optional<Problem> read(const Query& query, RowColumns& out);
};

class SuppressionCsv {
 public:
  SuppressionCsv(SuppressionRows& reader, const RowColumns& columns, size_t row_bytes_max);

  void feed(std::string_view piece, RowSink& sink);
  void finish(RowSink& sink);
  /// Why the body cannot be read on, if so. What was read before it stays read.
  std::optional<Problem> problem() const;

 private:
  struct Rows {
    SuppressionCsv& csv;
    RowSink& sink;
    void row(const CsvRow& row) { csv.row(row.text, sink); }
    void overlong_row() { csv.overlong_row(sink); }
  };
  static constexpr size_t none = SIZE_MAX;

  void row(std::string_view text, RowSink& sink);
  void overlong_row(RowSink& sink);
  /// True when the first row is the header.
  bool start(std::string_view first_row);
  void find(const CsvColumn& column, size_t member, const std::vector<std::string>& names);

  SuppressionRows& reader_;
  const RowColumns columns_;
  CsvSplitter splitter_;
  bool started_ = false;
  std::string unknown_;            // the parameter whose column is not there
  std::vector<size_t> member_of_;  // by column; none: nobody asks
  std::array<std::string, row_members.size()> scratch_;
};

}  // namespace suppressd
