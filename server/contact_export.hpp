// A list of contacts as a CSV file, at one moment, streamed: a pool thread makes the next piece
// while the session sends the one before. A session that is not read from asks for no more, so an
// export holds two pieces, however long it is and however slow its reader.
//
// The moment is kept by the store until the export ends: what changes meanwhile is not seen, and
// what is deleted meanwhile takes up room until then.
#pragma once

#include <memory>
#include <string>

#include "persistence/contact_reader.hpp"
#include "server/app.hpp"
#include "server/contact_csv.hpp"
#include "server/exchange.hpp"

namespace suppressd {

enum class ExportPacking : uint8_t {
  plain,
  encoded,  // Content-Encoding: gzip
  file,     // the file itself is a .gz
};

struct ExportRequest {
  AccountNumber account = platform_number;
  std::string account_id;  // names the file
  ContactFilter filter;
  ContactSort sort = ContactSort::address;
  CsvStyle style;
  ExportPacking packing = ExportPacking::plain;
};

/// 404 when the filter's segment does not exist; 503 when the pool is full or storage failed.
std::unique_ptr<Exchange> export_exchange(const AppParts& parts, Wake wake, ExportRequest request);

}  // namespace suppressd
