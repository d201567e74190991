#pragma once
// The naming schemes (docs/architecture.md, "Names on the engine"): pure functions from app, release and time to names
// on the engine.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "model/release.h"

namespace belay {

// The container of a new release. `taken` tells whether a name is in use: the date schemes then get a suffix.
//   belay: web-r12   jcl: jcl_web_20260131090507   dcv: dcv_web   fixed: web   compose: shop-web-1
// An app with several services puts "_SERVICE" behind the app's name; in the scheme fixed, services bear their names.
// In fixed and compose, Service::container_name comes first.
std::string container_name(const App& app, const Service& service, ReleaseNumber release, Time now,
                           const std::function<bool(const std::string&)>& taken);
// What a displaced container is renamed to, in the schemes that rename.
//   dcv: dcv_web_save_20260131090507   fixed: web-r11   compose: shop-web-1-r11
std::string displaced_name(const App& app, const Service& service, ReleaseNumber release, Time now,
                           const std::function<bool(const std::string&)>& taken);
// dcv: what the container marked stable is called, dcv_web_stable.
std::string stable_name(const App& app, const std::string& service);
// The service of the app's release; one that is not in it, or whose release is gone, has nothing but the name.
Service service_of(const App& app, ReleaseNumber release, const std::string& name);
// The volume for a mount point: web_var_www. The root "/" gives web_root. In the scheme jcl the path is written as
// jockler writes it: each run of characters outside [A-Za-z0-9_] is one "_", and a "/" at the end counts
// (jcl_web_var_www).
std::string volume_name(NamingScheme scheme, const AppName& app, const std::string& mount_point);
// Whether the engine made this name up, because nobody named the volume: 64 hexadecimal digits.
bool is_unnamed_volume(const std::string& name);
// What Belay called that volume before it wrote the paths of the scheme jcl as jockler does.
std::string earlier_volume_name(NamingScheme scheme, const AppName& app, const std::string& mount_point);
// A short number for a name, always the same: what tells names apart that a repository would level.
std::uint32_t name_sum(std::string_view name);
// The tag that keeps a release's image from an image prune without --all: belay/web:r12 (lower case, as repositories
// must be).
std::string pin_tag(const AppName& app, const std::string& service, ReleaseNumber release);

}  // namespace belay
