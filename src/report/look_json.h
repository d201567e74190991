#pragma once
// What was looked at, as JSON: docs/json.md. Used by the commands, and by whatever else tells of apps.

#include <string>

#include "change/mark.h"
#include "document/node.h"
#include "look/doctor.h"
#include "look/happenings.h"
#include "look/inside.h"
#include "look/look.h"

namespace belay::report {

document::Node summary_json(const look::AppSummary& row);
document::Node instance_json(const look::InstanceRow& row);
// The same with the app it is of.
document::Node container_json(const std::string& app, const look::InstanceRow& row);
document::Node status_json(const look::Status& status);
document::Node why_json(const std::string& app, const look::Why& why);
document::Node release_json(const look::ReleaseRow& row);
document::Node journal_json(const look::PastEntry& past);
document::Node image_json(const std::string& app, const look::ImageRow& row);
document::Node volume_json(const look::VolumeRow& row);
document::Node processes_json(const look::ContainerProcesses& processes);
document::Node finding_json(const look::Finding& finding);
document::Node happening_json(const look::Happening& happening);
document::Node autostart_json(const change::AutostartStatus& row);

// The words of a column, which are those of the JSON too.
std::string_view kind_word(const look::VolumeRow& row);     // volume, folder, memory
std::string_view mode_word(const look::VolumeRow& row);     // ro, rw
std::string_view level_word(const look::Finding& finding);  // ok, advice, bad

}  // namespace belay::report
