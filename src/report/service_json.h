#pragma once
// Services that were installed from images, as JSON: docs/json.md.

#include <string>
#include <vector>

#include "document/node.h"
#include "service_image/service.h"

namespace belay::report {

document::Node service_json(const InstalledService& service);
// What came of a verb.
document::Node service_done_json(const std::string& name, const service_image::Done& done);
document::Node service_backup_json(const std::string& name, const service_image::BackedUp& made);
document::Node service_help_json(const InstalledService& service, const service_image::HelpText& help,
                                 const std::vector<service_image::CommandLine>& commands);
document::Node service_row_json(const service_image::ServiceRow& row);
// Whether an image follows the convention, rule by rule. `rights` is null where it does not.
document::Node examined_json(const service_image::Examined& examined);

}  // namespace belay::report
