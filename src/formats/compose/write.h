#pragma once
// A Compose file for what apps are: whatever door they came through, it makes the same containers on the same data.
// Pure: what the engine has comes in, text goes out.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/declaration.h"

namespace belay::formats::compose {

struct ExportedApp {
  AppName name;
  Spec spec;
  NamingScheme scheme = NamingScheme::belay;
  // What its definition says beyond the spec, where there is one: policies, when images are pulled, watched files.
  std::optional<Declaration> declared{};
};

struct Export {
  std::string project;  // its name; brought into the form that Compose takes
  std::vector<ExportedApp> apps;
  // By their names on the engine. What is there and no project's own is external to the file: its data stays its own.
  std::set<std::string> volumes{}, networks{};
  bool variables_apart = false;  // values of variables and contents of files go into `variables`
};

// What an app has and the file does not say, or says otherwise.
struct Leftover {
  std::string field;  // "web.signals.proxy"; empty: the file as a whole
  std::string text;   // a sentence or "field: before → after"; secrets are hidden
};

struct WrittenProject {
  std::string text;
  std::string variables;  // NAME='value' lines; empty unless they were asked for apart
  std::vector<Leftover> leftovers;
};

// Reads back what it wrote, so that nothing is left out without a word. Throws Error where two apps have a service of
// one name.
WrittenProject write_project(const Export& what);

// The project's name as Compose takes it: small letters, digits, - and _.
std::string project_name(const std::string& name);

}  // namespace belay::formats::compose
