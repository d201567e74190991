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

// A pull without a tag would fetch every tag there is; with a digest the tag does not count.
std::string tag_or_digest(const ImageRef& reference) {
  return reference.digest.empty() ? reference.tag : reference.digest;
}

// Registries say it in many ways.
bool is_about_login(std::string_view message) {
  for (const std::string_view words : {"no basic auth", "unauthorized", "denied", "authentication required"})
    if (message.find(words) != std::string_view::npos) return true;
  return false;
}

// Why a registry that lets nobody in without a login had none.
std::string login_hint(const RegistryLogins& logins, const ImageRef& image) {
  const std::string trouble = logins.trouble();
  const std::string hint = format("Log in with 'docker login {}': Belay uses its logins.", image.registry());
  return trouble.empty() ? hint : format("No login could be had: {}. {}", trouble, hint);
}

// Engines pass a registry's refusal on under statuses of their own; its words are more reliable.
[[noreturn]] void refuse_registry(const net::Response& response, const ImageRef& image, const RegistryLogins& logins) {
  const std::string words = refusal_text(response);
  if (response.status == 429 || is_about_rate(words))
    throw EngineError(429, format("the registry {} wants fewer requests: {}", image.registry(), words));
  if (response.status == 401 || response.status == 403 || is_about_login(words))
    throw EngineError(ErrorCode::registry_denied, 401,
                      format("the registry {} denied access: {}", image.registry(), words), login_hint(logins, image));
  if (response.status == 404 || words.find("manifest unknown") != std::string::npos)
    throw NotFound(ErrorCode::image_not_found, format("the registry {} has no {}", image.registry(), image.text()));
  throw EngineError(response.status,
                    format("asking the registry {} for {}: {}", image.registry(), image.text(), words));
}

}  // namespace

std::string image_name(const std::string& reference) {
  return is_id(reference) ? reference : ImageRef::parse(reference).text();
}

std::vector<Image> DockerEngine::images(const ImageFilter& filter, std::stop_token stop) {
  std::map<std::string, std::vector<std::string>> filters;
  if (filter.label) filters["label"] = {*filter.label};
  if (filter.reference) filters["reference"] = {*filter.reference};
  Target target("/images/json");
  if (!filters.empty()) target.with("filters", filters_json(filters));
  const auto answer = accepted_list(connection_.get(target, stop));
  std::vector<Image> found;
  answer.root().each_item([&](JsonView entry) { found.push_back(decode_image_entry(entry)); });
  return found;
}

std::optional<Image> DockerEngine::image(const std::string& reference, std::stop_token stop) {
  const auto response = connection_.get(Target("/images/" + escaped(image_name(reference)) + "/json"), stop);
  if (response.status == 404) return {};
  const auto document = accepted_object(response);
  if (document.root()["Id"].text().empty())
    throw EngineError(0, format("the engine's answer about the image {} does not describe one", reference));
  return decode_image(document.root());
}

void DockerEngine::tag_image(const std::string& image, const std::string& reference, std::stop_token stop) {
  const ImageRef to = ImageRef::parse(reference);
  Target target("/images/" + escaped(image_name(image)) + "/tag");
  const auto response = connection_.post(target.with("repo", to.repository).with("tag", to.tag), "", stop);
  if (response.status == 404)
    throw NotFound(ErrorCode::image_not_found, format("there is no image {} on this engine", image));
  if (!says_done(response, {201})) refuse(response);
}

namespace {

// What follows STOPSIGNAL. Before version 24 the engine takes this instruction from no commit, but always as a setting
// beside the instructions.
std::optional<std::string> signal_of(const std::string& change) {
  constexpr std::string_view word = "stopsignal ";
  if (!lower(change).starts_with(word)) return {};
  return std::string(trim(change.substr(word.size())));
}

}  // namespace

std::string DockerEngine::commit_container(const CommitRequest& request, std::stop_token stop) {
  const ImageRef to = ImageRef::parse(request.reference);
  Target target("/commit");
  target.with("container", request.container).with("repo", to.repository).with("tag", to.tag);
  target.with_optional("comment", request.message).with_optional("author", request.author);
  std::string signal;
  for (const auto& change : request.changes) {
    if (const auto said = signal_of(change))
      signal = *said;
    else
      target.with("changes", change);
  }
  JsonWriter settings;
  settings.object([&] { settings.optional("StopSignal", signal); });
  // A container with much in it takes its time.
  const auto response = connection_.work(target, settings.text(), stop);
  if (response.status == 404)
    throw NotFound(ErrorCode::container_not_found,
                   format("there is no container {} on this engine", request.container));
  const auto document = accepted_object(response);
  if (!says_done(response, {201})) refuse(response);
  return document.root()["Id"].text();
}

std::optional<std::string> DockerEngine::user_of_image(const std::string& reference, std::stop_token stop) {
  const auto found = image(reference, stop);
  if (!found) return {};
  for (const auto& container : containers({.all = true, .label = {}}, stop))
    if (container.image_id == found->id) return container.name;
  return {};
}

ImageRemoval DockerEngine::remove_reference(const UnwantedImage& unwanted, std::stop_token stop) {
  const std::string& reference = unwanted.reference;
  Target target("/images/" + escaped(reference));
  if (unwanted.force) target.with("force", "1");
  if (unwanted.keeps_parents) target.with("noprune", "1");
  const auto response = connection_.remove(target, stop);
  if (says_done(response, {200})) return {.removed = true, .reason = {}};
  // "unrecognized image ID": another removal took a shared parent away this very moment; the name is gone as well then.
  if (response.status == 404 || refusal_text(response).find("unrecognized image ID") != std::string::npos)
    return {.removed = false, .reason = "it is not there"};
  if (response.status == 409) {
    const auto user = user_of_image(reference, stop);
    return {.removed = false, .reason = user ? format("the container {} uses it", *user) : refusal_text(response)};
  }
  refuse(response);
}

ImageRemoval DockerEngine::remove_image(const UnwantedImage& unwanted, std::stop_token stop) {
  const std::string& reference = unwanted.reference;
  const auto by_name = [&](const std::string& name) {
    UnwantedImage one = unwanted;
    one.reference = name;
    return remove_reference(one, stop);
  };
  if (!is_id(reference)) return by_name(image_name(reference));
  const auto found = image(reference, stop);
  if (!found) return {.removed = false, .reason = "it is not there"};
  if (const auto user = unwanted.force ? std::nullopt : user_of_image(reference, stop))
    return {.removed = false, .reason = format("the container {} uses it", *user)};
  if (const auto name = kept_name(unwanted, *found))
    return {.removed = false, .reason = format("it is also tagged {}", *name)};
  // The last name to go takes the image with it.
  for (const auto* names : {&found->tags, &found->digests})
    for (const auto& name : *names) {
      const auto removal = by_name(name);
      if (!removal.removed && image(name, stop)) return removal;
    }
  const auto removal = by_name(found->id);
  return removal.removed || image(found->id, stop) ? removal : ImageRemoval{.removed = true, .reason = {}};
}

void DockerEngine::transfer(const Target& target, const ImageRef& image, const ProgressSink& progress,
                            std::stop_token stop) {
  TransferProgress transfer(progress, image);
  JsonStream messages([&](JsonView message) { transfer.take(message); });
  const net::Headers login = {{"X-Registry-Auth", logins_.auth_header(image.registry(), stop)}};
  try {
    const auto response = connection_.stream(
        target, {.method = "POST", .headers = login, .body = {}, .patience = connection_.patience().transfer},
        [&](std::string_view bytes) {
          messages.feed(bytes);
          return true;
        },
        stop);
    if (!response.ok()) {
      const std::string words = without_name(refusal_text(response), image);
      if (response.status == 429 || is_about_rate(words))
        throw EngineError(429, format("the registry {} wants fewer requests: {}", image.registry(), words));
      refuse(response.status, words);
    }
    transfer.finish();
  } catch (Error& error) {
    if (is_about_login(error.what())) error.offer_hint(login_hint(logins_, image));
    throw;
  }
}

void DockerEngine::pull(const std::string& reference, const ProgressSink& progress, std::stop_token stop) {
  const ImageRef image = ImageRef::parse(reference);
  Target target("/images/create");
  target.with("fromImage", image.repository).with("tag", tag_or_digest(image));
  transfer(target, image, progress, stop);
}

RegistryImage DockerEngine::registry_image(const std::string& reference, std::stop_token stop) {
  const ImageRef image = ImageRef::parse(reference);
  std::string body;
  const auto response = connection_.stream(
      Target("/distribution/" + escaped(image.text()) + "/json"),
      {.method = "GET",
       .headers = {{"X-Registry-Auth", logins_.auth_header(image.registry(), stop)}},
       .body = {},
       .patience = Milliseconds(60'000)},
      [&](std::string_view bytes) {
        body += bytes;
        return true;
      },
      stop);
  if (!response.ok()) refuse_registry(response, image, logins_);
  const auto answer = JsonDocument::parse(body);
  RegistryImage found;
  found.digest = answer.root()["Descriptor"]["digest"].text();
  answer.root()["Platforms"].each_item([&](JsonView platform) {
    found.platforms.push_back({platform["os"].text(), platform["architecture"].text(), platform["variant"].text()});
  });
  if (!found.digest.starts_with("sha256:"))
    throw EngineError(response.status,
                      format("the registry {} names no digest for {}", image.registry(), image.text()));
  return found;
}

std::optional<Login> DockerEngine::login_for(const std::string& registry, std::stop_token stop) {
  return logins_.login(registry, stop);
}

RegistryWays DockerEngine::registry_ways(std::stop_token stop) {
  return decode_registry_ways(accepted_object(connection_.get(Target("/info"), stop)).root());
}

void DockerEngine::push(const std::string& reference, const ProgressSink& progress, std::stop_token stop) {
  const ImageRef image = ImageRef::parse(reference);
  Target target("/images/" + escaped(image.repository) + "/push");
  transfer(target.with("tag", image.tag), image, progress, stop);
}

std::string DockerEngine::build(const BuildRequest& request, const ProgressSink& progress, std::stop_token stop) {
  return run_build(connection_, request, logins_.config_header(stop), progress, stop);
}

}  // namespace belay::engine
