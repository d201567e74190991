#include "formats/mounts.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/comma_settings.h"
#include "model/unkept.h"

namespace belay::formats {

namespace {

void refuse_control_characters(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    throw Error(ErrorCode::bad_value, format("the path '{}' has a control character", printable(text)));
}

std::string clean(const fs::path& path) {
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

void set_source(Mount& mount, std::string_view source, const fs::path& base_folder) {
  if (const auto path = host_path(source, base_folder)) {
    mount.kind = Mount::Kind::bind;
    mount.source = *path;
  } else if (is_volume_name(source)) {
    mount.kind = Mount::Kind::volume;
    mount.source = source;
  } else {
    std::string hint = "A path in a folder beside begins with ./";
    if (source.starts_with('~')) hint = "Write the path out: only a shell knows what ~ means.";
    if (source.size() == 1) hint = "A volume's name has at least two characters.";
    throw Error(ErrorCode::bad_value,
                format("'{}' is neither a host path nor a valid name of a volume", printable(source)), hint);
  }
}

const std::vector<std::string> propagations{"shared", "slave", "private", "rshared", "rslave", "rprivate"};

bool is_one_of(std::string_view word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void add_option(Mount& mount, std::string_view option) {
  if (!mount.options.empty()) mount.options += ',';
  mount.options += option;
}

// The mode behind a volume's second colon.
void apply_mode(Mount& mount, std::string_view mode) {
  bool access_given = false;
  for (const std::string& word : split(mode, ',')) {
    const bool propagation = is_one_of(word, propagations);
    if (word == "ro" || word == "rw") {
      if (access_given)
        throw Error(ErrorCode::bad_value, format("the mode '{}' says twice how to access the mount", printable(mode)));
      access_given = true;
      mount.read_only = word == "ro";
    } else if (word == "consistent" || word == "cached" || word == "delegated") {
      // They speak to Docker on a Mac. Docker on Linux takes and ignores them as well.
    } else if (word == "z" || word == "Z" || word == "nocopy" || propagation) {
      if (propagation && mount.kind != Mount::Kind::bind)
        throw Error(ErrorCode::bad_value, format("the mode '{}' is for host paths, not for a volume", word));
      if (word == "nocopy" && mount.kind != Mount::Kind::volume)
        throw Error(ErrorCode::bad_value, "the mode 'nocopy' is for volumes, not for a host path");
      add_option(mount, word);
    } else {
      std::vector<std::string> known{"ro", "rw", "z", "Z", "nocopy"};
      known.insert(known.end(), propagations.begin(), propagations.end());
      throw Error(ErrorCode::bad_value, format("unknown mode '{}' of a mount", printable(word)),
                  did_you_mean(word, known));
    }
  }
}

bool switched_on(const CommaSetting& setting) {
  const std::string value = lower(setting.value.value_or("true"));
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  throw Error(ErrorCode::bad_value, format("{} is true or false, not '{}'", setting.key, printable(value)));
}

std::string value_of(const CommaSetting& setting) {
  if (!setting.value || setting.value->empty())
    throw Error(ErrorCode::bad_value, format("{} needs a value", setting.key));
  return *setting.value;
}

Mount::Kind mount_kind(const std::vector<CommaSetting>& settings) {
  std::string type = "volume";
  for (const CommaSetting& setting : settings)
    if (setting.key == "type") type = lower(value_of(setting));
  if (type == "volume") return Mount::Kind::volume;
  if (type == "bind") return Mount::Kind::bind;
  if (type == "tmpfs") return Mount::Kind::tmpfs;
  if (type == "image" || type == "cluster" || type == "npipe")
    throw Error(ErrorCode::bad_value, format("Belay does not keep mounts of the type '{}'", type),
                "It keeps volume, bind and tmpfs.");
  throw Error(ErrorCode::bad_value, format("unknown type of mount '{}'", printable(type)),
              did_you_mean(type, {"volume", "bind", "tmpfs"}));
}

std::string octal_mode(const std::string& text) {
  if (text.size() > 5 || text.find_first_not_of("01234567") != std::string::npos)
    throw Error(ErrorCode::bad_value, format("tmpfs-mode is an octal number, not '{}'", printable(text)));
  return text;
}

void apply_setting(Mount& mount, const CommaSetting& setting) {
  static const std::vector<std::string> known{"type",       "source",     "target",           "readonly",
                                              "tmpfs-size", "tmpfs-mode", "bind-propagation", "volume-nocopy",
                                              "consistency"};
  const auto only_for = [&](Mount::Kind kind, std::string_view name) {
    if (mount.kind != kind)
      throw Error(ErrorCode::bad_value, format("{} is for mounts of the type {}", setting.key, name));
  };
  const std::string& key = setting.key;
  if (key == "type" || key == "source" || key == "src" || key == "consistency") return;
  if (key == "target" || key == "dst" || key == "destination") {
    mount.target = mount_point(value_of(setting));
  } else if (key == "readonly" || key == "ro") {
    mount.read_only = switched_on(setting);
  } else if (key == "bind-propagation") {
    only_for(Mount::Kind::bind, "bind");
    const std::string value = value_of(setting);
    if (!is_one_of(value, propagations))
      throw Error(ErrorCode::bad_value, format("unknown propagation '{}'", printable(value)),
                  did_you_mean(value, propagations));
    add_option(mount, value);
  } else if (key == "volume-nocopy") {
    only_for(Mount::Kind::volume, "volume");
    if (switched_on(setting)) add_option(mount, "nocopy");
  } else if (key == "tmpfs-size") {
    only_for(Mount::Kind::tmpfs, "tmpfs");
    const auto size = parse_bytes(value_of(setting));
    if (!size)
      throw Error(ErrorCode::bad_value, format("'{}' is not a size", printable(*setting.value)),
                  "Sizes look like 64m or 1g.");
    add_option(mount, format("size={}", size->value));
  } else if (key == "tmpfs-mode") {
    only_for(Mount::Kind::tmpfs, "tmpfs");
    add_option(mount, format("mode={}", octal_mode(value_of(setting))));
  } else if (is_unkept("mount", key)) {
    throw Error(
        ErrorCode::bad_value, format("Belay does not keep the setting {} of a mount", key),
        key.starts_with("volume-") ? "Create the volume with it first (docker volume create), then name it here." : "");
  } else {
    throw Error(ErrorCode::bad_value, format("unknown setting '{}' of a mount", printable(key)),
                did_you_mean(key, known));
  }
}

}  // namespace

std::string mount_point(std::string_view text) {
  if (text.empty()) throw Error(ErrorCode::bad_value, "the mount point is empty");
  refuse_control_characters(text);
  if (!text.starts_with('/'))
    throw Error(ErrorCode::bad_value, format("the mount point '{}' is not an absolute path", text),
                "A path in the container begins with a slash.");
  std::string path = clean(fs::path(text));
  if (path == "/") throw Error(ErrorCode::bad_value, "a mount cannot cover the container's whole root '/'");
  return path;
}

bool is_volume_name(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return text.size() >= 2 && text.size() <= 255 && plain(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
}

std::optional<std::string> host_path(std::string_view text, const fs::path& base_folder) {
  const bool relative = text == "." || text == ".." || text.starts_with("./") || text.starts_with("../");
  if (!relative && !text.starts_with('/')) return {};
  refuse_control_characters(text);
  if (!relative) return clean(fs::path(text));
  return clean(fs::absolute(base_folder.empty() ? fs::current_path() : base_folder) / text);
}

Mount parse_volume(std::string_view source, std::string_view target, const fs::path& base_folder) {
  Mount mount;
  if (source.empty()) throw Error(ErrorCode::bad_value, "the host path or volume is empty");
  set_source(mount, source, base_folder);
  const size_t colon = target.find(':');
  mount.target = mount_point(target.substr(0, colon));
  if (colon != std::string_view::npos) apply_mode(mount, target.substr(colon + 1));
  return mount;
}

Mount parse_volume(std::string_view text, const fs::path& base_folder) {
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos) return parse_volume(text.substr(0, colon), text.substr(colon + 1), base_folder);
  Mount anonymous;
  anonymous.target = mount_point(text);
  return anonymous;
}

Mount parse_mount(std::string_view text, const fs::path& base_folder) {
  const std::vector<CommaSetting> settings = comma_settings(text);
  Mount mount;
  mount.kind = mount_kind(settings);
  for (const CommaSetting& setting : settings) apply_setting(mount, setting);
  if (mount.target.empty()) throw Error(ErrorCode::bad_value, "the mount has no target");

  std::string source;
  for (const CommaSetting& setting : settings)
    if (setting.key == "source" || setting.key == "src") source = value_of(setting);
  if (source.empty()) {
    if (mount.kind == Mount::Kind::bind) throw Error(ErrorCode::bad_value, "a mount of the type bind needs a source");
    return mount;
  }
  if (mount.kind == Mount::Kind::tmpfs) throw Error(ErrorCode::bad_value, "a mount of the type tmpfs has no source");
  const Mount::Kind wanted = mount.kind;
  set_source(mount, source, base_folder);
  if (mount.kind != wanted)
    throw Error(
        ErrorCode::bad_value,
        wanted == Mount::Kind::bind
            ? format("'{}' is a volume's name, where type=bind needs a host path", printable(source))
            : format("'{}' is a host path, where type=volume needs a volume's name", printable(source)),
        wanted == Mount::Kind::bind ? "Begin the path with / or ./, or write type=volume." : "Write type=bind.");
  return mount;
}

Mount parse_tmpfs(std::string_view text) {
  Mount mount;
  mount.kind = Mount::Kind::tmpfs;
  const size_t colon = text.find(':');
  mount.target = mount_point(text.substr(0, colon));
  if (colon == std::string_view::npos) return mount;
  for (const std::string& option : split(text.substr(colon + 1), ',')) {
    if (option == "ro") mount.read_only = true;
    if (option.empty()) throw Error(ErrorCode::bad_value, "an option of the tmpfs is empty");
    if (option != "ro" && option != "rw") add_option(mount, option);
  }
  return mount;
}

bool belongs_to_the_system(const std::string& path) {
  static const std::vector<std::string> files{"/etc/localtime", "/etc/timezone",    "/etc/passwd",   "/etc/group",
                                              "/etc/hosts",     "/etc/resolv.conf", "/etc/hostname", "/etc/machine-id",
                                              "/etc/shadow",    "/etc/gshadow",     "/etc/mtab",     "/etc/os-release"};
  static const std::vector<std::string> folders{"/bin",
                                                "/boot",
                                                "/dev",
                                                "/etc/alternatives",
                                                "/etc/ca-certificates",
                                                "/etc/pki",
                                                "/etc/ssl",
                                                "/lib",
                                                "/lib64",
                                                "/proc",
                                                "/run",
                                                "/sbin",
                                                "/sys",
                                                "/usr",
                                                "/var/cache",
                                                "/var/lib/docker",
                                                "/var/log",
                                                "/var/run"};
  if (path == "/" || path == "/etc" || path == "/var" || path == "/var/lib" || path == "/home") return true;
  if (std::find(files.begin(), files.end(), path) != files.end()) return true;
  return std::any_of(folders.begin(), folders.end(),
                     [&](const std::string& folder) { return path == folder || path.starts_with(folder + "/"); });
}

bool is_temporary(const std::string& path) {
  return path == "/tmp" || path.starts_with("/tmp/") || path == "/var/tmp" || path.starts_with("/var/tmp/");
}

namespace {

bool covers(const fs::path& folder, const fs::path& path) {
  const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

template <class Counts>
std::set<fs::path> read_only_paths(const Spec& spec, const Counts& counts) {
  std::set<fs::path> paths;
  for (const Service& service : spec.services)
    for (const Mount& mount : service.mounts)
      if (mount.kind == Mount::Kind::bind && mount.read_only && counts(mount.source)) paths.insert(mount.source);
  const auto written = written_paths(spec);
  std::erase_if(paths, [&](const fs::path& path) { return is_written(written, path); });
  return paths;
}

}  // namespace

std::set<fs::path> written_paths(const Spec& spec) {
  std::set<fs::path> written;
  for (const Service& service : spec.services)
    for (const Mount& mount : service.mounts)
      if (mount.kind == Mount::Kind::bind && !mount.read_only) written.insert(mount.source);
  return written;
}

// Paths are ordered part by part, so that what is in a folder comes right after it.
bool is_written(const std::set<fs::path>& written, const fs::path& path) {
  const auto next = written.lower_bound(path);
  if (next != written.end() && covers(path, *next)) return true;
  for (fs::path folder = path;; folder = folder.parent_path()) {
    if (written.contains(folder)) return true;
    if (folder == folder.parent_path()) return false;
  }
}

std::set<fs::path> bound_settings(const Spec& spec) {
  return read_only_paths(spec, [](const std::string& path) { return !belongs_to_the_system(path); });
}

std::set<fs::path> bound_settings(const Spec& spec, const fs::path& project) {
  return read_only_paths(spec, [&](const std::string& path) {
    return (!project.empty() && covers(project, path)) || (!belongs_to_the_system(path) && !is_temporary(path));
  });
}

}  // namespace belay::formats
