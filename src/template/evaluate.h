#pragma once
// Expressions: from a tree to a value. Private to template.

#include <string>
#include <utility>
#include <vector>

#include "template/budget.h"
#include "template/syntax.h"
#include "template/value.h"

namespace belay::templates {

// Names and their values: those the template was given, and above them those that its statements set, innermost last.
class Names {
 public:
  explicit Names(const Node& given) : given_(given) {}

  // Undefined where there is none, with the name that was probably wanted.
  Value value(const std::string& name) const;
  void set(const std::string& name, Value value);
  void open() { scopes_.emplace_back(); }
  void close() { scopes_.pop_back(); }

 private:
  using Scope = std::vector<std::pair<std::string, Value>>;
  const Node& given_;
  std::vector<Scope> scopes_{1};
};

// What a filter, test, method or function is called with. All but a filter's or test's subject is defined.
struct Call {
  const std::string& name;
  std::vector<Value> values;  // the subject first, where there is one
  std::vector<std::pair<std::string, Value>> named;
  Budget& budget;

  const Node& subject() const { return values.front().node(); }
  // The argument at `index` (the subject is 0) or of that name; nullptr where it is not given.
  const Node* argument(size_t index, const std::string& argument_name) const;
  // Throws Error where there are more arguments than these, or others.
  void expect(const std::vector<std::string>& known) const;
};

// Each throws Error without a place. An unknown name is answered with the known ones.
Value filtered(const Call& call);
bool passes(const Call& call);
Value called_method(const Call& call);
Value called_function(const Call& call);
// Whether filter or test look at what has no value instead of refusing it.
bool takes_undefined(Expression::Kind kind, const std::string& name);

// A value's elements for a loop: of a list, the keys of a map, the characters of a text. Throws Error for others.
std::vector<Value> elements_of(const Value& value, Budget& budget);
// A list of copies. Throws Error where it becomes too large.
Value list_of(const std::vector<Value>& values, Budget& budget);

// A value and the place where the expression stood go together: every Error becomes a ConfigError there.
class Evaluator {
 public:
  Evaluator(std::string_view text, const std::string& file, Names& names, Budget& budget)
      : text_(text), file_(file), names_(names), budget_(budget) {}

  // May be undefined.
  Value value(const Expression& expression);
  // Throws ConfigError where it is undefined.
  Value defined(const Expression& expression);
  bool is_true_at(const Expression& expression) { return is_true(defined(expression).node()); }
  // Runs `work`; an Error becomes one at `at`.
  template <class Work>
  auto placed(size_t at, Work&& work) {
    try {
      return std::forward<Work>(work)();
    } catch (const ConfigError&) {
      throw;
    } catch (const Error& error) {
      fail(at, error.what(), error.hint());
    }
  }
  [[noreturn]] void fail(size_t at, const std::string& message, const std::string& hint) const;

 private:
  Value computed(const Expression& expression);
  Value called(const Expression& expression);
  Value binary(const Expression& expression);
  Value choice(const Expression& expression);
  Value literal_list(const Expression& expression);
  Value literal_map(const Expression& expression);

  std::string_view text_;
  const std::string& file_;
  Names& names_;
  Budget& budget_;
};

}  // namespace belay::templates
