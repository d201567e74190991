#pragma once
// Backups, snapshots and trials as JSON: docs/json.md.

#include "document/node.h"
#include "safekeeping/backup.h"
#include "safekeeping/backups.h"
#include "safekeeping/snapshots.h"
#include "safekeeping/trial.h"

namespace belay::report {

document::Node backup_record_json(const BackupRecord& record);
// `pruned`: what was removed because the new one is there.
document::Node backed_up_json(const safekeeping::BackedUp& made, const safekeeping::Pruning& pruned);
document::Node snapshot_json(const safekeeping::SnapshotRow& row);
document::Node verified_json(const backup::Verified& verified);
document::Node drilled_json(const safekeeping::Drilled& drilled);
document::Node tried_json(const AppName& name, const safekeeping::Tried& tried);

}  // namespace belay::report
