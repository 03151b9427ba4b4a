// What a route's handler gets: an authenticated, routed request.
#pragma once

#include <string>

#include "server/app.hpp"
#include "server/exchange.hpp"

namespace suppressd {

/// The parts of a path that its pattern named, percent-decoded. {provider} and {token} are in `id`.
struct PathParts {
  std::string account, channel, address, id;
};

/// Everything here is valid while the handler runs; an exchange copies what it needs later (the
/// parts and the worker outlive it).
struct Call {
  const AppParts& parts;
  const RequestHead& head;
  Worker& worker;
  Wake wake;
  const Directory::Snapshot& directory;
  PathParts path;
  const ApiKey* key = nullptr;       // null on open routes only
  const Account* account = nullptr;  // the path's {account}; null where it names none, and on open
                                     // routes

  AccountNumber scope() const { return account ? account->number : platform_number; }
};

}  // namespace suppressd
