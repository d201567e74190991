#pragma once
// Questions that only a registry itself can answer, over the Docker Registry HTTP API v2. Engines have no call for
// them.

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"
#include "base/files.h"
#include "model/names.h"
#include "net/proxy.h"

namespace belay::registry {

// The registry would not or could not answer. `status` is its HTTP status; 0: it could not be reached, or what it said
// makes no sense. 401 where a login is missing or wrong, 403 where the login may not do this, 429 where it wants fewer
// requests.
class RegistryError : public Error {
 public:
  RegistryError(int status, std::string message, std::string hint = {}, std::optional<Milliseconds> retry_after = {})
      : Error(code_of(status), std::move(message), std::move(hint)), status_(status), retry_after_(retry_after) {}
  int status() const noexcept { return status_; }
  // How long it wants to be left alone, where it says so; at most a day.
  std::optional<Milliseconds> retry_after() const noexcept { return retry_after_; }

 private:
  static ErrorCode code_of(int status) {
    if (status == 429) return ErrorCode::rate_limited;
    return status == 401 || status == 403 ? ErrorCode::registry_denied : ErrorCode::registry_failed;
  }

  int status_;
  std::optional<Milliseconds> retry_after_;
};

struct Credentials {
  std::string username, password;
  std::string identity_token;  // instead of a password
};

// How a registry is reached.
struct Access {
  std::optional<Credentials> login = {};
  // Certificates are not checked, and plain HTTP is spoken where there is no TLS: the engine's "insecure-registries". A
  // registry on a loopback address always counts as one, as the engine has it.
  bool insecure = false;
  // Every *.crt in its folder HOST is trusted beside the system's authorities; a pair NAME.cert and NAME.key is what we
  // show of ourselves. As the engine has it.
  fs::path certificates = "/etc/docker/certs.d";
  // Asked in place of the default registry (docker.io), one after the other, before it: URLs.
  std::vector<std::string> mirrors = {};
  // How the registry, and what it sends us to for tokens, is reached.
  net::ProxySettings proxy = {};
  Milliseconds patience{30'000};  // with each silence
  Milliseconds limit{120'000};    // for all that one call asks
};

// All calls throw NotFound where the registry has no such repository or reference, RegistryError, Cancelled.

// The tags of the image's repository (its own tag does not matter), in the registry's order. Answers of more than 4
// MiB, 100 pages or 100 000 tags are refused; what cannot be a tag is left out.
std::vector<std::string> list_tags(const ImageRef& image, const Access& access, const std::stop_token& stop);

// The digest of the one manifest for this platform ("linux", "arm", "v7"; empty variant: any) inside the index that the
// reference names; nullopt where it names a single manifest, or an index without the platform.
std::optional<std::string> platform_digest(const ImageRef& image, const std::string& os,
                                           const std::string& architecture, const std::string& variant,
                                           const Access& access, const std::stop_token& stop);

}  // namespace belay::registry
