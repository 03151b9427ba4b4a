#include <catch2/catch.hpp>

#include "check_harness.hpp"
#include "packed.hpp"
#include "server/content_decoder.hpp"
#include "server/problem.hpp"

using namespace suppressd;
using namespace suppressd::testing;

namespace {

constexpr uint64_t decoded_max = 64 << 20;

std::string encode(const std::string& coding, std::string_view text) {
  return coding == "gzip" ? gzip(text) : zstd(text);
}

std::string some_text(size_t bytes) {
  std::mt19937_64 random(1);
  std::string text;
  while (text.size() < bytes) text += "user" + std::to_string(random()) + "@example.com\n";
  return text;
}

/// Gives back what it was fed. Waits after each piece when asked to, and ends early at a mark.
class Echo : public Exchange {
 public:
  explicit Echo(bool waits = false, size_t begins_at = 0, Progress end = Progress::more)
      : waits_(waits), begins_at_(begins_at), end_(end) {}
  bool wants_body() const override { return true; }
  Progress on_body(std::string_view bytes, Answer& answer) override {
    CHECK(!bytes.empty());
    CHECK(bytes.size() <= 256 * 1024);
    CHECK(!waiting_);
    held_ += bytes;
    if (held_.size() >= begins_at_) answer.body += std::exchange(held_, {});
    if (end_ != Progress::more) return end_;
    waiting_ = waits_;
    return waits_ ? Progress::wait : Progress::more;
  }
  Progress on_end(Answer& answer) override {
    CHECK(!waiting_);
    answer.body += held_;
    return Progress::done;
  }
  Progress on_wake(Answer&) override {
    CHECK(waiting_);
    waiting_ = false;
    return Progress::more;
  }

 private:
  const bool waits_;
  const size_t begins_at_;
  const Progress end_;
  bool waiting_ = false;
  std::string held_;
};

struct Decoded {
  Answer answer;
  Progress progress = Progress::more;
  std::string type() const { return nlohmann::json::parse(answer.body)["type"].get<std::string>(); }
};

Decoded decode(const std::string& coding, std::string_view body, size_t piece = 16 * 1024,
               std::unique_ptr<Exchange> inner = std::make_unique<Echo>(false, ~size_t{0}),
               uint64_t bytes_max = decoded_max) {
  const auto exchange = decode_content(coding, std::move(inner), bytes_max);
  Decoded result;
  const auto settle = [&] {
    while (result.progress == Progress::wait) result.progress = exchange->on_wake(result.answer);
  };
  if (exchange->wants_body()) {
    for (size_t at = 0; at < body.size() && result.progress == Progress::more; at += piece) {
      result.progress = exchange->on_body(body.substr(at, piece), result.answer);
      settle();
    }
  }
  if (result.progress == Progress::more) result.progress = exchange->on_end(result.answer);
  settle();
  return result;
}

}  // namespace

TEST_CASE("gzip and zstd bodies arrive as they were, however they are cut") {
  for (const std::string coding : {"gzip", "zstd"}) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{500}, size_t{3'000'000}}) {
      const std::string text = some_text(size);
      const std::string coded = encode(coding, text);
      for (const size_t piece : {size_t{1}, size_t{7}, size_t{16 * 1024}, coded.size()}) {
        if (piece < 7 && size > 1000) continue;
        const Decoded decoded = decode(coding, coded, piece);
        CHECK(decoded.answer.body == text);
        CHECK(decoded.progress == Progress::done);
      }
    }
  }
  CHECK(decode("X-GZIP", gzip("a")).answer.body == "a");
  CHECK(decode("identity", "a").answer.body == "a");
  CHECK(decode("", "a").answer.body == "a");
}

TEST_CASE("members and frames one after the other are one body") {
  for (const std::string coding : {"gzip", "zstd"}) {
    const std::string coded =
        encode(coding, "one\n") + encode(coding, "") + encode(coding, some_text(200'000));
    for (const size_t piece : {size_t{1}, size_t{100}, coded.size()})
      CHECK(decode(coding, coded, piece).answer.body == "one\n" + some_text(200'000));
  }
}

TEST_CASE("an inner exchange that waits is fed nothing until it was woken") {
  for (const std::string coding : {"gzip", "zstd"}) {
    const std::string text = some_text(1'000'000);
    const Decoded decoded =
        decode(coding, encode(coding, text), 100'000, std::make_unique<Echo>(true));
    CHECK(decoded.answer.body == text);
    CHECK(decoded.progress == Progress::done);
  }
}

TEST_CASE("an inner exchange may end early") {
  for (const Progress end : {Progress::done, Progress::broken}) {
    const Decoded decoded =
        decode("gzip", gzip(some_text(1'000'000)), 1000, std::make_unique<Echo>(false, 0, end));
    CHECK(decoded.progress == end);
  }
}

TEST_CASE("a compressed body that ends too early is a 400, wherever it ends") {
  for (const std::string coding : {"gzip", "zstd"}) {
    const std::string coded = encode(coding, some_text(300));
    for (size_t size = 0; size < coded.size(); ++size) {
      const Decoded decoded = decode(coding, std::string_view(coded).substr(0, size), 50);
      INFO(coding << " " << size);
      CHECK(decoded.answer.status == 400);
      CHECK(decoded.type() == "/problems/truncated-body");
    }
  }
}

TEST_CASE("a damaged compressed body is a 400") {
  for (const std::string coding : {"gzip", "zstd"}) {
    std::string coded = encode(coding, some_text(100'000));
    CHECK(decode(coding, "not compressed at all").type() == "/problems/damaged-body");
    CHECK(decode(coding, coded + "more").type() == "/problems/damaged-body");
    coded[coded.size() / 2] ^= 0x55;
    coded[coded.size() / 2 + 1] ^= 0x55;
    const Decoded damaged = decode(coding, coded);
    CHECK(damaged.answer.status == 400);
  }
  std::string coded = gzip(some_text(1000));
  coded[coded.size() - 5] ^= 1;  // the length at its end
  CHECK(decode("gzip", coded).type() == "/problems/damaged-body");
}

TEST_CASE("damage after the answer has begun breaks it off") {
  std::string coded = gzip(some_text(1'000'000));
  coded.resize(coded.size() - 10);
  CHECK(decode("gzip", coded, 1000, std::make_unique<Echo>()).progress == Progress::broken);
}

TEST_CASE("a body that grows over the limit or 200-fold is a 413") {
  const std::string zeros(50 << 20, '\n');
  for (const std::string coding : {"gzip", "zstd"}) {
    INFO(coding);
    const std::string bomb = encode(coding, zeros);
    const Decoded ratio = decode(coding, bomb);
    CHECK(ratio.answer.status == 413);
    CHECK(nlohmann::json::parse(ratio.answer.body)["detail"].get<std::string>().find("200") !=
          std::string::npos);
    // The first MiB may be as dense as it likes.
    CHECK(decode(coding, encode(coding, zeros.substr(0, 1 << 20))).answer.body.size() == 1 << 20);
    const std::string text = some_text(2'000'000);
    const auto limited = [&](uint64_t bytes_max) {
      return decode(coding, encode(coding, text), 1000, std::make_unique<Echo>(false, ~size_t{0}),
                    bytes_max);
    };
    CHECK(limited(text.size()).answer.status == 200);
    CHECK(limited(text.size() - 1).type() == "/problems/body-too-large");
  }
}

TEST_CASE("a zstd window of 8 MiB is read, a larger one is a 400") {
  const std::string text = some_text(20'000'000);
  CHECK(decode("zstd", zstd(text, 23), 100'000).answer.body == text);
  const Decoded large = decode("zstd", zstd(text, 24));
  CHECK(large.answer.status == 400);
  CHECK(large.answer.body.find("8 MiB") != std::string::npos);
}

TEST_CASE("an unknown coding is a 415 that lists those accepted") {
  for (const std::string coding : {"br", "deflate", "gzip, gzip", "gzip,zstd"}) {
    const Decoded decoded = decode(coding, "x");
    CHECK(decoded.answer.status == 415);
    CHECK(decoded.answer.fields.front() ==
          std::pair<std::string, std::string>("Accept-Encoding", "gzip, zstd"));
  }
}

TEST_CASE("a compressed check gives the plain check's answer") {
  std::mt19937_64 random(7);
  const std::vector<std::string> addresses = mixed_addresses(random, 50'000);
  const std::map<std::string, std::string> bodies = {{"text/plain", text_body(addresses)},
                                                     {"application/json", json_body(addresses)}};
  for (const auto& [type, body] : bodies) {
    for (const std::string accept : {"application/json", "application/octet-stream"}) {
      const CheckAnswer plain = check_server().check({type, accept, "", ""}, body);
      for (const std::string coding : {"gzip", "zstd"}) {
        const CheckAnswer coded =
            check_server().check({type, accept, "", coding}, encode(coding, body), 16 * 1024);
        CHECK((coded.status == 200 && coded.body == plain.body));
      }
    }
  }
}

TEST_CASE("a check of a truncated gzip body is a clean 400 while the answer is small") {
  const std::string coded = gzip(some_text(300'000));
  const CheckAnswer answer = check_server().check({"text/plain", "", "", "gzip"},
                                                  std::string_view(coded).substr(0, 50'000), 4096);
  CHECK(answer.status == 400);
  CHECK(answer.problem() == "/problems/truncated-body");
}
