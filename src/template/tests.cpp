// "is defined" and its like, and range(): what is asked of values.

#include <array>

#include "base/format.h"
#include "base/text.h"
#include "template/evaluate.h"

namespace belay::templates {

namespace {

using NodeKind = Node::Kind;

struct Test {
  std::string_view name;
  bool (*passes)(const Call& call);
};

bool is_kind(const Call& call, NodeKind kind) {
  return call.subject().kind() == kind;
}

std::int64_t whole_number(const Node& node) {
  const auto number = number_of(node);
  if (!number || !number->is_whole) throw Error(ErrorCode::bad_value, format("{} is no whole number", text_of(node)));
  return number->whole;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-c-arrays)
constexpr Test known_tests[] = {
    {"defined", [](const Call& call) { return !call.values.front().is_undefined(); }},
    {"undefined", [](const Call& call) { return call.values.front().is_undefined(); }},
    {"none", [](const Call& call) { return is_kind(call, NodeKind::null); }},
    {"boolean", [](const Call& call) { return is_kind(call, NodeKind::boolean); }},
    {"true", [](const Call& call) { return is_kind(call, NodeKind::boolean) && is_true(call.subject()); }},
    {"false", [](const Call& call) { return is_kind(call, NodeKind::boolean) && !is_true(call.subject()); }},
    {"number", [](const Call& call) { return number_of(call.subject()).has_value(); }},
    {"string", [](const Call& call) { return is_kind(call, NodeKind::text); }},
    {"mapping", [](const Call& call) { return is_kind(call, NodeKind::map); }},
    {"sequence",
     [](const Call& call) {
       return is_kind(call, NodeKind::list) || is_kind(call, NodeKind::map) || is_kind(call, NodeKind::text);
     }},
    {"iterable",
     [](const Call& call) {
       return is_kind(call, NodeKind::list) || is_kind(call, NodeKind::map) || is_kind(call, NodeKind::text);
     }},
    {"odd", [](const Call& call) { return whole_number(call.subject()) % 2 != 0; }},
    {"even", [](const Call& call) { return whole_number(call.subject()) % 2 == 0; }},
};

}  // namespace

const Node* Call::argument(size_t index, const std::string& argument_name) const {
  if (index < values.size()) return &values[index].node();
  for (const auto& [known, value] : named)
    if (known == argument_name) return &value.node();
  return nullptr;
}

void Call::expect(const std::vector<std::string>& known) const {
  const size_t most = known.size() + 1;
  if (values.size() > most)
    throw Error(ErrorCode::bad_value,
                format("'{}' takes at most {} arguments, not {}", name, known.size(), values.size() - 1));
  for (const auto& [argument_name, value] : named) {
    bool is_known = false;
    for (const std::string& word : known) is_known = is_known || word == argument_name;
    if (!is_known) {
      std::string hint = did_you_mean(argument_name, known);
      if (hint.empty() && !known.empty()) hint = format("Known arguments: {}.", join(known, ", "));
      throw Error(ErrorCode::bad_value, format("'{}' has no argument '{}'", name, argument_name), std::move(hint));
    }
  }
}

bool takes_undefined(Expression::Kind kind, const std::string& name) {
  if (kind == Expression::Kind::test) return name == "defined" || name == "undefined";
  return kind == Expression::Kind::filter && (name == "default" || name == "d");
}

bool passes(const Call& call) {
  std::vector<std::string> names;
  for (const Test& test : known_tests) {
    names.emplace_back(test.name);
    if (test.name != call.name) continue;
    call.expect({});
    return test.passes(call);
  }
  throw Error(ErrorCode::bad_value, format("the test '{}' is not known here", call.name),
              did_you_mean(call.name, names).empty() ? format("Known tests: {}.", join(names, ", "))
                                                     : did_you_mean(call.name, names));
}

Value called_function(const Call& call) {
  if (call.name != "range")
    throw Error(ErrorCode::bad_value, format("the function '{}' is not known here", printable(call.name)),
                "Known functions: range.");
  if (call.values.empty() || call.values.size() > 3 || !call.named.empty())
    throw Error(ErrorCode::bad_value, "'range' takes one to three numbers");
  const bool has_begin = call.values.size() > 1;
  const std::int64_t begin = has_begin ? whole_number(call.values[0].node()) : 0;
  const std::int64_t end = whole_number(call.values[has_begin ? 1 : 0].node());
  const std::int64_t step = call.values.size() > 2 ? whole_number(call.values[2].node()) : 1;
  if (step == 0) throw Error(ErrorCode::bad_value, "the step of 'range' is 0");
  Node list = Node::list();
  for (std::int64_t number = begin; step > 0 ? number < end : number > end;) {
    call.budget.take(24);
    list.add(Node::number(number));
    if (__builtin_add_overflow(number, step, &number)) break;
  }
  return Value(std::move(list));
}

}  // namespace belay::templates
