#include "server/path_address.hpp"

namespace suppressd {

std::optional<Problem> read_path_address(const Call& call, NamedAddress& out) {
  const auto channel = parse_channel(call.path.channel);
  if (!channel) {
    return Problem{404,
                   "unknown-path",
                   "There is nothing at this path.",
                   "Channels are email and phone.",
                   {},
                   {},
                   {}};
  }
  const Region region = call.account ? call.account->default_region : Region{};
  CanonicalAddress canonical;
  const AddressError error =
      call.worker.normalizer.address(call.path.address, channel, region, canonical);
  if (error != AddressError::none) {
    return Problem{400,
                   "invalid-address",
                   "The address cannot be read.",
                   "Percent-encode it as one path segment.",
                   {},
                   {{std::nullopt, "address", std::string(error_name(error))}},
                   {}};
  }
  out.channel = canonical.channel();
  out.text = canonical.text();
  return std::nullopt;
}

}  // namespace suppressd
