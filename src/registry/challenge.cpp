#include "registry/challenge.h"

#include <algorithm>

#include "base/text.h"

namespace belay::registry {

namespace {

bool is_token_sign(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

void skip(std::string_view& text, std::string_view signs) {
  text.remove_prefix(std::min(text.find_first_not_of(signs), text.size()));
}

std::string take_token(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && is_token_sign(text[end])) ++end;
  std::string token(text.substr(0, end));
  text.remove_prefix(end);
  return token;
}

std::string take_value(std::string_view& text) {
  if (!text.starts_with('"')) return take_token(text);
  std::string value;
  size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    value += text[at];
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return value;
}

}  // namespace

std::string Challenge::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  for (;;) {
    skip(header, " \t,");
    if (header.empty()) return challenges;
    const std::string word = take_token(header);
    if (word.empty()) return challenges;
    skip(header, " \t");
    if (header.starts_with('=')) {
      header.remove_prefix(1);
      skip(header, " \t");
      std::string value = take_value(header);
      if (!challenges.empty()) challenges.back().parameters[lower(word)] = std::move(value);
    } else {
      challenges.push_back({lower(word), {}});
    }
  }
}

}  // namespace belay::registry
