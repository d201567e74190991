#include "service_image/check.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "service_image/convention.h"

namespace belay::service_image {

namespace {

// "1000:1000" → "1000".
std::string user_part(const std::string& user) {
  return user.substr(0, user.find(':'));
}

Rule rule_of_user(const Image& image) {
  Rule rule{"user", "USER is not root", true, false, {}};
  const std::string user = user_part(image.config.user);
  if (user.empty())
    rule.detail = "the image sets no USER, so it is root";
  else if (user == "root" || (parse_number(user) && *parse_number(user) == 0))
    rule.detail = "USER is root";
  else
    rule.passed = true;
  return rule;
}

// A user's name stands for a number that only the image knows; one that is given as a number must be the agreed one.
Rule rule_of_user_id(const Image& image) {
  Rule rule{"user-id",
            format("USER is {} ({}), in group {} ({})", user_name, user_id, group_name, user_id),
            false,
            false,
            {}};
  const std::string user = user_part(image.config.user);
  rule.passed = user == user_name || user == format("{}", user_id);
  if (!rule.passed) rule.detail = user.empty() ? "it sets none" : format("it is {}", printable(image.config.user));
  return rule;
}

Rule rule_of_volume(const Image& image) {
  Rule rule{"config", format("{} is a VOLUME", config_folder), true, false, {}};
  const auto& volumes = image.config.volumes;
  rule.passed = std::any_of(volumes.begin(), volumes.end(), [](const std::string& volume) {
    return volume == config_folder || volume == format("{}/", config_folder);
  });
  if (!rule.passed)
    rule.detail =
        volumes.empty() ? "the image has no VOLUME" : format("the image has {}", printable(join(volumes, ", ")));
  return rule;
}

Rule rule_of_script(const Scripts& scripts, std::string_view name) {
  Rule rule{format("script-{}", name), format("{}/{} can be run", scripts_folder, name), true, false, {}};
  const ScriptFile* file = scripts.find(std::string(name));
  if (file == nullptr)
    rule.detail = scripts.files.contains(std::string(name)) ? "it is no file" : "it is missing";
  else if (!file->executable)
    rule.detail = "it is not executable";
  else if (file->content.empty())
    rule.detail = "it is empty";
  else
    rule.passed = true;
  return rule;
}

// What the kernel would not run, or would look for in a place that a host may not have.
Rule rule_of_interpreters(const Scripts& scripts) {
  Rule rule{"interpreter", "every command begins with #! and an absolute path, or is an ELF program", false, true, {}};
  std::vector<std::string> others;
  for (const auto& name : scripts.commands()) {
    const std::string& content = scripts.find(name)->content;
    if (!content.starts_with("#!/") && !content.starts_with("#! /") && !content.starts_with("\177ELF"))
      others.push_back(name);
  }
  rule.passed = others.empty();
  if (!others.empty()) rule.detail = format("{} {}", join(others, ", "), others.size() == 1 ? "does not" : "do not");
  return rule;
}

std::string digest_of(const Image& image, const std::string& reference) {
  const ImageRef ref = ImageRef::parse(reference);
  if (!ref.digest.empty()) return ref.digest;
  for (const auto& known : image.digests) {
    const ImageRef at = ImageRef::parse(known);
    if (at.repository == ref.repository || at.repository == "docker.io/" + ref.repository ||
        at.repository == "docker.io/library/" + ref.repository || "docker.io/" + at.repository == ref.repository)
      return at.digest;
  }
  return {};
}

}  // namespace

bool Examined::passes() const {
  return std::all_of(rules.begin(), rules.end(), [](const Rule& rule) { return rule.passed || !rule.required; });
}

void Examined::expect_to_pass() const {
  std::vector<std::string> broken;
  for (const auto& rule : rules)
    if (rule.required && !rule.passed) broken.push_back(format("{}: {}", rule.text, rule.detail));
  if (broken.empty()) return;
  throw Error(ErrorCode::bad_service_image,
              format("{} is not fit to be a service: {}", printable(reference), join(broken, "; ")),
              format("belay check-image {} lists every rule.", shell_quoted(reference)));
}

std::vector<Rule> rules_for(const Image& image, const std::optional<Scripts>& scripts, const std::string& trouble) {
  std::vector<Rule> rules;
  Rule folder{
      "folder", format("{} holds scripts that can be taken out", scripts_folder), true, scripts.has_value(), {}};
  if (!scripts) folder.detail = trouble.empty() ? format("there is no {}", scripts_folder) : trouble;
  rules.push_back(std::move(folder));
  const Scripts known = scripts.value_or(Scripts{});
  for (const auto name : required_scripts) {
    rules.push_back(rule_of_script(known, name));
    if (!scripts) rules.back().detail = "it was not looked for";
  }
  rules.push_back(rule_of_volume(image));
  rules.push_back(rule_of_user(image));
  rules.push_back(rule_of_user_id(image));
  Rule manifest{"manifest", "the rights that it asks for can be read", true, true, {}};
  try {
    std::ignore = manifest_of(known, image.config.labels);
  } catch (const Error& error) {
    manifest.passed = false;
    manifest.detail = error.what();
  }
  rules.push_back(std::move(manifest));
  if (scripts) rules.push_back(rule_of_interpreters(known));
  return rules;
}

Examined examine(engine::Engine& engine, const std::string& reference, std::stop_token stop) {
  const auto image = engine.image(reference, stop);
  if (!image) throw NotFound(ErrorCode::image_not_found, format("there is no image {} here", printable(reference)));
  Examined examined;
  examined.image = *image;
  examined.reference = reference;
  examined.digest = digest_of(*image, reference);
  std::string trouble;
  try {
    examined.scripts = read_scripts(engine, image->id, {{labels::temporary, "check-image"}}, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::bad_service_image && error.code() != ErrorCode::bad_archive) throw;
    trouble = error.what();
  }
  examined.rules = rules_for(*image, examined.scripts, trouble);
  if (examined.passes()) examined.manifest = manifest_of(*examined.scripts, image->config.labels);
  return examined;
}

}  // namespace belay::service_image
