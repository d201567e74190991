#include "engine/registry_auth.h"

#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/json.h"

namespace belay::engine {

// What config.json says, before any helper is asked.
struct RegistryLogins::Config {
  std::map<std::string, Login> logins;         // by key as written
  std::map<std::string, std::string> helpers;  // registry → helper
  std::string store;                           // the helper for all others
};

namespace {

// A helper that waits for a person at a screen waits for ever.
constexpr Milliseconds helper_patience{20'000};
constexpr Milliseconds rest_of_a_helper{600'000};
// Under this key, for reasons of history, stands the login for docker.io.
constexpr const char* hub_key = "https://index.docker.io/v1/";

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

ProcessResult run_helper(const std::string& helper, const std::string& verb, const std::string& input,
                         std::stop_token stop) {
  return doing(format("asking docker-credential-{} for registry logins", helper), [&] {
    return run_process({.command = {"docker-credential-" + helper, verb},
                        .input = input,
                        .environment = {},
                        .folder = {},
                        .deadline = helper_patience},
                       stop);
  });
}

std::optional<Login> ask_helper(const std::string& helper, const std::string& key, std::stop_token stop) {
  const ProcessResult answer = run_helper(helper, "get", key, stop);
  if (answer.exit_code != 0) {
    // Helpers say "not found" on standard output, in these words, by protocol.
    if (answer.output.find("credentials not found") != std::string::npos) return {};
    const std::string words = printable(trim(answer.output.empty() ? answer.errors : answer.output));
    throw Error(ErrorCode::program_failed,
                format("docker-credential-{} could not give the login for {}: {}", helper, host_of(key), words));
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
    throw Error(ErrorCode::program_failed, format("docker-credential-{} answered something that is not JSON", helper));
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
  const ProcessResult answer = run_helper(helper, "list", "", stop);
  if (answer.exit_code != 0) return {};
  return JsonDocument::parse(answer.output).root().keys();
}

}  // namespace

RegistryLogins::Config RegistryLogins::config() const {
  Config config;
  const fs::path file = folder_ / "config.json";
  try {
    const auto text = read_file_if_present(file);
    if (!text || trim(*text).empty()) return config;
    const auto document = JsonDocument::parse(*text);
    document.root()["auths"].each_member([&](std::string_view key, JsonView entry) {
      // With a store the entries here are empty markers.
      if (const Login login = login_of(entry); !is_empty(login)) config.logins[std::string(key)] = login;
    });
    config.helpers = document.root()["credHelpers"].text_map();
    config.store = document.root()["credsStore"].text();
  } catch (const EngineError&) {
    note(format("the registry logins in {} cannot be read: it is not valid JSON", file.string()));
  } catch (const Error& error) {
    note(format("the registry logins cannot be read: {}", error.what()));
  }
  return config;
}

bool RegistryLogins::rests(const std::string& helper) const {
  return troubles_.with([&](const Troubles& troubles) {
    const auto found = troubles.resting.find(helper);
    return found != troubles.resting.end() && SystemClock().ticks() < found->second;
  });
}

void RegistryLogins::note(const std::string& trouble) const {
  const bool is_new = troubles_.with([&](Troubles& troubles) {
    troubles.last = trouble;
    return troubles.told.insert(trouble).second;
  });
  if (is_new && warn_) warn_(trouble + "; going on without that login");
}

std::string RegistryLogins::trouble() const {
  return troubles_.with([](const Troubles& troubles) { return troubles.last; });
}

std::optional<Login> RegistryLogins::ask(const std::string& helper, const std::string& key,
                                         std::stop_token stop) const {
  if (rests(helper)) return {};
  try {
    return ask_helper(helper, key, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    troubles_.with([&](Troubles& troubles) { troubles.resting[helper] = SystemClock().ticks() + rest_of_a_helper; });
    note(error.what());
    return {};
  }
}

std::optional<Login> RegistryLogins::login(const std::string& registry, std::stop_token stop) const {
  const std::string key = key_of(registry);
  const std::string host = host_of(key);
  if (given_ && host_of(key_of(given_->server)) == host) return given_->login;
  const Config known = config();
  for (const auto& [name, helper] : known.helpers)
    if (host_of(key_of(name)) == host) {
      if (auto found = ask(helper, name, stop)) return found;
      if (!rests(helper)) return {};
    }
  if (!known.store.empty())
    if (auto found = ask(known.store, key, stop)) return found;
  if (const auto exact = known.logins.find(key); exact != known.logins.end()) return exact->second;
  for (const auto& [name, login] : known.logins)
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
  const Config known = config();
  std::map<std::string, Login> all = known.logins;
  std::map<std::string, std::string> asked;  // key → helper
  if (!known.store.empty() && !rests(known.store)) {
    try {
      for (const auto& key : keys_of_store(known.store, stop)) asked[key] = known.store;
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      troubles_.with(
          [&](Troubles& troubles) { troubles.resting[known.store] = SystemClock().ticks() + rest_of_a_helper; });
      note(error.what());
    }
  }
  for (const auto& [name, helper] : known.helpers) asked[name] = helper;
  for (const auto& [key, helper] : asked)
    if (const auto found = ask(helper, key, stop)) all[key] = *found;
  if (given_) {
    const std::string host = host_of(key_of(given_->server));
    std::erase_if(all, [&](const auto& entry) { return host_of(entry.first) == host; });
    all[host] = given_->login;
  }
  JsonWriter json;
  json.object([&] {
    for (const auto& [key, login] : all) json.object(key, [&] { write_login(json, key, login); });
  });
  return base64_url(json.text());
}

}  // namespace belay::engine
