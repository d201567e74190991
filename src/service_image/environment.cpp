#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "service_image/convention.h"
#include "service_image/work.h"

namespace belay::service_image {

namespace {

constexpr const char* usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// How the engine is reached, who is there, and in which language: taken as the caller has them.
constexpr std::array passed_on{"DOCKER_CONFIG",
                               "DOCKER_CERT_PATH",
                               "DOCKER_TLS_VERIFY",
                               "SSH_AUTH_SOCK",
                               "HOME",
                               "USER",
                               "LOGNAME",
                               "LANG",
                               "LC_ALL",
                               "TZ",
                               "TERM"};

// They would make a script run other code than its own.
constexpr std::array<std::string_view, 9> steering{"BELAY_", "LD_",  "DYLD_", "BASH_FUNC_", "PYTHON",
                                                   "PERL5",  "RUBY", "NODE_", "GCONV_PATH"};
constexpr std::array<std::string_view, 12> steering_names{
    "ENV",    "BASH_ENV",   "SHELLOPTS",      "BASHOPTS", "IFS",     "PS4",
    "CDPATH", "GLOBIGNORE", "PROMPT_COMMAND", "PATH",     "PERLLIB", "DOCKER_HOST"};

bool steers(std::string_view name) {
  return std::any_of(steering.begin(), steering.end(), [&](auto prefix) { return name.starts_with(prefix); }) ||
         std::find(steering_names.begin(), steering_names.end(), name) != steering_names.end() ||
         name.starts_with("DR_");
}

}  // namespace

std::map<std::string, std::string> script_variables(const InstalledService& service, const ServiceVersion& version,
                                                    const std::string& engine_endpoint, const fs::path& scripts) {
  std::map<std::string, std::string> all{{"PATH", usual_path}, {"LANG", "C.UTF-8"}, {"HOME", "/"}};
  for (const auto* name : passed_on)
    if (const char* value = std::getenv(name)) all[name] = value;
  all["DOCKER_HOST"] = engine_endpoint;
  all["DR_SERVICE"] = service.name;
  all["DR_IMAGE"] = pinned_tag(service.name, version.image);
  all["DR_REFERENCE"] = version.reference;
  all["DR_DIGEST"] = version.digest;
  all["DR_CONFIG"] = config_volume(service.name);
  all["DR_LABEL"] = label_words(service.name);
  all["DR_SCRIPTS"] = scripts.string();
  return all;
}

std::map<std::string, std::string> callers_variables(const ServiceManifest& manifest, bool inside) {
  std::map<std::string, std::string> taken;
  if (manifest.variables) {
    for (const auto& name : *manifest.variables)
      if (const char* value = std::getenv(name.c_str()); value != nullptr && !steers(name)) taken[name] = value;
    return taken;
  }
  // A container has what its image asks for, no more.
  if (inside) return taken;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t end = text.find('=');
    if (end == std::string::npos || end == 0 || steers(text.substr(0, end))) continue;
    taken[text.substr(0, end)] = text.substr(end + 1);
  }
  return taken;
}

}  // namespace belay::service_image
