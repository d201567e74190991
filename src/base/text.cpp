#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/errors.h"
#include "base/format.h"

namespace belay {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string result;
  for (const auto& part : parts) {
    if (&part != &parts.front()) result += separator;
    result += part;
  }
  return result;
}

std::optional<long long> parse_number(std::string_view text) {
  long long value = 0;
  if (text.empty() || text[0] < '0' || text[0] > '9') return {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

namespace {

// Edits (insert, delete, replace, swap of neighbours) from a to b.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

namespace {

// Whether all letters of the word stand in the text, in this order: letters were left out, which is the commonest slip.
bool is_shortened(std::string_view word, std::string_view text) {
  for (const char letter : text)
    if (!word.empty() && word.front() == letter) word.remove_prefix(1);
  return word.empty();
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  const std::string asked = lower(word.substr(0, 64));
  std::optional<std::string> best;
  // At most a third of the letters may differ: what is further off is another word.
  size_t best_distance = std::clamp<size_t>(asked.size() / 3, 1, 3) + 1;
  for (const auto& candidate : known) {
    if (candidate.size() > 64) continue;
    const size_t edits = distance(asked, lower(candidate));
    const bool is_better =
        edits == best_distance && best && is_shortened(asked, lower(candidate)) && !is_shortened(asked, lower(*best));
    if (edits >= best_distance && !is_better) continue;
    best = candidate;
    best_distance = edits;
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto found = nearest(word, known);
  return found ? format("Did you mean '{}'?", *found) : std::string();
}

std::string shell_quoted(std::string_view word) {
  static constexpr std::string_view safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
  if (!word.empty() && word.find_first_not_of(safe) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\'') {
      if (c == '\'') {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\\' && i + 1 < line.size()) {
      const char next = line[++i];
      if (quote == '"' && std::string_view("\"\\$`\n").find(next) == std::string_view::npos) word += c;
      if (next != '\n') {
        word += next;
        in_word = true;
      }
    } else if (quote == '"') {
      if (c == '"') {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (is_space(c)) {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) throw Error(ErrorCode::bad_value, format("the quote {} is never closed", quote));
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::optional<Utf8Character> first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  Utf8Character found{lead, 1};
  if (lead >= 0xf0 && lead < 0xf8) {
    found = {lead & 0x07U, 4};
  } else if (lead >= 0xe0 && lead < 0xf0) {
    found = {lead & 0x0fU, 3};
  } else if (lead >= 0xc2 && lead < 0xe0) {
    found = {lead & 0x1fU, 2};
  } else if (lead >= 0x80) {
    return {};
  }
  if (found.bytes > text.size()) return {};
  for (size_t i = 1; i < found.bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    found.code = found.code << 6 | (byte(i) & 0x3fU);
  }
  // Longer than needed, or no character at all.
  if ((found.bytes == 3 && found.code < 0x800) || (found.bytes == 4 && (found.code < 0x10000 || found.code > 0x10ffff)))
    return {};
  return found;
}

std::string printable(std::string_view text) {
  std::string result;
  // Bytes of a UTF-8 character that are still to come. Elsewhere 0x80 to 0x9f are control characters, and so are those
  // that UTF-8 writes as 0xc2 and such a byte: 0x9b begins an escape sequence just like ESC [.
  int expected = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool high_control = byte >= 0x80 && byte <= 0x9f && expected == 0;
    const bool begins_control = byte == 0xc2 && next >= 0x80 && next <= 0x9f;
    if ((byte & 0xc0) == 0x80) {
      if (expected > 0) --expected;
    } else {
      expected = begins_control ? 0 : byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
    }
    if (c == '\t' || c == '\n' || (byte >= 0x20 && byte != 0x7f && !high_control && !begins_control)) {
      result += c;
    } else if (c != '\r') {
      result += format("\\x{:02x}", byte);
    }
  }
  return result;
}

bool names_a_secret(std::string_view name) {
  const std::string text = lower(name);
  for (const std::string_view word : {"password", "passwd", "secret", "token", "credential", "private", "apikey",
                                      "api_key", "access_key", "passphrase", "auth"})
    if (text.find(word) != std::string::npos) return true;
  return text.ends_with("_key") || text.ends_with("_pass") || text.ends_with("_pwd") || text == "pass" ||
         text == "pwd_hash";
}

bool holds_a_secret(std::string_view name, std::string_view value) {
  if (names_a_secret(name)) return true;
  // Also in the middle of a value: a list of servers, a proxy in front of one.
  for (size_t at = value.find("://"); at != value.npos; at = value.find("://", at + 1)) {
    const std::string_view authority = value.substr(at + 3, value.substr(at + 3).find_first_of("/?# \t\n,;"));
    const size_t host = authority.rfind('@');
    if (host != authority.npos && authority.substr(0, host).find(':') != authority.npos) return true;
  }
  return false;
}

namespace {

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) text += j <= count ? alphabet[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

constexpr std::string_view standard_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string base64(std::string_view bytes) {
  return encode(bytes, standard_alphabet);
}
std::string base64_url(std::string_view bytes) {
  return encode(bytes, url_alphabet);
}

std::optional<std::string> base64_decoded(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    size_t value = standard_alphabet.find(c);
    if (value == std::string_view::npos) value = url_alphabet.find(c);
    if (value == std::string_view::npos) return {};
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255);
  }
  // A single letter left over holds no whole byte: the text was cut off.
  if (bits == 6) return {};
  return bytes;
}

}  // namespace belay
