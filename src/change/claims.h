#pragma once
// Whose a place is: asked of the state, the engine and this host before other data is put there. Private to host.

#include "change/context.h"

namespace belay::change {

// Throws Conflict for the first of the places that is not the app's own, nor free: another app's, be that down or up; a
// stranger's; the host's own, by the list that backups go by; Belay's own. What a backup's manifest says of it counts
// for nothing: what counts is what the state has of the app and the others, the labels of volumes, and which containers
// there are. `own`: places that are known to be the app's by other means.
void refuse_what_is_others(Context& context, const AppName& name, const World& world,
                           const std::vector<DataPlace>& places, const std::vector<DataPlace>& own,
                           std::stop_token stop);

// The same for what a release that a backup brings would only mount, without data from the backup: what it would write
// into. Of the host's own folders none is refused here: what bound them had them before.
void refuse_to_mount_what_is_others(Context& context, const AppName& name, const World& world, const Spec& spec,
                                    const std::vector<DataPlace>& filled, std::stop_token stop);

// The first of the places that the file or folder of this machine is in, or is itself, however it is reached: through
// links, "..", or a second mount of the same folder. It need not be there yet.
std::optional<DataPlace> place_around(const fs::path& path, const std::vector<DataPlace>& places,
                                      const std::vector<Volume>& volumes);

// What Belay itself keeps in the place and would lose with an exchange of it: "Belay's own state is in /data/belay",
// "a backup of web is in /data/backups". nullopt: nothing that is known.
std::optional<std::string> kept_by_belay_in(Context& context, const DataPlace& place,
                                            const std::vector<Volume>& volumes);

}  // namespace belay::change
