// Requests to support as people read them.
#pragma once

#include "tools/suppressctl/listing.hpp"

namespace suppressctl {

extern const Table request_table;

/// The request, its statement and note, and each address with its verdict and causes.
void write_request(const Json& request, Writer& output);

}  // namespace suppressctl
