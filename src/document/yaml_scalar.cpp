#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "base/format.h"
#include "base/text.h"
#include "document/yaml.h"

namespace belay::document {

namespace {

Node number_of(std::string printed, std::string_view written) {
  Node node = Node::number_text(std::move(printed));
  if (node.raw() != written) node.set_written(std::string(written));
  return node;
}

Node text_of(std::string printed, std::string_view written) {
  Node node = Node::text(std::move(printed));
  node.set_written(std::string(written));
  return node;
}

// The words that are no text; nullopt for all others.
std::optional<Node> word(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return Node();
  if (text == "true" || text == "True" || text == "TRUE") return Node::boolean(true);
  if (text == "false" || text == "False" || text == "FALSE") return Node::boolean(false);
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return text_of("NaN", text);
  const bool negative = text.starts_with('-');
  const std::string_view rest = text.starts_with('+') || negative ? text.substr(1) : text;
  if (rest == ".inf" || rest == ".Inf" || rest == ".INF") return text_of(negative ? "-Inf" : "+Inf", text);
  return std::nullopt;
}

// The base that the prefix of `digits` names; the prefix is cut off.
int cut_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const std::map<char, int> bases{{'x', 16}, {'X', 16}, {'b', 2}, {'B', 2}, {'o', 8}, {'O', 8}};
  const auto base = bases.find(digits[1]);
  digits.remove_prefix(base == bases.end() ? 1 : 2);
  return base == bases.end() ? 8 : base->second;
}

// What Go prints for a whole number of 64 bits; nullopt where `plain` is none.
std::optional<std::string> whole(std::string_view plain) {
  const bool negative = plain.starts_with('-');
  const bool has_sign = negative || plain.starts_with('+');
  if (has_sign) plain.remove_prefix(1);
  const int base = cut_base(plain);
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value, base);
  if (error != std::errc() || stop != plain.data() + plain.size()) return std::nullopt;
  constexpr auto highest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value > highest + (negative ? 1 : 0) && has_sign) return std::nullopt;
  return format("{}{}", negative && value > 0 ? "-" : "", value);
}

bool looks_like_fraction(std::string_view text) {
  const auto digits = [&] {
    size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count;
  };
  const auto take = [&](std::string_view any) {
    if (text.empty() || any.find(text[0]) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
  };
  take("+-");
  const size_t before = digits();
  const bool has_point = take(".");
  const size_t after = has_point ? digits() : 0;
  if (before + after == 0) return false;
  if (take("eE")) {
    take("+-");
    if (digits() == 0) return false;
  }
  return text.empty();
}

// As Go's %v: the shortest digits that give the value back; an exponent below 1e-4 and from 1e+06 on.
std::string go_text(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string scientific(buffer, end);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (value != 0 && (exponent < -4 || exponent >= 6)) return scientific;
  return format("{}", value);
}

std::optional<std::string> fraction(std::string_view plain) {
  if (!looks_like_fraction(plain)) return std::nullopt;
  if (plain.starts_with('+')) plain.remove_prefix(1);
  double value = 0;
  const auto [stop, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error == std::errc::result_out_of_range) {
    // Too small is 0, too large is text.
    const size_t e = plain.find_first_of("eE");
    if (e == std::string_view::npos || plain.substr(e + 1, 1) != "-") return std::nullopt;
    value = 0;
  }
  return go_text(value);
}

}  // namespace

Node yaml_scalar(std::string_view text) {
  if (std::optional<Node> known = word(text)) return *known;
  const bool may_be_number = (text[0] >= '0' && text[0] <= '9') || text[0] == '+' || text[0] == '-' || text[0] == '.';
  if (!may_be_number) return Node::text(std::string(text));
  std::string plain(text);
  if (text[0] != '.') std::erase(plain, '_');
  if (std::optional<std::string> printed = whole(plain)) return number_of(*printed, text);
  if (std::optional<std::string> printed = fraction(plain)) return number_of(*printed, text);
  return Node::text(std::string(text));
}

}  // namespace belay::document
