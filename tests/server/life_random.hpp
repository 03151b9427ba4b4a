// Random work on contacts by the keys of three accounts and of staff, allowed and forbidden, through
// whatever answers HTTP; every answer is compared with the model's (life_model.hpp).
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "tests/server/app_driver.hpp"
#include "tests/server/life_model.hpp"

namespace suppressd::test {

struct LifeActor {
  Role role = Role::admin;
  std::string account;  // empty: staff
  std::string key, id;
};

class LifeRandom {
 public:
  using Send = std::function<Reply(const Request&)>;

  /// `send` walks a request to its whole answer; what it answers is what is tested.
  LifeRandom(uint64_t seed, std::string admin, Send send);

  /// Where requests go from now on: the application was opened again.
  void send_to(Send send) { send_ = std::move(send); }
  /// One random request, or a few that belong together, with its answer compared.
  void step();
  /// Every list, count, card, group and check.
  void compare();
  size_t below(size_t bound) { return random_() % bound; }

  LifeModel model;

 private:
  // ---- the random parts ----
  const std::string& account();
  const LifeActor& actor() { return actors_[below(actors_.size())]; }
  /// One who may: the chance that a step is allowed at all.
  const LifeActor& actor_for(const std::string& account, const std::vector<Role>& roles);
  int channel() { return below(3) == 0 ? 1 : 0; }
  std::string address(int channel);
  std::string spelled(int channel, const std::string& address);
  int contact_of(const std::string& account);
  int segment_of(const std::string& account);
  std::vector<int> some_contacts(const std::string& account);
  ModelRow row();
  ModelEvent event();
  int64_t time();

  // ---- asking ----
  Reply ask(const LifeActor& actor, const std::string& method, const std::string& target,
            const json& body = nullptr);
  json good(const std::string& target);
  std::vector<json> walk(const std::string& target, const std::string& query);
  /// What refuses the actor before the route looks at anything; 0: nothing.
  int refusal(const LifeActor& actor, const std::string& account, const std::vector<Role>& roles);
  /// The answer when the actor may; nullopt after the refusal was compared.
  std::optional<Reply> allowed(const LifeActor& actor, const std::string& account,
                               const std::vector<Role>& roles, const std::string& method,
                               const std::string& rest, const json& body = nullptr);
  json finished_job(const std::string& account, const Reply& made);

  // ---- what is done ----
  void put();
  void edit();
  void remove_or_restore_one();
  void remove_or_restore_some();
  void suppress();
  void unsuppress();
  void exempt();
  void events();
  void change_policy();
  void change_segments();
  void change_members();
  void delete_segment();
  void delete_found();
  void restore_job(const std::string& account, int job);
  void file();
  void decide();
  void recalculate();
  void ask_badly();

  // ---- what is compared ----
  void compare_lists(const std::string& account);
  void compare_cards(const std::string& account);
  void compare_counts(const std::string& account);
  void compare_segments(const std::string& account);
  void compare_requests(const std::string& account);
  void compare_checks(const std::string& account);

  std::mt19937_64 random_;
  Send send_;
  std::vector<LifeActor> actors_;
  uint64_t sequence_ = 0;  // that was answered last
};

}  // namespace suppressd::test
