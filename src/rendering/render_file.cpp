#include "rendering/render_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "base/replace_file.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/start.h"
#include "crypto/sha256.h"
#include "engine/captured_output.h"
#include "look/look.h"
#include "rendering/running_apps.h"
#include "state/store.h"
#include "template/template.h"

namespace belay::rendering {

namespace {

constexpr Milliseconds most_at_once{300};  // several containers of a change are one news
constexpr Milliseconds before_another_try{5'000};

std::string filled_in(change::Context& context, const FileRequest& request, const std::stop_token& stop) {
  const std::string source = read_file(request.source, {1 << 20});
  document::Node values = request.values;
  const document::Node running = running_apps(context, stop);
  for (const auto& member : running.members()) {
    values.remove(member.key);
    values.add_member(member);
  }
  std::string text = templates::render(source, request.source.string(), values).text();
  // As in Jinja the last line break of a template does not count; a file of lines has one.
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

// The containers that read the file, those that run.
std::vector<std::string> readers(change::Context& context, const FileRequest& request, const std::stop_token& stop) {
  std::vector<std::string> running;
  if (!request.reader) return running;
  std::vector<look::NamedContainer> all;
  try {
    all = look::containers_of(context, *request.reader, {}, stop);
  } catch (const NotFound&) {
    // The file may be needed for the very first start.
    if (context.store.app(request.reader->app) || !request.may_be_missing) throw;
  }
  for (const auto& [service, container] : all) {
    const auto detail = context.engine.container(container, stop);
    if (detail && detail->container.state == ContainerState::running) running.push_back(container);
  }
  return running;
}

// A container may be able to write into the folder, and lay a link there that leads to any file of the host.
void refuse_link(const fs::path& file) {
  std::error_code error;
  if (!fs::is_symlink(fs::symlink_status(file, error))) return;
  const fs::path target = fs::read_symlink(file, error);
  throw UsageError(format("{} is a link, which would be replaced by the file", printable(file.string())),
                   format("Say the file that it leads to: {}.",
                          printable((file.parent_path() / target).lexically_normal().string())));
}

// By another path it may be the same file.
bool is_same_file(const std::string& one, const fs::path& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) && !error;
}

// A container to which the file itself is bound sees the file that was there when it was made, not one that took its
// name since.
bool is_bound_itself(change::Context& context, const FileRequest& request, const std::vector<std::string>& containers,
                     const std::stop_token& stop) {
  return std::any_of(containers.begin(), containers.end(), [&](const std::string& name) {
    const auto detail = context.engine.container(name, stop);
    return detail &&
           std::any_of(detail->container.mounts.begin(), detail->container.mounts.end(), [&](const Mount& mount) {
             return mount.kind == Mount::Kind::bind && is_same_file(mount.source, request.file);
           });
  });
}

void write_in_place(const fs::path& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC | O_NOFOLLOW));
  if (!file) throw system_error(format("writing {}", path.string()), errno);
  while (!text.empty()) {
    const ssize_t written = ::write(file.raw(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error(format("writing {}", path.string()), errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(file.raw()) != 0) throw system_error(format("writing {}", path.string()), errno);
}

void put(const fs::path& path, const std::string& text, bool in_place) {
  const auto rights = file_rights(path);
  if (in_place && rights)
    write_in_place(path, text);
  else
    replace_file(path, text, rights.value_or(FileRights()));
}

void take_back(const fs::path& path, const std::optional<std::string>& before, bool in_place) {
  if (before)
    put(path, *before, in_place);
  else
    fs::remove(path);
}

// What the readers were told of last, while the file holds something newer: a run that is killed in between leaves it,
// and the next one tells them, or takes the file back to it.
class ToldLast {
 public:
  ToldLast(const fs::path& state, const fs::path& file)
      : folder_(state / "untold"), path_(folder_ / crypto::sha256(file.string()).substr(0, 32)) {}

  bool is_there() const { return fs::exists(path_); }
  // nullopt: there was no file.
  std::optional<std::string> content() const {
    const std::string text = read_file(path_);
    if (text.starts_with(no_file)) return {};
    return text.substr(a_file.size());
  }
  void note(const std::optional<std::string>& content) const {
    make_folder(folder_, 0700);
    write_file_durably(path_, content ? std::string(a_file) + *content : std::string(no_file), 0600);
  }
  void forget() const {
    std::error_code error;
    fs::remove(path_, error);
    fs::remove(folder_, error);  // where it is empty
  }

 private:
  static constexpr std::string_view a_file = "held\n", no_file = "absent\n";
  const fs::path folder_, path_;
};

void check_in(change::Context& context, const std::string& container, const std::vector<std::string>& command,
              const std::stop_token& stop) {
  engine::CapturedOutput output;
  ExecRequest request;
  request.command = command;
  const int code = context.engine.exec(container, request, output, stop);
  if (code == 0) return;
  throw Error(ErrorCode::program_failed,
              format("{} refuses the new file: '{}' ended with exit code {}: {}", container, join(command, " "), code,
                     printable(trim(output.text()))),
              "The file is as it was before.");
}

void tell(change::Context& context, const FileRequest& request, FileResult& result, const std::stop_token& stop) {
  if (result.told.empty()) return;
  if (request.restart) {
    const change::Change change = change::restart(context, *request.reader, {}, stop);
    if (change.failed())
      throw Error(error_code(change), format("restarting {}: {}", request.reader->text(), change.reason), change.hint);
  } else if (!request.signal.empty()) {
    plan::Plan plan;
    for (const auto& container : result.told)
      plan.add(plan::SignalContainer{container, request.signal}, "its file has changed");
    if (!plan.empty()) change::carry_out_whole(context, plan, {}, stop);
  } else {
    result.told.clear();
  }
}

}  // namespace

FileResult render_file(change::Context& context, const FileRequest& request, std::stop_token stop) {
  FileResult result;
  refuse_link(request.file);
  result.text = filled_in(context, request, stop);
  const ToldLast told_last(context.store.folder(), request.file);
  const bool is_untold = request.reader && told_last.is_there();
  const auto before = is_untold ? told_last.content() : read_file_if_present(request.file);
  result.has_changed = is_untold || before != result.text;
  if (!result.has_changed) return result;
  result.told = readers(context, request, stop);
  if (request.dry_run) return result;
  const bool in_place = is_bound_itself(context, request, result.told, stop);
  if (request.reader && !is_untold) told_last.note(before);
  try {
    put(request.file, result.text, in_place);
    if (!request.check.empty())
      for (const auto& container : result.told) check_in(context, container, request.check, stop);
    tell(context, request, result, stop);
  } catch (const std::exception&) {
    // Also where it was stopped, half written, or told to some of them: with the file as it was, the next one is a
    // change again, which all of them are told of.
    take_back(request.file, before, in_place);
    if (request.reader) told_last.forget();
    throw;
  }
  if (request.reader) told_last.forget();
  if (!result.told.empty())
    change::write_journal(context, change::known_app(context, request.reader->app, stop), "render", "done",
                          request.file.string());
  return result;
}

void keep_rendered(change::Context& context, const FileRequest& request,
                   const std::function<void(const FileResult&)>& on_result,
                   const std::function<void(const Error&)>& on_error, std::stop_token stop) {
  engine::EventFilter filter;
  filter.types = {"container"};
  filter.actions = {"start", "die", "health_status", "pause", "unpause", "rename", "destroy"};
  const auto render = [&] {
    try {
      const FileResult result = render_file(context, request, stop);
      if (result.has_changed) on_result(result);
    } catch (const EngineError&) {
      throw;
    } catch (const ConfigError&) {
      throw;
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      // Another try would come to the same until something changes.
      on_error(error);
    }
  };
  while (!stop.stop_requested()) {
    const Time since = context.clock.now();
    try {
      render();
      context.engine.events(since, filter, [](const engine::Event&) { return false; }, stop);
      std::ignore = context.clock.sleep(most_at_once, stop);
    } catch (const Cancelled&) {
      if (stop.stop_requested()) return;
      throw;
    } catch (const ConfigError&) {
      // The template stays wrong until somebody mends it, and starts this again.
      throw;
    } catch (const Error& error) {
      on_error(error);
      std::ignore = context.clock.sleep(before_another_try, stop);
    }
  }
}

}  // namespace belay::rendering
