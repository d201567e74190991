#pragma once
// What commands did, as JSON: docs/json.md. An outcome is "planned" in a dry run, "done", or "unchanged".

#include "change/clean.h"
#include "change/let_go.h"
#include "change/mark.h"
#include "document/node.h"
#include "family/build.h"
#include "family/import_store.h"
#include "family/take_over.h"
#include "look/happenings.h"
#include "rendering/render_file.h"
#include "safekeeping/snapshots.h"

namespace belay::report {

// `name`: an app, or a part of one. `frees`: the images that go; nullopt: not measured.
document::Node removal_json(const std::string& name, const change::Removed& removed, bool dry_run,
                            std::optional<ByteCount> frees = {});

document::Node adopted_json(const family::Adopted& adopted);
document::Node let_go_json(const AppName& name, const change::LetGo& gone, bool dry_run);
document::Node imported_json(const family::ImportedFamily& imported, bool dry_run);
document::Node imported_json(const family::Imported& imported, bool dry_run);
document::Node recovered_json(const family::Recovered& recovered, bool dry_run);

document::Node build_json(const AppName& name, const family::BuildOutcome& outcome);
// Images of a project that are pulled, pushed or built.
document::Node images_json(const plan::Plan& plan, bool dry_run);

document::Node taken_snapshot_json(const AppName& name, const safekeeping::TakenSnapshot& taken, bool dry_run);
// `taken`: the snapshot that went with the mark.
document::Node marked_json(const AppName& name, const change::Marked& marked,
                           const std::optional<safekeeping::TakenSnapshot>& taken, bool dry_run);

document::Node rendered_json(const rendering::FileRequest& request, const rendering::FileResult& result);

// The list `ports`.
document::Node ports_json(const std::vector<PortBinding>& ports);
// The list `containers`.
document::Node endings_json(const std::vector<look::Ending>& endings);

}  // namespace belay::report
