#include "archive/context.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/sparse.h"
#include "base/fd.h"
#include "base/format.h"

namespace belay::archive {

namespace {

constexpr const char* ignore_name = ".dockerignore";

// A short name for content. It is no secret and nothing relies on it: only equal content should get an equal name.
std::string fingerprint(std::string_view content) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return format("{:016x}", hash);
}

fs::path context_folder(const fs::path& folder) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error == std::errc::no_such_file_or_directory)
    throw NotFound(ErrorCode::file_not_found, format("the build context {} does not exist", folder.string()),
                   "Name the folder that holds the Dockerfile.");
  if (error) throw system_error(format("opening the build context {}", folder.string()), error.value());
  if (!fs::is_directory(real))
    throw Error(ErrorCode::build_failed, format("the build context {} is not a folder", folder.string()),
                "Name the folder that holds the Dockerfile.");
  return real;
}

// The Dockerfile's name within the context; nullopt when the engine could not find it there.
std::optional<std::string> name_inside(const fs::path& folder, const fs::path& dockerfile) {
  // Behind a link there may be a file that is ignored, or none that the engine can reach.
  if (fs::is_symlink(dockerfile)) return {};
  const fs::path name = fs::canonical(dockerfile).lexically_relative(folder);
  if (name.empty() || *name.begin() == "..") return {};
  return name.string();
}

// A name of its own for a Dockerfile from elsewhere. It follows from the content instead of chance: a name that changes
// with each build would spoil the engine's cache for every `COPY . .`.
std::string name_for_extra(const fs::path& folder, std::string_view content) {
  std::string name = ".dockerfile." + fingerprint(content);
  while (fs::exists(fs::symlink_status(folder / name))) name += "0";
  return name;
}

std::string read_dockerfile(const fs::path& dockerfile) {
  try {
    return read_file(dockerfile);
  } catch (NotFound&) {
    throw NotFound(ErrorCode::file_not_found, format("there is no Dockerfile {}", dockerfile.string()),
                   "Write one there, or name the Dockerfile or its folder after the app's name.");
  }
}

// The ignore file that counts, and its text.
std::optional<std::pair<fs::path, std::string>> ignore_file(const ContextRequest& request, const fs::path& folder) {
  std::vector<fs::path> candidates;
  if (request.buildkit && !request.dockerfile_text) candidates.push_back(request.dockerfile.string() + ignore_name);
  candidates.push_back(folder / ignore_name);
  for (const fs::path& candidate : candidates)
    if (auto text = read_file_if_present(candidate)) return std::pair(candidate, std::move(*text));
  return {};
}

}  // namespace

ContextPlan prepare_context(const ContextRequest& request) {
  ContextPlan plan;
  plan.folder = context_folder(request.folder);
  const std::string dockerfile =
      request.dockerfile_text ? *request.dockerfile_text : read_dockerfile(request.dockerfile);
  const auto ignore = ignore_file(request, plan.folder);
  if (ignore) {
    plan.ignore_file = ignore->first.string();
    plan.rules = IgnoreRules::parse(ignore->second, plan.ignore_file);
  }
  const auto inside = request.dockerfile_text ? std::nullopt : name_inside(plan.folder, request.dockerfile);
  if (inside) {
    plan.dockerfile_name = *inside;
  } else {
    plan.dockerfile_name = name_for_extra(plan.folder, dockerfile);
    plan.extra_files.emplace_back(plan.dockerfile_name, dockerfile);
    // The classic builder takes build files out of the context again where the ignore file that was sent says so: that
    // keeps the extra file out of the image.
    if (!request.buildkit)
      plan.extra_files.emplace_back(ignore_name, (ignore ? ignore->second + "\n" : std::string(ignore_name) + "\n") +
                                                     plan.dockerfile_name + "\n");
  }
  // The engine needs both whatever the ignore file says.
  for (const std::string& name : {plan.dockerfile_name, std::string(ignore_name)})
    if (plan.rules.excludes(name)) plan.rules.always_include(name);
  std::sort(plan.extra_files.begin(), plan.extra_files.end());
  return plan;
}

namespace {

// One walk over the context.
class ContextStream {
 public:
  ContextStream(const ContextPlan& plan, const Sink& sink, std::stop_token stop)
      : plan_(plan), stop_(std::move(stop)), tar_(sink) {}

  void send() {
    send_extra_files();
    send_content("", {});
    tar_.finish();
  }

 private:
  void send_extra_files();
  void send_content(const std::string& folder, const IgnoreRules::Matches& matches);
  void send_node(const std::string& name, const IgnoreRules::Matches& parent);
  void send_folder(const std::string& name, const IgnoreRules::Answer& answer, const struct stat& status);
  void send_included(const std::string& name, const struct stat& status);
  void send_parents();
  bool send_as_hard_link(const TarEntry& entry, const struct stat& status);
  void send_file(TarEntry entry);
  void send_bytes(const Fd& file, const TarEntry& entry);

  bool is_extra(const std::string& name) const {
    return std::any_of(plan_.extra_files.begin(), plan_.extra_files.end(),
                       [&](const auto& file) { return file.first == name; });
  }
  fs::path path_of(const std::string& name) const { return plan_.folder / name; }
  void obey_stop() const {
    if (stop_.stop_requested()) throw Cancelled();
  }

  const ContextPlan& plan_;
  std::stop_token stop_;
  TarWriter tar_;
  // Excluded folders on the way to here that have not been sent; they are, as soon as something in them is.
  std::vector<TarEntry> unsent_parents_;
  // The first name of each file that has several.
  std::map<std::pair<dev_t, ino_t>, std::string> first_names_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
};

Error changed(const fs::path& path) {
  return Error(ErrorCode::build_failed, format("{} changed while it was being sent", path.string()),
               "Run the command again when nothing writes to it, or name it in .dockerignore.");
}

Error unreadable(const fs::path& path, int error_number) {
  Error error = system_error(format("reading {}", path.string()), error_number);
  error.offer_hint("Make it readable, or name it in .dockerignore.");
  return error;
}

TarEntry entry_of(const std::string& name, const struct stat& status) {
  TarEntry entry;
  entry.name = name;
  entry.permissions = status.st_mode & 07777;
  entry.modified = {status.st_mtim.tv_sec, 0};
  return entry;
}

std::vector<std::string> names_in(const fs::path& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open_folder(::opendir(folder.c_str()), ::closedir);
  if (!open_folder) throw unreadable(folder, errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* found = ::readdir(open_folder.get());
    if (found == nullptr && errno != 0) throw unreadable(folder, errno);
    if (found == nullptr) break;
    std::string name = found->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string link_target(const fs::path& link, const struct stat& status) {
  // Some file systems (proc) give a link the size 0.
  std::string target(static_cast<size_t>(std::max<off_t>(status.st_size, 4095)) + 1, '\0');
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  if (length < 0) throw unreadable(link, errno);
  target.resize(static_cast<size_t>(length));
  return target;
}

std::string capabilities_of(const Fd& file) {
  std::array<char, 256> value{};
  const ssize_t size = ::fgetxattr(file.raw(), "security.capability", value.data(), value.size());
  return size > 0 ? std::string(value.data(), static_cast<size_t>(size)) : std::string();
}

void ContextStream::send_extra_files() {
  for (const auto& [name, content] : plan_.extra_files) {
    TarEntry entry;
    entry.name = name;
    entry.size = static_cast<std::int64_t>(content.size());
    tar_.begin(entry);
    tar_.write(content);
  }
}

void ContextStream::send_content(const std::string& folder, const IgnoreRules::Matches& matches) {
  for (const std::string& name : names_in(path_of(folder)))
    send_node(folder.empty() ? name : folder + "/" + name, matches);
}

void ContextStream::send_node(const std::string& name, const IgnoreRules::Matches& parent) {
  obey_stop();
  if (is_extra(name)) return;
  const IgnoreRules::Answer answer = plan_.rules.test(name, parent);
  struct stat status{};
  if (::lstat(path_of(name).c_str(), &status) != 0) {
    if (answer.excluded) return;
    throw errno == ENOENT ? changed(path_of(name)) : unreadable(path_of(name), errno);
  }
  if (S_ISDIR(status.st_mode)) {
    send_folder(name, answer, status);
  } else if (!answer.excluded) {
    send_included(name, status);
  }
}

void ContextStream::send_folder(const std::string& name, const IgnoreRules::Answer& answer, const struct stat& status) {
  if (answer.excluded && !plan_.rules.may_include_below(name)) return;
  TarEntry entry = entry_of(name, status);
  entry.kind = TarEntry::Kind::folder;
  const size_t depth = unsent_parents_.size();
  unsent_parents_.push_back(std::move(entry));
  if (!answer.excluded) send_parents();
  send_content(name, answer.matches);
  unsent_parents_.resize(std::min(depth, unsent_parents_.size()));
}

void ContextStream::send_parents() {
  for (const TarEntry& parent : unsent_parents_) tar_.begin(parent);
  unsent_parents_.clear();
}

void ContextStream::send_included(const std::string& name, const struct stat& status) {
  TarEntry entry = entry_of(name, status);
  if (S_ISLNK(status.st_mode)) {
    entry.kind = TarEntry::Kind::symlink;
    entry.permissions = 0777;
    entry.target = link_target(path_of(name), status);
  } else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
    entry.kind = S_ISBLK(status.st_mode) ? TarEntry::Kind::block_device : TarEntry::Kind::character_device;
    entry.device = status.st_rdev;
  } else if (!S_ISREG(status.st_mode)) {
    return;
  }
  send_parents();
  if (send_as_hard_link(entry, status)) return;
  if (S_ISREG(status.st_mode)) {
    send_file(std::move(entry));
  } else {
    tar_.begin(entry);
  }
}

bool ContextStream::send_as_hard_link(const TarEntry& entry, const struct stat& status) {
  if (status.st_nlink < 2 || !S_ISREG(status.st_mode)) return false;
  const auto [first, is_first] = first_names_.try_emplace({status.st_dev, status.st_ino}, entry.name);
  if (is_first) return false;
  TarEntry link = entry;
  link.kind = TarEntry::Kind::hard_link;
  link.target = first->second;
  tar_.begin(link);
  return true;
}

void ContextStream::send_file(TarEntry entry) {
  const fs::path path = path_of(entry.name);
  // O_NONBLOCK and O_NOFOLLOW: a fifo or a link that took the file's place since must neither block us nor lead us out.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) throw errno == ENOENT || errno == ELOOP ? changed(path) : unreadable(path, errno);
  struct stat status{};
  if (::fstat(file.raw(), &status) != 0) throw unreadable(path, errno);
  if (!S_ISREG(status.st_mode)) throw changed(path);
  entry.size = status.st_size;
  if (auto extents = data_extents(file, status)) {
    entry.sparse = true;
    entry.data = std::move(*extents);
  }
  if (std::string value = capabilities_of(file); !value.empty())
    entry.attributes.emplace_back("security.capability", std::move(value));
  tar_.begin(entry);
  send_bytes(file, entry);
}

void ContextStream::send_bytes(const Fd& file, const TarEntry& entry) {
  const fs::path path = path_of(entry.name);
  // The announced size is already sent: padding or cutting the content to it would build an image from a broken file.
  const std::vector<Extent> whole{{0, entry.size}};
  for (const auto& [offset, length] : entry.sparse ? entry.data : whole) {
    for (std::int64_t sent = 0; sent < length;) {
      obey_stop();
      const auto wanted = std::min(static_cast<std::int64_t>(buffer_.size()), length - sent);
      const ssize_t count = ::pread(file.raw(), buffer_.data(), static_cast<size_t>(wanted), offset + sent);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw unreadable(path, errno);
      if (count == 0) throw changed(path);
      tar_.write({buffer_.data(), static_cast<size_t>(count)});
      sent += count;
    }
  }
  struct stat status{};
  if (::fstat(file.raw(), &status) != 0 || status.st_size != entry.size) throw changed(path);
}

}  // namespace

void write_context(const ContextPlan& plan, const Sink& sink, std::stop_token stop) {
  ContextStream(plan, sink, std::move(stop)).send();
}

}  // namespace belay::archive
