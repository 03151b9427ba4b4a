// Amounts as people write them on a command line: 5ms, 2e6/s, 64GiB, 10%, 100k. Every function
// throws Failure that names the option, what was given, and what it may be.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suppressctl {

struct Bounds {
  double least;
  double most;
};

/// A whole number: 1000000, 1,000,000, 1e6, 1M, 1G (k, M, G are powers of ten).
uint64_t parse_count(std::string_view option, std::string_view text, Bounds bounds);
/// Something a second: a count, with or without "/s".
double parse_rate(std::string_view option, std::string_view text, Bounds bounds);
/// 500us, 5ms, 10s, 2m; a bare number is seconds. Bounds in seconds.
std::chrono::nanoseconds parse_time(std::string_view option, std::string_view text, Bounds bounds);
/// 64GiB, 512MiB, 2TiB, 1000 (octets). Bounds in octets.
uint64_t parse_bytes(std::string_view option, std::string_view text, Bounds bounds);
/// 10% or 0.1, as 0.1. Bounds as shares.
double parse_share(std::string_view option, std::string_view text, Bounds bounds);

/// "a,b,c" in parts; an empty part is an error.
std::vector<std::string_view> parse_list(std::string_view option, std::string_view text);
/// "text:60,json:40" or just "text": names with weights above zero; a missing weight is 1.
std::vector<std::pair<std::string, double>> parse_mix(std::string_view option,
                                                      std::string_view text);

// ---- and back, for people ----

std::string time_text(double seconds);  // 1.25 ms
std::string rate_text(double rate);     // 12.5 M
std::string bytes_text(double bytes);   // 10.2 GiB
/// Three significant digits, without an exponent.
std::string short_number(double number);

}  // namespace suppressctl
