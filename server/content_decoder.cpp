#include "server/content_decoder.hpp"

#include "server/problem.hpp"

namespace suppressd {

std::unique_ptr<Exchange> decode_content(std::string_view coding, std::unique_ptr<Exchange> inner,
                                         uint64_t /*decoded_bytes_max*/) {
  if (coding.empty() || coding == "identity") return inner;
  return problem_exchange({415,
                           "unsupported-content-coding",
                           "The body's Content-Encoding is not one that is read here.",
                           "Send the body as it is.",
                           {},
                           {},
                           {}});
}

}  // namespace suppressd
