#include <cerrno>
#include <span>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/named.h"
#include "cli/tty.h"
#include "look/look.h"
#include "safekeeping/copy.h"

namespace belay::cli {

namespace {

// "shop/web:/etc/app.conf"; a word that begins like a path, or has no ":", is a file here.
struct CopyPlace {
  std::string container;  // as it is named; empty: here
  std::string path;
};

CopyPlace copy_place(const Invocation& in, const std::string& word) {
  const size_t colon = word.find(':');
  if (colon == std::string::npos || colon == 0 || word[0] == '/' || word[0] == '.') return {{}, word};
  const std::string path = word.substr(colon + 1);
  if (path.empty()) throw in.usage_error(format("'{}' needs a path after the colon", printable(word)));
  return {word.substr(0, colon), path[0] == '/' ? path : "/" + path};
}

std::vector<std::string> containers_named(Invocation& in, HostRun& run, Target& what) {
  take_index(in, what);
  std::vector<std::string> names;
  for (const auto& found : look::containers_of(run.context(), what, {}, in.stop())) names.push_back(found.container);
  return names;
}

size_t read_input(std::span<char> room) {
  ssize_t count = 0;
  do {
    count = ::read(0, room.data(), room.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw system_error("reading standard input", errno);
  return static_cast<size_t>(count);
}

void take_out(Invocation& in, HostRun& run, const std::string& container, const CopyPlace& from, const std::string& to,
              safekeeping::CopyOwners owners) {
  if (to != "-") {
    safekeeping::copy_out(run.context(), container, from.path, to, owners, in.stop());
    return;
  }
  if (in.console.settings().out_terminal)
    throw in.usage_error("a tar is nothing for a terminal: redirect it into a file");
  UserTerminal terminal(0, 1, 2, in.stop());
  safekeeping::copy_out(
      run.context(), container, from.path, [&](std::string_view bytes) { terminal.write(OutputStream::out, bytes); },
      in.stop());
}

void put_in(Invocation& in, HostRun& run, const AppName& app, const std::vector<std::string>& containers,
            const std::string& from, const CopyPlace& to, safekeeping::CopyOwners owners) {
  if (from != "-") {
    safekeeping::copy_in(run.context(), app, containers, from, to.path, owners, in.stop());
    return;
  }
  if (containers.size() > 1) throw in.usage_error("a tar goes into one container: name one with --index");
  safekeeping::copy_in(run.context(), app, containers.front(), read_input, to.path, in.stop());
}

}  // namespace

int run_cp(Invocation& in) {
  const CopyPlace from = copy_place(in, in.argument("FROM")), to = copy_place(in, in.argument("TO"));
  if (from.container.empty() == to.container.empty())
    throw in.usage_error("one of FROM and TO is in a container: NAME/SERVICE:PATH");
  const bool is_out = to.container.empty();
  HostRun run(in.session, in.description());
  Target what = Named(in, run).of(is_out ? from.container : to.container);
  auto containers = containers_named(in, run, what);
  if (is_out) containers.resize(1);
  if (in.has("dry-run")) {
    for (const auto& container : containers)
      in.console.line(is_out ? format("would copy {}:{} to {}", container, from.path, to.path)
                             : format("would copy {} to {}:{}", from.path, container, to.path));
    return 0;
  }
  const auto owners = in.has("archive") ? safekeeping::CopyOwners::kept : safekeeping::CopyOwners::ours;
  if (is_out)
    take_out(in, run, containers.front(), from, to.path, owners);
  else
    put_in(in, run, what.app, containers, from.path, to, owners);
  return 0;
}

}  // namespace belay::cli
