// What commands read beside their arguments: lines for "-", and NDJSON that is sent on.
#pragma once

#include <string>
#include <vector>

#include "tools/suppressctl/api.hpp"

namespace suppressctl {

/// The arguments; "-" stands for the lines of standard input that are not empty.
std::vector<std::string> expand_lines(const std::vector<std::string>& arguments);

/// Sends the rows of an NDJSON file ("-": standard input), some thousand at a time, so that memory
/// does not grow with the file. Gives the answers as one: numbers added up, `sequence` the last
/// one, `errors` with the row of the file as `index`; rows that answers only count are not named.
/// Progress goes to standard error. What stood before a failure is stored, and the failure says how
/// many rows that were.
Json send_ndjson(const Settings& settings, Api& api, const std::string& target,
                 const std::string& path);

/// "row 3: email: no_at_sign" a line, to standard error; nothing with --quiet.
void write_row_errors(const Settings& settings, const Json& errors);

}  // namespace suppressctl
