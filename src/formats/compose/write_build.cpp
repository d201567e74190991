#include <algorithm>

#include "formats/compose/write_parts.h"

namespace belay::formats::compose {

namespace {

using document::Node;

const ImageBuild* build_of(const Writing& writing, const Service& service) {
  for (const ExportedApp& app : writing.what.apps) {
    const auto& services = app.spec.services;
    const bool is_its =
        std::any_of(services.begin(), services.end(), [&](const Service& each) { return each.name == service.name; });
    if (!is_its || !app.declared) continue;
    const auto found = app.declared->builds.find(service.group_name());
    if (found != app.declared->builds.end()) return &found->second;
  }
  return nullptr;
}

void put_dockerfile(const ImageBuild& build, Node& node) {
  if (build.dockerfile_text) {
    node.set("dockerfile_inline", plain(*build.dockerfile_text));
    return;
  }
  const fs::path inside = build.dockerfile.lexically_relative(build.folder);
  const bool is_outside = inside.empty() || *inside.begin() == "..";
  const fs::path& named = is_outside ? build.dockerfile : inside;
  if (named != "Dockerfile") node.set("dockerfile", plain(named.string()));
}

}  // namespace

void write_build(const Writing& writing, const Service& service, Node& node) {
  const ImageBuild* build = build_of(writing, service);
  if (build == nullptr) return;
  Node written = Node::map();
  written.set("context", plain(build->folder.string()));
  put_dockerfile(*build, written);
  put_text(written, "target", build->target);
  put_pairs(written, "args", build->arguments);
  put_pairs(written, "labels", build->labels);
  put_texts(written, "tags", build->tags);
  put_text(written, "network", build->network);
  put_texts(written, "cache_from", build->cache_from);
  put_texts(written, "extra_hosts", build->extra_hosts);
  put_bytes(written, "shm_size", build->shm_size);
  put_true(written, "no_cache", build->no_cache);
  put_true(written, "pull", build->pull);
  put_full(written, "ulimits", written_ulimits(build->ulimits));
  if (!build->platform.empty() && build->platform == service.platform)
    put_texts(written, "platforms", {build->platform});
  node.set("build", std::move(written));
}

}  // namespace belay::formats::compose
