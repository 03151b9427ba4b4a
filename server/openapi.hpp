// The API described for programs, OpenAPI 3.1: server/openapi.yaml, made into JSON by the build.
#pragma once

#include <string_view>

namespace suppressd {

extern const std::string_view openapi_document;

}  // namespace suppressd
