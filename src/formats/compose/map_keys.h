#pragma once
// What becomes of each key of a Compose file.

#include <span>
#include <string>
#include <string_view>

#include "base/error_code.h"

namespace belay::formats::compose {

enum class Treatment {
  mapped,   // it has its effect
  noted,    // it has none, and a remark says so
  silent,   // it has none, and nobody would expect one
  refused,  // it cannot be done
  unbuilt,  // Belay cannot build with it; an image that is there is used, and a remark says so
};

struct KeyRule {
  std::string_view path;  // "services.*.image"; "*" is any name, elements of lists have no part of their own
  Treatment treatment = Treatment::mapped;
  std::string_view text;  // mapped: what it becomes; noted: the remark; refused, unbuilt: the error
  ErrorCode code = ErrorCode::unsupported;
  std::string_view hint{};
};

std::span<const KeyRule> key_rules();
const KeyRule* find_rule(std::string_view path);  // nullptr where there is none
// The path of a member in the table: `path` and `key`, or `path` and "*" where its members have names of the user's.
std::string path_of_member(const std::string& path, std::string_view key);
// Whether the table has keys below it.
bool has_keys_below(const std::string& path);

}  // namespace belay::formats::compose
