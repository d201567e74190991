#pragma once
// Times as HTTP writes them.

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace belay::net {

// "Sun, 06 Nov 1994 08:49:37 GMT", and the two older forms that RFC 9110 asks readers to know; nullopt for anything
// else.
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace belay::net
