#pragma once
// Things that only live as long as one command: known by the label belay.temporary (images by their tags, files by
// their folder), so that what a killed command left is found and removed by the next. Private to host.

#include "change/context.h"
#include "model/labels.h"

namespace belay::change {

// "belay-reach-web-1f0c9a2e": no other command uses it, of whatever state, and in whatever container it runs.
std::string temporary_name(const AppName& app, const std::string& purpose);
// What tells it from everything else, also from what the commands of another state have for an app of this name.
labels::Labels temporary_labels(const Context& context, const AppName& app);
// `labels`: of something temporary. Whether a command of this state made it; what says nothing of a state is from
// before that was told.
bool is_of_this_state(const Context& context, const labels::Labels& labels);
struct Temporary {
  std::string name;
  labels::Labels labels;
};
Temporary temporary(const Context& context, const AppName& app, const std::string& purpose);
// "belay/web:try-s31be07-1f0c9a2e-1": for an image that was brought here for this command alone. The part that begins
// with s is of the state.
std::string temporary_tag(const Context& context, const AppName& app, const std::string& purpose, size_t number);
// Whether a command of this state made such a tag.
bool is_temporary_tag(const Context& context, const AppName& app, const std::string& purpose, const std::string& tag);
// The reference as the engine lists it: "docker.io/library/web" and "web" are "web:latest".
std::string listed_reference(const std::string& reference);
// Where the files are, and where it is noted that there is anything temporary at all.
fs::path temporary_folder(const Context& context, const AppName& app);

// To be called before anything is made that is not found by the commands which only look for labels. `pulled`: the
// references that are about to be pulled for this command alone.
void announce_temporary(Context& context, const AppName& app, const std::vector<std::string>& pulled);

// Removes all that is temporary for the app. The app's lock is held.
void clear_temporary(Context& context, const AppName& app, std::stop_token stop);
// The same, where an earlier command announced something and was killed; else asks nothing. What cannot be removed is
// warned of: it stands in nobody's way.
void clear_announced(Context& context, const AppName& app, std::stop_token stop);
// The same at the end of the command that made it: not to be stopped.
void discard_temporary(Context& context, const AppName& app);

}  // namespace belay::change
