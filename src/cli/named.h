#pragma once
// What the words of a command line name: an app, a part of one (APP/SERVICE, APP/SERVICE/N), or a service of the
// Compose project of this folder; else the name of a container, as docker ps shows it. Where there are an app and a
// service of this name, the app is looked at, and that there are both is said; a command that changes something wants
// to be told which: APP/ or PROJECT/SERVICE. Under the face docker-compose every word is a service.

#include <optional>
#include <string>
#include <vector>

#include "cli/host_run.h"

namespace belay::cli {

// The project of the current folder, or of the first one above it that has a Compose file.
struct FolderProject {
  AppName name;
  std::vector<std::string> services;  // those that profiles switch off included
  std::string folder;
  bool has_files = true;  // false: only its name was given

  bool has(const std::string& service) const;
};

// For commands that take the app's name from the folder's files. Throws Conflict where the app of that name did not
// come from the project in `folder`: it is another one, whatever the files call theirs.
void refuse_app_of_others(const App& app, const std::string& folder);

class Named {
 public:
  Named(const Invocation& in, HostRun& run) : in_(in), run_(run) {}

  // Throws UsageError for a word that can be no name, NotFound where the project has no app yet, ConfigError where its
  // files cannot be read.
  Target of(const std::string& word);
  // Without a word: the folder's project, else the app that was built from it, else the only one of the host. Throws
  // UsageError with the apps where there are several; `missing`: what the word is called.
  Target of(const std::optional<std::string>& word, std::string_view missing);
  // The app that the word is about, or that a service of it is a part of.
  AppName app_of(const std::optional<std::string>& word) { return of(word, "NAME").app; }
  // The same for what is done to an app as a whole: UsageError for a service.
  AppName whole_app(const std::optional<std::string>& word);
  // The app of the folder's project, where Belay has made one of it; nullopt also where the files cannot be read.
  std::optional<AppName> app_here();
  // The same for several words; without any: the folder's project.
  std::vector<Target> of_all(const std::vector<std::string>& words, std::string_view missing);
  // For --all. UsageError where the line has words too.
  std::vector<Target> every_app();
  // nullopt: there is no Compose file.
  const std::optional<FolderProject>& project();
  // The state has an app of this name.
  bool is_app(const std::string& name);
  // The release of the container that the last word was the name of, where that is not the present one: "r3"; or empty.
  // Only commands that take it from here may be about such a container.
  void allow_earlier_containers() { takes_earlier_ = true; }
  const std::string& release_of_container() const { return release_; }

 private:
  Target of_project(const std::string& service);
  void tell_of_both(const std::string& word);
  std::optional<Target> of_container(const std::string& word);

  const Invocation& in_;
  HostRun& run_;
  std::optional<std::optional<FolderProject>> project_;
  std::optional<std::vector<std::string>> apps_;
  bool takes_earlier_ = false;
  std::string release_;
};

// What --index says: which replica of the service. Throws UsageError where no service is named.
void take_index(const Invocation& in, Target& what);

}  // namespace belay::cli
