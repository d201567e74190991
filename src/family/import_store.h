#pragma once
// `belay import jockler`, `belay import dockervisor`: whole families out of the stores of these tools.

#include "change/context.h"

namespace belay::family {

enum class StoreKind { jockler, dockervisor };
// Where the tool keeps its store: $BELAY_JOCKLER_STORE, else /var/jockler; the same for dockervisor.
fs::path store_folder(StoreKind kind);

// What came of one family.
struct ImportedFamily {
  std::string name;
  std::vector<std::string> containers;           // adopted now, in the order of their releases
  std::optional<ReleaseNumber> last, stable;     // as the app has them now
  std::string last_container, stable_container;  // their containers
  Autostart autostart = Autostart::none;
  std::string settings_file;  // empty: the store has none for it
  bool is_known = false;      // the app was there before
  bool changed = false;
  plan::Plan plan;  // what keeps the images; the containers are not touched
  std::vector<std::string> warnings;
  std::optional<Error> error;  // it was not imported; the others are
};

struct ImportOptions {
  fs::path folder{};              // empty: the usual one
  std::optional<AppName> only{};  // nullopt: every family of the store
  bool dry_run = false;
};
// Makes apps of the families, or adds to apps that are there what these do not have yet: containers as releases, the
// marks last and stable, autostart, settings. Nothing on the engine is touched but tags that keep the images. What was
// imported before is left as it is. Throws NotFound where there is no store, or no such family in it.
std::vector<ImportedFamily> import_store(change::Context& context, StoreKind kind, const ImportOptions& options,
                                         std::stop_token stop);

}  // namespace belay::family
