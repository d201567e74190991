#pragma once
// Services from self-contained images on the command line: belay service, belay check-image and the face dr.

#include <string>

#include "cli/invocation.h"

namespace belay::cli {

// Prints every rule and how the image fares; 0, or 1 where it breaks one. `script`: prints that file of the image's /dr
// instead.
struct ImageCheck {
  std::string reference;
  bool json = false;
  std::string script = {};
};
int check_service_image(Session& session, const std::string& command, const ImageCheck& check);

}  // namespace belay::cli
