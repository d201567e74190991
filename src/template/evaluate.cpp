#include "template/evaluate.h"

#include <cmath>
#include <limits>

#include "base/format.h"
#include "base/text.h"
#include "template/place.h"
#include "template/search.h"

namespace belay::templates {

namespace {

using Kind = Expression::Kind;

[[noreturn]] void refuse_operands(const std::string& sign, const Node& left, const Node& right) {
  throw Error(ErrorCode::bad_value,
              format("'{}' does not go with {} and {}", sign, left.kind_name(), right.kind_name()));
}

std::int64_t whole_result(char sign, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  const bool is_too_large = sign == '+'   ? __builtin_add_overflow(a, b, &result)
                            : sign == '-' ? __builtin_sub_overflow(a, b, &result)
                                          : __builtin_mul_overflow(a, b, &result);
  if (is_too_large) throw Error(ErrorCode::bad_value, "the number is too large");
  return result;
}

// Rounded down, as Python does; the rest has the sign of the divisor.
Node whole_quotient(bool wants_rest, std::int64_t a, std::int64_t b) {
  if (b == -1) return Node::number(wants_rest ? 0 : whole_result('-', 0, a));
  std::int64_t quotient = a / b, rest = a % b;
  if (rest != 0 && (rest < 0) != (b < 0)) {
    --quotient;
    rest += b;
  }
  return Node::number(wants_rest ? rest : quotient);
}

Node numbers_result(const std::string& sign, const Number& a, const Number& b) {
  const bool divides = sign == "/" || sign == "//" || sign == "%";
  if (divides && b.as_real() == 0) throw Error(ErrorCode::bad_value, "a division by zero");
  if (sign == "/") return real_node(a.as_real() / b.as_real());
  if (a.is_whole && b.is_whole)
    return divides ? whole_quotient(sign == "%", a.whole, b.whole)
                   : Node::number(whole_result(sign[0], a.whole, b.whole));
  const double x = a.as_real(), y = b.as_real();
  if (sign == "//") return real_node(std::floor(x / y));
  if (sign == "%") return real_node(x - y * std::floor(x / y));
  return real_node(sign == "+" ? x + y : sign == "-" ? x - y : x * y);
}

Value repeated(const Node& text, const Node& count, Budget& budget) {
  const auto number = number_of(count);
  if (!number || !number->is_whole) refuse_operands("*", text, count);
  const auto times = static_cast<size_t>(std::max<std::int64_t>(number->whole, 0));
  if (times != 0 && text.raw().size() > std::numeric_limits<size_t>::max() / 2 / times)
    throw Error(ErrorCode::bad_value, "the text is too large");
  budget.take_bytes(text.raw().size() * times);
  std::string result;
  for (size_t i = 0; i < times && !text.raw().empty(); ++i) result += text.raw();
  return Value(Node::text(std::move(result)));
}

Value computed_from(const std::string& sign, const Node& left, const Node& right, Budget& budget) {
  if (const auto a = number_of(left), b = number_of(right); a && b) return Value(numbers_result(sign, *a, *b));
  if (sign == "+" && left.is_text() && right.is_text()) {
    budget.take_bytes(left.raw().size() + right.raw().size());
    return Value(Node::text(left.raw() + right.raw()));
  }
  if (sign == "+" && left.is_list() && right.is_list()) {
    budget.take_copy(left);
    budget.take_copy(right);
    Node list = left;
    for (const Node& item : right.items()) list.add(item);
    return Value(std::move(list));
  }
  if (sign == "*" && left.is_text()) return repeated(left, right, budget);
  if (sign == "*" && right.is_text()) return repeated(right, left, budget);
  if (sign == "+" && (left.is_text() || right.is_text()))
    throw Error(ErrorCode::bad_value, format("'+' does not go with {} and {}", left.kind_name(), right.kind_name()),
                "'~' joins values of all kinds as text.");
  refuse_operands(sign, left, right);
}

bool holds(const Node& whole, const Node& part, Budget& budget) {
  if (whole.is_text()) {
    if (!part.is_text()) throw Error(ErrorCode::bad_value, format("text never holds {}", part.kind_name()));
    budget.take_bytes(whole.raw().size() + part.raw().size());
    return part.raw().empty() || Search(part.raw()).in(whole.raw()) != std::string::npos;
  }
  if (whole.is_map()) {
    budget.take(1 + whole.members().size() / 8);
    return part.is_text() && whole.find(part.raw()) != nullptr;
  }
  if (!whole.is_list()) throw Error(ErrorCode::bad_value, format("{} holds nothing", whole.kind_name()));
  for (const Node& item : whole.items()) {
    budget.take(4);
    if (item.is_list() || item.is_map()) budget.take(extent_of(item).nodes);
    if (are_equal(item, part)) return true;
  }
  return false;
}

bool is_so(const std::string& sign, const Node& left, const Node& right, Budget& budget) {
  if (sign == "in") return holds(right, left, budget);
  if (sign == "not in") return !holds(right, left, budget);
  const Extent extent = extent_of(left);
  budget.take(1 + extent.nodes + extent.bytes / 8);
  if (sign == "==") return are_equal(left, right);
  if (sign == "!=") return !are_equal(left, right);
  const auto order = compared(left, right);
  if (!order) refuse_operands(sign, left, right);
  if (sign == "<") return *order < 0;
  if (sign == ">") return *order > 0;
  return sign == "<=" ? *order <= 0 : *order >= 0;
}

std::vector<std::string> keys_of(const Node& map) {
  std::vector<std::string> keys;
  for (const auto& member : map.members()) keys.push_back(member.key);
  return keys;
}

Value member_of(const Value& whole, const std::string& key) {
  const Node* member = whole.node().find(key);
  if (member != nullptr) return {whole, *member};
  if (!whole.node().is_map())
    return Value::undefined(format("{} has no '{}'", whole.node().kind_name(), printable(key)), "");
  return Value::undefined(format("'{}' is not defined", printable(key)), did_you_mean(key, keys_of(whole.node())));
}

Value item_of(const Value& whole, const Node& index) {
  if (whole.node().is_map()) return member_of(whole, index.is_text() ? index.raw() : text_of(index));
  const auto number = number_of(index);
  if (!number || !number->is_whole)
    throw Error(ErrorCode::bad_value, format("{} has no element {}", whole.node().kind_name(), text_of(index)));
  const auto at = [&](size_t size) -> std::optional<size_t> {
    const std::int64_t place = number->whole < 0 ? number->whole + static_cast<std::int64_t>(size) : number->whole;
    if (place < 0 || place >= static_cast<std::int64_t>(size)) return {};
    return static_cast<size_t>(place);
  };
  const auto missing = [&](size_t size) {
    return Value::undefined(format("there is no element {} of {}", number->whole, size), "");
  };
  if (whole.node().is_text()) {
    const auto characters = characters_of(whole.node().raw());
    const auto place = at(characters.size());
    return place ? Value(Node::text(characters[*place])) : missing(characters.size());
  }
  if (!whole.node().is_list())
    throw Error(ErrorCode::bad_value, format("{} has no elements", whole.node().kind_name()));
  const auto place = at(whole.node().items().size());
  return place ? Value(whole, whole.node().items()[*place]) : missing(whole.node().items().size());
}

}  // namespace

Value Names::value(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    for (const auto& [known, value] : *scope)
      if (known == name) return value;
  if (const Node* node = given_.find(name)) return Value::outliving(*node);
  std::vector<std::string> known = keys_of(given_);
  for (const Scope& scope : scopes_)
    for (const auto& entry : scope) known.push_back(entry.first);
  return Value::undefined(format("'{}' is not defined", name), did_you_mean(name, known));
}

void Names::set(const std::string& name, Value value) {
  for (auto& [known, there] : scopes_.back())
    if (known == name) {
      there = std::move(value);
      return;
    }
  scopes_.back().emplace_back(name, std::move(value));
}

void Evaluator::fail(size_t at, const std::string& message, const std::string& hint) const {
  throw ConfigError(place_of(text_, at, file_), message, hint);
}

Value Evaluator::defined(const Expression& expression) {
  Value result = value(expression);
  if (result.is_undefined()) fail(expression.at, result.message(), result.hint());
  return result;
}

Value Evaluator::value(const Expression& expression) {
  return placed(expression.at, [&] {
    budget_.take(4);
    return computed(expression);
  });
}

Value Evaluator::computed(const Expression& expression) {
  switch (expression.kind) {
    case Kind::literal:
      return Value::outliving(expression.literal);
    case Kind::name:
      budget_.take(4);
      return names_.value(expression.text);
    case Kind::list:
      return literal_list(expression);
    case Kind::map:
      return literal_map(expression);
    case Kind::attribute: {
      const Value whole = defined(*expression.parts[0]);
      budget_.take(1 + whole.node().members().size() / 8);
      return member_of(whole, expression.text);
    }
    case Kind::index: {
      const Value whole = defined(*expression.parts[0]);
      budget_.take_bytes(whole.node().is_text() ? whole.node().raw().size() * 8 : whole.node().members().size());
      return item_of(whole, defined(*expression.parts[1]).node());
    }
    case Kind::method:
    case Kind::function:
    case Kind::filter:
    case Kind::test:
      return called(expression);
    case Kind::unary: {
      const Value operand = defined(*expression.parts[0]);
      if (expression.text == "not") return Value(Node::boolean(!is_true(operand.node())));
      const auto number = number_of(operand.node());
      if (!number)
        throw Error(ErrorCode::bad_value,
                    format("'{}' does not go with {}", expression.text, operand.node().kind_name()));
      return Value(numbers_result(expression.text, Number{}, *number));
    }
    case Kind::binary:
      return binary(expression);
    case Kind::choice:
      return choice(expression);
  }
  return {};
}

Value Evaluator::called(const Expression& expression) {
  Call call{expression.text, {}, {}, budget_};
  const bool may_lack = takes_undefined(expression.kind, expression.text);
  for (const auto& part : expression.parts)
    call.values.push_back(call.values.empty() && may_lack ? value(*part) : defined(*part));
  for (const auto& argument : expression.named) call.named.emplace_back(argument.name, defined(*argument.value));
  switch (expression.kind) {
    case Kind::filter:
      return filtered(call);
    case Kind::test:
      return Value(Node::boolean(passes(call)));
    case Kind::method:
      return called_method(call);
    default:
      return called_function(call);
  }
}

Value Evaluator::binary(const Expression& expression) {
  const std::string& sign = expression.text;
  Value left = defined(*expression.parts[0]);
  if (sign == "and" || sign == "or")
    return is_true(left.node()) == (sign == "or") ? left : defined(*expression.parts[1]);
  const Value right = defined(*expression.parts[1]);
  if (sign == "~") {
    budget_.take_copy(left.node());
    budget_.take_copy(right.node());
    return Value(Node::text(text_of(left.node()) + text_of(right.node())));
  }
  if (sign == "+" || sign == "-" || sign == "*" || sign == "/" || sign == "//" || sign == "%")
    return computed_from(sign, left.node(), right.node(), budget_);
  return Value(Node::boolean(is_so(sign, left.node(), right.node(), budget_)));
}

Value Evaluator::choice(const Expression& expression) {
  if (is_true_at(*expression.parts[0])) return value(*expression.parts[1]);
  if (expression.parts.size() > 2) return value(*expression.parts[2]);
  return Value::undefined("the condition is false, and there is no 'else'", "Write 'A if B else C'.");
}

Value Evaluator::literal_list(const Expression& expression) {
  std::vector<Value> values;
  for (const auto& part : expression.parts) values.push_back(defined(*part));
  return list_of(values, budget_);
}

Value Evaluator::literal_map(const Expression& expression) {
  Node map = Node::map();
  for (size_t i = 0; i < expression.parts.size(); i += 2) {
    const Value key = defined(*expression.parts[i]), value = defined(*expression.parts[i + 1]);
    budget_.take_copy(key.node());
    budget_.take_copy(value.node());
    budget_.take(1 + map.members().size() / 8);
    map.set(text_of(key.node()), value.node());
  }
  return Value(std::move(map));
}

Value list_of(const std::vector<Value>& values, Budget& budget) {
  Node list = Node::list();
  for (const Value& value : values) {
    budget.take_copy(value.node());
    list.add(value.node());
  }
  return Value(std::move(list));
}

std::vector<Value> elements_of(const Value& value, Budget& budget) {
  std::vector<Value> elements;
  const Node& node = value.node();
  if (node.is_list()) {
    budget.take(node.items().size());
    for (const Node& item : node.items()) elements.emplace_back(value, item);
  } else if (node.is_map()) {
    budget.take(node.members().size() * 16);
    for (const auto& member : node.members()) elements.emplace_back(Node::text(member.key));
  } else if (node.is_text()) {
    budget.take(node.raw().size() * 16);
    for (const std::string& character : characters_of(node.raw())) elements.emplace_back(Node::text(character));
  } else {
    throw Error(ErrorCode::bad_value, format("{} has no elements", node.kind_name()));
  }
  return elements;
}

}  // namespace belay::templates
