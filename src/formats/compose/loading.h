#pragma once
// What the steps of one loading share.

#include <set>
#include <string>
#include <utility>

#include "base/format.h"
#include "formats/compose/project.h"

namespace belay::formats::compose {

struct Loading {
  const Outside& outside;
  Project& project;  // notices, variables and included files are collected here
  std::set<std::string> variables_seen;
  std::set<std::string> variables_missed;                // those that a notice is about
  std::map<std::string, document::Node> extended_files;  // by path: services of files that extends names
  std::size_t inclusions = 0;                            // files that were included, each as often as it was
  std::set<std::string> noticed;                         // the places that notice_once has told of

  void notice(Notice::Kind kind, const SourcePosition& where, std::string text) {
    project.notices.push_back({kind, where, std::move(text)});
  }
  // Once a place and part of what stands there: several services may share a value that an anchor names.
  void notice_once(Notice::Kind kind, const SourcePosition& where, std::string text, std::string_view part = {}) {
    if (noticed.insert(format("{} {}", where.text(), part)).second) notice(kind, where, std::move(text));
  }
  // Once a variable: the first place is enough to find the others.
  void miss(const std::string& variable, const SourcePosition& where, std::string_view advice = {}) {
    if (!variables_missed.insert(variable).second) return;
    notice(Notice::Kind::unset_variable, where,
           format("the variable {} is not set: it stands for empty text{}", variable, advice));
  }
  void include(const std::string& file) { add_once(project.included, file); }
  void read(const std::string& file) {
    if (file != "/dev/null") add_once(project.read, file);
  }

 private:
  static void add_once(std::vector<std::string>& files, const std::string& file) {
    for (const std::string& known : files)
      if (known == file) return;
    files.push_back(file);
  }
};

// `path` from the folder it counts from, with "~" and "." worked out.
fs::path absolute_path(const std::string& path, const fs::path& folder, const fs::path& home);

}  // namespace belay::formats::compose
