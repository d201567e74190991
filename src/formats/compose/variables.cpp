#include "formats/compose/variables.h"

#include "base/text.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string_view leading_name(std::string_view text) {
  size_t length = 0;
  while (length < text.size() &&
         (begins_name(text[length]) || (length > 0 && text[length] >= '0' && text[length] <= '9')))
    ++length;
  return text.substr(0, length);
}

class Template {
 public:
  Template(const Lookup& lookup, const std::function<void(const std::string&)>& unset)
      : lookup_(lookup), unset_(unset) {}

  std::string result(std::string_view text, int depth = 0) const {
    if (depth > deepest)
      throw Error(ErrorCode::bad_value, format("variables stand in defaults of others more than {} deep", deepest));
    std::string out;
    for (size_t dollar = text.find('$'); dollar != std::string_view::npos; dollar = text.find('$')) {
      out += text.substr(0, dollar);
      text.remove_prefix(dollar + 1);
      if (text.starts_with('$')) {
        out += '$';
        text.remove_prefix(1);
      } else if (text.starts_with('{')) {
        const std::string_view inner = braced(text);
        text.remove_prefix(inner.size() + 2);
        out += expression(inner, depth + 1);
      } else if (const std::string_view name = leading_name(text); !name.empty()) {
        text.remove_prefix(name.size());
        out += plain(std::string(name));
      } else {
        out += '$';
      }
    }
    return out += text;
  }

 private:
  // What stands between the brace that `text` begins with and the one that closes it.
  static std::string_view braced(std::string_view text) {
    int depth = 0;
    for (size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') break;
      if (text[at] == '{') ++depth;
      if (text[at] == '}' && --depth == 0) return text.substr(1, at - 1);
    }
    throw Error(ErrorCode::bad_value, "'${' is never closed on its line", "A dollar sign itself is written as $$.");
  }

  std::string plain(const std::string& name) const {
    if (std::optional<std::string> value = lookup_(name)) return *value;
    unset_(name);
    return {};
  }

  std::string expression(std::string_view inner, int depth) const {
    const std::string name(leading_name(inner));
    std::string_view rest = inner.substr(name.size());
    if (!name.empty() && rest.empty()) return plain(name);
    const bool also_empty = rest.starts_with(':');
    if (also_empty) rest.remove_prefix(1);
    const char sign = rest.empty() ? '\0' : rest[0];
    if (name.empty() || (sign != '-' && sign != '?' && sign != '+'))
      throw Error(
          ErrorCode::bad_value, format("'${{{}}}' is not a variable", shown(inner, name)),
          "The forms are ${NAME}, ${NAME:-default}, ${NAME:?message} and ${NAME:+other}; a dollar sign itself is $$.");
    const std::string_view text = rest.substr(1);
    const std::optional<std::string> value = lookup_(name);
    const bool is_there = value && !(also_empty && value->empty());
    if (sign == '+') return is_there ? result(text, depth) : std::string();
    if (is_there) return *value;
    if (sign == '-') return result(text, depth);
    const std::string message = result(text, depth);
    throw Error(ErrorCode::bad_value,
                format("the variable {} {}{}{}", name, value ? "is empty" : "is not set", message.empty() ? "" : ": ",
                       printable(message)),
                format("Set {} in the file .env, or in the environment.", name));
  }

  // Not more than the name: what follows may be a password.
  static std::string shown(std::string_view inner, const std::string& name) {
    return printable(name.empty() ? inner.substr(0, 12) : std::string_view(name)) +
           (inner.size() > name.size() ? "…" : "");
  }

  static constexpr int deepest = 100;

  const Lookup& lookup_;
  const std::function<void(const std::string&)>& unset_;
};

void work_out_text(Node& node, const Variables& variables, Loading& loading) {
  const Lookup lookup = [&](const std::string& name) { return used_value(name, node.where(), variables, loading); };
  const auto unset = [&](const std::string& name) { loading.miss(name, node.where()); };
  try {
    Node result = Node::text(worked_out(node.raw(), lookup, unset));
    result.set_where(node.where());
    result.set_mark(node.mark());
    node = std::move(result);
  } catch (const Error& error) {
    throw ConfigError(node.where(), error.what(), error.hint());
  }
}

}  // namespace

const Variables::Value* Variables::find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<std::string> Variables::text(std::string_view name) const {
  const Value* value = find(name);
  return value == nullptr ? std::nullopt : std::optional(value->text);
}

std::string worked_out(std::string_view text, const Lookup& lookup,
                       const std::function<void(const std::string&)>& unset) {
  return Template(lookup, unset).result(text);
}

std::optional<std::string> used_value(const std::string& name, const SourcePosition& where, const Variables& variables,
                                      Loading& loading) {
  const Variables::Value* value = variables.find(name);
  loading.project.uses.push_back({where, name, value == nullptr ? std::string() : value->origin});
  if (loading.variables_seen.insert(name).second)
    loading.project.variables.push_back({name, value == nullptr ? std::nullopt : std::optional(value->text),
                                         value == nullptr ? std::string() : value->origin, where});
  return value == nullptr ? std::nullopt : std::optional(value->text);
}

void work_out(Node& node, const Variables& variables, Loading& loading) {
  if (node.is_text() && node.raw().find('$') != std::string::npos) work_out_text(node, variables, loading);
  for (Node& item : node.items()) work_out(item, variables, loading);
  for (Member& member : node.members()) work_out(member.value, variables, loading);
}

}  // namespace belay::formats::compose
