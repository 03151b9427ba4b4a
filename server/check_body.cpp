#include "server/check_body.hpp"

namespace suppressd {

ReadState BodyReader::malformed(std::string type, std::string detail) {
  return fail({400,
               std::move(type),
               "The body is not what its Content-Type says.",
               std::move(detail),
               {},
               {},
               {}});
}

std::unique_ptr<BodyReader> make_body_reader(const CheckRequest& request, const AppLimits& limits) {
  switch (request.body) {
    case BodyFormat::text:
      return make_text_reader(limits);
    case BodyFormat::json:
      return make_json_reader(limits);
    case BodyFormat::ndjson:
      return make_ndjson_reader(limits);
    case BodyFormat::csv:
      return make_csv_reader(request.csv, limits);
  }
  return nullptr;
}

}  // namespace suppressd
