#pragma once
// Settings, their differences and where their values came from, as JSON: docs/json.md.

#include <vector>

#include "document/node.h"
#include "family/settings.h"
#include "formats/compose/resolved.h"
#include "look/look.h"
#include "report/change_json.h"

namespace belay::report {

// What came of `set`, `unset` and `config --edit`.
document::Node settings_changed_json(const AppName& name, const family::SettingsChanged& changed, const Took& took);
// The list `differences`.
document::Node differences_json(const std::vector<FieldChange>& changes);
// The list `origins`.
document::Node origins_json(const std::vector<formats::compose::Origin>& origins);

}  // namespace belay::report
