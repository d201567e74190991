#pragma once
// An app's data as one plain .tar.gz with paths as in the container, which is what jockler exchanges between hosts: no
// manifest, no checksums of files; any tar makes and reads it.

#include "change/change.h"

namespace belay::safekeeping {

struct PlainBackedUp {
  plan::Plan plan;
  bool done = false;  // false: a dry run
  fs::path file;      // "…/jcl_web_20260131090507-20260201120000.tar.gz": the container and the time (UTC)
  ByteCount size;     // of the file
  std::int64_t files = 0, bytes = 0;
  std::optional<Milliseconds> still;  // how long the app was held still
};

// What of the app an archive is about.
struct PlainPart {
  std::string service = {};  // with the volumes that it has from other services; empty: all of the app
  std::string target = {};   // only what is mounted there; empty: all
};

// Writes the data of the release that runs, or ran last, into a new file in `folder`: "data/…" for what is mounted at
// /data. What runs is paused meanwhile and goes on whatever happens. Nothing stays of a file that is not whole.
PlainBackedUp back_up_plain(change::Context& context, const AppName& name, const fs::path& folder, bool dry_run,
                            std::stop_token stop);
// The same of a part; `file`: its name in the folder, "repos.tar.gz"; empty: as above. One that is there is not
// replaced. Throws NotFound for a service or a mount point that the app does not have.
struct PlainBackupOptions {
  PlainPart part = {};
  std::string file = {};
  bool dry_run = false;
};
PlainBackedUp back_up_plain(change::Context& context, const AppName& name, const fs::path& folder,
                            const PlainBackupOptions& options, std::stop_token stop);

struct PlainRestored {
  std::vector<std::string> replaced, untouched;  // places, for people; untouched: the archive has nothing for them
  change::Change change;                         // of what runs
  std::string snapshot;                          // that has what was there before; empty: nothing was
};

// Gives the app's mount points what the archive has for them. Names in it may begin with "./" or "/". All of the
// archive is read and checked before anything is touched; then it is unpacked beside what is there and exchanged with
// it. An app that was built and never ran gets its volumes: its first release starts with them.
// Throws Error for a file in the archive that is in none of the app's mount points.
PlainRestored restore_plain(change::Context& context, const AppName& name, const fs::path& archive,
                            const change::ChangeOptions& options, std::stop_token stop);
// The same of a part: the archive may hold nothing else.
PlainRestored restore_plain(change::Context& context, const AppName& name, const PlainPart& part,
                            const fs::path& archive, const change::ChangeOptions& options, std::stop_token stop);

}  // namespace belay::safekeeping
