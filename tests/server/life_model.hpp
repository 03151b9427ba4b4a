// What the application must hold of three accounts' contacts and what happens to them, kept the
// obvious way: maps and lists, every verdict, state, list and count worked out anew from the
// causes. Each change says what the application must answer.
//
// Times that the application takes from its own clock are not told here: the answers' members that
// show them are left out before they are compared (comparable()).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/types.hpp"

namespace suppressd::test {

using nlohmann::json;

constexpr int64_t model_day_ms = 86'400'000;

struct ModelCause {
  Reason reason = Reason::none;
  std::string source, campaign, evidence, by;
  int64_t at = 0;  // 0: the application's clock
};

struct ModelEntry {
  std::vector<ModelCause> causes;
  bool exempt = false;
};

/// What checks say, and why.
struct ModelVerdict {
  const ModelCause* cause = nullptr;  // null: clear
  bool platform = false;
  bool exempt = false;
};

struct ModelMailbox {
  std::string address, given;
  struct Deletion {
    std::string by, reason;
    int job = 0;
  };
  std::optional<Deletion> deletion;
  int64_t first_sent = 0, last_sent = 0, last_delivered = 0, last_engaged = 0, last_soft = 0;
  int sent = 0, soft_bounces = 0, hard_bounces = 0;
};

struct ModelContact {
  int id = 0;
  std::array<ModelMailbox, 2> at;  // email, phone
  std::map<std::string, std::string> fields;
  std::set<int> segments;
  std::string source;
  std::vector<std::string> activity;  // oldest first: kind, channel and reason
};

struct ModelTarget {
  int channel = 0;
  std::string address;
  int contact = 0;
};

struct ModelRequest {
  int id = 0;
  std::string kind, state = "open", statement, note, filed_by, decided_by;
  std::vector<ModelTarget> targets;
  std::set<int> approved;
  int applied = 0, already = 0;
};

struct ModelAccount {
  std::map<int, ModelContact> contacts;
  std::map<int, std::string> segments;
  std::vector<ModelRequest> requests;
  int contacts_made = 0, segments_made = 0, jobs_made = 0;
  bool trusted_bounces = false, self_service = false;
};

struct ModelRow {
  std::array<std::string, 2> address, given;  // given: as it is sent; empty: not at all
  std::map<std::string, std::string> fields;
};

struct ModelEvent {
  std::string type, bounce;
  int channel = 0;
  std::string address, campaign, detail;
  int64_t at = 0;
};

inline const std::array<std::string, 2> channel_names{"email", "phone"};
inline const std::array<std::string, 5> state_names{"active", "soft_bounced", "unsubscribed",
                                                    "blacklisted", "deleted"};

class LifeModel {
 public:
  std::map<std::string, ModelAccount> accounts;

  // ---- changes: what the application must answer, but for its sequence ----
  json put(const std::string& account, const std::vector<ModelRow>& rows, bool restore, int segment,
           const std::string& source);
  /// The status.
  int edit(const std::string& account, int id, const std::array<std::optional<ModelRow>, 2>& to,
           const std::map<std::string, std::optional<std::string>>& fields);
  json remove(const std::string& account, const std::vector<int>& ids, int channels,
              const std::string& by, const std::string& reason, int job = 0);
  json restore(const std::string& account, const std::vector<int>& ids, int channels, int job = 0);
  json suppress(const std::string& scope, int channel, const std::vector<std::string>& addresses,
                const ModelCause& cause);
  int unsuppress(const std::string& scope, int channel, const std::string& address);
  int exempt(const std::string& account, int channel, const std::string& address, bool exempt);
  json events(const std::string& account, const std::vector<ModelEvent>& rows,
              const std::string& by);
  int create_segment(const std::string& account, const std::string& name);
  int rename_segment(const std::string& account, int id, const std::string& name);
  json members(const std::string& account, int id, const std::vector<int>& ids, bool add);
  void delete_segment(const std::string& account, int id);
  ModelRequest& file(const std::string& account, ModelRequest request);
  int decide(const std::string& account, int id, const std::string& state,
             const std::optional<std::set<int>>& only, const std::string& note,
             const std::string& by);

  // ---- what is asked ----
  ModelVerdict verdict(const std::string& account, int channel, const std::string& address) const;
  std::string check(const std::string& account, int channel, const std::string& address) const;
  std::string state(const std::string& account, int channel, const ModelContact& contact) const;
  std::string group(const std::string& account, int channel, const ModelContact& contact,
                    int64_t cut_day) const;
  /// Of a state, or (empty) all that are not deleted; in order of their addresses.
  std::vector<const ModelContact*> list(const std::string& account, int channel,
                                        const std::string& state) const;
  json contact_json(const std::string& account, const ModelContact& contact) const;
  json request_json(const std::string& account, const ModelRequest& request) const;
  json counts_json(const std::string& account) const;
  json groups_json(const std::string& account, int channel, int64_t cut_day) const;
  /// Value to number.
  std::map<std::string, uint64_t> causes(const std::string& account, int channel,
                                         const std::string& by) const;
  json segment_counts(const std::string& account, int id) const;

 private:
  using Key = std::tuple<std::string, int, std::string>;  // scope (platform: empty)

  struct Taken {
    bool kept = false, restored = false;
  };
  Taken take(const std::string& account, const ModelRow& row, bool restore, ModelContact& contact);
  /// What the row counts as; its result gets what became of it.
  std::string put_row(const std::string& account, const ModelRow& row, bool restore, int segment,
                      const std::string& source, json& result);
  ModelContact* owner(const std::string& account, int channel, const std::string& address);
  bool add_cause(const std::string& scope, int channel, const std::string& address,
                 const ModelCause& cause, bool& fresh);
  /// Tells the contacts that have the address what changed since told_.
  void tell(const std::string& scope, int channel, const std::string& address);
  Reason shown(const std::string& account, int channel, const std::string& address) const;
  json standing_json(const std::string& account, int channel, const std::string& address) const;
  void count_in(ModelMailbox& at, int channel, const ModelEvent& event) const;
  bool apply(const std::string& account, const ModelRequest& request, const ModelTarget& target,
             const std::string& by);

  std::map<Key, ModelEntry> entries_;
  std::map<std::tuple<int, std::string>, std::set<std::string>> claims_;
  /// By account, channel and contact: the reason that its activity told last.
  std::map<std::tuple<std::string, int, std::string>, Reason> told_;
};

/// Without what the application's own clock decides.
json comparable(json contact);

}  // namespace suppressd::test
