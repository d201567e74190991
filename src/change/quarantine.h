#pragma once
// Whose the quarantine of an image is: the service's that failed with it. Another service may run the same image well.

#include <string>

#include "model/release.h"

namespace belay::change {

// Whether the entry is about a service of this name, or its replicas. It is about every one where nothing is known any
// more of the release that failed.
bool is_about(const App& app, const Quarantine& entry, const std::string& service);
// Whether the service failed with the image.
bool is_quarantined(const App& app, const Service& service, const std::string& image);
// Whether one of its services failed with its image, and the release has not proved itself all the same.
bool is_quarantined(const App& app, const Release& release);

}  // namespace belay::change
