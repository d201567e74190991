#pragma once
// Whether an image follows the convention: every rule, and how the image fares.

#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "service_image/rights.h"
#include "service_image/scripts.h"

namespace belay::service_image {

struct Rule {
  std::string id;    // one word that stays: "folder", "script-install", "user"
  std::string text;  // what is asked for
  bool required = true;
  bool passed = false;
  std::string detail;  // what is there instead; empty: nothing to say
};

// All that an image says about being a service.
struct Examined {
  Image image;
  std::string reference;           // as asked for
  std::string digest;              // of the reference's repository, "sha256:…"; empty: it came from no registry
  std::optional<Scripts> scripts;  // nullopt: it has no /dr, or one that is not accepted
  ServiceManifest manifest;
  std::vector<Rule> rules;

  bool passes() const;
  // Throws Error (bad_service_image) with the rules that are broken.
  void expect_to_pass() const;
};

// The rules without an engine. `trouble`: why the scripts could not be taken, where they could not.
std::vector<Rule> rules_for(const Image& image, const std::optional<Scripts>& scripts, const std::string& trouble);

// Looks into an image that is here. Throws NotFound where it is not.
Examined examine(engine::Engine& engine, const std::string& reference, std::stop_token stop);

}  // namespace belay::service_image
