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
// contacts_*.cpp
std::unique_ptr<Exchange> post_contacts(Call& call);
std::unique_ptr<Exchange> get_contacts(Call& call);
std::unique_ptr<Exchange> get_contact(Call& call);
std::unique_ptr<Exchange> patch_contact(Call& call);
std::unique_ptr<Exchange> delete_contact(Call& call);
std::unique_ptr<Exchange> post_contact_restore(Call& call);
std::unique_ptr<Exchange> post_contact_erase(Call& call);
std::unique_ptr<Exchange> get_contact_activity(Call& call);
// bulk_contacts.cpp, jobs_routes.cpp, segments_routes.cpp, exports.cpp
std::unique_ptr<Exchange> post_delete_contacts(Call& call);
std::unique_ptr<Exchange> post_restore_contacts(Call& call);
std::unique_ptr<Exchange> get_jobs(Call& call);
std::unique_ptr<Exchange> get_job(Call& call);
std::unique_ptr<Exchange> post_job_pause(Call& call);
std::unique_ptr<Exchange> post_job_resume(Call& call);
std::unique_ptr<Exchange> post_job_cancel(Call& call);
std::unique_ptr<Exchange> post_segment(Call& call);
std::unique_ptr<Exchange> get_segments(Call& call);
std::unique_ptr<Exchange> get_segment(Call& call);
std::unique_ptr<Exchange> patch_segment(Call& call);
std::unique_ptr<Exchange> delete_segment(Call& call);
std::unique_ptr<Exchange> get_segment_contacts(Call& call);
std::unique_ptr<Exchange> post_segment_contacts(Call& call);
std::unique_ptr<Exchange> delete_segment_contacts(Call& call);
std::unique_ptr<Exchange> get_export(Call& call);
std::unique_ptr<Exchange> post_export(Call& call);
std::unique_ptr<Exchange> post_counts_recalculate(Call& call);
// imports_routes.cpp
std::unique_ptr<Exchange> post_import(Call& call);
std::unique_ptr<Exchange> get_imports(Call& call);
std::unique_ptr<Exchange> get_import(Call& call);
std::unique_ptr<Exchange> delete_import(Call& call);
std::unique_ptr<Exchange> patch_import_upload(Call& call);
std::unique_ptr<Exchange> get_import_progress(Call& call);
std::unique_ptr<Exchange> get_import_rows(Call& call);
std::unique_ptr<Exchange> get_import_clean(Call& call);
std::unique_ptr<Exchange> post_import_pause(Call& call);
std::unique_ptr<Exchange> post_import_resume(Call& call);
std::unique_ptr<Exchange> post_import_cancel(Call& call);
std::unique_ptr<Exchange> post_import_confirm(Call& call);
// requests_routes.cpp, events_routes.cpp, counts_routes.cpp
std::unique_ptr<Exchange> post_request(Call& call);
std::unique_ptr<Exchange> get_account_requests(Call& call);
std::unique_ptr<Exchange> get_request(Call& call);
std::unique_ptr<Exchange> post_request_approve(Call& call);
std::unique_ptr<Exchange> post_request_reject(Call& call);
std::unique_ptr<Exchange> get_requests(Call& call);
std::unique_ptr<Exchange> post_events(Call& call);
std::unique_ptr<Exchange> get_counts(Call& call);
std::unique_ptr<Exchange> get_analytics(Call& call);
std::unique_ptr<Exchange> get_causes(Call& call);
// policies_routes.cpp
std::unique_ptr<Exchange> post_policies_simulate(Call& call);
std::unique_ptr<Exchange> post_policies_expire(Call& call);
// classify_route.cpp
std::unique_ptr<Exchange> post_classify(Call& call);
// webhook_routes.cpp, webhook_delivery.cpp
std::unique_ptr<Exchange> get_webhooks(Call& call);
std::unique_ptr<Exchange> get_webhook(Call& call);
std::unique_ptr<Exchange> put_webhook(Call& call);
std::unique_ptr<Exchange> delete_webhook(Call& call);
std::unique_ptr<Exchange> post_webhook(Call& call);
// unsubscribe_routes.cpp
std::unique_ptr<Exchange> post_unsubscribe_tokens(Call& call);
std::unique_ptr<Exchange> get_unsubscribe(Call& call);
std::unique_ptr<Exchange> post_unsubscribe(Call& call);
// operation_routes.cpp
std::unique_ptr<Exchange> get_livez(Call& call);
std::unique_ptr<Exchange> get_readyz(Call& call);
std::unique_ptr<Exchange> get_version(Call& call);
std::unique_ptr<Exchange> get_openapi(Call& call);
// metrics_page.cpp
std::unique_ptr<Exchange> get_metrics(Call& call);

}  // namespace suppressd
