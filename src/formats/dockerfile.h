#pragma once
// Dockerfiles, as far as Belay must understand them: which images from elsewhere a build begins with. The builders read
// the rest.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace belay::formats {

struct BaseImageRequest {
  std::map<std::string, std::string> arguments;  // --build-arg
  std::string target;                            // a stage; empty: the last one
  std::string platform;                          // "linux/arm64"; empty: the engine's
  std::string engine_platform;                   // "linux/amd64"
};

struct BaseImage {
  std::string reference;  // in full: "registry.example/base:latest"
  std::string platform;   // as the build wants it
  bool operator==(const BaseImage&) const = default;
};

// The images that the stages which `target` needs take from elsewhere (FROM, COPY --from, RUN --mount=from), each once.
// Left out is what only the builder can tell: names made by expansions that are not understood here, and what is no
// valid reference at all. A Dockerfile or target that makes no sense gives none: the builder says what is wrong.
std::vector<BaseImage> base_images(std::string_view dockerfile, const BaseImageRequest& request);

}  // namespace belay::formats
