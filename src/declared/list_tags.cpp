// The tags of a repository, asked of its registry in the way that the engine itself takes to it.

#include <algorithm>
#include <cstdlib>

#include "declared/declared.h"
#include "net/proxy.h"
#include "registry/registry.h"

namespace belay::declared {

namespace {

bool is_insecure(const engine::RegistryWays& ways, const std::string& registry) {
  const std::string host = registry.substr(0, registry.starts_with('[') ? registry.find(']') + 1 : registry.find(':'));
  return std::any_of(ways.insecure.begin(), ways.insecure.end(),
                     [&](const std::string& entry) { return entry == registry || net::is_in_network(host, entry); });
}

// Where an engine without root looks.
fs::path certificates_of_user() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  if (config != nullptr && *config != '\0') return fs::path(config) / "docker/certs.d";
  return home == nullptr ? fs::path() : fs::path(home) / ".config/docker/certs.d";
}

}  // namespace

std::vector<std::string> list_tags(engine::Engine& engine, const ImageRef& image, std::stop_token stop) {
  const engine::RegistryWays ways = engine.registry_ways(stop);
  registry::Access access;
  access.mirrors = ways.mirrors;
  access.insecure = is_insecure(ways, image.registry());
  access.proxy = net::ProxySettings::from_environment();
  if (access.proxy.empty()) access.proxy = {ways.http_proxy, ways.https_proxy, ways.no_proxy};
  if (ways.rootless) access.certificates = certificates_of_user();
  if (const auto login = engine.login_for(image.registry(), stop))
    access.login = registry::Credentials{login->username, login->password, login->identity_token};
  return registry::list_tags(image, access, stop);
}

}  // namespace belay::declared
