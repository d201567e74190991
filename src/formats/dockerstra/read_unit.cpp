#include <algorithm>
#include <map>

#include "base/format.h"
#include "base/text.h"
#include "formats/dockerstra/orders.h"
#include "formats/dockerstra/tests.h"
#include "formats/dockerstra/unit.h"
#include "formats/dockerstra/yaml_limits.h"
#include "model/names.h"
#include "template/template.h"

namespace belay::formats::dockerstra {

namespace {

using document::Member;
using document::Node;

struct SourceText {
  fs::path path;
  std::string text;
};

// Where the documents of a file begin; a line of dashes before the first one opens it.
std::vector<size_t> document_starts(std::string_view text) {
  std::vector<size_t> starts{0};
  bool has_content = false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const bool is_marker = line.starts_with("---") && (line.size() == 3 || is_space(line[3]));
    if (is_marker && has_content) starts.push_back(at);
    has_content = has_content || is_marker || (!trim(line).empty() && !trim(line).starts_with('#'));
    at = end + 1;
  }
  return starts;
}

std::vector<Node> documents_of(std::string_view text, const std::string& file, const Node& values) {
  const templates::Rendered rendered = templates::render(text, file, values, {.keeps_dotted = true});
  std::vector<Node> documents = rendered.reading([&] { return document::read_yaml(rendered.text(), file, unit_yaml); });
  for (Node& document : documents) rendered.put_origins(document);
  return documents;
}

class Reader {
 public:
  Reader(const fs::path& configuration, const Outside& outside)
      : configuration_(configuration), outside_(outside), files_(unit_files(configuration, outside)) {}

  const UnitFile* file_of(const std::string& unit, const std::string& command) const {
    const auto found = std::find_if(files_.begin(), files_.end(),
                                    [&](const UnitFile& file) { return file.unit == unit && file.command == command; });
    return found == files_.end() ? nullptr : &*found;
  }

  // The command's own file, else that of `start` where the command follows from it.
  const UnitFile& file_for(const Address& address) const {
    if (const UnitFile* own = file_of(address.unit, address.command)) return *own;
    std::vector<std::string> units, commands;
    for (const UnitFile& file : files_) {
      if (file.unit == address.unit) commands.push_back(file.command);
      if (units.empty() || units.back() != file.unit) units.push_back(file.unit);
    }
    if (commands.empty()) {
      std::string hint = did_you_mean(address.unit, units);
      throw NotFound(ErrorCode::not_found,
                     format("there is no unit '{}' in {}", address.unit, (configuration_ / "units").string()),
                     hint.empty() ? "belay unit list shows them." : hint);
    }
    const UnitFile* start = file_of(address.unit, "start");
    if (start != nullptr && follows_from_start(address.command, file_of(address.unit, "update") != nullptr))
      return *start;
    if (start != nullptr)
      for (const auto& derived : derived_commands()) commands.push_back(derived);
    std::string hint = did_you_mean(address.command, commands);
    throw NotFound(ErrorCode::not_found, format("the unit {} has no command '{}'", address.unit, address.command),
                   hint.empty() ? format("It has {}.", join(commands, ", ")) : hint);
  }

  SourceText read(const UnitFile& file) const {
    const auto text = outside_.read(file.path);
    if (!text) throw NotFound(ErrorCode::file_not_found, format("{} is not there any more", file.path.string()));
    return {file.path, *text};
  }

  // The third document of the file itself, else globals.yaml, else the third document of `start`.
  Arguments arguments(const UnitFile& file, const Node& values) const {
    if (auto own = third_document(read(file), values)) return Arguments::parse(*own);
    const fs::path globals = configuration_ / "units" / file.unit / "globals.yaml";
    if (const auto text = outside_.read(globals)) {
      const std::vector<Node> documents = documents_of(*text, globals.string(), values);
      if (!documents.empty()) {
        document::refuse_unknown_keys(documents.front(), {"parser"}, "globals.yaml");
        if (const Node* parser = documents.front().find("parser")) return Arguments::parse(*parser);
      }
    }
    if (const UnitFile* start = file_of(file.unit, "start"); start != nullptr && start->command != file.command)
      if (auto its = third_document(read(*start), values)) return Arguments::parse(*its);
    return {};
  }

  struct Documents {
    Node composition, orders;
  };
  Documents first_two(const SourceText& source, const Node& values) const {
    const std::vector<size_t> starts = document_starts(source.text);
    const std::string_view text =
        std::string_view(source.text).substr(0, starts.size() > 2 ? starts[2] : std::string::npos);
    if (starts.size() > 3)
      throw ConfigError({source.path.string(), 0, 0}, format("the file has {} documents", starts.size()),
                        "A unit's file has three at most: the composition, the orders, the arguments.");
    std::vector<Node> documents = documents_of(text, source.path.string(), values);
    Documents result;
    if (!documents.empty()) result.composition = std::move(documents[0]);
    if (documents.size() > 1) result.orders = std::move(documents[1]);
    if (result.composition.is_null()) result.composition = Node::map();
    if (result.orders.is_null()) result.orders = Node::list();
    return result;
  }

  // The containers of a file, with those that it imports.
  std::vector<Container> containers(const UnitFile& file, const Node& composition, const Node& values) const {
    Imports imports{values, {step_name(file)}, {}};
    return containers(composition, imports);
  }
  // What ends a test: the orders of `stop`, and in full those of `purge`, from their files where they have some.
  std::vector<Order> closing_orders(const Unit& unit, const std::vector<Order>& start, const Node& values) const {
    const auto& variants = unit.address.variants;
    const auto has = [&](const char* name) {
      return std::find(variants.begin(), variants.end(), name) != variants.end();
    };
    std::vector<Order> closing;
    const auto add = [&](const std::string& command) {
      const UnitFile* own = file_of(unit.address.unit, command);
      std::vector<Order> orders = own == nullptr ? derived_orders(command, start, unit.containers)
                                                 : orders_of(first_two(read(*own), values).orders, unit.containers);
      closing.insert(closing.end(), orders.begin(), orders.end());
    };
    const bool is_full = has("full");
    if (is_full || variants.empty() || has("default")) add("stop");
    if (is_full) add("purge");
    return closing;
  }

 private:
  std::optional<Node> third_document(const SourceText& source, const Node& values) const {
    const std::vector<size_t> starts = document_starts(source.text);
    if (starts.size() < 3) return {};
    // Line breaks keep the places.
    const auto lines =
        std::count(source.text.begin(), source.text.begin() + static_cast<std::ptrdiff_t>(starts[2]), '\n');
    const std::string text =
        std::string(static_cast<size_t>(lines), '\n') +
        source.text.substr(starts[2], starts.size() > 3 ? starts[3] - starts[2] : std::string::npos);
    std::vector<Node> documents = documents_of(text, source.path.string(), values);
    if (documents.empty() || documents.front().is_null()) return {};
    return std::move(documents.front());
  }

  // What the imports of one file lead to.
  struct Imports {
    const Node& values;
    std::vector<std::string> chain;  // the commands that led here
    // By command. Each is read once, however many import it: else the work doubles with each step of a chain that
    // imports everything twice.
    std::map<std::string, std::vector<Container>> known;
  };

  static std::string step_name(const UnitFile& file) { return file.unit + "/" + file.command; }

  std::vector<Container> containers(const Node& composition, Imports& imports) const {
    std::vector<Container> all;
    if (const Node* import = composition.find("import")) {
      if (import->is_list())
        for (const Node& one : import->items()) add_imported(one, imports, all);
      else
        add_imported(*import, imports, all);
    }
    for (const Member& member : composition.as_map("the composition"))
      if (member.key != "import") add_container(all, read_container(member));
    return all;
  }

  const std::vector<Container>& imported(const UnitFile& file, Imports& imports) const {
    const std::string step = step_name(file);
    if (const auto known = imports.known.find(step); known != imports.known.end()) return known->second;
    const bool is_circle = std::find(imports.chain.begin(), imports.chain.end(), step) != imports.chain.end();
    imports.chain.push_back(step);
    if (is_circle)
      throw Error(ErrorCode::needs_circle, format("the imports go in a circle: {}", join(imports.chain, " → ")));
    const Documents documents = first_two(read(file), imports.values);
    std::vector<Container> found = containers(documents.composition, imports);
    imports.chain.pop_back();
    return imports.known[step] = std::move(found);
  }

  void add_imported(const Node& name, Imports& imports, std::vector<Container>& all) const {
    const std::string& text = name.as_text("\"import\"");
    const auto placed = [&](const Error& error) {
      ConfigError with_place(name.where(), error.what(), error.hint());
      return with_place;
    };
    try {
      for (const Container& container : imported(file_for(parse_address(text)), imports)) add_container(all, container);
    } catch (const ConfigError&) {
      throw;
    } catch (const Error& error) {
      throw placed(error);
    }
  }

  static Node step_of(const Member& container, std::string_view name, std::string_view alias) {
    const Node* step = container.value.find(name);
    const Node* other = alias.empty() ? nullptr : container.value.find(alias);
    if (step != nullptr && other != nullptr)
      throw ConfigError(other->where(),
                        format("{} has both \"{}\" and \"{}\", which are the same", container.key, name, alias));
    if (step == nullptr) step = other;
    if (step == nullptr || step->is_null()) return {};
    step->as_map(format("\"{}\"", name));
    return *step;
  }

  static Container read_container(const Member& member) {
    if (!AppName::is_valid(member.key) || member.key == "host")
      throw ConfigError(member.key_where, format("'{}' cannot be the name of a container", printable(member.key)),
                        "Letters, digits, '-', '_' and '.', at least two of them; \"host\" is the host itself.");
    Container container;
    container.name = member.key;
    container.where = member.key_where;
    if (member.value.is_null()) return container;
    document::refuse_unknown_keys(
        member.value, {"build", "creation", "create", "startup", "start", "daemon", "job", "tests"}, "the container");
    container.build = step_of(member, "build", "");
    container.creation = step_of(member, "creation", "create");
    container.startup = step_of(member, "startup", "start");
    if (const Node* daemon = member.value.find("daemon")) container.daemon = *daemon;
    if (const Node* job = member.value.find("job")) container.job = *job;
    if (const Node* tests = member.value.find("tests")) container.tests = *tests;
    return container;
  }

  // What is said later is laid over what was said of the container before, map over map.
  static void lay_step(Node& below, const Node& above) {
    if (above.is_null()) return;
    if (!below.is_map() || !above.is_map()) {
      below = above;
      return;
    }
    for (const Member& member : above.members()) {
      Node* there = below.find(member.key);
      if (there == nullptr)
        below.add_member(member);
      else
        lay_step(*there, member.value);
    }
  }

  static void add_container(std::vector<Container>& all, Container container) {
    const auto there =
        std::find_if(all.begin(), all.end(), [&](const Container& other) { return other.name == container.name; });
    if (there == all.end()) {
      all.push_back(std::move(container));
      return;
    }
    there->where = container.where;
    lay_step(there->build, container.build);
    lay_step(there->creation, container.creation);
    lay_step(there->startup, container.startup);
    lay_step(there->daemon, container.daemon);
    lay_step(there->job, container.job);
    lay_step(there->tests, container.tests);
  }

  const fs::path& configuration_;
  const Outside& outside_;
  std::vector<UnitFile> files_;
};

}  // namespace

const Container* Unit::find(const std::string& container) const {
  const auto found =
      std::find_if(containers.begin(), containers.end(), [&](const Container& each) { return each.name == container; });
  return found == containers.end() ? nullptr : &*found;
}

namespace {

// Of UNIT/test.
void check_variants(const Unit& unit) {
  const std::vector<std::string> known = test_variants(unit.containers);
  for (const auto& variant : unit.address.variants)
    if (std::find(known.begin(), known.end(), variant) == known.end()) {
      std::string hint = did_you_mean(variant, known);
      throw UsageError(format("{} has no variant '{}'", unit.address.name(), printable(variant)),
                       hint.empty() ? format("It has {}.", join(known, ", ")) : hint);
    }
}

}  // namespace

Unit read_unit(const Request& request, const Outside& outside) {
  Unit unit;
  unit.address = request.address;
  unit.configuration = find_configuration(request.configuration, outside);
  unit.values = environment_values(unit.configuration, request.environments, outside);
  const Reader reader(unit.configuration, outside);
  const UnitFile& file = reader.file_for(unit.address);
  unit.file = file.path;
  unit.is_derived = file.command != unit.address.command;
  unit.values.set("args", reader.arguments(file, unit.values).values(request.words));
  const Reader::Documents documents = reader.first_two(reader.read(file), unit.values);
  unit.containers = reader.containers(file, documents.composition, unit.values);
  std::vector<Order> orders = orders_of(documents.orders, unit.containers);
  if (unit.is_derived && unit.address.command == "test") {
    check_variants(unit);
    unit.opening = orders.size();
    for (Order& order : reader.closing_orders(unit, orders, unit.values)) orders.push_back(std::move(order));
    unit.orders = std::move(orders);
    return unit;
  }
  if (unit.is_derived) orders = derived_orders(unit.address.command, orders, unit.containers);
  unit.orders = chosen_orders(std::move(orders), unit.address);
  return unit;
}

Arguments arguments_of(const fs::path& configuration, const Address& address,
                       const std::vector<std::string>& environments, const Outside& outside) {
  const Reader reader(configuration, outside);
  return reader.arguments(reader.file_for(address), environment_values(configuration, environments, outside));
}

std::vector<UnitCommand> commands_of(const fs::path& configuration, const std::string& unit, const Outside& outside) {
  const Reader reader(configuration, outside);
  std::vector<UnitCommand> commands;
  for (const UnitFile& file : unit_files(configuration, outside))
    if (file.unit == unit) commands.push_back({file.command});
  if (commands.empty()) std::ignore = reader.file_for({unit, "start", {}});
  std::vector<std::string> derived = derived_commands();
  derived.emplace_back("upgrade");
  if (reader.file_of(unit, "start") != nullptr)
    for (const auto& name : derived)
      if (reader.file_of(unit, name) == nullptr && follows_from_start(name, reader.file_of(unit, "update") != nullptr))
        commands.push_back({name, true});
  std::sort(commands.begin(), commands.end(),
            [](const UnitCommand& a, const UnitCommand& b) { return a.name < b.name; });
  return commands;
}

}  // namespace belay::formats::dockerstra
