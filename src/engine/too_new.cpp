#include "engine/too_new.h"

#include <charconv>

#include "base/errors.h"
#include "base/format.h"

namespace belay::engine {

namespace {

void need(bool is_asked_for, const std::string& whose, const std::string& what, int since, const char* engine,
          int minor) {
  if (is_asked_for && minor < since)
    throw Error(ErrorCode::unsupported,
                format("{}: {} needs Docker {}, and this engine is older", whose, what, engine));
}

}  // namespace

void refuse_what_is_too_new(const Service& service, int minor) {
  const auto needs = [&](bool is_asked_for, const std::string& what, int since, const char* engine) {
    need(is_asked_for, service.name, what, since, engine, minor);
  };
  needs(!service.annotations.empty(), "an annotation", 43, "24.0");
  for (const auto& mount : service.mounts) {
    const std::string what = format("the mount for {}: ", mount.target);
    needs(mount.kind == Mount::Kind::image, what + "an image", 48, "28.0");
    needs(mount.kind == Mount::Kind::volume && !mount.subpath.empty(), what + "a part of a volume", 45, "26.0");
    needs(mount.recursive == "writable" || mount.recursive == "readonly", what + "recursive read-only", 44, "25.0");
  }
  for (const auto& link : service.networks) {
    const std::string what = format("the network {}: ", link.network);
    needs(link.gateway_priority.has_value(), what + "a gateway priority", 48, "28.0");
    needs(!link.mac_address.empty(), what + "a hardware address of its own", 44, "25.0");
    needs(link.options.contains("com.docker.network.endpoint.ifname"), what + "a name for the interface", 49, "28.1");
  }
}

void refuse_what_is_too_new(const std::string& network, const NetworkDefinition& definition, int minor) {
  need(definition.enable_ipv4 == false, format("the network {}", network), "to be without IPv4", 48, "28.0", minor);
}

int minor_of(const EngineInfo& info) {
  int minor = 0;
  const std::string& text = info.api_version;
  const std::size_t dot = text.find('.');
  if (dot != std::string::npos) std::from_chars(text.data() + dot + 1, text.data() + text.size(), minor);
  return minor;
}

}  // namespace belay::engine
