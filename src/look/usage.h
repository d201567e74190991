#pragma once
// What apps use: processors, memory and network now, and space on the disk.

#include "change/clean.h"
#include "change/context.h"
#include "engine/meter.h"

namespace belay::look {

struct UsageRow {
  std::string app, service, container;  // the service as a target names it within its app: "web/2"
  engine::Usage usage;
};
// Of the targets' containers that run, all measured at the same time.
std::vector<UsageRow> usage(change::Context& context, engine::Meter& meter, const std::vector<Target>& targets,
                            std::stop_token stop);

struct SpaceRow {
  std::string app;
  ByteCount images;                  // as they are listed: layers that several share count for each
  ByteCount containers;              // what they wrote into themselves
  ByteCount volumes;                 // as far as the engine can tell
  ByteCount backups;                 // in any place
  std::optional<ByteCount> frees{};  // of images, by a cleanup; nullopt: the app cannot be cleaned up now
};
struct Space {
  std::vector<SpaceRow> apps;
  engine::DiskUse engine;  // of everything on it
};
Space space(change::Context& context, engine::Meter& meter, const std::vector<AppName>& apps, std::stop_token stop);

// The images of the app that a plan removes, as they are listed: layers that they share with others stay.
ByteCount freed_by(change::Context& context, const AppName& name, const plan::Plan& plan, std::stop_token stop);

}  // namespace belay::look
