// Values that come from variables and from the files that services name.

#include "base/format.h"
#include "base/text.h"
#include "formats/compose/complete.h"
#include "formats/compose/env_file.h"
#include "formats/compose/values.h"
#include "formats/variable_file.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

class Interpolation {
 public:
  Interpolation(const Variables& variables, Loading& loading) : variables_(variables), loading_(loading) {}

  void service(Node& service) {
    if (Node* environment = service.find("environment"))
      for (Member& member : environment->members()) take_variable(member);
    if (Node* build = service.find("build"))
      if (Node* arguments = build->find("args")) {
        for (Member& member : arguments->members()) take_variable(member);
        std::erase_if(arguments->members(), [](const Member& member) { return member.value.is_null(); });
      }
    for (const char* hooks : {"pre_start", "post_start", "pre_stop"})
      if (Node* list = service.find(hooks))
        for (Node& hook : list->items())
          if (Node* environment = hook.find("environment"))
            for (Member& member : environment->members()) take_variable(member);
    env_files(service);
    label_files(service);
  }

  // The variable that a config or secret names, as its content.
  void content(Member& file) {
    const Node* name = file.value.find("environment");
    if (name == nullptr || !name->is_text() || file.value.find("content") != nullptr) return;
    const Node at = *name;
    if (const std::optional<std::string> value = used_value(at.raw(), at.where(), variables_, loading_))
      put(file.value, "content", Node::text(*value), at);
  }

 private:
  // A name alone takes its value from the table.
  void take_variable(Member& member) {
    if (!member.value.is_null()) return;
    const SourcePosition where = member.value.where();
    const std::optional<std::string> value = used_value(member.key, where, variables_, loading_);
    if (!value) return;
    member.value = Node::text(*value);
    member.value.set_where(where);
  }

  // The text of a file that a service names; nullopt where it need not be there and is not.
  std::optional<std::string> text_of(const Node& path, bool is_required, const std::string& advice) {
    std::optional<std::string> text = loading_.outside.read(path.raw());
    if (!text && is_required)
      throw ConfigError(path.where(), format("there is no file {}", printable(path.raw())), advice);
    if (text) loading_.read(path.raw());
    return text;
  }

  void env_files(Node& service) {
    const Node* files = service.find("env_file");
    if (files == nullptr) return;
    Node merged = Node::map();
    const Node* own = service.find("environment");
    const auto text_in = [](const Node* map, const std::string& name) -> std::optional<std::string> {
      const Node* value = map == nullptr ? nullptr : map->find(name);
      return value == nullptr || !value->is_text() ? std::nullopt : std::optional(value->raw());
    };
    const Lookup first = [&](const std::string& name) {
      return variables_.text(name) ? variables_.text(name) : text_in(own, name);
    };
    const Lookup earlier = [&](const std::string& name) { return text_in(&merged, name); };
    for (const Node& file : files->items()) {
      const Node* format_name = file.find("format");
      const std::optional<std::string> text =
          text_of(*file.find("path"), file.find("required")->raw() == "true", "With required: false it may be absent.");
      if (!text) continue;
      for (const EnvLine& line : format_name == nullptr
                                     ? read_env_file(*text, file.find("path")->raw(), first, earlier, loading_)
                                     : raw_lines(*text, file.find("path")->raw(), first)) {
        if (!line.value) continue;
        Node value = Node::text(*line.value);
        value.set_where(line.where);
        merged.remove(line.name);
        merged.add_member({line.name, line.where, std::move(value)});
      }
    }
    if (own != nullptr)
      for (const Member& member : own->members()) {
        merged.remove(member.key);
        merged.add_member(member);
      }
    if (!merged.members().empty()) put(service, "environment", std::move(merged), own == nullptr ? *files : *own);
  }

  static std::vector<EnvLine> raw_lines(const std::string& text, const std::string& file, const Lookup& lookup) {
    std::vector<EnvLine> lines;
    for (Variable& variable : parse_variables(text, file)) {
      std::optional<std::string> value = variable.value ? variable.value : lookup(variable.name);
      lines.push_back({std::move(variable.name), std::move(value), {file, 0, 0}});
    }
    return lines;
  }

  void label_files(Node& service) {
    const Node* files = service.find("label_file");
    if (files == nullptr) return;
    Node merged = Node::map();
    const Lookup lookup = [&](const std::string& name) { return variables_.text(name); };
    for (const Node& file : files->items()) {
      const std::optional<std::string> text = text_of(file, true, {});
      for (const EnvLine& line : read_env_file(*text, file.raw(), lookup, lookup, loading_)) {
        Node value = Node::text(line.value.value_or(""));
        value.set_where(line.where);
        merged.remove(line.name);
        merged.add_member({line.name, line.where, std::move(value)});
      }
    }
    const Node* own = service.find("labels");
    if (own != nullptr)
      for (const Member& member : own->members()) {
        merged.remove(member.key);
        merged.add_member(member);
      }
    put(service, "labels", std::move(merged), own == nullptr ? *files : *own);
  }

  const Variables& variables_;
  Loading& loading_;
};

}  // namespace

void fill_in_variables(Node& model, const Variables& variables, Loading& loading) {
  Interpolation interpolation(variables, loading);
  for (Member& member : model.find("services")->members()) interpolation.service(member.value);
  for (const char* section : {"configs", "secrets"})
    if (Node* files = model.find(section))
      for (Member& member : files->members()) interpolation.content(member);
}

}  // namespace belay::formats::compose
