// Every assigned country calling code, and which numbers of it the fast path may take as they
// stand. libphonenumber takes a national prefix off even behind a '+' (+44 020... is +44 20...), so
// a number that begins with a digit that may begin such a prefix stands as it is only in some
// lengths.
//
// Derived from the metadata of libphonenumber 8.12.57 (the main region of each code): the possible
// lengths up to 15 digits in all; the first digits of each branch of nationalPrefixForParsing; and,
// for those, the lengths that the branch cannot shorten to another possible length. Tests hold it
// against the installed library: codes, lengths, and that each number taken is its own canonical
// form.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace suppressd {

/// Bit i of `lengths` stands for i digits after the code, bit i of `first_digits` for the digit i.
struct CallingCode {
  struct Prefix {
    uint16_t first_digits = 0;
    uint16_t safe_lengths = 0;
  };
  uint16_t code;
  uint16_t lengths;
  std::array<Prefix, 2> prefixes;
};

// clang-format off
inline constexpr std::array<CallingCode, 215> calling_codes = {{
    // code, lengths, {{first digits, safe lengths}, ...}
    {1, 0x0400, {}},  // US
    {7, 0x4400, {}},  // RU
    {20, 0x0700, {{{0x001, 0x0100}}}},  // EG
    {27, 0x07e0, {{{0x001, 0x0020}}}},  // ZA
    {30, 0x1c00, {}},  // GR
    {31, 0x0fe0, {{{0x001, 0x0020}}}},  // NL
    {32, 0x0300, {{{0x001, 0x0100}}}},  // BE
    {33, 0x0200, {}},  // FR
    {34, 0x0200, {}},  // ES
    {36, 0x0300, {}},  // HU
    {39, 0x1fc0, {}},  // IT
    {40, 0x0240, {}},  // RO
    {41, 0x1200, {}},  // CH
    {43, 0x3ff0, {{{0x001, 0x0010}}}},  // AT
    {44, 0x0680, {{{0x001, 0x0280}}}},  // GB
    {45, 0x0100, {}},  // DK
    {46, 0x17c0, {{{0x001, 0x1040}}}},  // SE
    {47, 0x0120, {}},  // NO
    {48, 0x07c0, {}},  // PL
    {49, 0x3ff0, {{{0x001, 0x0010}}}},  // DE
    {51, 0x0300, {{{0x001, 0x0100}}}},  // PE
    {52, 0x0c00, {{{0x002, 0x0400}}}},  // MX
    {53, 0x05c0, {{{0x001, 0x0440}}}},  // CU
    {54, 0x0c00, {{{0x00f, 0x0000}}}},  // AR
    {55, 0x0f00, {{{0x201, 0x0000}}}},  // BR
    {56, 0x0e00, {}},  // CL
    {57, 0x0c00, {{{0x001, 0x0400}}}},  // CO
    {58, 0x0400, {}},  // VE
    {60, 0x0700, {{{0x001, 0x0100}}}},  // MY
    {61, 0x17e0, {{{0x001, 0x1020}, {0x002, 0x01e0}}}},  // AU
    {62, 0x3f80, {{{0x001, 0x0080}}}},  // ID
    {63, 0x3f40, {{{0x001, 0x0140}}}},  // PH
    {64, 0x07e0, {{{0x001, 0x0020}}}},  // NZ
    {65, 0x0d00, {}},  // SG
    {66, 0x2700, {{{0x001, 0x2100}}}},  // TH
    {81, 0x3f00, {{{0x001, 0x0100}}}},  // JP
    {82, 0x3f60, {{{0x001, 0x0020}}}},  // KR
    {84, 0x0780, {{{0x001, 0x0080}}}},  // VN
    {86, 0x1f80, {{{0x001, 0x0080}, {0x002, 0x0f80}}}},  // CN
    {90, 0x3480, {{{0x001, 0x1480}}}},  // TR
    {91, 0x3f00, {{{0x001, 0x0100}}}},  // IN
    {92, 0x1f00, {{{0x001, 0x0100}}}},  // PK
    {93, 0x0200, {}},  // AF
    {94, 0x0200, {}},  // LK
    {95, 0x07c0, {{{0x001, 0x0040}}}},  // MM
    {98, 0x04f0, {{{0x001, 0x0410}}}},  // IR
    {211, 0x0200, {}},  // SS
    {212, 0x0200, {}},  // MA
    {213, 0x0300, {{{0x001, 0x0100}}}},  // DZ
    {216, 0x0100, {}},  // TN
    {218, 0x0200, {}},  // LY
    {220, 0x0080, {}},  // GM
    {221, 0x0200, {}},  // SN
    {222, 0x0100, {}},  // MR
    {223, 0x0100, {}},  // ML
    {224, 0x0300, {}},  // GN
    {225, 0x0400, {}},  // CI
    {226, 0x0100, {}},  // BF
    {227, 0x0100, {}},  // NE
    {228, 0x0100, {}},  // TG
    {229, 0x0100, {}},  // BJ
    {230, 0x0580, {}},  // MU
    {231, 0x0380, {{{0x001, 0x0080}}}},  // LR
    {232, 0x0100, {}},  // SL
    {233, 0x0300, {{{0x001, 0x0100}}}},  // GH
    {234, 0x1d80, {{{0x001, 0x0480}}}},  // NG
    {235, 0x0100, {}},  // TD
    {236, 0x0100, {}},  // CF
    {237, 0x0300, {}},  // CM
    {238, 0x0080, {}},  // CV
    {239, 0x0080, {}},  // ST
    {240, 0x0200, {}},  // GQ
    {241, 0x0180, {{{0x001, 0x0000}}}},  // GA
    {242, 0x0200, {}},  // CG
    {243, 0x0280, {}},  // CD
    {244, 0x0200, {}},  // AO
    {245, 0x0280, {}},  // GW
    {246, 0x0080, {}},  // IO
    {247, 0x0060, {}},  // AC
    {248, 0x0080, {}},  // SC
    {249, 0x0200, {}},  // SD
    {250, 0x0300, {{{0x001, 0x0100}}}},  // RW
    {251, 0x0200, {}},  // ET
    {252, 0x03c0, {{{0x001, 0x0040}}}},  // SO
    {253, 0x0100, {}},  // DJ
    {254, 0x0780, {{{0x001, 0x0080}}}},  // KE
    {255, 0x0200, {}},  // TZ
    {256, 0x0200, {}},  // UG
    {257, 0x0100, {}},  // BI
    {258, 0x0300, {}},  // MZ
    {260, 0x0200, {}},  // ZM
    {261, 0x0200, {{{0x3f5, 0x0000}}}},  // MG
    {262, 0x0200, {}},  // RE
    {263, 0x07e0, {{{0x001, 0x0020}}}},  // ZW
    {264, 0x0300, {{{0x001, 0x0100}}}},  // NA
    {265, 0x0280, {}},  // MW
    {266, 0x0100, {}},  // LS
    {267, 0x0580, {}},  // BW
    {268, 0x0300, {}},  // SZ
    {269, 0x0080, {}},  // KM
    {290, 0x0030, {}},  // SH
    {291, 0x0080, {}},  // ER
    {297, 0x0080, {}},  // AW
    {298, 0x0040, {}},  // FO
    {299, 0x0040, {}},  // GL
    {350, 0x0100, {}},  // GI
    {351, 0x0200, {}},  // PT
    {352, 0x0ff0, {{{0x002, 0x01f0}}}},  // LU
    {353, 0x0780, {{{0x001, 0x0080}}}},  // IE
    {354, 0x0280, {}},  // IS
    {355, 0x03c0, {{{0x001, 0x0040}}}},  // AL
    {356, 0x0100, {}},  // MT
    {357, 0x0100, {}},  // CY
    {358, 0x1fe0, {{{0x001, 0x0020}}}},  // FI
    {359, 0x03c0, {{{0x001, 0x0040}}}},  // BG
    {370, 0x0100, {}},  // LT
    {371, 0x0100, {}},  // LV
    {372, 0x0580, {}},  // EE
    {373, 0x0100, {}},  // MD
    {374, 0x0100, {}},  // AM
    {375, 0x0fc0, {{{0x101, 0x0040}}}},  // BY
    {376, 0x0340, {}},  // AD
    {377, 0x0300, {{{0x001, 0x0100}}}},  // MC
    {378, 0x0500, {{{0x300, 0x0000}}}},  // SM
    {380, 0x0600, {{{0x001, 0x0200}}}},  // UA
    {381, 0x1fc0, {{{0x001, 0x0040}}}},  // RS
    {382, 0x0300, {{{0x001, 0x0100}}}},  // ME
    {383, 0x0300, {{{0x001, 0x0100}}}},  // XK
    {385, 0x03c0, {{{0x001, 0x0040}}}},  // HR
    {386, 0x01e0, {{{0x001, 0x0020}}}},  // SI
    {387, 0x0300, {{{0x001, 0x0100}}}},  // BA
    {389, 0x0100, {}},  // MK
    {420, 0x1e00, {}},  // CZ
    {421, 0x02c0, {{{0x001, 0x0240}}}},  // SK
    {423, 0x0280, {}},  // LI
    {500, 0x0020, {}},  // FK
    {501, 0x0880, {}},  // BZ
    {502, 0x0900, {}},  // GT
    {503, 0x0980, {}},  // SV
    {504, 0x0900, {}},  // HN
    {505, 0x0100, {}},  // NI
    {506, 0x0500, {}},  // CR
    {507, 0x0d80, {}},  // PA
    {508, 0x0240, {}},  // PM
    {509, 0x0100, {}},  // HT
    {590, 0x0200, {}},  // GP
    {591, 0x0300, {{{0x001, 0x0100}}}},  // BO
    {592, 0x0080, {}},  // GY
    {593, 0x0f00, {{{0x001, 0x0100}}}},  // EC
    {594, 0x0200, {}},  // GF
    {595, 0x0fc0, {{{0x001, 0x0040}}}},  // PY
    {596, 0x0200, {}},  // MQ
    {597, 0x00c0, {}},  // SR
    {598, 0x0580, {{{0x001, 0x0480}}}},  // UY
    {599, 0x0180, {}},  // CW
    {670, 0x0180, {}},  // TL
    {672, 0x0040, {{{0x127, 0x0000}}}},  // NF
    {673, 0x0080, {}},  // BN
    {674, 0x0080, {}},  // NR
    {675, 0x0180, {}},  // PG
    {676, 0x00a0, {}},  // TO
    {677, 0x00a0, {}},  // SB
    {678, 0x00a0, {}},  // VU
    {679, 0x0880, {}},  // FJ
    {680, 0x0080, {}},  // PW
    {681, 0x0240, {}},  // WF
    {682, 0x0020, {}},  // CK
    {683, 0x0090, {}},  // NU
    {685, 0x04e0, {}},  // WS
    {686, 0x0120, {}},  // KI
    {687, 0x0040, {}},  // NC
    {688, 0x00e0, {}},  // TV
    {689, 0x0340, {}},  // PF
    {690, 0x00f0, {}},  // TK
    {691, 0x0080, {}},  // FM
    {692, 0x0080, {}},  // MH
    {800, 0x0100, {}},  // no region
    {808, 0x0100, {}},  // no region
    {850, 0x0500, {}},  // KP
    {852, 0x0be0, {}},  // HK
    {853, 0x0180, {}},  // MO
    {855, 0x0700, {{{0x001, 0x0100}}}},  // KH
    {856, 0x0700, {{{0x001, 0x0100}}}},  // LA
    {870, 0x1200, {}},  // no region
    {878, 0x1000, {}},  // no region
    {880, 0x07c0, {{{0x001, 0x0040}}}},  // BD
    {881, 0x0200, {}},  // no region
    {882, 0x1f80, {}},  // no region
    {883, 0x1600, {}},  // no region
    {886, 0x0f80, {{{0x001, 0x0080}}}},  // TW
    {888, 0x0800, {}},  // no region
    {960, 0x0480, {}},  // MV
    {961, 0x0180, {{{0x001, 0x0080}}}},  // LB
    {962, 0x0300, {{{0x001, 0x0100}}}},  // JO
    {963, 0x0300, {{{0x001, 0x0100}}}},  // SY
    {964, 0x0700, {{{0x001, 0x0100}}}},  // IQ
    {965, 0x0180, {}},  // KW
    {966, 0x0600, {{{0x001, 0x0200}}}},  // SA
    {967, 0x0380, {{{0x001, 0x0080}}}},  // YE
    {968, 0x0380, {}},  // OM
    {970, 0x0700, {{{0x001, 0x0100}}}},  // PS
    {971, 0x1fe0, {{{0x001, 0x0020}}}},  // AE
    {972, 0x1f80, {{{0x001, 0x0080}}}},  // IL
    {973, 0x0100, {}},  // BH
    {974, 0x0380, {}},  // QA
    {975, 0x0180, {}},  // BT
    {976, 0x0700, {{{0x001, 0x0100}}}},  // MN
    {977, 0x0d00, {{{0x001, 0x0500}}}},  // NP
    {979, 0x0200, {}},  // no region
    {992, 0x0200, {}},  // TJ
    {993, 0x0100, {}},  // TM
    {994, 0x0200, {}},  // AZ
    {995, 0x0200, {}},  // GE
    {996, 0x0600, {{{0x001, 0x0200}}}},  // KG
    {998, 0x0200, {}},  // UZ
}};
// clang-format on

/// The lengths that number may have, after its code, for the fast path to take it.
constexpr uint16_t plain_lengths(const CallingCode& code, unsigned first_digit) {
  unsigned lengths = code.lengths;
  for (const CallingCode::Prefix& prefix : code.prefixes) {
    if (((prefix.first_digits >> first_digit) & 1) != 0) lengths &= prefix.safe_lengths;
  }
  return static_cast<uint16_t>(lengths);
}

/// The code that three digits begin with, as its place in `calling_codes` plus one; 0 for none. No
/// code begins another, so this is all it takes.
inline constexpr std::array<uint8_t, 1000> calling_code_places = [] {
  static_assert(calling_codes.size() < 255);
  std::array<uint8_t, 1000> places{};
  for (size_t i = 0; i < calling_codes.size(); ++i) {
    const size_t code = calling_codes[i].code;
    const size_t span = code < 10 ? 100 : code < 100 ? 10 : 1;
    for (size_t j = 0; j < span; ++j) places[code * span + j] = static_cast<uint8_t>(i + 1);
  }
  return places;
}();

}  // namespace suppressd
