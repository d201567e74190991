#pragma once
// A manifest with every field set, and backups of it in memory.

#include <algorithm>
#include <cstring>
#include <map>

#include "backup/writer.h"
#include "crypto/sha256.h"

namespace belay::backup {

inline Manifest sample_manifest() {
  Manifest manifest;
  manifest.app = "web";
  manifest.scheme = NamingScheme::jcl;
  manifest.origin = "/etc/dockerup/containers.d/web.json";
  manifest.release = ReleaseNumber{7};
  Service service;
  service.name = "web";
  service.image = "web:1";
  service.environment["GREETING"] = "hello\nworld";
  service.mounts.push_back({Mount::Kind::volume, "jcl_web_data", "/data", false, ""});
  manifest.spec.services.push_back(service);
  manifest.images["web"] = "sha256:" + std::string(64, 'a');
  manifest.digests["web"] = "sha256:" + std::string(64, 'b');
  manifest.health_checks["web"] = HealthCheck{{"CMD", "/check"}, Milliseconds(5'000), {}, {}, 2};
  manifest.health_checks["job"] = std::nullopt;
  manifest.release_created = Time(Milliseconds(1'750'000'000'123));
  manifest.was_running = true;
  manifest.items.push_back({"01-jcl_web_data",
                            Item::Kind::volume,
                            "jcl_web_data",
                            {"/data", "/srv"},
                            true,
                            Item::Way::direct,
                            "local",
                            {{"type", "tmpfs"}},
                            {{"belay.app", "web"}}});
  manifest.items.push_back(
      {"02-app.conf", Item::Kind::file, "/etc/web/app.conf", {"/app.conf"}, false, Item::Way::engine, "", {}, {}});
  manifest.left_out = {"/var/run/docker.sock is a socket"};
  manifest.consistency = Consistency::pause;
  manifest.taken = Time(Milliseconds(1'760'000'000'000));
  manifest.who = "root";
  manifest.host = "alpha";
  manifest.belay_version = "0.1.0";
  manifest.engine_version = "20.10.24";
  return manifest;
}

// The bytes of an item's tar here are any bytes: the layout does not look into them.
struct SampleItem {
  std::string tar;
  std::vector<std::pair<std::string, std::string>> files;  // name, content
};

inline std::string sample_backup(Manifest manifest, const std::vector<SampleItem>& items,
                                 const std::string& image = {}) {
  std::string bytes;
  manifest.with_image = !image.empty();
  BackupWriter writer(manifest, [&](std::string_view more) { bytes += more; });
  for (size_t i = 0; i < items.size(); ++i) {
    writer.begin_item(manifest.items.at(i).id);
    writer.write(items[i].tar);
    for (const auto& [name, content] : items[i].files)
      writer.checksum(name, static_cast<std::int64_t>(content.size()), crypto::sha256(content));
    writer.end_item();
  }
  if (!image.empty()) {
    writer.begin_image();
    writer.write_image(image);
    writer.end_image();
  }
  writer.warn("log.txt grew while it was read");
  writer.finish();
  return bytes;
}

inline Source source_of(std::string_view bytes, std::size_t piece = 1000) {
  return [bytes, piece](std::span<char> room) mutable {
    const auto given = std::min({bytes.size(), room.size(), piece});
    std::memcpy(room.data(), bytes.data(), given);
    bytes.remove_prefix(given);
    return given;
  };
}

template <class Read>
std::string all_of(Read&& read) {
  std::string text;
  char room[5000];
  while (const std::size_t got = read(std::span<char>(room))) text.append(room, got);
  return text;
}

}  // namespace belay::backup
