#include "formats/compose/values.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "formats/compose/words.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

[[noreturn]] void refuse_value(const Node& node, const std::string& what, const std::string& wanted,
                               const std::string& hint = {}) {
  const bool is_single = !node.is_list() && !node.is_map() && !node.is_null();
  throw ConfigError(node.where(),
                    format("\"{}\" must be {}, not {}", what, wanted,
                           is_single ? format("'{}'", printable(node.written())) : std::string(node.kind_name())),
                    hint);
}

std::optional<double> as_fraction(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> as_whole(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && stop == text.data() + text.size()) return value;
  const std::optional<double> fraction = as_fraction(text);
  if (!fraction || *fraction != std::floor(*fraction) || std::abs(*fraction) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*fraction);
}

bool is_single_value(const Node& node) {
  return node.is_text() || node.kind() == Node::Kind::number;
}

// 1024-based, one space allowed before the unit.
std::optional<std::int64_t> as_bytes(std::string_view text) {
  const size_t unit_at = text.find_first_not_of("0123456789.");
  const std::optional<double> number = as_fraction(text.substr(0, unit_at));
  if (!number) return std::nullopt;
  std::string unit = unit_at == std::string_view::npos ? "" : lower(text.substr(unit_at));
  if (unit.starts_with(' ')) unit.erase(0, 1);
  if (unit.size() > 1 && unit.ends_with('b')) unit.pop_back();
  if (unit.size() > 1 && unit.ends_with('i')) unit.pop_back();
  static constexpr std::string_view units = "bkmgtp";
  const size_t power = unit.empty() ? 0 : units.find(unit[0]);
  if (unit.size() > 1 || power == std::string_view::npos) return std::nullopt;
  const double value = *number * std::pow(1024.0, static_cast<double>(power));
  return value > 9e18 ? std::nullopt : std::optional(static_cast<std::int64_t>(value));
}

// Nanoseconds of "1h2m3.5s".
std::optional<std::int64_t> as_nanoseconds(std::string_view text) {
  if (text == "0") return 0;
  static const std::vector<std::pair<std::string_view, double>> units{
      {"ns", 1},  {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"\xce\xbcs", 1e3}, {"ms", 1e6},
      {"s", 1e9}, {"m", 60e9}, {"h", 3600e9},      {"d", 86400e9},     {"w", 604800e9}};
  double sum = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::optional<double> number = as_fraction(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::pair<std::string_view, double>* unit = nullptr;
    for (const auto& known : units)
      if (text.starts_with(known.first) && (unit == nullptr || known.first.size() > unit->first.size())) unit = &known;
    if (!number || unit == nullptr) return std::nullopt;
    text.remove_prefix(unit->first.size());
    sum += *number * unit->second;
  }
  return sum > 9e18 ? std::nullopt : std::optional(std::llround(sum));
}

// "1.5" of 1500 thousandths: no zeros at the end.
std::string with_fraction(std::int64_t value, std::int64_t unit) {
  std::string text = std::to_string(value / unit);
  std::string rest;
  for (std::int64_t left = value % unit, place = unit / 10; left > 0; left %= place, place /= 10) {
    rest += static_cast<char>('0' + left / place);
    if (place == 1) break;
  }
  return rest.empty() ? text : text + "." + rest;
}

std::string duration_text(std::int64_t nanoseconds) {
  constexpr std::int64_t second = 1'000'000'000;
  if (nanoseconds == 0) return "0s";
  if (nanoseconds < 1000) return format("{}ns", nanoseconds);
  if (nanoseconds < 1'000'000) return with_fraction(nanoseconds, 1000) + "\xc2\xb5s";
  if (nanoseconds < second) return with_fraction(nanoseconds, 1'000'000) + "ms";
  const std::int64_t hours = nanoseconds / (3600 * second);
  const std::int64_t minutes = nanoseconds / (60 * second) % 60;
  std::string text;
  if (hours > 0) text += format("{}h", hours);
  if (hours > 0 || minutes > 0) text += format("{}m", minutes);
  return text + with_fraction(nanoseconds % (60 * second), second) + "s";
}

// A list of "K=V" as a map; what `bare` makes of a "K" alone.
void make_pairs(Node& node, const std::string& what, const Node& bare) {
  if (!node.is_list()) return;
  Node map = Node::map();
  for (Node& item : node.items()) {
    if (!item.is_text())
      throw ConfigError(item.where(),
                        format("an element of \"{}\" must be text like KEY=value, not {}", what, item.kind_name()),
                        "Put it in quotes.");
    const std::string& text = item.raw();
    const size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    // What follows is not repeated: it may be a password.
    if (key.empty()) throw ConfigError(item.where(), format("an element of \"{}\" has no name", what));
    if (is_space(key.back()))
      throw ConfigError(item.where(), format("the name '{}' in \"{}\" ends in a blank", printable(key), what),
                        "Write KEY=value without a blank before '='.");
    Node value = bare;
    if (equals != std::string::npos) value = Node::text(text.substr(equals + 1));
    value.set_where(item.where());
    value.set_mark(item.mark());
    map.remove(key);
    map.add_member({key, item.where(), std::move(value)});
  }
  map.set_where(node.where());
  node = std::move(map);
}

}  // namespace

void print(Node& node, const std::string& what, Loading& loading) {
  if (node.is_text() || node.is_null()) return;
  if (node.written() != node.raw()) {
    const std::string name = what.substr(what.rfind('.') + 1);
    const std::string shown = names_a_secret(name) ? std::string("another text than is written")
                                                   : format("'{}', not '{}'", node.raw(), node.written());
    loading.notice_once(Notice::Kind::rewritten, node.where(),
                        format("the number in \"{}\" means {}: put it in quotes to keep it as it is", what, shown));
  }
  const SourcePosition where = node.where();
  node = Node::text(node.raw());
  node.set_where(where);
}

void make_boolean(Node& node, const std::string& what, Loading& loading) {
  if (node.kind() == Node::Kind::boolean) return;
  const std::string word = node.is_text() ? lower(node.raw()) : std::string();
  const bool yes = word == "true" || word == "y" || word == "yes" || word == "on";
  const bool no = word == "false" || word == "n" || word == "no" || word == "off";
  if (!yes && !no) refuse_value(node, what, "true or false");
  if (word != "true" && word != "false")
    loading.notice_once(Notice::Kind::old_form, node.where(),
                        format("\"{}\" has '{}': write {}", what, printable(node.raw()), yes ? "true" : "false"));
  node = Node::boolean(yes);
}

void make_whole(Node& node, const std::string& what) {
  const std::optional<std::int64_t> value = is_single_value(node) ? as_whole(node.raw()) : std::nullopt;
  if (!value) refuse_value(node, what, "a whole number");
  node = Node::number(*value);
}

void make_fraction(Node& node, const std::string& what) {
  const std::optional<double> value = is_single_value(node) ? as_fraction(node.raw()) : std::nullopt;
  if (!value) refuse_value(node, what, "a number");
  node = Node::number_text(format("{}", *value));
}

void make_bytes(Node& node, const std::string& what) {
  std::optional<std::int64_t> value;
  if (is_single_value(node)) value = node.raw() == "-1" ? std::optional<std::int64_t>(-1) : as_bytes(node.raw());
  if (is_single_value(node) && !value && node.kind() == Node::Kind::number) value = as_whole(node.raw());
  if (!value) refuse_value(node, what, "a size", "Sizes are a number and one of b, k, m, g, t: 64m, 1.5g.");
  // A text, as Compose prints it: in some places it takes no number.
  node = Node::text(std::to_string(*value));
}

void make_duration(Node& node, const std::string& what) {
  const std::optional<std::int64_t> value = node.is_text() ? as_nanoseconds(node.raw()) : std::nullopt;
  if (!value) refuse_value(node, what, "a time with its unit", "Write 30s, 1m30s, 500ms, 2h or 1d.");
  node = Node::text(duration_text(*value));
}

void make_mode(Node& node, const std::string& what, Loading& loading) {
  if (node.kind() == Node::Kind::number) {
    const std::string written = node.written();
    const SourcePosition where = node.where();
    make_whole(node, what);
    if (!written.starts_with('0') && written.size() >= 3 && written.find_first_not_of("01234567") == std::string::npos)
      loading.notice_once(Notice::Kind::rewritten, where,
                          format("\"{}\" has the number {}, which is no octal one: write \"0{}\" for that mode", what,
                                 written, written));
    return;
  }
  std::string_view digits = node.is_text() ? std::string_view(node.raw()) : std::string_view();
  if (digits.starts_with("0o")) digits.remove_prefix(2);
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  if (digits.empty() || error != std::errc() || stop != digits.data() + digits.size() || value > 07777)
    refuse_value(node, what, "a file mode", "Write it in octal digits, in quotes: \"0440\".");
  node = Node::number(value);
}

void listed(Node& node, const std::string&, Loading&) {
  if (!node.is_text()) return;
  const SourcePosition where = node.where();
  Node list = Node::list();
  list.add(std::move(node));
  list.set_where(where);
  node = std::move(list);
}

void label_pairs(Node& node, const std::string& what, Loading&) {
  make_pairs(node, what, Node::text(""));
  for (Member& member : node.members()) {
    if (!member.value.is_null() || member.value.mark() != Node::Mark::none) continue;
    const SourcePosition where = member.value.where();
    member.value = Node::text("");
    member.value.set_where(where);
  }
}

void env_pairs(Node& node, const std::string& what, Loading&) {
  make_pairs(node, what, Node());
}

void write_out_microseconds(Node& node, const std::string&, Loading&) {
  if (!node.is_text() || as_fraction(node.raw())) return;
  if (const std::optional<std::int64_t> nanoseconds = as_nanoseconds(node.raw()))
    node = Node::number(*nanoseconds / 1000);
}

void split_words(Node& node, const std::string& what, Loading& loading) {
  if (!node.is_text()) return;
  Words words;
  try {
    words = command_words(node.raw());
  } catch (const Error& error) {
    throw ConfigError(node.where(), format("\"{}\": {}", what, error.what()), error.hint());
  }
  if (words.is_cut)
    loading.notice(
        Notice::Kind::dropped, node.where(),
        format("\"{}\" ends at the first of ; & | < > outside quotes, the rest is dropped: use [sh, -c, …]", what));
  Node list = Node::list();
  for (std::string& word : words.words) list.add(text_at(std::move(word), node));
  list.set_where(node.where());
  node = std::move(list);
}

void put(Node& map, const std::string& key, Node value, const Node& at) {
  value.set_where(at.where());
  Member member{key, at.where(), std::move(value)};  // `at` may be what is replaced
  map.remove(key);
  map.add_member(std::move(member));
}

Node text_at(std::string value, const Node& at) {
  Node node = Node::text(std::move(value));
  node.set_where(at.where());
  return node;
}

}  // namespace belay::formats::compose
