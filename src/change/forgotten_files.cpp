#include "change/forgotten_files.h"

#include <unistd.h>
#include <vector>

#include "base/format.h"
#include "base/lock.h"
#include "state/store.h"

namespace belay::change {

namespace {

// In the app's folder. Of an app that is there after all it is removed like any file that no release needs.
constexpr const char* forgotten_mark = "forgotten";

}  // namespace

fs::path kept_files_folder(const state::Store& store, const AppName& app) {
  return store.folder() / "files" / app.text();
}

void forget_with_files(Context& context, const AppName& name) {
  const fs::path folder = kept_files_folder(context.store, name);
  std::error_code error;
  if (fs::exists(folder, error)) write_file_durably(folder / forgotten_mark, "", 0660);
  context.store.forget(name);
  // What cannot be removed now is left to the next time.
  fs::remove_all(folder, error);
}

void drop_forgotten_files(Context& context) {
  std::vector<AppName> marked;
  std::error_code error;
  for (fs::directory_iterator entry(context.store.folder() / "files", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code unknown;
    if (AppName::is_valid(name) && fs::exists(entry->path() / forgotten_mark, unknown)) marked.emplace_back(name);
  }
  for (const auto& name : marked) {
    try {
      if (context.store.app(name)) continue;
      const LockRequest request{state::lock_file(context.store.folder(), name),
                                format("{} (pid {}, {})", context.command, ::getpid(), context.who), false};
      const FileLock lock = FileLock::take(request, context.clock, {}, {});
      if (!context.store.app(name)) fs::remove_all(kept_files_folder(context.store, name), error);
    } catch (const Error&) {
      // Somebody makes the app anew; or the next command can.
    }
  }
}

}  // namespace belay::change
