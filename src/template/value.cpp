#include "template/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/format.h"

namespace belay::templates {

namespace {

using Kind = Node::Kind;

std::string quoted(const std::string& text) {
  const char quote = text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
  std::string result(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\')
      result += {'\\', c};
    else if (c == '\n')
      result += "\\n";
    else if (c == '\r')
      result += "\\r";
    else if (c == '\t')
      result += "\\t";
    else if (byte < 0x20 || byte == 0x7f)
      result += format("\\x{:02x}", byte);
    else
      result += c;
  }
  return result + quote;
}

std::string shown(const Node& node) {
  return node.is_text() ? quoted(node.raw()) : text_of(node);
}

int sign(bool is_less, bool is_more) {
  return is_less ? -1 : is_more ? 1 : 0;
}

}  // namespace

bool is_true(const Node& node) {
  switch (node.kind()) {
    case Kind::null:
      return false;
    case Kind::boolean:
      return node.raw() == "true";
    case Kind::number: {
      const auto number = number_of(node);
      return !number || (number->is_whole ? number->whole != 0 : number->real != 0);
    }
    case Kind::text:
      return !node.raw().empty();
    case Kind::list:
      return !node.items().empty();
    case Kind::map:
      return !node.members().empty();
  }
  return false;
}

bool are_equal(const Node& a, const Node& b) {
  if (const auto one = number_of(a), other = number_of(b); one && other)
    return one->is_whole && other->is_whole ? one->whole == other->whole : one->as_real() == other->as_real();
  if (a.kind() != b.kind()) return false;
  if (a.is_list()) return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), are_equal);
  if (a.is_map()) {
    if (a.members().size() != b.members().size()) return false;
    return std::all_of(a.members().begin(), a.members().end(), [&](const document::Member& member) {
      const Node* other = b.find(member.key);
      return other != nullptr && are_equal(member.value, *other);
    });
  }
  return a.raw() == b.raw();
}

std::string text_of(const Node& node) {
  switch (node.kind()) {
    case Kind::null:
      return "None";
    case Kind::boolean:
      return node.raw() == "true" ? "True" : "False";
    case Kind::number:
    case Kind::text:
      return node.raw();
    case Kind::list: {
      std::string text = "[";
      for (const Node& item : node.items()) text += (text.size() > 1 ? ", " : "") + shown(item);
      return text + "]";
    }
    case Kind::map: {
      std::string text = "{";
      for (const auto& member : node.members())
        text += (text.size() > 1 ? ", " : "") + quoted(member.key) + ": " + shown(member.value);
      return text + "}";
    }
  }
  return {};
}

Extent extent_of(const Node& node) {
  Extent extent{1, node.raw().size(), 1};
  const auto add = [&](const Node& part) {
    const Extent inner = extent_of(part);
    extent.nodes += inner.nodes;
    extent.bytes += inner.bytes;
    extent.depth = std::max(extent.depth, inner.depth + 1);
  };
  for (const Node& item : node.items()) add(item);
  for (const auto& member : node.members()) {
    extent.bytes += member.key.size();
    add(member.value);
  }
  return extent;
}

std::optional<Number> number_of(const Node& node) {
  if (node.kind() == Kind::boolean) return Number{true, node.raw() == "true" ? 1 : 0, 0};
  if (node.kind() != Kind::number) return {};
  Number number;
  const char* const begin = node.raw().data();
  const char* const end = begin + node.raw().size();
  if (const auto [stop, error] = std::from_chars(begin, end, number.whole); error == std::errc() && stop == end)
    return number;
  number.is_whole = false;
  if (const auto [stop, error] = std::from_chars(begin, end, number.real); error != std::errc() || stop != end)
    return {};
  return number;
}

Node real_node(double value) {
  if (!std::isfinite(value)) throw Error(ErrorCode::bad_value, "the number is too large");
  std::array<char, 64> buffer;
  const double size = std::fabs(value);
  const auto form =
      size != 0 && (size < 1e-4 || size >= 1e16) ? std::chars_format::scientific : std::chars_format::fixed;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form);
  if (error != std::errc()) throw Error(ErrorCode::bad_value, "the number is too large");
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return Node::number_text(std::move(text));
}

std::optional<int> compared(const Node& a, const Node& b) {
  if (const auto one = number_of(a), other = number_of(b); one && other) {
    if (one->is_whole && other->is_whole) return sign(one->whole<other->whole, one->whole> other->whole);
    return sign(one->as_real() < other->as_real(), one->as_real() > other->as_real());
  }
  if (a.is_text() && b.is_text()) return sign(a.raw() < b.raw(), a.raw() > b.raw());
  if (!a.is_list() || !b.is_list()) return {};
  for (size_t i = 0; i < a.items().size() && i < b.items().size(); ++i) {
    if (are_equal(a.items()[i], b.items()[i])) continue;
    return compared(a.items()[i], b.items()[i]);
  }
  return sign(a.items().size() < b.items().size(), a.items().size() > b.items().size());
}

std::vector<std::string> characters_of(const std::string& text) {
  std::vector<std::string> characters;
  for (const char c : text) {
    const bool goes_on = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if (goes_on && !characters.empty())
      characters.back() += c;
    else
      characters.emplace_back(1, c);
  }
  return characters;
}

}  // namespace belay::templates
