#pragma once
// The volumes that an app's data is in: which it has without having asked for them by name, what new ones are called,
// and whose a volume of that name may be. Private to host.

#include "change/context.h"
#include "formats/family.h"
#include "model/release.h"

namespace belay::change {

// An image's mount point that nobody maps, and a volume that was asked for without a name, get a volume of the engine's
// own choice, which no other container ever gets again. Enters into the releases what the containers have there, so
// that the next ones mount those very volumes. What a container takes from another (volumes_from) is the other's.
void learn_volumes(App& app, const World& world);
// The same where it is known which containers can be the app's.
void learn_volumes(App& app, const std::vector<const Container*>& containers, const World& world);
void learn_volumes(Service& service, const Container& container, const World& world);
void learn_volumes_of(Context& context, App& app, std::stop_token stop);
// As known_app, with what learn_volumes finds; nothing is saved.
App app_with_volumes(Context& context, const AppName& name, std::stop_token stop);

// What a service mounts where nobody named a source: what `before` has there, else the volume by the app's scheme.
// `volumes`: those of the engine; of them one that Belay named otherwise in earlier days is kept.
formats::MountFor mount_for(const App& app, const std::string& service, std::vector<Mount> before,
                            std::vector<Volume> volumes);

// A volume whose name follows from the names of the app and of the mount point.
struct DerivedVolume {
  std::string name, target;
};
// Those of the service's mounts that `named` does not hold: the user's own names are his business.
std::vector<DerivedVolume> derived_volumes(const App& app, const Service& service,
                                           const std::function<bool(const Mount&)>& is_named);

// Whether a release of the app mounts the volume.
bool uses_volume(const App& app, const std::string& volume);

// Which apps' releases mount which volumes: found by the volume, however many apps there are.
class VolumeUses {
 public:
  struct Use {
    std::string app, target;
  };
  VolumeUses() = default;
  explicit VolumeUses(const std::vector<App>& apps);
  void add(const App& app);
  // nullptr: no other app has it.
  const Use* of_another(const AppName& app, const std::string& volume) const;

 private:
  std::map<std::string, std::vector<Use>> uses_;  // by volume; one an app
};

// Those that no release of the app mounts yet.
std::vector<DerivedVolume> new_to(const App& app, std::vector<DerivedVolume> derived);
// Throws Conflict where a release of another app mounts one of these.
void refuse_volumes_in_use(const App& app, const std::vector<DerivedVolume>& unknown, const VolumeUses& uses);
// Throws Conflict where such a volume is another app's, or a stranger's. What a release of the app mounts is its own.
void refuse_foreign_volumes(Context& context, const App& app, const std::vector<DerivedVolume>& derived,
                            std::stop_token stop);
void refuse_foreign_volumes(Context& context, const App& app, const std::vector<DerivedVolume>& derived,
                            const VolumeUses& uses, std::stop_token stop);

}  // namespace belay::change
