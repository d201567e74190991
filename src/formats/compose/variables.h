#pragma once
// The variables of a project, and text in which ${…} stands for them.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "formats/compose/loading.h"

namespace belay::formats::compose {

class Variables {
 public:
  struct Value {
    std::string text;
    std::string origin;  // "environment", "/srv/shop/.env:3"
  };
  void set(const std::string& name, Value value) { values_[name] = std::move(value); }
  // Keeps what is there.
  void offer(const std::string& name, Value value) { values_.emplace(name, std::move(value)); }
  template <class Take>
  void each(const Take& take) const {
    for (const auto& [name, value] : values_) take(name, value);
  }
  const Value* find(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

// How a variable is looked up while a text is worked out; nullopt: unset.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

// $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME?message}, ${NAME:+other}, ${NAME+other},
// $$. `unset` hears of each variable that has neither a value nor a default. Throws Error without a place.
std::string worked_out(std::string_view text, const Lookup& lookup,
                       const std::function<void(const std::string&)>& unset);

// Every text of the tree, not its keys. Throws ConfigError.
void work_out(document::Node& node, const Variables& variables, Loading& loading);

// `name` from the table, noted as used at `where`.
std::optional<std::string> used_value(const std::string& name, const SourcePosition& where, const Variables& variables,
                                      Loading& loading);

}  // namespace belay::formats::compose
