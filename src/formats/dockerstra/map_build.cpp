#include "base/format.h"
#include "base/text.h"
#include "formats/dockerstra/map_parts.h"
#include "model/names.h"

namespace belay::formats::dockerstra {

using document::Node;

fs::path build_folder(const Unit& unit, const Container& container) {
  const Node* path = container.build.find("path");
  if (path == nullptr || path->is_null()) return {};
  const std::string& text = path->as_text("\"path\"");
  if (text.find("://") != std::string::npos || text.starts_with("git@"))
    refuse(*path, "Belay builds from folders of this host, not from an address", "Clone it, and name the folder.");
  return (unit.configuration / text).lexically_normal();
}

std::optional<ImageBuild> build_of(const Unit& unit, const Container& container) {
  if (container.build.is_null()) return {};
  const Node& node = container.build;
  if (node.find("path") == nullptr) refuse(node, format("the build of {} has no \"path\"", container.name));
  ImageBuild build;
  build.folder = build_folder(unit, container);
  const Node* file = node.find("dockerfile");
  build.dockerfile = build.folder / (file == nullptr ? "Dockerfile" : file->as_text("\"dockerfile\""));
  if (const Node* arguments = node.find("buildargs")) build.arguments = pairs_of(*arguments, "\"buildargs\"");
  if (const Node* flag = node.find("nocache")) build.no_cache = flag->as_bool("\"nocache\"");
  if (const Node* flag = node.find("pull")) build.pull = flag->as_bool("\"pull\"");
  return build;
}

std::string image_of(const Unit& unit, const Container& container) {
  const auto parsed = [](const Node& node, std::string_view what) {
    return parsed_value(node, what, [](const std::string& text) {
      std::ignore = ImageRef::parse(text);
      return text;
    });
  };
  const Node* tag = container.build.find("tag");
  if (const Node* image = container.creation.find("image")) {
    if (tag != nullptr && tag->raw() != image->raw())
      refuse(*image,
             format("the image of {} is built as {}, and the container is to be made from {}", container.name,
                    printable(tag->raw()), printable(image->raw())),
             "Leave out one of the two.");
    return parsed(*image, "\"image\"");
  }
  if (container.build.is_null())
    throw ConfigError(container.where, format("{} has neither an image nor a build", container.name),
                      "Say creation: {image: NAME}, or build: {path: services/NAME}.");
  if (tag != nullptr) return parsed(*tag, "\"tag\"");
  return lower(format("{}-{}", unit.address.unit, container.name));
}

}  // namespace belay::formats::dockerstra
