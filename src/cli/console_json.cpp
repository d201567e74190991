#include "cli/console.h"
#include "document/json.h"

namespace belay::cli {

document::Node error_json(const Error& error, const std::string& hint) {
  using document::Node;
  Node body = Node::map();
  body.set("code", Node::text(std::string(error_name(error.code()))));
  body.set("message", Node::text(error.what()));
  body.set("hint", hint.empty() ? Node() : Node::text(hint));
  Node place = Node();
  if (const auto* config = dynamic_cast<const ConfigError*>(&error)) {
    const bool is_within = config->where().line > 0;
    place = Node::map();
    place.set("file", Node::text(config->where().file));
    place.set("line", is_within ? Node::number(config->where().line) : Node());
    place.set("column", is_within ? Node::number(config->where().column) : Node());
  }
  body.set("place", std::move(place));
  Node node = Node::map();
  node.set("error", std::move(body));
  return node;
}

void Console::print_json(const document::Node& value) {
  line(document::write_json(value, 2));
}

}  // namespace belay::cli
