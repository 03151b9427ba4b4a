// make_recipients: writes realistic lists of recipients, the same on every machine.
// Exit codes: 0 done, 1 output closed or failed, 105 and above: the command line was wrong.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>

#include "tools/recipients.hpp"

namespace {

using suppressd::Recipients;

constexpr size_t output_buffer_bytes = 1 << 20;

enum class Format { text, csv, ndjson };

struct Plan {
  suppressd::RecipientMix mix;
  uint64_t rows = 1000;
  uint64_t start = 0;
  double overlap = 0;
  uint64_t overlap_rows = 0;
  Format format = Format::text;
  bool canonical = false;
  bool reasons = false;
};

/// Which row of the seed stands at a place of the output. Without overlap: start, start + 1, …
/// With it, exactly that share comes from [0, overlap_rows), the others from beyond, shuffled.
class RowOrder {
 public:
  explicit RowOrder(const Plan& plan)
      : plan_(plan),
        known_(static_cast<uint64_t>(plan.overlap * static_cast<double>(plan.rows) + 0.5)) {}

  uint64_t operator[](uint64_t place) const {
    if (plan_.overlap_rows == 0) return plan_.start + place;
    const uint64_t drawn = suppressd::permute(place, plan_.rows, plan_.mix.seed + 1);
    if (drawn < known_) return suppressd::permute(drawn, plan_.overlap_rows, plan_.mix.seed + 2);
    return plan_.overlap_rows + plan_.start + drawn - known_;
  }
  uint64_t known() const { return known_; }

 private:
  const Plan& plan_;
  uint64_t known_;
};

/// Everything written so far must have arrived, or the list would be short without a word.
bool flush(std::string& buffer) {
  for (size_t sent = 0; sent < buffer.size();) {
    const ssize_t n = ::write(STDOUT_FILENO, buffer.data() + sent, buffer.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      if (errno != EPIPE)
        std::fprintf(stderr, "make_recipients: cannot write: %s\n", std::strerror(errno));
      return false;
    }
    sent += static_cast<size_t>(n);
  }
  buffer.clear();
  return true;
}

void append_csv_cell(std::string_view cell, std::string& out) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

void append_csv(const Recipients::Row& row, std::string_view address, bool reasons,
                std::string& out) {
  append_csv_cell(address, out);
  out += ',';
  std::string name;
  const bool last_first = row.noise % 16 == 0;
  const bool two_lines = row.noise % 512 == 1;
  const auto capitalized = [&name](std::string_view word) {
    name += static_cast<char>(word[0] - 32);
    name += word.substr(1);
  };
  capitalized(last_first ? row.last_name : row.first_name);
  name += last_first ? ", " : two_lines ? "\n" : " ";
  capitalized(last_first ? row.first_name : row.last_name);
  append_csv_cell(name, out);
  out += ',';
  out += row.region;
  if (reasons) {
    out += ',';
    out += row.reason;
  }
  out += '\n';
}

void append_ndjson(const Recipients::Row& row, std::string_view address, bool reasons,
                   std::string& out) {
  out += R"({"channel":")";
  out += suppressd::name_of(row.channel);
  out += R"(","address":")";
  for (const char c : address) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  out += '"';
  if (reasons) {
    out += R"(,"reason":")";
    out += row.reason;
    out += '"';
  }
  out += "}\n";
}

bool write_list(const Plan& plan) {
  const Recipients recipients(plan.mix);
  const RowOrder order(plan);
  std::string buffer;
  std::string address;
  buffer.reserve(output_buffer_bytes + 4096);
  if (plan.format == Format::csv)
    buffer = plan.reasons ? "address,name,region,reason\n" : "address,name,region\n";
  for (uint64_t place = 0; place < plan.rows; ++place) {
    if (plan.format == Format::text) {
      recipients.append(order[place], buffer);
      buffer += '\n';
    } else {
      address.clear();
      const Recipients::Row row = recipients.append(order[place], address);
      if (plan.format == Format::csv)
        append_csv(row, address, plan.reasons, buffer);
      else
        append_ndjson(row, address, plan.reasons, buffer);
    }
    if (buffer.size() >= output_buffer_bytes && !flush(buffer)) return false;
  }
  return flush(buffer);
}

void describe(CLI::App& app, Plan& plan) {
  auto& mix = plan.mix;
  app.option_defaults()->always_capture_default();
  app.add_option("--rows,-n", plan.rows, "how many rows");
  app.add_option("--seed", mix.seed, "the list's identity: row i of a seed is always the same");
  app.add_option("--start", plan.start, "first row of the seed");
  const std::map<std::string, Format> formats{
      {"text", Format::text}, {"csv", Format::csv}, {"ndjson", Format::ndjson}};
  app.add_option("--format", plan.format, "how the rows are written")
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->type_name("text|csv|ndjson")
      ->default_str("text");
  app.add_flag("--canonical", plan.canonical,
               "only unique addresses in canonical form, so that sort and comm can verify");
  app.add_flag("--reasons", plan.reasons, "csv and ndjson: a reason each, as for a blacklist");
  app.add_option("--overlap", plan.overlap,
                 "exactly this share of the rows is taken, unrepeated and shuffled, from the first "
                 "--overlap-rows rows; the others lie beyond them")
      ->check(CLI::Range(0.0, 1.0).description(""));
  app.add_option("--overlap-rows", plan.overlap_rows, "size of the list to overlap with");
  app.add_option("--email-share", mix.email_share, "the others are phones");
  app.add_option("--invalid-share", mix.invalid_share, "rows that no address can be read from");
  app.add_option("--duplicate-share", mix.duplicate_share, "rows that repeat an earlier one");
  app.add_option("--messy-share", mix.messy_share,
                 "mixed case, white space, quotes, <>, mailto:, separators");
  app.add_option("--idn-share", mix.idn_share, "domains in other alphabets");
  app.add_option("--national-share", mix.national_share,
                 "of the phones: as written at home, without the country");
  app.add_option("--region", mix.region, "all phones from this country, such as UA");
  app.footer(
      "Examples:\n"
      "  A blacklist of ten million, and a million recipients of which a tenth is on it:\n"
      "    make_recipients --canonical --rows 10000000 > list.txt\n"
      "    make_recipients --canonical --rows 1000000 --overlap 0.1 --overlap-rows 10000000 "
      "> recipients.txt\n"
      "  What customers upload:\n"
      "    make_recipients --rows 50000 --format csv --messy-share 0.3 --invalid-share 0.02 "
      "> upload.csv");
}

/// Throws std::invalid_argument with what does not fit.
void check_plan(const Plan& plan) {
  const uint64_t limit = Recipients(plan.mix).rows_limit();
  const uint64_t known = RowOrder(plan).known();
  if (plan.overlap > 0 && known > plan.overlap_rows)
    throw std::invalid_argument("--overlap-rows must be at least the overlapping share of --rows");
  if (plan.rows > limit || plan.start > limit || plan.overlap_rows > limit ||
      plan.rows + plan.start + plan.overlap_rows > limit)
    throw std::invalid_argument("only " + std::to_string(limit) + " rows can be told apart");
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Plan plan;
  CLI::App app("Writes realistic lists of recipients, the same on every machine.",
               "make_recipients");
  describe(app, plan);
  CLI11_PARSE(app, argc, argv);
  try {
    if (plan.canonical) plan.mix.make_canonical();
    check_plan(plan);
    return write_list(plan) ? 0 : 1;
  } catch (const std::invalid_argument& e) {
    std::fprintf(stderr, "make_recipients: %s\n", e.what());
    return 1;
  }
}
