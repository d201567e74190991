#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "engine_memory/memory_universe.h"
#include "model/names.h"

namespace belay::engine {

std::string hex_name(std::string_view seed) {
  std::uint64_t state = 14695981039346656037u;
  for (const char c : seed) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::string text;
  for (int part = 0; part < 4; ++part) {
    state += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    text += format("{:016x}", mixed ^ (mixed >> 31));
  }
  return text;
}

std::string full_reference(const std::string& reference) {
  std::string text = ImageRef::parse(reference).text();
  for (const std::string_view prefix : {"docker.io/library/", "docker.io/"})
    if (text.starts_with(prefix)) return text.substr(prefix.size());
  return text;
}

std::string image_id(const std::string& reference, const std::string& version) {
  return "sha256:" + hex_name(full_reference(reference) + "\n" + version);
}

namespace {

// "web:1" → "web@sha256:…"
std::string digest_reference(const std::string& reference, const std::string& id) {
  return ImageRef::parse(reference).repository + "@sha256:" + hex_name("digest of " + id);
}

// Beside a digest the tag does not count.
std::string registry_reference(const std::string& reference) {
  ImageRef image = ImageRef::parse(full_reference(reference));
  if (!image.digest.empty()) image.tag.clear();
  return image.text();
}

}  // namespace

void MemoryEngine::Universe::store_image(const std::string& id, const Recipe& recipe) {
  const auto [place, is_new] = images.try_emplace(id);
  place->second.recipe = recipe;
  if (is_new) place->second.created = now;
}

std::optional<std::string> MemoryEngine::Universe::find_image(const std::string& reference) const {
  if (!reference.starts_with("sha256:")) {
    const std::string full = full_reference(reference);
    if (const auto tagged = tags.find(full); tagged != tags.end()) return tagged->second;
    for (const auto& [id, stored] : images)
      if (stored.digests.contains(full)) return id;
  }
  // The front of an id is enough, as long as it is the only one.
  const std::string wanted = reference.starts_with("sha256:") ? reference : "sha256:" + reference;
  const auto found = images.lower_bound(wanted);
  if (found == images.end() || !found->first.starts_with(wanted)) return {};
  if (const auto next = std::next(found); next != images.end() && next->first.starts_with(wanted)) return {};
  return found->first;
}

std::vector<std::string> MemoryEngine::Universe::tags_of(const std::string& id) const {
  std::vector<std::string> found;
  for (const auto& [reference, tagged] : tags)
    if (tagged == id) found.push_back(reference);
  return found;
}

Image MemoryEngine::Universe::image(const std::string& id) const {
  const StoredImage& stored = images.at(id);
  Image shown;
  shown.id = id;
  shown.tags = tags_of(id);
  shown.digests.assign(stored.digests.begin(), stored.digests.end());
  shown.created = stored.created;
  shown.size = {1 << 20};
  shown.config = stored.recipe.config;
  return shown;
}

void MemoryEngine::Universe::tag(const std::string& image_name, const std::string& reference) {
  const auto id = find_image(image_name);
  if (!id) throw NotFound(ErrorCode::image_not_found, format("there is no image {}", image_name));
  const std::string full = full_reference(reference);
  if (const auto tagged = tags.find(full); tagged != tags.end() && tagged->second == *id) return;
  tags[full] = *id;
  changes.push_back("tag " + full);
  record(now, "image", "tag", full);
}

std::string MemoryEngine::Universe::commit(const CommitRequest& request) {
  const std::string& image = container(request.container).image_id;
  const std::string id = image_id(request.reference, format("commit {}", ++last_serial));
  Recipe recipe = images.at(image).recipe;
  store_image(id, recipe);
  tags[full_reference(request.reference)] = id;
  changes.push_back(format("commit {} as {}", request.container, full_reference(request.reference)));
  record(now, "image", "tag", full_reference(request.reference));
  return id;
}

void MemoryEngine::Universe::untag(const std::string& reference) {
  tags.erase(reference);
  changes.push_back("untag " + reference);
  record(now, "image", "untag", reference);
}

void MemoryEngine::Universe::drop_image(const std::string& id) {
  images.erase(id);
  record(now, "image", "delete", id);
}

const std::string* MemoryEngine::Universe::user_of(const std::string& image_id) const {
  for (const auto& [name, stored] : containers)
    if (stored.image_id == image_id) return &name;
  return nullptr;
}

ImageRemoval MemoryEngine::Universe::remove_image(const UnwantedImage& unwanted) {
  const std::string& reference = unwanted.reference;
  const auto id = find_image(reference);
  if (!id) return {false, format("there is no image {}", reference)};
  const std::string full = reference.starts_with("sha256:") ? reference : full_reference(reference);
  const auto known_tags = tags_of(*id);
  if (tags.contains(full) && known_tags.size() > 1) {
    untag(full);
    return {true, {}};
  }
  if (const auto name = kept_name(unwanted, image(*id)); name && reference.starts_with("sha256:"))
    return {false, format("it is also tagged {}", *name)};
  // The engine keeps even the last tag of an image that a container, running or not, was made from.
  if (const auto* user = user_of(*id);
      user != nullptr && (!unwanted.force || containers.at(*user).state == ContainerState::running))
    return {false, format("container {} uses it", *user)};
  for (const auto& known : known_tags) untag(known);
  if (known_tags.empty()) changes.push_back("remove image " + *id);
  drop_image(*id);
  return {true, {}};
}

std::string MemoryEngine::Universe::offer(const std::string& reference, const Offer& offer) {
  const std::string full = full_reference(reference);
  const std::string by_digest = digest_reference(full, offer.id);
  registry[full] = offer;
  registry[by_digest] = offer;
  return ImageRef::parse(by_digest).digest;
}

RegistryImage MemoryEngine::Universe::registry_image(const std::string& reference) {
  ++registry_questions;
  const std::string full = registry_reference(reference);
  const auto offered = registry.find(full);
  if (offered == registry.end())
    throw NotFound(ErrorCode::image_not_found, format("the registry has no image {}", full));
  const auto lie = registry_lies.find(full);
  const std::string true_one = ImageRef::parse(digest_reference(full, offered->second.id)).digest;
  return {lie == registry_lies.end() ? true_one : lie->second, {{"linux", "amd64", {}}}};
}

void MemoryEngine::Universe::pull(const std::string& reference) {
  const std::string full = registry_reference(reference);
  const bool by_digest = !ImageRef::parse(full).digest.empty();
  const auto offered = registry.find(full);
  if (offered == registry.end())
    throw NotFound(ErrorCode::image_not_found, format("the registry has no image {}", full));
  const std::string id = offered->second.id;
  const bool is_new = !images.contains(id);
  store_image(id, offered->second.recipe);
  images.at(id).digests.insert(digest_reference(full, id));
  // What is pulled by its digest gets no tag.
  if (by_digest) {
    if (is_new) changes.push_back("pull " + full);
    return;
  }
  if (const auto tagged = tags.find(full); tagged != tags.end() && tagged->second == id) return;
  tags[full] = id;
  changes.push_back("pull " + full);
  record(now, "image", "pull", full);
}

void MemoryEngine::Universe::push(const std::string& reference) {
  const std::string full = full_reference(reference);
  const auto tagged = tags.find(full);
  if (tagged == tags.end()) throw NotFound(ErrorCode::image_not_found, format("there is no image {}", full));
  StoredImage& stored = images.at(tagged->second);
  offer(full, {tagged->second, stored.recipe});
  stored.digests.insert(digest_reference(full, tagged->second));
  changes.push_back("push " + full);
  record(now, "image", "push", full);
}

std::string MemoryEngine::Universe::build(const BuildRequest& request) {
  if (next_build_failure) {
    const std::string message = *next_build_failure;
    next_build_failure.reset();
    throw Error(ErrorCode::engine_refused, message);
  }
  PlannedBuild planned = next_build.value_or(PlannedBuild{format("build {}", ++last_serial), {}});
  next_build.reset();
  for (const auto& [key, value] : request.labels) planned.recipe.config.labels[key] = value;
  const std::string id = image_id(request.tags.empty() ? "untagged" : request.tags.front(), planned.version);
  store_image(id, planned.recipe);
  for (const auto& wanted : request.tags) tags[full_reference(wanted)] = id;
  changes.push_back("build " + (request.tags.empty() ? id : full_reference(request.tags.front())));
  for (const auto& wanted : request.tags) record(now, "image", "tag", full_reference(wanted));
  return id;
}

}  // namespace belay::engine
