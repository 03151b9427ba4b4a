#include "tools/suppressctl/import_upload.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "tools/suppressctl/import_state.hpp"

namespace suppressctl {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{5000};
constexpr milliseconds nap{50};  // between two looks at whether to stop

/// Of the statuses, those that another try may change; of conflicts, those that asking resolves.
bool passes(const Refusal& refusal) {
  const bool shed = refusal.status == 429 || (refusal.status >= 502 && refusal.status <= 504);
  return shed || refusal.type == "/problems/upload-busy" ||
         refusal.type == "/problems/wrong-offset" || refusal.type == "/problems/upload-complete";
}

uint64_t size_of(const std::string& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) throw Failure(path + " has no size; only a file can be uploaded in parts.");
  return size;
}

}  // namespace

bool Patience::pause(milliseconds time) const {
  const auto end = Clock::now() + time;
  while (!stopped_() && Clock::now() < end)
    std::this_thread::sleep_for(std::min(nap, std::chrono::ceil<milliseconds>(end - Clock::now())));
  return !stopped_();
}

bool Patience::wait(milliseconds asked) {
  const bool begins = failing_since_ == Clock::time_point{};
  if (begins) {
    failing_since_ = Clock::now();
    next_pause_ = first_pause;
  }
  const milliseconds time = std::max(next_pause_, asked);
  next_pause_ = std::min(next_pause_ * 2, longest_pause);
  if (Clock::now() + time > failing_since_ + retry_for_) return false;
  (void)pause(time);
  return true;
}

bool Patience::attempt(const std::function<void()>& step) {
  try {
    step();
    failing_since_ = {};
    return true;
  } catch (const Refusal& refusal) {
    if (!passes(refusal) || !wait(refusal.retry_after)) throw;
  } catch (const ConnectionLost&) {
    if (!wait(milliseconds(0))) throw;
  }
  return false;
}

ImportUpload::ImportUpload(const Settings& settings, const std::string& file, std::string query,
                           std::string id, Patience& patience)
    : settings_(settings),
      file_(file),
      bytes_(size_of(file)),
      query_(std::move(query)),
      id_(std::move(id)),
      key_("upload-" + random_id()),
      patience_(patience),
      connection_(parse_endpoint(settings.server), settings.timeout),
      sure_(id_.empty()) {}

bool ImportUpload::run(const std::function<void(uint64_t, uint64_t)>& progress) {
  while (!complete_) {
    if (patience_.stopped()) return false;
    const bool worked = patience_.attempt([this] { sure_ ? send_part() : ask(); });
    // Without an id the first part is sent again, with the same key: it is stored once.
    sure_ = worked || id_.empty();
    progress(offset_, bytes_);
  }
  return true;
}

void ImportUpload::take(const Json& import) {
  id_ = text_of(import, "id");
  offset_ = import.value("received_bytes", uint64_t{0});
  complete_ = text_of(import, "state") != "uploading";
  if (offset_ > bytes_)
    throw Failure("The server has more of import " + id_ + " than " + file_.path() +
                  " holds; it is another file.");
}

void ImportUpload::ask() {
  const HttpAnswer answer = connection_.exchange(
      request_to(settings_, "GET", account_path(settings_, "/imports/" + percent_encode(id_))));
  if (answer.status >= 400) throw refusal_of(answer);
  take(parse_answer(answer.body));
}

void ImportUpload::send_part() {
  part_.resize(std::min<uint64_t>(upload_part_bytes, bytes_ - offset_));
  file_.seek(offset_);
  for (size_t filled = 0; filled < part_.size();) {
    const size_t got = file_.read(part_.data() + filled, part_.size() - filled);
    if (got == 0) throw Failure(file_.path() + " became shorter while it was uploaded.");
    filled += got;
  }
  const bool last = offset_ + part_.size() == bytes_;
  HttpRequest request =
      id_.empty()
          ? request_to(settings_, "POST", account_path(settings_, "/imports") + query_)
          : request_to(settings_, "PATCH",
                       account_path(settings_, "/imports/" + percent_encode(id_) + "/upload"));
  request.fields.emplace_back("Content-Type", "application/octet-stream");
  request.fields.emplace_back("Upload-Complete", last ? "?1" : "?0");
  if (id_.empty())
    request.fields.emplace_back("Idempotency-Key", key_);
  else
    request.fields.emplace_back("Upload-Offset", std::to_string(offset_));
  request.body = part_;
  const HttpAnswer answer = connection_.exchange(request);
  if (answer.status >= 400) throw refusal_of(answer);
  take(member_of(parse_answer(answer.body), "import"));
}

}  // namespace suppressctl
