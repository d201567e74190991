#include "backup/manifest.h"

#include <array>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"

namespace belay::backup {

namespace {

using document::Node;

constexpr std::array consistencies{"pause", "stop", "live"};
constexpr std::array kinds{"volume", "folder", "file"};
constexpr std::array ways{"direct", "engine"};
constexpr const char* manifest_file = "belay-backup.json";
constexpr const char* end_file = "belay-end.json";

template <class Enum, size_t size>
Enum word(std::string_view text, const std::array<const char*, size>& words, std::string_view what) {
  for (size_t i = 0; i < size; ++i)
    if (text == words[i]) return static_cast<Enum>(i);
  throw Error(ErrorCode::bad_backup,
              format("a backup's {} is '{}', which this Belay does not know", what, printable(text)));
}

Node texts(const std::vector<std::string>& values) {
  Node list = Node::list();
  for (const auto& value : values) list.add(Node::text(value));
  return list;
}
Node texts(const std::map<std::string, std::string>& values) {
  Node map = Node::map();
  for (const auto& [key, value] : values) map.set(key, Node::text(value));
  return map;
}

const Node& needed(const Node& map, std::string_view key) {
  if (const Node* node = map.find(key)) return *node;
  throw ConfigError(map.where(), format("'{}' is missing", key));
}
std::string text(const Node& map, std::string_view key) {
  return needed(map, key).as_text(key);
}
std::vector<std::string> text_list(const Node& map, std::string_view key) {
  std::vector<std::string> values;
  for (const auto& node : needed(map, key).as_list(key)) values.push_back(node.as_text(key));
  return values;
}
std::map<std::string, std::string> text_map(const Node& map, std::string_view key) {
  std::map<std::string, std::string> values;
  for (const auto& member : needed(map, key).as_map(key)) values[member.key] = member.value.as_text(member.key);
  return values;
}
Time time(const Node& map, std::string_view key) {
  const Node& node = needed(map, key);
  if (const auto time = parse_time(node.as_text(key))) return *time;
  throw ConfigError(node.where(), format("'{}' is not a time", printable(node.raw())));
}

Node to_node(const Item& item) {
  Node node = Node::map();
  node.set("id", Node::text(item.id));
  node.set("kind", Node::text(kinds[static_cast<size_t>(item.kind)]));
  node.set("source", Node::text(item.source));
  node.set("targets", texts(item.targets));
  node.set("written", Node::boolean(item.written));
  node.set("way", Node::text(ways[static_cast<size_t>(item.way)]));
  node.set("driver", Node::text(item.driver));
  node.set("options", texts(item.options));
  node.set("labels", texts(item.labels));
  node.set("of_project", Node::boolean(item.of_project));
  if (item.of_project) node.set("digest", Node::text(item.digest));
  return node;
}

Node to_node(const std::map<std::string, FileMark>& files) {
  Node map = Node::map();
  for (const auto& [path, mark] : files) {
    Node lines = Node::list();
    for (const std::uint32_t line : mark.lines) lines.add(Node::number(static_cast<std::int64_t>(line)));
    Node entry = Node::map();
    entry.set("digest", Node::text(mark.digest));
    entry.set("lines", std::move(lines));
    map.set(path, std::move(entry));
  }
  return map;
}
// Backups of earlier ones have none.
std::map<std::string, FileMark> files_from(const Node* map) {
  std::map<std::string, FileMark> files;
  if (map == nullptr) return files;
  for (const auto& member : map->as_map("files")) {
    FileMark& mark = files[member.key];
    mark.digest = text(member.value, "digest");
    for (const auto& line : needed(member.value, "lines").as_list("lines"))
      mark.lines.push_back(static_cast<std::uint32_t>(line.as_int("line")));
  }
  return files;
}

Node to_node(const std::map<std::string, std::optional<HealthCheck>>& checks) {
  Node map = Node::map();
  for (const auto& [service, check] : checks)
    map.set(service, check ? document::read_json(health_check_to_json(*check), manifest_file) : Node());
  return map;
}
// Backups of earlier ones have none.
std::map<std::string, std::optional<HealthCheck>> health_checks_from(const Node* map) {
  std::map<std::string, std::optional<HealthCheck>> checks;
  if (map == nullptr) return checks;
  for (const auto& member : map->as_map("health_checks")) {
    auto& check = checks[member.key];
    if (!member.value.is_null()) check = health_check_from_json(document::write_json(member.value));
  }
  return checks;
}

// An id becomes part of names in the file and on this host: it must be harmless.
std::string checked_id(const Node& node) {
  const std::string& id = node.as_text("id");
  const bool harmless =
      !id.empty() && id.size() <= 80 && id.front() != '.' &&
      id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string::npos;
  if (!harmless) throw ConfigError(node.where(), format("'{}' is not the id of an item", printable(id)));
  return id;
}

Item item_from(const Node& node) {
  Item item;
  item.id = checked_id(needed(node, "id"));
  item.kind = word<Item::Kind>(text(node, "kind"), kinds, "item kind");
  item.source = text(node, "source");
  item.targets = text_list(node, "targets");
  item.written = needed(node, "written").as_bool("written");
  item.way = word<Item::Way>(text(node, "way"), ways, "way of reading");
  item.driver = text(node, "driver");
  item.options = text_map(node, "options");
  item.labels = text_map(node, "labels");
  if (const Node* of_project = node.find("of_project")) item.of_project = of_project->as_bool("of_project");
  if (item.of_project) item.digest = text(node, "digest");
  return item;
}

// Nothing that Belay writes has one thing twice; what does is no backup, whatever it wants of its reader.
void read_items(const Node& list, Manifest& manifest) {
  const auto& items = list.as_list("items");
  if (items.size() > Manifest::most_items)
    throw ConfigError(list.where(), format("the backup speaks of {} items; no app has more than {}", items.size(),
                                           Manifest::most_items));
  std::set<std::string> ids, sources;
  for (const auto& node : items) {
    Item item = item_from(node);
    if (!ids.insert(item.id).second) throw ConfigError(node.where(), format("there are two items '{}'", item.id));
    if (!sources.insert(item.source).second)
      throw ConfigError(node.where(), format("there are two items of {}", printable(item.source)));
    manifest.items.push_back(std::move(item));
  }
}

}  // namespace

std::string_view to_text(Consistency consistency) {
  return consistencies[static_cast<size_t>(consistency)];
}

Consistency consistency(std::string_view text) {
  return word<Consistency>(text, consistencies, "consistency");
}

const Item& Manifest::item(const std::string& id) const {
  for (const auto& item : items)
    if (item.id == id) return item;
  throw NotFound(format("the backup has no item '{}'", printable(id)));
}

void Manifest::leave_out_image(const std::string& which, const std::vector<std::string>& made_from) {
  left_out.push_back(format("the image {}, which no registry has{}", which,
                            made_from.empty() ? "" : format("; it is made from {}", join(made_from, ", "))));
}

bool Manifest::lacks_an_image() const {
  if (with_image) return false;
  if (service) return service->digest.empty();
  return std::any_of(images.begin(), images.end(), [&](const auto& image) { return !digests.contains(image.first); });
}

std::string manifest_to_json(const Manifest& manifest) {
  Node items = Node::list();
  for (const auto& item : manifest.items) items.add(to_node(item));
  Node node = Node::map();
  node.set("belay_backup", Node::number(manifest.version));
  node.set("app", Node::text(manifest.app));
  node.set("scheme", Node::text(std::string(belay::to_text(manifest.scheme))));
  node.set("origin", Node::text(manifest.origin));
  node.set("release", Node::number(manifest.release.value));
  node.set("release_created", Node::text(iso_time(manifest.release_created)));
  node.set("was_running", Node::boolean(manifest.was_running));
  node.set("spec", document::read_json(spec_to_json(manifest.spec), manifest_file));
  node.set("images", texts(manifest.images));
  node.set("digests", texts(manifest.digests));
  node.set("files", to_node(manifest.files));
  node.set("health_checks", to_node(manifest.health_checks));
  node.set("with_image", Node::boolean(manifest.with_image));
  node.set("items", std::move(items));
  node.set("left_out", texts(manifest.left_out));
  node.set("consistency", Node::text(std::string(to_text(manifest.consistency))));
  node.set("taken", Node::text(iso_time(manifest.taken)));
  node.set("who", Node::text(manifest.who));
  node.set("host", Node::text(manifest.host));
  node.set("belay_version", Node::text(manifest.belay_version));
  node.set("engine_version", Node::text(manifest.engine_version));
  if (manifest.service) {
    Node service = Node::map();
    service.set("reference", Node::text(manifest.service->reference));
    service.set("image", Node::text(manifest.service->image));
    service.set("digest", Node::text(manifest.service->digest));
    service.set("inside", Node::boolean(manifest.service->inside));
    node.set("service", std::move(service));
  }
  return document::write_json(node, 2) + "\n";
}

Manifest manifest_from_json(const std::string& json) {
  const Node node = document::read_json(json, manifest_file);
  const Node* format_number = node.find("belay_backup");
  if (format_number == nullptr) throw Error(ErrorCode::bad_backup, "this is not a backup of Belay");
  if (format_number->as_int("belay_backup") > Manifest::newest_format)
    throw Error(
        ErrorCode::bad_backup,
        format("this backup has format {}; this Belay reads up to {}", format_number->raw(), Manifest::newest_format),
        "A newer Belay wrote it: install that one.");
  Manifest manifest;
  manifest.version = static_cast<int>(format_number->as_int("belay_backup"));
  manifest.app = AppName(text(node, "app")).text();
  manifest.scheme = naming_scheme(text(node, "scheme"));
  manifest.origin = text(node, "origin");
  manifest.release = ReleaseNumber{static_cast<int>(needed(node, "release").as_int("release"))};
  manifest.release_created = time(node, "release_created");
  manifest.was_running = needed(node, "was_running").as_bool("was_running");
  manifest.spec = spec_from_json(document::write_json(needed(node, "spec")));
  manifest.images = text_map(node, "images");
  manifest.digests = text_map(node, "digests");
  manifest.files = files_from(node.find("files"));
  manifest.health_checks = health_checks_from(node.find("health_checks"));
  manifest.with_image = needed(node, "with_image").as_bool("with_image");
  read_items(needed(node, "items"), manifest);
  manifest.left_out = text_list(node, "left_out");
  manifest.consistency = consistency(text(node, "consistency"));
  manifest.taken = time(node, "taken");
  manifest.who = text(node, "who");
  manifest.host = text(node, "host");
  manifest.belay_version = text(node, "belay_version");
  manifest.engine_version = text(node, "engine_version");
  if (const Node* service = node.find("service")) {
    Manifest::ServiceOrigin origin;
    origin.reference = text(*service, "reference");
    origin.image = text(*service, "image");
    origin.digest = text(*service, "digest");
    origin.inside = needed(*service, "inside").as_bool("inside");
    manifest.service = std::move(origin);
  }
  return manifest;
}

std::int64_t End::files() const {
  std::int64_t sum = 0;
  for (const auto& item : items) sum += item.files;
  return sum;
}

std::int64_t End::bytes() const {
  std::int64_t sum = 0;
  for (const auto& item : items) sum += item.bytes;
  return sum;
}

std::string end_to_json(const End& end) {
  Node items = Node::list();
  for (const auto& item : end.items) {
    Node node = Node::map();
    node.set("id", Node::text(item.id));
    node.set("files", Node::number(item.files));
    node.set("bytes", Node::number(item.bytes));
    items.add(std::move(node));
  }
  Node node = Node::map();
  node.set("items", std::move(items));
  node.set("warnings", texts(end.warnings));
  return document::write_json(node, 2) + "\n";
}

End end_from_json(const std::string& json) {
  const Node node = document::read_json(json, end_file);
  End end;
  for (const auto& item : needed(node, "items").as_list("items"))
    end.items.push_back(
        {checked_id(needed(item, "id")), needed(item, "files").as_int("files"), needed(item, "bytes").as_int("bytes")});
  end.warnings = text_list(node, "warnings");
  return end;
}

std::string file_name(const std::string& app, Time taken, bool gzip, bool encrypted) {
  const std::string date = compact_time(taken);
  return format("{}-{}T{}Z.belay.tar.{}{}", app, date.substr(0, 8), date.substr(8), gzip ? "gz" : "zst",
                encrypted ? ".age" : "");
}

}  // namespace belay::backup
