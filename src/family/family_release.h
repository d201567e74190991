#pragma once
// The next release of a family: its image, the settings of the app, and what the image adds to them. Private to host.

#include "change/app_volumes.h"
#include "change/new_release.h"
#include "family/start_new.h"

namespace belay::family {

// The release that runs, or ran last; nullptr: none ever did.
const Release* present_of(const App& app);

// The build whose settings the next build takes over where it has none of its own: that of the release that runs or
// ran last, or a later one if nothing was started since. nullptr: the app never had any settings.
const Build* settings_of(const App& app);

// A build without any settings: what its containers get is the image's own business.
std::map<std::string, Configuration> no_settings(const AppName& app);
// The text of a parameter file that would say so, kept with a build whose user asked for that.
inline constexpr const char* settings_of_the_image = "{}";

// What the container gets by this configuration of the build from an image that has this configuration.
Service family_service(change::Context& context, const App& app, const Build& build, const Configuration& configuration,
                       const ImageConfig& image, std::stop_token stop);

struct NextRelease {
  change::ReleaseDraft made;
  // How it differs from the release before it, where it lacks any of that one's settings: as `config --diff` says it.
  std::vector<std::string> lines;
  std::vector<std::string> notes;  // on what it publishes that the one before it did not
  ReleaseNumber before;
  bool asks = false;              // the user did not ask for that himself
  std::optional<Build> settings;  // given at the start: to be kept with the app
};

// The last build's image. Throws NotFound.
Image last_image(change::Context& context, const App& app, std::stop_token stop);

// `app`: with what learn_volumes finds. Throws Conflict where a volume would be another's.
NextRelease next_release(change::Context& context, const App& app, const StartOptions& options, const Image& image,
                         std::stop_token stop);

// Shows what the release before had and this one has not, and asks where the user did not say so himself. Throws
// Conflict where nobody can be asked, Error where the answer is no.
void agree_to_losses(change::Context& context, const AppName& name, const NextRelease& next,
                     const StartOptions& options);

}  // namespace belay::family
