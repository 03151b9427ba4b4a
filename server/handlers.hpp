// The functions behind the route table, one a route, grouped by the file that defines them.
#pragma once

#include <memory>

#include "server/call.hpp"

namespace suppressd {

// operation_routes.cpp
std::unique_ptr<Exchange> get_livez(Call& call);
std::unique_ptr<Exchange> get_readyz(Call& call);
std::unique_ptr<Exchange> get_version(Call& call);
// metrics_page.cpp
std::unique_ptr<Exchange> get_metrics(Call& call);

}  // namespace suppressd
