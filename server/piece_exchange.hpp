// A file made while it is sent: a pool thread makes the next piece while the session sends the one
// before. A session that is not read from asks for no more, so a download holds two pieces, however
// long it is and however slow its reader.
//
// Thread safety: a source is used by one pool thread after the other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/app.hpp"
#include "server/exchange.hpp"
#include "server/problem.hpp"

namespace suppressd {

struct Piece {
  std::string octets;     // may be empty: more will come
  uint64_t sequence = 0;  // at which it was read
  bool last = false;
  std::optional<Problem> problem;  // answered while nothing was sent, else the answer breaks off
};

class PieceSource {
 public:
  virtual ~PieceSource() = default;
  /// A few milliseconds' work, so that others get their turn. Must not throw.
  virtual Piece next() = 0;
};

/// 200 with these fields and Suppress-Sequence. 503 when the pool is full.
std::unique_ptr<Exchange> piece_exchange(const AppParts& parts, Wake wake,
                                         std::shared_ptr<PieceSource> source, Fields fields);

}  // namespace suppressd
