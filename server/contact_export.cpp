#include "server/contact_export.hpp"

#include <chrono>

#include "server/contact_problems.hpp"
#include "server/gzip_writer.hpp"
#include "server/mailbox.hpp"
#include "server/store_exchange.hpp"
#include "server/worker_pool.hpp"

namespace suppressd {
namespace {

/// Contacts read by one turn on the pool: a few milliseconds, so that lists get theirs.
constexpr size_t turn_contacts = 1'000;
constexpr std::chrono::milliseconds full_pool_pause{20};

struct Piece {
  std::string octets;
  uint64_t sequence = 0;
  bool last = false;
  std::optional<Problem> problem;
};

/// Makes the pieces; used by one pool thread after the other.
class ExportSource {
 public:
  ExportSource(const ContactReader& reader, const ExportRequest& request)
      : reader_(reader), request_(request), csv_(request.style) {
    if (request.packing != ExportPacking::plain) gzip_ = std::make_unique<GzipWriter>();
  }

  Piece next() {
    Piece piece;
    try {
      if (!scan_ && !begin()) {
        piece.problem = unknown_segment_problem();
        return piece;
      }
      read(piece);
    } catch (const std::exception&) {
      piece.problem = storage_problem();
    }
    return piece;
  }

 private:
  bool begin() {
    if (request_.filter.segment != 0 &&
        !reader_.segment(request_.account, request_.filter.segment)) {
      return false;
    }
    scan_ = reader_.scan(request_.account, request_.filter, request_.sort);
    learning_ = request_.style.all_columns;
    return true;
  }

  void read(Piece& piece) {
    piece.sequence = scan_->sequence();
    const std::vector<Contact> contacts = scan_->next(turn_contacts);
    if (learning_) {
      for (const Contact& contact : contacts) csv_.learn_fields(contact);
      if (!contacts.empty()) return;
      learning_ = false;
      scan_->rewind();
      return;
    }
    std::string text;
    if (!std::exchange(headed_, true)) csv_.header(text);
    for (const Contact& contact : contacts) csv_.row(contact, text);
    piece.last = contacts.empty();
    if (gzip_) {
      gzip_->write(text, piece.last, piece.octets);
    } else {
      piece.octets = std::move(text);
    }
  }

  const ContactReader& reader_;
  const ExportRequest request_;
  ContactCsv csv_;
  std::unique_ptr<GzipWriter> gzip_;
  std::unique_ptr<ContactScan> scan_;
  bool learning_ = false;  // of the fields' names; the same moment is read again then
  bool headed_ = false;
};

class ExportExchange final : public Exchange {
 public:
  ExportExchange(const AppParts& parts, Wake wake, ExportRequest request)
      : parts_(parts),
        request_(std::move(request)),
        source_(std::make_shared<ExportSource>(parts.store.contacts(), request_)),
        wake_(std::move(wake)),
        mailbox_(std::make_shared<Mailbox<Piece>>(wake_)) {}

  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }

  Progress on_end(Answer& answer) override {
    if (!parts_.pool.run(turn())) {
      write_problem(busy_problem(), answer);
      return Progress::done;
    }
    return mailbox_->arm() ? Progress::wait : on_wake(answer);
  }

  Progress on_wake(Answer& answer) override {
    Piece piece = std::move(mailbox_->take().front());
    if (piece.problem) return fail(*piece.problem, answer);
    if (!piece.last) ask_for_more();
    if (!piece.octets.empty() || piece.last) begin(piece, answer);
    answer.body.append(piece.octets);
    if (piece.last) return Progress::done;
    // One piece a call: the session calls again only once it has room for more.
    if (!mailbox_->arm()) wake_();
    return Progress::wait;
  }

  uint64_t buffered_bytes() const override { return sizeof(ExportSource) + last_piece_bytes_; }

 private:
  WorkerPool::Task turn() const {
    return [source = source_, mailbox = mailbox_] { mailbox->post(source->next()); };
  }

  /// The answer is under way: a full pool is waited for.
  void ask_for_more() {
    if (!parts_.pool.run(turn())) parts_.pool.run_after(full_pool_pause, turn());
  }

  void begin(const Piece& piece, Answer& answer) {
    last_piece_bytes_ = piece.octets.size();
    if (std::exchange(begun_, true)) return;
    const bool file = request_.packing == ExportPacking::file;
    const std::string name = request_.account_id + "-contacts.csv" + (file ? ".gz" : "");
    answer.status = 200;
    answer.fields.emplace_back("Content-Type",
                               file ? "application/gzip" : "text/csv; charset=utf-8");
    answer.fields.emplace_back("Content-Disposition", "attachment; filename=\"" + name + "\"");
    if (request_.packing == ExportPacking::encoded) {
      answer.fields.emplace_back("Content-Encoding", "gzip");
    }
    answer.fields.emplace_back("Vary", "Accept-Encoding");
    answer.fields.emplace_back(sequence_field, std::to_string(piece.sequence));
  }

  Progress fail(const Problem& problem, Answer& answer) {
    if (begun_) return Progress::broken;
    write_problem(problem, answer);
    return Progress::done;
  }

  const AppParts& parts_;
  const ExportRequest request_;
  const std::shared_ptr<ExportSource> source_;
  const Wake wake_;
  const std::shared_ptr<Mailbox<Piece>> mailbox_;
  uint64_t last_piece_bytes_ = 0;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Exchange> export_exchange(const AppParts& parts, Wake wake, ExportRequest request) {
  return std::make_unique<ExportExchange>(parts, std::move(wake), std::move(request));
}

}  // namespace suppressd
