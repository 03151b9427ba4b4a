#include "tools/suppressctl/selection.hpp"

#include <algorithm>

#include "tools/suppressctl/contact_names.hpp"
#include "tools/suppressctl/listing.hpp"

namespace suppressctl {
namespace {

constexpr size_t ids_per_request_max = 10'000;

const Table result_table{{"CONTACT", "id"}, {"RESULT", "result"}};

}  // namespace

int write_selection(const Settings& settings, const std::string& path,
                    const std::vector<std::string>& names, const Json& body, const char* changed,
                    SelectionMethod method) {
  Api api(settings);
  const Json ids = contact_ids_of(settings, api, names);
  Writer output = Writer::standard_output();
  uint64_t changed_count = 0;
  for (size_t first = 0; first < ids.size(); first += ids_per_request_max) {
    Json part = body;
    part["ids"] = Json::array();
    for (size_t i = first; i < std::min(ids.size(), first + ids_per_request_max); ++i)
      part["ids"].push_back(ids[i]);
    const Json answer =
        method == SelectionMethod::post ? api.post(path, part) : api.remove(path, part);
    changed_count += answer.value(changed, uint64_t{0});
    if (settings.json)
      output.append(answer.dump() + "\n");
    else if (!settings.quiet)
      write_table(member_of(answer, "results"), result_table, output);
    output.flush();
  }
  return changed_count == ids.size() ? exit_done : exit_no;
}

}  // namespace suppressctl
