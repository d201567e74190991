#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "engine/docker_build.h"
#include "engine/docker_engine.h"
#include "model/names.h"

namespace belay::engine {

namespace {

bool is_id(const std::string& reference) {
  return reference.starts_with("sha256:");
}

// With its tag: a bare "cafe" could be taken for the beginning of an id.
std::string full_reference(const std::string& reference) {
  return is_id(reference) ? reference : ImageRef::parse(reference).text();
}

// A pull without a tag would fetch every tag there is; with a digest the tag does not count.
std::string tag_or_digest(const ImageRef& reference) {
  return reference.digest.empty() ? reference.tag : reference.digest;
}

}  // namespace

std::vector<Image> DockerEngine::images(const ImageFilter& filter, std::stop_token stop) {
  std::map<std::string, std::vector<std::string>> filters;
  if (filter.label) filters["label"] = {*filter.label};
  if (filter.reference) filters["reference"] = {*filter.reference};
  Target target("/images/json");
  if (!filters.empty()) target.with("filters", filters_json(filters));
  const auto answer = accepted(connection_.get(target, stop));
  std::vector<Image> found;
  answer.root().each_item([&](JsonView entry) { found.push_back(decode_image_entry(entry)); });
  return found;
}

std::optional<Image> DockerEngine::image(const std::string& reference, std::stop_token stop) {
  const auto response = connection_.get(Target("/images/" + escaped(full_reference(reference)) + "/json"), stop);
  if (response.status == 404) return {};
  return decode_image(accepted(response).root());
}

void DockerEngine::tag_image(const std::string& image, const std::string& reference, std::stop_token stop) {
  const ImageRef to = ImageRef::parse(reference);
  Target target("/images/" + escaped(full_reference(image)) + "/tag");
  const auto response = connection_.post(target.with("repo", to.repository).with("tag", to.tag), "", stop);
  if (response.status == 404) throw NotFound(format("there is no image {} on this engine", image));
  if (!response.ok()) refuse(response);
}

ImageRemoval DockerEngine::remove_reference(const std::string& reference, std::stop_token stop) {
  const auto response = connection_.remove(Target("/images/" + escaped(reference)), stop);
  if (response.ok()) return {.removed = true, .reason = {}};
  if (response.status == 404) return {.removed = false, .reason = "it is not there"};
  if (response.status == 409) {
    // "conflict: unable to remove repository reference … (must force) - container … is using its referenced image …"
    const std::string message = refusal_text(response);
    const size_t dash = message.find(" - ");
    return {.removed = false, .reason = dash == std::string::npos ? message : message.substr(dash + 3)};
  }
  refuse(response);
}

ImageRemoval DockerEngine::remove_image(const std::string& reference, std::stop_token stop) {
  if (!is_id(reference)) return remove_reference(full_reference(reference), stop);
  const auto found = image(reference, stop);
  if (!found) return {.removed = false, .reason = "it is not there"};
  for (const auto& container : containers({.all = true, .label = {}}, stop))
    if (container.image_id == found->id)
      return {.removed = false, .reason = format("the container {} uses it", container.name)};
  // The last name to go takes the image with it.
  for (const auto* names : {&found->tags, &found->digests})
    for (const auto& name : *names) {
      const auto removal = remove_reference(name, stop);
      if (!removal.removed && image(name, stop)) return removal;
    }
  const auto removal = remove_reference(found->id, stop);
  return removal.removed || image(found->id, stop) ? removal : ImageRemoval{.removed = true, .reason = {}};
}

void DockerEngine::pull(const std::string& reference, const ProgressSink& progress, std::stop_token stop) {
  const ImageRef image = ImageRef::parse(reference);
  TransferProgress transfer(progress);
  JsonStream messages([&](JsonView message) { transfer.take(message); });
  Target target("/images/create");
  target.with("fromImage", image.repository).with("tag", tag_or_digest(image));
  const auto response = connection_.stream(
      target,
      {.method = "POST", .headers = {{"X-Registry-Auth", logins_.auth_header(image.registry(), stop)}}, .body = {}},
      [&](std::string_view bytes) {
        messages.feed(bytes);
        return true;
      },
      stop);
  if (!response.ok()) refuse(response);
  transfer.finish();
}

void DockerEngine::push(const std::string& reference, const ProgressSink& progress, std::stop_token stop) {
  const ImageRef image = ImageRef::parse(reference);
  TransferProgress transfer(progress);
  JsonStream messages([&](JsonView message) { transfer.take(message); });
  Target target("/images/" + escaped(image.repository) + "/push");
  target.with("tag", image.tag);
  const auto response = connection_.stream(
      target,
      {.method = "POST", .headers = {{"X-Registry-Auth", logins_.auth_header(image.registry(), stop)}}, .body = {}},
      [&](std::string_view bytes) {
        messages.feed(bytes);
        return true;
      },
      stop);
  if (!response.ok()) refuse(response);
  transfer.finish();
}

std::string DockerEngine::build(const BuildRequest& request, const ProgressSink& progress, std::stop_token stop) {
  return run_build(connection_, request, logins_.config_header(stop), progress, stop);
}

}  // namespace belay::engine
