#include "formats/dockerstra/order_values.h"

#include "base/format.h"
#include "base/text.h"
#include "formats/dockerstra/commit_conf.h"
#include "formats/dockerstra/map_parts.h"
#include "formats/mounts.h"
#include "model/names.h"

namespace belay::formats::dockerstra {

namespace {

using document::Node;

// An argument that is said, and not null.
const Node* said(const Order& order, std::string_view name) {
  const Node* node = order.argument(name);
  return node == nullptr || node->is_null() ? nullptr : node;
}

const Container& its_container(const Unit& unit, const Order& order) {
  const Container* container = unit.find(order.container);
  if (container == nullptr)
    throw ConfigError(order.where, format("the composition has no container \"{}\"", printable(order.container)));
  return *container;
}

Execution::Place place_of(const Order& order) {
  const Node* type = said(order, "type");
  if (order.container == "host") {
    if (type != nullptr) refuse(*type, "a command on the host has no \"type\"", "Leave it out.");
    return Execution::Place::host;
  }
  if (type == nullptr) return Execution::Place::file_system;
  const std::string word = choice_value(*type, "\"type\"", {"file_system", "temporary", "in_running"});
  return word == "file_system" ? Execution::Place::file_system
         : word == "temporary" ? Execution::Place::temporary
                               : Execution::Place::in_running;
}

// A list is one command, word by word. For the shell the words are a line as they are.
std::vector<std::string> command_to_run(const Order& order) {
  const Node* run = said(order, "run");
  if (run == nullptr)
    throw ConfigError(order.where, format("the order to {} does not say what to \"run\"", order.container),
                      "Say run: [PROGRAM, ARGUMENT].");
  if (!says_true(order, "shell")) return command_of(*run, "\"run\"");
  std::vector<std::string> words;
  if (run->is_list())
    for (const Node& word : run->items()) words.push_back(word.as_scalar("a word of \"run\""));
  else
    words.push_back(run->as_text("\"run\""));
  return {"sh", "-c", join(words, " ")};
}

}  // namespace

bool says_true(const Order& order, std::string_view argument) {
  const Node* node = said(order, argument);
  return node != nullptr && node->as_bool(format("\"{}\"", argument));
}

Execution execution_of(const Unit& unit, const Order& order, const fs::path& folder) {
  Execution execution;
  execution.place = place_of(order);
  execution.command = command_to_run(order);
  if (execution.command.empty()) refuse(*order.argument("run"), "\"run\" is empty");
  const Node* binds = said(order, "binds");
  if (binds == nullptr) return execution;
  if (execution.place == Execution::Place::host || execution.place == Execution::Place::in_running)
    refuse(*binds, "nothing can be bound into what is there already",
           "\"binds\" goes with type: file_system and type: temporary.");
  const Container& container = its_container(unit, order);
  Wanted wanted{unit, container, Node::map(), folder, build_folder(unit, container)};
  wanted.settings.set("binds", *binds);
  Service service;
  map_mounts(wanted, service);
  execution.binds = std::move(service.mounts);
  return execution;
}

std::string image_of_order(const Unit& unit, const Order& order) {
  return image_of(unit, its_container(unit, order));
}

std::string container_of_order(const Unit& unit, const Order& order) {
  return engine_name(its_container(unit, order));
}

std::string reference_of(const Unit& unit, const Order& order) {
  const Node *repository = said(order, "repository"), *tag = said(order, "tag");
  if (order.command == "tag" && repository == nullptr && tag == nullptr)
    throw ConfigError(order.where,
                      format("the order tag to {} says neither \"repository\" nor \"tag\"", order.container),
                      "Say tag: NAME, repository: NAME, or both.");
  const std::string image = image_of_order(unit, order);
  ImageRef reference = at(order.where, [&] { return ImageRef::parse(image); });
  if (!reference.digest.empty() && repository == nullptr)
    throw ConfigError(order.where, format("the image of {} is named by its digest", order.container),
                      "Say repository: NAME.");
  reference.digest.clear();
  if (repository != nullptr) {
    const ImageRef named = parsed_value(*repository, "\"repository\"", [](const std::string& text) {
      const ImageRef whole = ImageRef::parse(text);
      if (text != whole.repository)
        throw UsageError(format("'{}' has a tag or a digest", printable(text)), "The tag stands in \"tag\".");
      return whole;
    });
    reference = named;
  }
  if (tag == nullptr) return reference.text();
  return parsed_value(*tag, "\"tag\"", [&](const std::string& text) {
    return ImageRef::parse(reference.repository + ":" + text).text();
  });
}

CommitRequest commit_of(const Unit& unit, const Order& order) {
  CommitRequest request;
  request.reference = reference_of(unit, order);
  if (const Node* message = said(order, "message")) request.message = message->as_text("\"message\"");
  if (const Node* author = said(order, "author")) request.author = author->as_text("\"author\"");
  if (const Node* conf = said(order, "conf")) request.changes = changes_of_conf(*conf);
  if (const Node* changes = said(order, "changes"))
    for (auto& line : words_of(*changes, "\"changes\"")) request.changes.push_back(std::move(line));
  return request;
}

ArchiveOrder archive_of(const Order& order, const fs::path& folder) {
  ArchiveOrder archive;
  const Node *place = said(order, order.command + "_dir"), *name = said(order, order.command + "_name");
  archive.folder = (folder / (place == nullptr ? "." : word_value(*place, format("\"{}_dir\"", order.command))));
  archive.folder = archive.folder.lexically_normal();
  if (name != nullptr) {
    const std::string text = word_value(*name, format("\"{}_name\"", order.command));
    if (text.find('/') != std::string::npos)
      refuse(*name, format("'{}' is a path, not a name", printable(text)),
             format("The folder stands in \"{}_dir\".", order.command));
    archive.file = text + ".tar.gz";
  } else if (order.command == "restore") {
    throw ConfigError(order.where, format("the order restore to {} does not say which archive", order.container),
                      "Say restore_name: NAME, for NAME.tar.gz.");
  }
  if (const Node* source = said(order, "source"))
    archive.source = at(source->where(), [&] {
      return doing("\"source\"", [&] { return mount_point(source->as_text("\"source\"")); });
    });
  return archive;
}

RenderOrder render_of(const Unit& unit, const Order& order) {
  RenderOrder render;
  const auto path = [&](const char* name) {
    const Node* node = said(order, name);
    if (node == nullptr)
      throw ConfigError(order.where, format("the order render to {} does not say \"{}\"", order.container, name),
                        "Say template: PATH and file: PATH.");
    return (unit.configuration / word_value(*node, format("\"{}\"", name))).lexically_normal();
  };
  render.source = path("template");
  render.file = path("file");
  if (const Node* check = said(order, "check")) render.check = command_of(*check, "\"check\"");
  if (const Node* signal = said(order, "signal")) render.signal = word_value(*signal, "\"signal\"");
  render.restart = says_true(order, "restart");
  if (render.restart && !render.signal.empty())
    refuse(*order.argument("signal"), "a container that is restarted gets no signal", "Say one of them.");
  return render;
}

bool removes_links(const Order& order) {
  if (order.command != "remove" || !says_true(order, "link")) return false;
  for (const char* other : {"v", "force"})
    if (says_true(order, other))
      refuse(*order.argument(other), format("\"{}\" does not go with \"link\"", other),
             "With link: true the container stays.");
  return true;
}

ImageRemovalOrder image_removal_of(const Order& order) {
  return {says_true(order, "force"), says_true(order, "noprune")};
}

Milliseconds wait_of(const Order& order) {
  const Node* wait = said(order, "wait");
  if (wait == nullptr) return Milliseconds(0);
  // Python's sleep takes fractions.
  const std::string& text = wait->as_scalar("\"wait\"");
  const size_t point = text.find('.');
  const auto whole = parse_number(text.substr(0, point));
  const std::string fraction = point == std::string::npos ? "" : (text.substr(point + 1) + "000").substr(0, 3);
  const auto rest = parse_number(fraction);
  if (point == std::string::npos || !whole || !rest) return time_value(*wait, "\"wait\"");
  return Milliseconds(*whole * 1000 + *rest);
}

std::optional<Seconds> patience_of(const Order& order) {
  // It is killed, as the engine does it.
  if (order.command == "remove" && says_true(order, "force")) return Seconds(0);
  const Node* timeout = said(order, "timeout");
  if (timeout == nullptr) return {};
  return Seconds(integer_value(*timeout, "\"timeout\"", 0, 1'000'000));
}

}  // namespace belay::formats::dockerstra
