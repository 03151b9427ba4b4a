#include "server/json_answer.hpp"

#include <nlohmann/json.hpp>

namespace suppressd {
namespace {

class AnswerExchange final : public Exchange {
 public:
  explicit AnswerExchange(Answer answer) : answer_(std::move(answer)) {}
  bool wants_body() const override { return false; }
  Progress on_body(std::string_view, Answer& answer) override { return on_end(answer); }
  Progress on_end(Answer& answer) override {
    answer = std::move(answer_);
    return Progress::done;
  }
  Progress on_wake(Answer& answer) override { return on_end(answer); }

 private:
  Answer answer_;
};

}  // namespace

void write_json(const nlohmann::ordered_json& json, int status, Answer& answer,
                std::string_view content_type) {
  answer.status = status;
  answer.fields.emplace_back("Content-Type", content_type);
  answer.body = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  answer.body += '\n';
}

std::unique_ptr<Exchange> answer_exchange(Answer answer) {
  return std::make_unique<AnswerExchange>(std::move(answer));
}

std::unique_ptr<Exchange> json_exchange(const nlohmann::ordered_json& json, int status) {
  Answer answer;
  write_json(json, status, answer);
  return answer_exchange(std::move(answer));
}

}  // namespace suppressd
