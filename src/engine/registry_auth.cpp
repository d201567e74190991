#include "engine/registry_auth.h"

#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/json.h"

namespace belay::engine {

namespace {

// Under this key, for reasons of history, stands the login for docker.io.
constexpr const char* hub_key = "https://index.docker.io/v1/";

// What config.json says, before any helper is asked.
struct Config {
  std::map<std::string, Login> logins;         // by key as written
  std::map<std::string, std::string> helpers;  // registry → helper
  std::string store;                           // the helper for all others
};

std::string key_of(const std::string& registry) {
  return registry.empty() || registry == "docker.io" || registry == "index.docker.io" ? hub_key : registry;
}

// Keys were URLs once, and some still are: "https://registry.example/v2/" means registry.example.
std::string host_of(std::string_view key) {
  if (key == hub_key) return std::string(key);
  if (const size_t scheme = key.find("://"); scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  return std::string(key.substr(0, key.find('/')));
}

Login login_of(JsonView entry) {
  Login login;
  if (const auto pair = base64_decoded(entry["auth"].text()); pair && pair->find(':') != std::string::npos) {
    const size_t colon = pair->find(':');
    login.username = pair->substr(0, colon);
    login.password = pair->substr(colon + 1);
    while (!login.password.empty() && login.password.back() == '\0') login.password.pop_back();
  } else {
    login.username = entry["username"].text();
    login.password = entry["password"].text();
  }
  login.identity_token = entry["identitytoken"].text();
  return login;
}

bool is_empty(const Login& login) {
  return login.username.empty() && login.password.empty() && login.identity_token.empty();
}

Config read_config(const fs::path& folder) {
  Config config;
  const fs::path file = folder / "config.json";
  const auto text = read_file_if_present(file);
  if (!text || trim(*text).empty()) return config;
  try {
    const auto document = JsonDocument::parse(*text);
    document.root()["auths"].each_member([&](std::string_view key, JsonView entry) {
      // With a store the entries here are empty markers.
      if (const Login login = login_of(entry); !is_empty(login)) config.logins[std::string(key)] = login;
    });
    config.helpers = document.root()["credHelpers"].text_map();
    config.store = document.root()["credsStore"].text();
  } catch (const EngineError&) {
    throw Error(format("reading registry logins: {} is not valid JSON", file.string()));
  }
  return config;
}

ProcessResult run_helper(const std::string& helper, const std::string& verb, const std::string& input,
                         std::stop_token stop) {
  return doing(format("asking docker-credential-{} for registry logins", helper), [&] {
    return run_process(
        {.command = {"docker-credential-" + helper, verb}, .input = input, .environment = {}, .folder = {}}, stop);
  });
}

std::optional<Login> ask_helper(const std::string& helper, const std::string& key, std::stop_token stop) {
  const ProcessResult answer = run_helper(helper, "get", key, stop);
  if (answer.exit_code != 0) {
    // Helpers say "not found" on standard output, in these words, by protocol.
    if (answer.output.find("credentials not found") != std::string::npos) return {};
    const std::string words = printable(trim(answer.output.empty() ? answer.errors : answer.output));
    throw Error(format("docker-credential-{} could not give the login for {}: {}", helper, host_of(key), words));
  }
  Login login;
  try {
    const auto document = JsonDocument::parse(answer.output);
    const std::string name = document.root()["Username"].text();
    const std::string secret = document.root()["Secret"].text();
    if (name == "<token>") {
      login.identity_token = secret;
    } else {
      login.username = name;
      login.password = secret;
    }
  } catch (const EngineError&) {
    throw Error(format("docker-credential-{} answered something that is not JSON", helper));
  }
  if (is_empty(login)) return {};
  return login;
}

void write_login(JsonWriter& json, const std::string& key, const Login& login) {
  json.optional("username", login.username);
  json.optional("password", login.password);
  json.optional("identitytoken", login.identity_token);
  json.member("serveraddress", key);
}

std::vector<std::string> keys_of_store(const std::string& helper, std::stop_token stop) {
  try {
    const ProcessResult answer = run_helper(helper, "list", "", stop);
    if (answer.exit_code != 0) return {};
    return JsonDocument::parse(answer.output).root().keys();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::optional<Login> RegistryLogins::login(const std::string& registry, std::stop_token stop) const {
  const std::string key = key_of(registry);
  const std::string host = host_of(key);
  if (given_ && host_of(key_of(given_->server)) == host) return given_->login;
  const Config config = read_config(folder_);
  for (const auto& [name, helper] : config.helpers)
    if (host_of(key_of(name)) == host) return ask_helper(helper, name, stop);
  if (!config.store.empty()) {
    if (auto found = ask_helper(config.store, key, stop)) return found;
  }
  if (const auto exact = config.logins.find(key); exact != config.logins.end()) return exact->second;
  for (const auto& [name, login] : config.logins)
    if (host_of(name) == host) return login;
  return {};
}

std::string RegistryLogins::auth_header(const std::string& registry, std::stop_token stop) const {
  JsonWriter json;
  json.object([&] {
    if (const auto found = login(registry, stop)) write_login(json, key_of(registry), *found);
  });
  return base64_url(json.text());
}

std::string RegistryLogins::config_header(std::stop_token stop) const {
  const Config config = read_config(folder_);
  std::map<std::string, Login> all = config.logins;
  std::map<std::string, std::string> asked;  // key → helper
  if (!config.store.empty())
    for (const auto& key : keys_of_store(config.store, stop)) asked[key] = config.store;
  for (const auto& [name, helper] : config.helpers) asked[name] = helper;
  for (const auto& [key, helper] : asked) {
    try {
      if (const auto found = ask_helper(helper, key, stop)) all[key] = *found;
    } catch (const Cancelled&) {
      throw;
    } catch (const Error&) {
      continue;
    }
  }
  if (given_) {
    const std::string host = host_of(key_of(given_->server));
    std::erase_if(all, [&](const auto& known) { return host_of(known.first) == host; });
    all[host] = given_->login;
  }
  JsonWriter json;
  json.object([&] {
    for (const auto& [key, login] : all) json.object(key, [&] { write_login(json, key, login); });
  });
  return base64_url(json.text());
}

}  // namespace belay::engine
