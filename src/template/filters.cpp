#include <algorithm>
#include <bitset>
#include <charconv>
#include <cmath>
#include <list>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "template/evaluate.h"
#include "template/search.h"

namespace belay::templates {

namespace {

struct Filter {
  std::string_view name;
  Value (*apply)(const Call& call);
  std::vector<std::string> arguments;
};

// The subject as text, paid for.
std::string text_subject(const Call& call) {
  call.budget.take_copy(call.subject());
  return text_of(call.subject());
}

std::string text_or(const Call& call, size_t index, const std::string& name, const std::string& usual) {
  const Node* node = call.argument(index, name);
  if (node == nullptr) return usual;
  call.budget.take_copy(*node);
  return text_of(*node);
}

bool flag(const Call& call, size_t index, const std::string& name) {
  const Node* node = call.argument(index, name);
  return node != nullptr && is_true(*node);
}

std::int64_t whole_or(const Call& call, size_t index, const std::string& name, std::int64_t usual) {
  const Node* node = call.argument(index, name);
  if (node == nullptr) return usual;
  const auto number = number_of(*node);
  if (!number || !number->is_whole)
    throw Error(ErrorCode::bad_value, format("the argument '{}' of '{}' is no whole number", name, call.name));
  return number->whole;
}

Value text_value(std::string text) {
  return Value(Node::text(std::move(text)));
}

// The element's attribute of that name, dots and all, where the filter has one.
Value part_named(const Value& element, const std::string& path) {
  Value value = element;
  for (const std::string& part : split(path, '.')) {
    const Node* member = value.node().find(part);
    if (member == nullptr) throw Error(ErrorCode::bad_value, format("an element has no '{}'", printable(part)));
    value = Value(value, *member);
  }
  return value;
}

Value default_filter(const Call& call) {
  const Value& value = call.values.front();
  const bool is_given = !value.is_undefined() && (!flag(call, 2, "boolean") || is_true(value.node()));
  if (is_given) return value;
  if (call.values.size() > 1) return call.values[1];
  for (const auto& [name, other] : call.named)
    if (name == "default_value") return other;
  return text_value("");
}

Value join_filter(const Call& call) {
  const std::string separator = text_or(call, 1, "d", "");
  const std::string attribute = text_or(call, 2, "attribute", "");
  std::string text;
  bool is_first = true;
  for (const Value& element : elements_of(call.values.front(), call.budget)) {
    const Value part = attribute.empty() ? element : part_named(element, attribute);
    call.budget.take_copy(part.node());
    call.budget.take_bytes(separator.size());
    if (!is_first) text += separator;
    text += text_of(part.node());
    is_first = false;
  }
  return text_value(std::move(text));
}

Value replace_filter(const Call& call) {
  const std::string text = text_subject(call);
  if (call.argument(1, "old") == nullptr || call.argument(2, "new") == nullptr)
    throw Error(ErrorCode::bad_value, "'replace' takes what is replaced, and by what");
  const std::string old = text_or(call, 1, "old", ""), by = text_or(call, 2, "new", "");
  std::int64_t left = whole_or(call, 3, "count", -1);
  std::string result;
  size_t at = 0;
  if (old.empty()) throw Error(ErrorCode::bad_value, "'replace' takes a text that is not empty");
  const Search search(old);
  while (left != 0) {
    const size_t found = search.in(text, at);
    if (found == std::string::npos) break;
    call.budget.take_bytes(by.size());
    result.append(text, at, found - at).append(by);
    at = found + old.size();
    --left;
  }
  return text_value(result.append(text, at));
}

Value indent_filter(const Call& call) {
  const std::string text = text_subject(call);
  const Node* width = call.argument(1, "width");
  std::string margin;
  if (width != nullptr && width->is_text()) {
    margin = width->raw();
  } else {
    const std::int64_t columns = whole_or(call, 1, "width", 4);
    if (columns < 0 || columns > 1000) throw Error(ErrorCode::bad_value, "'indent' takes 0 to 1000 columns");
    margin.assign(static_cast<size_t>(columns), ' ');
  }
  const bool first = flag(call, 2, "first"), blank = flag(call, 3, "blank");
  std::string result;
  const auto lines = split(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i != 0) result += '\n';
    const bool is_indented = i == 0 ? first : blank || !lines[i].empty();
    if (is_indented) result += margin;
    call.budget.take_bytes(margin.size() + lines[i].size());
    result += lines[i];
  }
  return text_value(std::move(result));
}

Value json_filter(const Call& call) {
  call.budget.take_copy(call.subject());
  const std::int64_t indent = whole_or(call, 1, "indent", 0);
  if (indent < 0 || indent > 40) throw Error(ErrorCode::bad_value, "'tojson' takes an indent of 0 to 40");
  call.budget.take_bytes(extent_of(call.subject()).nodes * static_cast<size_t>(indent) * 8);
  return text_value(document::write_json(call.subject(), static_cast<int>(indent)));
}

Value capitalize_filter(const Call& call) {
  std::string text = lower(text_subject(call));
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text_value(std::move(text));
}

Value upper_filter(const Call& call) {
  std::string text = text_subject(call);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text_value(std::move(text));
}

Value trim_filter(const Call& call) {
  const std::string text = text_subject(call);
  const std::string letters = text_or(call, 1, "chars", " \t\n\r\f\v");
  std::bitset<256> is_letter;
  for (const char c : letters) is_letter.set(static_cast<unsigned char>(c));
  const auto stays = [&](char c) { return !is_letter.test(static_cast<unsigned char>(c)); };
  const auto begin = std::find_if(text.begin(), text.end(), stays);
  const auto end = std::find_if(text.rbegin(), std::make_reverse_iterator(begin), stays).base();
  return text_value(std::string(begin, end));
}

Value length_filter(const Call& call) {
  const Node& node = call.subject();
  call.budget.take_bytes(node.is_text() ? node.raw().size() : 0);
  if (node.is_text()) {
    const auto is_begin = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    return Value(Node::number(std::count_if(node.raw().begin(), node.raw().end(), is_begin)));
  }
  if (!node.is_list() && !node.is_map())
    throw Error(ErrorCode::bad_value, format("{} has no length", node.kind_name()));
  return Value(Node::number(static_cast<std::int64_t>(node.items().size() + node.members().size())));
}

Value end_filter(const Call& call) {
  const auto elements = elements_of(call.values.front(), call.budget);
  if (elements.empty()) return Value::undefined(format("there is no {} element: it is empty", call.name), "");
  return call.name == "first" ? elements.front() : elements.back();
}

Value int_filter(const Call& call) {
  const Node& node = call.subject();
  if (const auto number = number_of(node)) {
    if (number->is_whole) return Value(Node::number(number->whole));
    if (std::fabs(number->real) < 9.2e18) return Value(Node::number(static_cast<std::int64_t>(number->real)));
  }
  const std::string trimmed(trim(node.raw()));
  const std::string_view digits = std::string_view(trimmed).substr(trimmed.starts_with('+') ? 1 : 0);
  std::int64_t whole = 0;
  if (const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
      error == std::errc() && stop == digits.data() + digits.size())
    return Value(Node::number(whole));
  double real = 0;
  if (const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), real);
      error == std::errc() && stop == digits.data() + digits.size() && std::fabs(real) < 9.2e18)
    return Value(Node::number(static_cast<std::int64_t>(real)));
  return Value(Node::number(whole_or(call, 1, "default", 0)));
}

Value float_filter(const Call& call) {
  const Node& node = call.subject();
  if (const auto number = number_of(node)) return Value(real_node(number->as_real()));
  const std::string trimmed(trim(node.raw()));
  double real = 0;
  if (const auto [stop, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), real);
      error == std::errc() && stop == trimmed.data() + trimmed.size())
    return Value(real_node(real));
  const Node* usual = call.argument(1, "default");
  return usual == nullptr ? Value(real_node(0)) : Value(*usual);
}

std::string folded(const Node& node, bool minds_case) {
  return minds_case ? node.raw() : lower(node.raw());
}

Value sort_filter(const Call& call) {
  std::vector<Value> elements = elements_of(call.values.front(), call.budget);
  const bool is_reversed = flag(call, 1, "reverse"), minds_case = flag(call, 2, "case_sensitive");
  const std::string attribute = text_or(call, 3, "attribute", "");
  const auto key = [&](const Value& value) { return attribute.empty() ? value : part_named(value, attribute); };
  const auto is_before = [&](const Value& a, const Value& b) {
    const Value one = key(a), other = key(b);
    call.budget.take_bytes(16 + one.node().raw().size() + other.node().raw().size());
    if (one.node().is_text() && other.node().is_text())
      return folded(one.node(), minds_case) < folded(other.node(), minds_case);
    const auto order = compared(one.node(), other.node());
    if (!order)
      throw Error(ErrorCode::bad_value,
                  format("{} and {} have no order", one.node().kind_name(), other.node().kind_name()));
    return *order < 0;
  };
  // A list sorts stably, and stays within its bounds whatever the order of odd numbers is like.
  std::list<Value> sorted(elements.begin(), elements.end());
  sorted.sort([&](const Value& a, const Value& b) { return is_reversed ? is_before(b, a) : is_before(a, b); });
  elements.assign(sorted.begin(), sorted.end());
  return list_of(elements, call.budget);
}

Value unique_filter(const Call& call) {
  const bool minds_case = flag(call, 1, "case_sensitive");
  std::vector<Value> kept;
  for (const Value& element : elements_of(call.values.front(), call.budget)) {
    bool is_there = false;
    for (const Value& other : kept) {
      const Extent extent = extent_of(other.node());
      call.budget.take(7 + extent.nodes + extent.bytes / 8);
      is_there = element.node().is_text() && other.node().is_text()
                     ? folded(element.node(), minds_case) == folded(other.node(), minds_case)
                     : are_equal(element.node(), other.node());
      if (is_there) break;
    }
    if (!is_there) kept.push_back(element);
  }
  return list_of(kept, call.budget);
}

Value reverse_filter(const Call& call) {
  std::vector<Value> elements = elements_of(call.values.front(), call.budget);
  std::reverse(elements.begin(), elements.end());
  if (!call.subject().is_text()) return list_of(elements, call.budget);
  std::string text;
  for (const Value& element : elements) text += element.node().raw();
  return text_value(std::move(text));
}

const std::vector<Filter>& known_filters() {
  static const std::vector<Filter> filters{
      {"default", default_filter, {"default_value", "boolean"}},
      {"d", default_filter, {"default_value", "boolean"}},
      {"capitalize", capitalize_filter, {}},
      {"count", length_filter, {}},
      {"first", end_filter, {}},
      {"float", float_filter, {"default"}},
      {"indent", indent_filter, {"width", "first", "blank"}},
      {"int", int_filter, {"default"}},
      {"join", join_filter, {"d", "attribute"}},
      {"last", end_filter, {}},
      {"length", length_filter, {}},
      {"list",
       [](const Call& call) { return list_of(elements_of(call.values.front(), call.budget), call.budget); },
       {}},
      {"lower", [](const Call& call) { return text_value(lower(text_subject(call))); }, {}},
      {"replace", replace_filter, {"old", "new", "count"}},
      {"reverse", reverse_filter, {}},
      {"sort", sort_filter, {"reverse", "case_sensitive", "attribute"}},
      {"string", [](const Call& call) { return text_value(text_subject(call)); }, {}},
      {"tojson", json_filter, {"indent"}},
      {"trim", trim_filter, {"chars"}},
      {"unique", unique_filter, {"case_sensitive"}},
      {"upper", upper_filter, {}},
  };
  return filters;
}

}  // namespace

Value filtered(const Call& call) {
  std::vector<std::string> names;
  for (const Filter& filter : known_filters()) {
    names.emplace_back(filter.name);
    if (filter.name != call.name) continue;
    call.expect(filter.arguments);
    return filter.apply(call);
  }
  std::string hint = did_you_mean(call.name, names);
  if (hint.empty()) hint = format("Known filters: {}.", join(names, ", "));
  throw Error(ErrorCode::bad_value, format("the filter '{}' is not known here", call.name), std::move(hint));
}

}  // namespace belay::templates
