#include "registry/registry.h"

#include <algorithm>
#include <optional>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "net/http_date.h"
#include "registry/challenge.h"
#include "registry/origin.h"

namespace belay::registry {

namespace {

constexpr ByteCount largest_answer{4 << 20};
constexpr int most_pages = 100;
constexpr size_t most_tags = 100'000;
// The default registry answers under another name than the one that images and logins bear.
constexpr const char* default_registry = "docker.io";
constexpr const char* default_registry_server = "registry-1.docker.io";

// Where a repository is asked for.
struct Place {
  std::string host;
  std::string name;  // "team/web"
};

Place place_of(const ImageRef& image) {
  const std::string registry = image.registry();
  std::string name = image.repository;
  if (name.starts_with(registry + "/")) name.erase(0, registry.size() + 1);
  if (registry != default_registry && registry != std::string("index.") + default_registry) return {registry, name};
  return {default_registry_server, name.find('/') == std::string::npos ? "library/" + name : name};
}

std::optional<std::string> text_of(const document::Node& node, std::string_view key) {
  const auto* found = node.find(key);
  if (found == nullptr || !found->is_text()) return {};
  return found->raw();
}

document::Node json_of(const net::Response& response, const std::string& host) {
  try {
    return document::read_json(response.body, "the answer of " + host);
  } catch (const ConfigError& error) {
    throw RegistryError(0, format("what answers at {} is not a registry: {}", host, error.what()));
  }
}

// The registry's own words, or nothing.
std::string words_of(const net::Response& response) {
  try {
    const auto answer = document::read_json(response.body, "answer");
    if (const auto* errors = answer.find("errors"); errors != nullptr && !errors->items().empty()) {
      const auto& first = errors->items().front();
      return printable(text_of(first, "message").value_or(text_of(first, "code").value_or("")));
    }
    return printable(text_of(answer, "details").value_or(text_of(answer, "message").value_or("")));
  } catch (const ConfigError&) {
    return {};
  }
}

// In seconds, or as the time when it is over: then counted from the registry's own clock, where it tells that.
std::optional<Milliseconds> retry_after(const net::Response& response) {
  constexpr Milliseconds longest = std::chrono::days(1);
  const auto text = response.headers.find("Retry-After");
  if (!text) return {};
  if (const auto seconds = parse_number(trim(*text))) {
    if (*seconds < 0) return {};
    return std::min<Milliseconds>(Seconds(std::min<long long>(*seconds, 86'400)), longest);
  }
  const auto until = net::parse_http_date(*text);
  if (!until) return {};
  const auto date = response.headers.find("Date");
  const Time now = (date ? net::parse_http_date(*date) : std::nullopt).value_or(SystemClock().now());
  return std::clamp<Milliseconds>(std::chrono::duration_cast<Milliseconds>(*until - now), Milliseconds(0), longest);
}

[[noreturn]] void refuse(const net::Response& response, const ImageRef& image) {
  const std::string registry = image.registry();
  std::string words = words_of(response);
  // Our own sentence goes on behind it.
  if (words.ends_with('.')) words.pop_back();
  const std::string reason =
      words.empty() ? format("status {} {}", response.status, printable(response.reason)) : words;
  switch (response.status) {
    case 401:
      throw RegistryError(401,
                          format("the registry {} wants a valid login for {}: {}", registry, image.repository, reason),
                          format("Log in with 'docker login {}': Belay uses its logins.", registry));
    case 403:
      throw RegistryError(403, format("the login for {} may not read {}: {}", registry, image.repository, reason));
    case 404:
      throw NotFound(ErrorCode::image_not_found, format("the registry {} has no {}", registry, image.text()));
    case 429:
      throw RegistryError(429, format("the registry {} wants fewer requests: {}", registry, reason), {},
                          retry_after(response));
    default:
      throw RegistryError(response.status, format("the registry {} refused: {}", registry, reason), {},
                          retry_after(response));
  }
}

// One repository of one registry, with what it has asked of us so far.
class Repository {
 public:
  Repository(const ImageRef& image, const Access& access) : Repository(image, access, place_of(image), true) {}
  Repository(const ImageRef& image, const Access& access, Place place, bool tls)
      : image_(image), access_(access), place_(std::move(place)) {
    const bool lenient = access.insecure || is_loopback(place_.host);
    origin_ = std::make_unique<Origin>(tls, place_.host, access);
    may_be_plain_ = lenient && tls;
  }

  const Place& place() const { return place_; }

  // The answer to a GET, with what the registry wants to see. Any status but success is thrown.
  net::Response get(const std::string& target, const net::Headers& headers, const std::stop_token& stop) {
    net::Response answer = ask(target, headers, stop);
    if (answer.status == 401) {
      // Also where a token has run out between two pages.
      authorization_ = authorization(answer, stop);
      if (!authorization_.empty()) answer = ask(target, headers, stop);
    }
    if (!answer.ok()) refuse(answer, image_);
    return answer;
  }

 private:
  net::Response ask(const std::string& target, const net::Headers& headers, const std::stop_token& stop) {
    net::Request request = question(target);
    request.headers = headers;
    if (!authorization_.empty()) request.headers.add("Authorization", authorization_);
    if (!may_be_plain_) return origin_->exchange(request, stop);
    // No login is on its way before it is known what is spoken here.
    may_be_plain_ = false;
    try {
      return origin_->exchange(request, stop);
    } catch (const RegistryError&) {
      origin_ = std::make_unique<Origin>(false, place_.host, access_);
      return origin_->exchange(request, stop);
    }
  }

  net::Request question(const std::string& target) const {
    net::Request request;
    request.target = target;
    request.patience = access_.patience;
    request.deadline = deadline_;
    request.body_limit = largest_answer;
    return request;
  }

  std::string basic() const {
    return access_.login && !access_.login->username.empty()
               ? "Basic " + base64(access_.login->username + ":" + access_.login->password)
               : "";
  }

  // The value of Authorization that this refusal asks for; empty where we have nothing to show.
  std::string authorization(const net::Response& refusal, const std::stop_token& stop) {
    for (const auto& [name, value] : refusal.headers.fields()) {
      if (lower(name) != "www-authenticate") continue;
      for (const auto& challenge : parse_challenges(value)) {
        if (challenge.scheme == "bearer") return "Bearer " + token(challenge, stop);
        if (challenge.scheme == "basic") return basic();
      }
    }
    return {};
  }

  std::string token(const Challenge& challenge, const std::stop_token& stop) {
    const auto realm = Url::parse(challenge.parameter("realm"));
    if (!realm) throw RegistryError(0, format("the registry {} names no place for tokens", image_.registry()));
    if (!realm->tls && origin_->is_secure())
      throw RegistryError(
          0, format("the registry {} wants logins sent to {} without TLS", image_.registry(), realm->host));
    Origin server(realm->tls, realm->host, access_);
    const net::Response answer = server.exchange(token_request(*realm, challenge), stop);
    if (!answer.ok()) refuse(answer, image_);
    const auto document = json_of(answer, realm->host);
    const auto found = text_of(document, "token").value_or(text_of(document, "access_token").value_or(""));
    const bool sendable = std::all_of(found.begin(), found.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (found.empty() || !sendable) throw RegistryError(0, format("{} gave no token", realm->host));
    return found;
  }

  net::Request token_request(const Url& realm, const Challenge& challenge) const {
    std::string scope = challenge.parameter("scope");
    if (scope.empty()) scope = format("repository:{}:pull", place_.name);
    const std::string query =
        format("service={}&scope={}", query_escaped(challenge.parameter("service")), query_escaped(scope));
    if (access_.login && !access_.login->identity_token.empty()) {
      net::Request request = question(realm.target);
      request.method = "POST";
      request.repeatable = true;
      request.headers.add("Content-Type", "application/x-www-form-urlencoded");
      request.body = format("grant_type=refresh_token&client_id=belay&{}&refresh_token={}", query,
                            query_escaped(access_.login->identity_token));
      return request;
    }
    net::Request request = question(realm.target + (realm.target.find('?') == std::string::npos ? "?" : "&") + query);
    if (const std::string login = basic(); !login.empty()) request.headers.add("Authorization", login);
    return request;
  }

  const ImageRef& image_;
  const Access& access_;
  const Place place_;
  const Ticks deadline_ = net::deadline_in(access_.limit);
  std::unique_ptr<Origin> origin_;
  bool may_be_plain_ = false;  // it is not known yet whether there is TLS
  std::string authorization_;
};

// The target of the next page: Link: </v2/web/tags/list?last=b&n=2>; rel="next"
std::optional<std::string> next_page(const net::Response& response, const Place& place) {
  const auto link = response.headers.find("Link");
  if (!link || link->find("next") == std::string_view::npos) return {};
  const size_t begin = link->find('<');
  const size_t end = link->find('>', std::min(begin, link->size()));
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  std::string target(link->substr(begin + 1, end - begin - 1));
  if (const auto url = Url::parse(target)) target = url->target;
  // Only ever to the same place: a login goes with it. Some registries put another name of theirs in front.
  const bool sendable = std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!sendable || !target.starts_with(format("/v2/{}/tags/list?", place.name)))
    throw RegistryError(0, format("the registry at {} points to a next page that is not valid", place.host));
  return target;
}

bool is_tag(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && text.size() <= 128 && is_word(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

}  // namespace

namespace {

std::vector<std::string> tags_of(Repository& repository, const ImageRef& image, const std::stop_token& stop) {
  const Place& place = repository.place();
  std::vector<std::string> tags;
  std::optional<std::string> target = format("/v2/{}/tags/list?n=1000", place.name);
  for (int page = 0; target; ++page) {
    if (page == most_pages || tags.size() > most_tags)
      throw RegistryError(0, format("the registry {} has more tags of {} than can be looked through", image.registry(),
                                    image.repository));
    const net::Response answer = repository.get(*target, {}, stop);
    const auto document = json_of(answer, place.host);
    const auto* list = document.find("tags");
    if (list == nullptr || !(list->is_list() || list->is_null()))
      throw RegistryError(0, format("what answers at {} is not a registry: it lists no tags", place.host));
    for (const auto& tag : list->items())
      if (tag.is_text() && is_tag(tag.raw())) tags.push_back(tag.raw());
    target = next_page(answer, place);
  }
  return tags;
}

// What a mirror has; nullopt where it cannot be asked: then the next one is.
std::optional<std::vector<std::string>> tags_of_mirror(const std::string& mirror, const ImageRef& image, Access access,
                                                       const std::stop_token& stop) {
  const auto url = Url::parse(mirror);
  if (!url) return {};
  access.login.reset();  // it is the default registry's
  try {
    Repository repository(image, access, {url->host, place_of(image).name}, url->tls);
    return tags_of(repository, image, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::vector<std::string> list_tags(const ImageRef& image, const Access& access, const std::stop_token& stop) {
  if (place_of(image).host == default_registry_server)
    for (const auto& mirror : access.mirrors)
      if (auto tags = tags_of_mirror(mirror, image, access, stop)) return *tags;
  Repository repository(image, access);
  return tags_of(repository, image, stop);
}

std::optional<std::string> platform_digest(const ImageRef& image, const std::string& os,
                                           const std::string& architecture, const std::string& variant,
                                           const Access& access, const std::stop_token& stop) {
  Repository repository(image, access);
  const Place& place = repository.place();
  const net::Headers kinds{{"Accept",
                            "application/vnd.oci.image.index.v1+json, "
                            "application/vnd.docker.distribution.manifest.list.v2+json, "
                            "application/vnd.oci.image.manifest.v1+json, "
                            "application/vnd.docker.distribution.manifest.v2+json"}};
  const std::string& named = image.digest.empty() ? image.tag : image.digest;
  const auto answer = repository.get(format("/v2/{}/manifests/{}", place.name, named), kinds, stop);
  const auto document = json_of(answer, place.host);
  const auto* manifests = document.find("manifests");
  if (manifests == nullptr) return {};
  for (const auto& manifest : manifests->items()) {
    const auto* platform = manifest.find("platform");
    if (platform == nullptr || text_of(*platform, "os") != os || text_of(*platform, "architecture") != architecture)
      continue;
    if (variant.empty() || text_of(*platform, "variant").value_or("") == variant) return text_of(manifest, "digest");
  }
  return {};
}

}  // namespace belay::registry
