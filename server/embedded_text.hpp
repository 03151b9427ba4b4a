// Data files that the build puts into the program (tools/text_embed.cpp).
#pragma once

#include <string_view>

namespace suppressd {

extern const std::string_view bounce_rules_text;  // server/bounce_rules.tsv

}  // namespace suppressd
