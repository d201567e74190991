#pragma once
// Small questions about text that every module asks.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belay {

std::string lower(std::string_view text);
std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
bool is_space(char c);
// A whole decimal number without sign, in range; nullopt otherwise.
std::optional<long long> parse_number(std::string_view text);

// The known word most like `word` (a few letters off), for "did you mean"; nullopt when none is near.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);
// "Did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// The text as an admin would type it in a shell: quoted only where needed.
std::string shell_quoted(std::string_view word);
// A line of shell words split as a POSIX shell would (quotes, backslash; no expansion). Throws Error on an open quote.
std::vector<std::string> shell_words(std::string_view line);

// Control characters made visible, so that another program's output cannot steer the terminal.
std::string printable(std::string_view text);
// True where a variable of this name probably holds a secret (PASSWORD, TOKEN, SECRET, …_KEY, …): its value is never
// shown.
bool names_a_secret(std::string_view name);
// True where a variable's name or its value does: "postgres://shop:PASSWORD@db/shop" is nobody's business either.
bool holds_a_secret(std::string_view name, std::string_view value);

struct Utf8Character {
  char32_t code = 0;
  size_t bytes = 1;
};
// The character at the front of `text`, which is not empty; nullopt where that is not UTF-8.
std::optional<Utf8Character> first_character(std::string_view text);

std::string base64(std::string_view bytes);
// URL-safe alphabet, with padding: the form of the engine's X-Registry-Auth header.
std::string base64_url(std::string_view bytes);
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace belay
