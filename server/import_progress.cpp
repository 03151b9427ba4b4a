#include "server/import_progress.hpp"

#include <nlohmann/json.hpp>

#include "server/health.hpp"
#include "server/import_json.hpp"
#include "server/mailbox.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

struct Report {
  std::string json;
  bool ended = false;
  std::optional<Problem> problem;
};

Report read_report(const AppParts& parts, const ImportName& name) {
  try {
    const ContactReader& reader = parts.store.contacts();
    const std::optional<Job> job = find_import(reader, name);
    if (!job) return {{}, true, unknown_import_problem()};
    const nlohmann::ordered_json json = import_json(reader, parts.imports, name.account, *job);
    return {json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
            ended(job->state), std::nullopt};
  } catch (const std::exception&) {
    return {{}, true, storage_problem()};
  }
}

class ProgressExchange final : public Exchange {
 public:
  ProgressExchange(const JobAuthor& author, JobId job)
      : parts_(author.parts),
        name_{author.account, job},
        mailbox_(std::make_shared<Mailbox<Report>>(author.wake)) {}
  ~ProgressExchange() override { parts_.pool.forget(ticket_); }

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }

  Progress on_end(Answer& answer) override {
    if (!parts_.pool.run(look())) {
      write_problem(busy_problem(), answer);
      return Progress::done;
    }
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  Progress on_wake(Answer& answer) override {
    const Report report = std::move(mailbox_->take().front());
    if (report.problem) {
      if (begun_) return Progress::broken;
      write_problem(*report.problem, answer);
      return Progress::done;
    }
    if (!std::exchange(begun_, true)) {
      answer.fields.emplace_back("Content-Type", "text/event-stream");
      answer.fields.emplace_back("Cache-Control", "no-store");
    }
    answer.body += "event: " + std::string(report.ended ? "done" : "progress") +
                   "\ndata: " + report.json + "\n\n";
    if (report.ended || parts_.health.phase == Phase::draining) return Progress::done;
    ticket_ = parts_.pool.run_after(parts_.imports.limits().progress_interval, look());
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

 private:
  WorkerPool::Task look() const {
    return [&parts = parts_, name = name_, mailbox = mailbox_] {
      mailbox->post(read_report(parts, name));
    };
  }

  const AppParts& parts_;
  const ImportName name_;
  const std::shared_ptr<Mailbox<Report>> mailbox_;
  uint64_t ticket_ = 0;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Exchange> import_progress_exchange(const JobAuthor& author, JobId job) {
  return std::make_unique<ProgressExchange>(author, job);
}

}  // namespace suppressd
