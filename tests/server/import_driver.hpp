// A ContactDriver that uploads files and looks at what imports made of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/server/contact_driver.hpp"

namespace suppressd::test {

class ImportDriver : public ContactDriver {
 public:
  using ContactDriver::ContactDriver;

  Reply upload(const std::string& query, const std::string& file, Fields fields = {}) {
    return send({"POST", path("/imports" + query), admin, std::move(fields), file, 1'000});
  }
  Reply append(const std::string& id, uint64_t offset, const std::string& file,
               bool completes = true) {
    Fields fields{{"upload-offset", std::to_string(offset)}};
    if (!completes) fields.emplace_back("upload-complete", "?0");
    return send({"PATCH", path("/imports/" + id + "/upload"), admin, fields, file, 1'000});
  }
  nlohmann::json report(const std::string& id) { return get(path("/imports/" + id)).json(); }
  /// Once it no longer runs.
  nlohmann::json settled(const std::string& id) {
    eventually([&] {
      const std::string state = report(id)["state"];
      return state != "running";
    });
    return report(id);
  }
  /// Answered 202, and what came of it.
  nlohmann::json imported(const std::string& query, const std::string& file, Fields fields = {}) {
    const Reply reply = upload(query, file, std::move(fields));
    INFO(reply.body);
    REQUIRE(reply.status == 202);
    return settled(reply.json()["import"]["id"]);
  }
  std::string rows(const std::string& id, const std::string& wanted) {
    const Reply reply = get(path("/imports/" + id + "/rows?class=" + wanted));
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return reply.body;
  }
  std::string clean(const std::string& id) {
    const Reply reply = get(path("/imports/" + id + "/clean"));
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return reply.body;
  }
  /// Suppresses in the account, or on the platform.
  void suppress(const std::string& address, const std::string& reason, bool platform = false) {
    const nlohmann::json body{{"channel", address[0] == '+' ? "phone" : "email"},
                              {"address", address},
                              {"reason", reason}};
    const std::string target = platform ? "/v1/platform/suppressions" : path("/suppressions");
    REQUIRE(post(target, body.dump()).status == 200);
  }
};

}  // namespace suppressd::test
