#include "report/error_json.h"

#include "report/json.h"

namespace belay::report {

Node error_json(const Error& error, const std::string& hint) {
  Node body = Node::map();
  body.set("code", word(error_name(error.code())));
  body.set("message", Node::text(error.what()));
  body.set("hint", text_or_null(hint));
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

}  // namespace belay::report
