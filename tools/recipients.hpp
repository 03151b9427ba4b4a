// Realistic recipients, made up but always the same: row i of a seed is a pure function, on every
// machine. So lists overlap exactly where their row numbers do, and no list needs to be stored.
//
// Invariants
//  1. The canonical addresses of different rows of one seed differ (unless the row is a duplicate
//     by its share). A row number is permuted within its block of 2^24, then written into the
//     address so that it can be read back: into the two names and the number behind them, or into
//     the digits.
//  2. Whatever is done to a row on the way (case, white space, quotes, national format), its
//     canonical address stays what append_canonical() says; an invalid row has none.
//  3. Rows are below rows_max, so that the smallest country still has a phone number for each.
// Thread safety: const functions only; share one object freely.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/types.hpp"

namespace suppressd {

/// Shares are of all rows, except national_share, which is of the phones.
struct RecipientMix {
  uint64_t seed = 1;
  double email_share = 0.8;
  double invalid_share = 0.005;
  double duplicate_share = 0.02;  // repeats one of the rows shortly before it
  double messy_share = 0.05;      // mixed case, white space, quotes, <>, mailto:, separators
  double idn_share = 0.005;       // domains in other alphabets
  double national_share = 0.1;    // phones as written at home
  std::string region;             // all phones of this country; empty: as the world calls

  /// Nothing but unique addresses, each in its canonical form.
  void make_canonical() {
    invalid_share = duplicate_share = messy_share = idn_share = national_share = 0;
  }
};

/// A keyed bijection on [0, size): size >= 1.
uint64_t permute(uint64_t value, uint64_t size, uint64_t key);

class Recipients {
 public:
  static constexpr uint64_t rows_max = 1ull << 31;

  /// Throws std::invalid_argument for a share outside 0…1 or an unknown region.
  explicit Recipients(const RecipientMix& mix);

  struct Row {
    Channel channel = Channel::email;
    bool valid = true;
    std::string_view region;  // of a phone, else empty
    std::string_view first_name;
    std::string_view last_name;
    std::string_view reason;  // why it could be on a list
    uint64_t noise = 0;       // random bits for whatever else the row needs
  };
  /// Appends the address as somebody typed it; it holds no line break.
  Row append(uint64_t row, std::string& out) const;
  /// Appends the canonical address; nothing for an invalid row.
  void append_canonical(uint64_t row, std::string& out) const;
  /// Phone numbers are what limits the rows when one small country has to carry them all.
  uint64_t rows_limit() const;

 private:
  struct Traits;
  Traits traits_of(uint64_t row) const;
  uint64_t noise_of(uint64_t row, uint64_t what) const;

  uint64_t seed_;
  uint64_t email_below_, invalid_below_, duplicate_below_, messy_below_, idn_below_,
      national_below_;
  int country_ = -1;  // index into words::phone_countries; -1: by share
};

}  // namespace suppressd
