#include "safekeeping/pseudonym.h"

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/format.h"

namespace belay::safekeeping {

namespace {

void add_once(std::vector<std::string>& list, const std::string& word) {
  if (!word.empty() && std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

bool is_below(const std::string& path, std::string_view folder) {
  return path == folder || path.starts_with(std::string(folder) + "/");
}

// Behind these are sockets that rule the host (the engine's own is one), or other apps' data. `path`: without links.
bool leads_to_the_host(const std::string& path) {
  constexpr std::array<std::string_view, 8> wide{"/",    "/dev", "/home",    "/root",
                                                 "/srv", "/var", "/var/lib", "/var/lib/docker"};
  constexpr std::array<std::string_view, 2> of_sockets{"/run", "/var/run"};
  return std::find(wide.begin(), wide.end(), path) != wide.end() ||
         std::any_of(of_sockets.begin(), of_sockets.end(),
                     [&](std::string_view folder) { return is_below(path, folder); });
}

// What a mount that is read-only does not keep a container from: connecting to a socket, writing into a pipe or to a
// device. Whether a folder has any, however deep; also where not all of it can be seen, or it is too much to look at.
bool may_hold_ways_out(const fs::path& top) {
  // What the kernel shows as files; looking at all of it takes long, and changes meanwhile.
  if (is_below(top, "/proc") || is_below(top, "/sys")) return false;
  constexpr size_t most_entries = 1'000'000;
  size_t entries = 0;
  std::vector<fs::path> folders{top};
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; entry != end; entry.increment(error)) {
      if (error || ++entries > most_entries) return true;
      // Most file systems say in the list what each entry is.
      std::error_code gone;
      if (entry->is_symlink(gone) || entry->is_regular_file(gone)) continue;
      if (entry->is_directory(gone))
        folders.push_back(entry->path());
      else if (gone != std::errc::no_such_file_or_directory)
        return true;
    }
    if (error && error != std::errc::no_such_file_or_directory) return true;
  }
  return false;
}

class Renaming {
 public:
  Renaming(const Spec& spec, const std::map<std::string, std::string>& known_as,
           const std::map<std::string, Image>& images, const TrialSite& site)
      : spec_(spec), known_as_(known_as), images_(images), site_(site) {}

  Pseudonym done() && {
    for (const auto& service : spec_.services)
      result_.containers[service.name] =
          spec_.services.size() == 1 ? site_.name : format("{}-{}", site_.name, service.name);
    result_.spec.settle = spec_.settle;
    result_.spec.wait_timeout = spec_.wait_timeout;
    for (const auto& service : spec_.services) result_.spec.services.push_back(renamed(service));
    return std::move(result_);
  }

 private:
  // The app's own service that containers of this name, or the service itself, stand for.
  const Service* own(const std::string& name) const {
    for (const auto& service : spec_.services) {
      const auto known = known_as_.find(service.name);
      if (service.name == name || (known != known_as_.end() && known->second == name)) return &service;
    }
    return nullptr;
  }

  // "service:web:ro" → "web", ":ro"; so "web:ro", which is a container.
  static std::pair<std::string, std::string> named(const std::string& reference) {
    constexpr std::string_view of_service = "service:";
    const std::string text = reference.starts_with(of_service) ? reference.substr(of_service.size()) : reference;
    const size_t colon = std::min(text.find(':'), text.size());
    return {text.substr(0, colon), text.substr(colon)};
  }
  // The name that a mode of sharing has behind "container:" or "service:"; nullopt where it is another mode.
  static std::optional<std::string> sharing_with(const std::string& mode) {
    for (const std::string_view prefix : {"container:", "service:"})
      if (mode.starts_with(prefix)) return mode.substr(prefix.size());
    return {};
  }

  void note(const std::string& service, const std::string& what) {
    result_.notes.push_back(spec_.services.size() == 1 ? what : format("{}: {}", service, what));
  }

  Service renamed(const Service& original) {
    Service service = original;
    if (site_.publishes) {
      for (auto& port : service.ports) port.host_port.reset();
    } else {
      service.ports.clear();
      service.publish_all_ports = false;
    }
    service.restart = {"no", 0};
    // A proxy or a watcher that reads labels would take it for the app.
    service.labels.clear();
    // What it writes is for its log here alone.
    service.log_driver.clear();
    service.log_options.clear();
    service.volume_driver.clear();
    service.links.clear();
    for (const auto& link : original.links)
      if (own(link.substr(0, link.find(':'))) == nullptr)
        note(original.name, format("it is not linked to {}, which is another app's", link.substr(0, link.find(':'))));
    connect(original, service);
    share(original, service);
    mount(original, service);
    if (service.privileged) note(original.name, "it is privileged here too");
    for (const auto& device : service.devices)
      note(original.name, format("it has the device {} here too", device.host_path));
    return service;
  }

  void connect(const Service& original, Service& service) {
    service.networks.clear();
    service.network_mode.clear();
    if (original.network_mode == "none") {
      service.network_mode = "none";
      return;
    }
    if (const auto other = sharing_with(original.network_mode)) {
      if (const Service* mate = own(*other)) {
        service.network_mode = "container:" + result_.containers.at(mate->name);
        // Whose network it is publishes them.
        service.ports.clear();
        service.publish_all_ports = false;
        return;
      }
      note(original.name, format("it is in a network of its own, not in that of {}", *other));
    } else if (original.network_mode == "host") {
      note(original.name, "it is in a network of its own, not in the host's");
    }
    NetworkLink link;
    link.network = site_.name;
    add_once(link.aliases, original.name);
    if (const auto known = known_as_.find(original.name); known != known_as_.end())
      add_once(link.aliases, known->second);
    for (const auto& joined : original.networks)
      for (const auto& alias : joined.aliases) add_once(link.aliases, alias);
    // What the others call it.
    for (const auto& other : spec_.services)
      for (const auto& linked : other.links) {
        const auto colon = linked.find(':');
        if (colon != std::string::npos && own(linked.substr(0, colon)) == own(original.name))
          add_once(link.aliases, linked.substr(colon + 1));
      }
    service.networks.push_back(std::move(link));
    // Without an alias: nobody there may take it for the app.
    for (const auto& network : site_.networks) service.networks.push_back({network, {}, {}, {}});
  }

  // What containers share with each other, or with the host.
  void share(const Service& original, Service& service) {
    service.volumes_from.clear();
    for (const auto& from : original.volumes_from) {
      const auto [name, mode] = named(from);
      if (const Service* mate = own(name))
        service.volumes_from.push_back(result_.containers.at(mate->name) + mode);
      else
        note(original.name, format("it is without the volumes of {}, which is another app's", name));
    }
    for (std::string Service::* mode : {&Service::pid_mode, &Service::ipc_mode, &Service::uts_mode}) {
      const std::string wanted = original.*mode;
      if (wanted == "host") note(original.name, "it shares the host's processes or their memory here too");
      const auto other = sharing_with(wanted);
      if (!other) continue;
      if (const Service* mate = own(*other)) {
        service.*mode = "container:" + result_.containers.at(mate->name);
      } else {
        (service.*mode).clear();
        note(original.name, format("it shares nothing with {}", *other));
      }
    }
  }

  std::string empty_volume() {
    result_.volumes.push_back(format("{}-empty{}", site_.name, result_.volumes.size() + 1));
    return result_.volumes.back();
  }

  void mount(const Service& original, Service& service) {
    service.mounts.clear();
    std::set<std::string>& covered = covered_[original.name];
    for (const auto& from : original.volumes_from)
      if (const Service* mate = own(named(from).first))
        covered.insert(covered_[mate->name].begin(), covered_[mate->name].end());
    for (const auto& each : original.mounts)
      if (auto replaced = other_mount(original, each)) {
        covered.insert(plain_path(each.target));
        service.mounts.push_back(std::move(*replaced));
      }
    const auto image = images_.find(original.name);
    if (image == images_.end()) return;
    for (const auto& point : image->second.config.volumes)
      if (covered.insert(plain_path(point)).second)
        service.mounts.push_back({Mount::Kind::volume, empty_volume(), point, false, {}});
  }

  const Mount* given_to(const std::string& service, const Mount& mount) const {
    const auto given = site_.given.find(service);
    if (given == site_.given.end()) return nullptr;
    for (const Mount& each : given->second)
      if (each.source == mount.source && each.target == mount.target) return &each;
    return nullptr;
  }

  // nullopt: not here.
  std::optional<Mount> other_mount(const Service& service, Mount mount) {
    if (!mount.keeps_data()) return mount;
    const bool is_volume = mount.kind == Mount::Kind::volume;
    const std::string source = is_volume ? mount.source : plain_path(mount.source);
    if (const auto data = site_.data.find(source); data != site_.data.end()) {
      mount.source = data->second.source;
      if (!is_volume && data->second.kind == DataPlace::Kind::volume) {
        mount.kind = Mount::Kind::volume;
        // A bound folder that is empty stays empty, whatever the image has there.
        mount.options = "nocopy";
      }
      return mount;
    }
    if (const Mount* given = is_volume ? nullptr : given_to(service.name, mount)) {
      mount.read_only = given->read_only;
      return mount;
    }
    const bool is_shared = site_.shared.contains(source);
    if (is_volume && is_shared) {
      mount.read_only = true;
      return mount;
    }
    if (is_volume) {
      if (!mount.source.empty()) note(service.name, format("{} is empty here", mount.target));
      mount.source = empty_volume();
      return mount;
    }
    std::error_code error;
    const fs::path real = fs::canonical(source, error);
    const auto status = fs::status(real, error);
    const bool is_plain = fs::is_regular_file(status) || fs::is_directory(status);
    if (!is_shared && (!is_plain || leads_to_the_host(source) || leads_to_the_host(real.string()))) {
      note(service.name, format("it is without {}", source));
      return {};
    }
    if (fs::is_directory(status) && has_ways_out(real)) {
      note(service.name, format("{} is empty here: {} has, or may have, sockets or pipes", mount.target, source));
      // What its containers share they share here too; with the owner and the rights that the image has for it.
      std::string& volume = in_place_of_[real.string()];
      if (volume.empty()) volume = empty_volume();
      return Mount{Mount::Kind::volume, volume, mount.target, mount.read_only, {}};
    }
    if (!is_shared) note(service.name, format("{} is the host's own, read-only here", source));
    mount.read_only = true;
    return mount;
  }

  bool has_ways_out(const fs::path& folder) {
    const auto known = ways_out_.find(folder);
    if (known != ways_out_.end()) return known->second;
    return ways_out_.emplace(folder, may_hold_ways_out(folder)).first->second;
  }

  const Spec& spec_;
  const std::map<std::string, std::string>& known_as_;
  const std::map<std::string, Image>& images_;
  const TrialSite& site_;
  std::map<std::string, std::set<std::string>> covered_;  // mount points that have something, by service
  std::map<fs::path, bool> ways_out_;                     // folders of the host that were looked at
  std::map<std::string, std::string> in_place_of_;  // empty volumes, by the folders of the host that they stand for
  Pseudonym result_;
};

}  // namespace

Pseudonym under_pseudonym(const Spec& spec, const std::map<std::string, std::string>& known_as,
                          const std::map<std::string, Image>& images, const TrialSite& site) {
  return Renaming(spec, known_as, images, site).done();
}

std::string plain_path(const std::string& path) {
  std::string plain = fs::path(path).lexically_normal().string();
  if (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  return plain;
}

}  // namespace belay::safekeeping
