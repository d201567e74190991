#pragma once
// What a container that is there asks for. Private to host.

#include "model/names.h"
#include "model/spec.h"
#include "model/world.h"

namespace belay::family {

// As the settings of an app with this one service; an empty service bears the app's name.
Spec spec_of_container(const AppName& app, const ContainerDetail& detail, const std::string& service);

}  // namespace belay::family
