#include "server/contact_export.hpp"

#include "server/contact_problems.hpp"
#include "server/gzip_writer.hpp"
#include "server/piece_exchange.hpp"

namespace suppressd {
namespace {

/// Contacts read by one turn on the pool: a few milliseconds, so that lists get theirs.
constexpr size_t turn_contacts = 1'000;

class ExportSource final : public PieceSource {
 public:
  ExportSource(const ContactReader& reader, const ExportRequest& request)
      : reader_(reader), request_(request), csv_(request.style) {
    if (request.packing != ExportPacking::plain) gzip_ = std::make_unique<GzipWriter>();
  }

  Piece next() override {
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

}  // namespace

std::unique_ptr<Exchange> export_exchange(const AppParts& parts, Wake wake, ExportRequest request) {
  const bool file = request.packing == ExportPacking::file;
  const std::string name = request.account_id + "-contacts.csv" + (file ? ".gz" : "");
  Fields fields{{"Content-Type", file ? "application/gzip" : "text/csv; charset=utf-8"},
                {"Content-Disposition", "attachment; filename=\"" + name + "\""}};
  if (request.packing == ExportPacking::encoded) fields.emplace_back("Content-Encoding", "gzip");
  fields.emplace_back("Vary", "Accept-Encoding");
  auto source = std::make_shared<ExportSource>(parts.store.contacts(), std::move(request));
  return piece_exchange(parts, std::move(wake), std::move(source), std::move(fields));
}

}  // namespace suppressd
