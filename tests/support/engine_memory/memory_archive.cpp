// The files of volumes, and images as streams.

#include <algorithm>

#include "base/format.h"
#include "engine/json.h"
#include "engine_memory/memory_tar.h"
#include "engine_memory/memory_universe.h"

namespace belay::engine {

namespace {

// Whether `path` is `folder` or below it.
bool is_within(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// Without a dot or a slash at its end.
fs::path plain(const std::string& path) {
  const fs::path normal = fs::path(path).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

// What a container's path stands for: "data" for "/var/data" and "/var/data/", "." for "/var/data/.".
std::string last_part(const std::string& path) {
  return path.ends_with("/.") ? "." : plain(path).filename().string();
}

}  // namespace

fs::path MemoryEngine::Universe::mount_point(const std::string& volume) const {
  return (data_root.empty() ? "/volumes" : data_root) / volume / "_data";
}

fs::path MemoryEngine::Universe::content_folder(const std::string& volume) {
  const StoredVolume& stored = volumes.at(volume);
  const bool is_plain = stored.driver == "local" && stored.options.empty();
  if (!data_root.empty() && is_plain) return mount_point(volume);
  if (!hidden_files) hidden_files = std::make_shared<TemporaryFolder>();
  const fs::path folder = hidden_files->path() / volume;
  fs::create_directories(folder);
  return folder;
}

void MemoryEngine::Universe::make_volume(const std::string& name, const StoredVolume& volume) {
  volumes[name] = volume;
  all_volumes.insert(name);
  if (!data_root.empty()) fs::create_directories(mount_point(name));
}

void MemoryEngine::Universe::drop_volume(const std::string& name) {
  if (!volumes.at(name).used && fs::is_empty(content_folder(name))) all_volumes.erase(name);
  fs::remove_all(content_folder(name));
  if (!data_root.empty()) fs::remove_all(data_root / name);
  volumes.erase(name);
}

ByteCount MemoryEngine::Universe::volume_size(const std::string& name) {
  ByteCount size;
  for (const auto& entry : fs::recursive_directory_iterator(content_folder(name)))
    if (entry.is_regular_file() && !entry.is_symlink()) size.value += static_cast<std::int64_t>(entry.file_size());
  return size;
}

std::optional<MemoryEngine::Universe::Place> MemoryEngine::Universe::place_in_mount(const std::string& name,
                                                                                    const fs::path& path) {
  const Mount* mount = nullptr;
  for (const auto& each : container(name).mounts)
    if (is_within(path, each.target) && (mount == nullptr || is_within(each.target, mount->target))) mount = &each;
  // What is in memory (tmpfs) does not outlive a stop.
  if (mount == nullptr || mount->kind == Mount::Kind::tmpfs) return {};
  Place place;
  place.path = mount->kind == Mount::Kind::volume ? content_folder(mount->source) : fs::path(mount->source);
  if (const auto below = path.lexically_relative(mount->target); below != ".") place.path /= below;
  place.read_only = mount->read_only;
  return place;
}

MemoryEngine::Universe::ArchiveSource MemoryEngine::Universe::archive_source(const std::string& name,
                                                                             const std::string& path) {
  const auto place = place_in_mount(name, plain(path));
  if (!place && container(name).own_files)
    if (const fs::path own = own_file(name, plain(path).relative_path().string()); fs::is_regular_file(own))
      return {own, last_part(path)};
  if (!place || !fs::exists(fs::symlink_status(place->path)))
    throw NotFound(format("there is no {} in container {}", path, name));
  return {place->path, last_part(path)};
}

fs::path MemoryEngine::Universe::own_file(const std::string& name, const std::string& path) {
  if (!hidden_files) hidden_files = std::make_shared<TemporaryFolder>();
  auto& number = container(name).own_files;
  if (!number) number = ++last_serial;
  const fs::path file = hidden_files->path() / format(".own-{}", *number) / path;
  fs::create_directories(file.parent_path());
  return file;
}

void MemoryEngine::Universe::unpack(const std::string& name, const std::string& folder, std::string_view tar) {
  const fs::path wanted = plain(folder);
  const auto& mounts = container(name).mounts;
  const auto place = place_in_mount(name, wanted);
  // Of its own a container has no files here, but the folders that lead to its mounts.
  const bool is_root = wanted == "/";
  const bool is_there = is_root ? true
                        : place ? fs::exists(place->path)
                                : std::any_of(mounts.begin(), mounts.end(),
                                              [&](const Mount& each) { return is_within(each.target, wanted); });
  if (!is_there) throw NotFound(format("there is no {} in container {}", folder, name));
  if (place && !fs::is_directory(place->path)) throw EngineError(500, "extraction point is not a directory");
  unpack_tar(tar, [&](const std::string& entry) {
    const auto target = place_in_mount(name, wanted / entry);
    if (!target && is_root) return own_file(name, entry);
    if (!target) throw EngineError(500, format("no volume of {} has {}", name, (wanted / entry).string()));
    if (target->read_only) throw EngineError(403, "mounted volume is marked read-only");
    return target->path;
  });
  changes.push_back(format("write {}:{}", name, folder));
}

void MemoryEngine::Universe::remove_path(const std::string& name, const std::string& path) {
  const fs::path wanted = plain(path);
  const auto place = place_in_mount(name, wanted);
  if (!place || !fs::exists(fs::symlink_status(place->path))) return;
  if (place->read_only) throw EngineError(403, "mounted volume is marked read-only");
  fs::remove_all(place->path);
  changes.push_back(format("remove {}:{}", name, path));
}

namespace {

template <class Duration>
void write_duration(JsonWriter& json, const char* name, const std::optional<Duration>& value) {
  if (value) json.member(name, std::chrono::duration_cast<Milliseconds>(*value).count());
}

std::optional<Milliseconds> read_duration(JsonView value) {
  if (!value) return {};
  return Milliseconds(value.number());
}

void write_config(JsonWriter& json, const ImageConfig& config) {
  json.object("config", [&] {
    json.optional("exposed_ports", config.exposed_ports);
    json.optional("volumes", config.volumes);
    json.optional("environment", config.environment);
    json.optional("command", config.command);
    json.optional("entrypoint", config.entrypoint);
    json.optional("user", config.user);
    json.optional("working_dir", config.working_dir);
    json.optional("stop_signal", config.stop_signal);
    json.optional("labels", config.labels);
    if (!config.health) return;
    json.object("health", [&] {
      json.optional("test", config.health->test);
      write_duration(json, "interval", config.health->interval);
      write_duration(json, "timeout", config.health->timeout);
      write_duration(json, "start_period", config.health->start_period);
      if (config.health->retries) json.member("retries", *config.health->retries);
    });
  });
}

ImageConfig read_config(JsonView json) {
  ImageConfig config;
  config.exposed_ports = json["exposed_ports"].texts();
  config.volumes = json["volumes"].texts();
  config.environment = json["environment"].text_map();
  config.command = json["command"].texts();
  config.entrypoint = json["entrypoint"].texts();
  config.user = json["user"].text();
  config.working_dir = json["working_dir"].text();
  config.stop_signal = json["stop_signal"].text();
  config.labels = json["labels"].text_map();
  if (const auto health = json["health"]) {
    config.health.emplace();
    config.health->test = health["test"].texts();
    config.health->interval = read_duration(health["interval"]);
    config.health->timeout = read_duration(health["timeout"]);
    config.health->start_period = read_duration(health["start_period"]);
    if (const auto retries = health["retries"]) config.health->retries = static_cast<int>(retries.number());
  }
  return config;
}

void write_behaviour(JsonWriter& json, const Behaviour& behaviour) {
  json.object("behaviour", [&] {
    write_duration(json, "exits_after", behaviour.exits_after);
    json.member("exit_code", behaviour.exit_code);
    write_duration(json, "healthy_after", behaviour.healthy_after);
    write_duration(json, "unhealthy_after", behaviour.unhealthy_after);
    json.optional("start_error", behaviour.start_error);
    json.optional("output", behaviour.output);
  });
}

Behaviour read_behaviour(JsonView json) {
  Behaviour behaviour;
  behaviour.exits_after = read_duration(json["exits_after"]);
  behaviour.exit_code = static_cast<int>(json["exit_code"].number());
  behaviour.healthy_after = read_duration(json["healthy_after"]);
  behaviour.unhealthy_after = read_duration(json["unhealthy_after"]);
  behaviour.start_error = json["start_error"].text();
  behaviour.output = json["output"].text();
  return behaviour;
}

// An archive of images is a tar; here of the one list that names them, which has all the rest in it as well.
constexpr std::string_view list_name = "manifest.json";
constexpr size_t tar_block = 512, size_field = 124, checksum_field = 148, type_field = 156, magic_field = 257;

std::string tar_of_list(const std::string& list) {
  std::string tar(tar_block, '\0');
  tar.replace(0, list_name.size(), list_name);
  tar.replace(size_field, 11, format("{:011o}", list.size()));
  tar[type_field] = '0';
  tar.replace(magic_field, 8, std::string_view("ustar\00000", 8));
  tar.replace(checksum_field, 8, 8, ' ');
  unsigned sum = 0;
  for (const char c : tar) sum += static_cast<unsigned char>(c);
  tar.replace(checksum_field, 7, format("{:06o}", sum) + '\0');
  tar += list;
  tar.resize((tar.size() + tar_block - 1) / tar_block * tar_block + 2 * tar_block, '\0');
  return tar;
}

std::string_view list_of_tar(std::string_view tar) {
  if (!tar.starts_with(list_name) || tar.size() < tar_block) throw EngineError(500, "this is not an archive of images");
  const size_t size = std::stoul(std::string(tar.substr(size_field, 11)), nullptr, 8);
  return tar.substr(tar_block, size);
}

}  // namespace

std::string MemoryEngine::Universe::saved(const std::vector<std::string>& references) const {
  JsonWriter json;
  json.object([&] {
    json.list("images", [&] {
      for (const auto& reference : references) {
        const auto id = find_image(reference);
        if (!id) throw NotFound(ErrorCode::image_not_found, format("there is no image {}", reference));
        const Recipe& recipe = images.at(*id).recipe;
        json.object([&] {
          json.member("id", *id);
          // As the engine does it: who names an image by its id gets it without its tags.
          const std::string full = full_reference(reference);
          json.member("RepoTags", tags.contains(full) ? std::vector{full} : std::vector<std::string>());
          write_config(json, recipe.config);
          write_behaviour(json, recipe.behaviour);
        });
      }
    });
  });
  return tar_of_list(json.text());
}

std::vector<std::string> MemoryEngine::Universe::load(std::string_view saved) {
  const auto document = JsonDocument::parse(list_of_tar(saved));
  if (!document.root()["images"].is_list()) throw EngineError(500, "this is not an archive of images");
  std::vector<std::string> loaded;
  document.root()["images"].each_item([&](JsonView image) {
    const std::string id = image["id"].text();
    const std::string tag = image["RepoTags"].texts().empty() ? "" : image["RepoTags"].texts().front();
    store_image(id, {read_config(image["config"]), read_behaviour(image["behaviour"])});
    if (!tag.empty()) tags[tag] = id;
    loaded.push_back(tag.empty() ? id : tag);
    changes.push_back("load " + loaded.back());
    record(now, "image", "load", loaded.back());
  });
  return loaded;
}

}  // namespace belay::engine
