#include "server/check_details.hpp"

#include <nlohmann/json.hpp>

#include "server/check_writers.hpp"
#include "server/suppression_json.hpp"

namespace suppressd {
namespace {

using nlohmann::ordered_json;

}  // namespace

void DetailBatch::write(const Store& store) {
  try {
    while (!empty() && text_.size() < text_bytes_max) append(rows_[next_++], store);
  } catch (const StorageFailure&) {
    failed_ = true;
  }
  if (!empty()) return;
  rows_.clear();
  next_ = 0;
}

void DetailBatch::append(const Row& row, const Store& store) {
  ordered_json causes;
  if (row.verdict.verdict == Verdict::suppressed) {
    causes = causes_json(store.find(account_, row.channel, row.canonical),
                         store.find(platform_number, row.channel, row.canonical), audience_);
  }
  if (!lines_ && !first_) text_.push_back(',');
  first_ = false;
  append_result_start(row.index, row.list, text_);
  text_.append(result_members(row.verdict, row.error));
  if (row.verdict.verdict == Verdict::suppressed) {
    text_.append(R"(,"causes":)")
        .append(causes.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  }
  text_.append(lines_ ? "}\n" : "}");
}

DetailWriter::DetailWriter(const CheckRequest& request, Normalizer& normalizer,
                           std::shared_ptr<DetailBatch> batch)
    : plain_(make_verdict_writer(request)),
      normalizer_(normalizer),
      region_(request.options.region),
      batch_(std::move(batch)) {}

void DetailWriter::rows(const CheckChunk& chunk, std::string& /*out*/) {
  for (const uint16_t i : chunk.not_clear) {
    const CheckRow& row = chunk.rows[i];
    const RowVerdict& verdict = chunk.verdicts[i];
    DetailBatch::Row out{chunk.first_index + i, chunk.list, verdict, row.error, {}, {}};
    CanonicalAddress address;
    if (verdict.verdict == Verdict::suppressed &&
        normalizer_.address(row.address, row.channel, region_, address) == AddressError::none) {
      out.channel = address.channel();
      out.canonical = address.text();
    }
    batch_->add(std::move(out));
  }
}

}  // namespace suppressd
