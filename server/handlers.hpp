// The functions behind the route table, one a route, grouped by the file that defines them.
#pragma once

#include <memory>

#include "server/call.hpp"

namespace suppressd {

// accounts_routes.cpp
std::unique_ptr<Exchange> post_account(Call& call);
std::unique_ptr<Exchange> get_accounts(Call& call);
std::unique_ptr<Exchange> get_account(Call& call);
std::unique_ptr<Exchange> patch_account(Call& call);
// keys_routes.cpp
std::unique_ptr<Exchange> post_key(Call& call);
std::unique_ptr<Exchange> get_keys(Call& call);
std::unique_ptr<Exchange> delete_key(Call& call);
// check_exchange.hpp
std::unique_ptr<Exchange> post_check(Call& call);
// explain.cpp
std::unique_ptr<Exchange> get_explain(Call& call);
// suppressions_add.cpp, suppressions_read.cpp, suppressions_change.cpp: for the path's account, or
// for the platform where the path names none
std::unique_ptr<Exchange> post_suppressions(Call& call);
std::unique_ptr<Exchange> get_suppressions(Call& call);
std::unique_ptr<Exchange> get_suppression(Call& call);
std::unique_ptr<Exchange> delete_suppression(Call& call);
std::unique_ptr<Exchange> put_exemption(Call& call);
std::unique_ptr<Exchange> delete_exemption(Call& call);
// changes_routes.cpp
std::unique_ptr<Exchange> get_changes(Call& call);
std::unique_ptr<Exchange> get_account_changes(Call& call);
// operation_routes.cpp
std::unique_ptr<Exchange> get_livez(Call& call);
std::unique_ptr<Exchange> get_readyz(Call& call);
std::unique_ptr<Exchange> get_version(Call& call);
std::unique_ptr<Exchange> get_openapi(Call& call);
// metrics_page.cpp
std::unique_ptr<Exchange> get_metrics(Call& call);

}  // namespace suppressd
