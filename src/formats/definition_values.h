#pragma once
// The values of a definition as its author may write them. Every function throws ConfigError at the value; `what` names
// it there: "\"memory\"".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "document/node.h"
#include "formats/place.h"

namespace belay::formats {

// What `parse` makes of a text, number or boolean, its errors with `what` and the place in front.
template <class Parse>
auto parsed_value(const document::Node& node, std::string_view what, Parse parse) {
  const std::string& text = node.as_scalar(what);
  return at(node.where(), [&] { return doing(what, [&] { return parse(text); }); });
}

[[noreturn]] void refuse(const document::Node& node, const std::string& message, const std::string& hint = {});
// The member of a map that must have it; `what` names the map: "the volume".
const document::Node& required(const document::Node& map, const std::string& key, std::string_view what);
// A number, or text that is one.
std::int64_t integer_value(const document::Node& node, std::string_view what, std::int64_t lowest,
                           std::int64_t highest);
// Seconds as a number, or text like "1m30s".
Milliseconds time_value(const document::Node& node, std::string_view what);
// Text with something in it, or a number.
std::string word_value(const document::Node& node, std::string_view what);
// One of `words`.
std::string choice_value(const document::Node& node, std::string_view what, const std::vector<std::string>& words);
// A list of words, or text that is split as a shell would.
std::vector<std::string> command_value(const document::Node& node, std::string_view what);
// "HUP", "sighup", 1 → "SIGHUP", "SIGHUP", "1".
std::string signal_value(const document::Node& node, std::string_view what);

}  // namespace belay::formats
