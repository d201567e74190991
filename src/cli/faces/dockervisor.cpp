// The face dockervisor: the command lines of its document on the use cases of host.

#include "base/format.h"
#include "base/text.h"
#include "cli/faces/face_hints.h"
#include "cli/faces/families.h"
#include "cli/faces/family.h"
#include "cli/help.h"
#include "formats/dockervisor_paths.h"

namespace belay::cli {

namespace {

// Where dockervisor keeps its users' parameter files.
fs::path parameter_store() {
  return home_folder() / "dcv";
}

int build(Session& session, FaceWords& words) {
  FaceBuild wanted = face_build_words(words);
  wanted.options.parameter_files = family::ParameterFiles::dockervisor;
  wanted.options.scheme = NamingScheme::dcv;
  const std::string file_name = "dcv-" + wanted.name.text();
  // The file is looked for in the current folder first, which need not be the Dockerfile's.
  if (std::error_code error; fs::exists(file_name, error)) wanted.options.parameter_file = file_name;
  const auto outcome = face_build(session, wanted);
  if (!outcome.parameter_file.empty()) {
    make_folder(parameter_store(), 0700);
    // The copy lies in another folder: what was relative to the file must not be relative to that.
    const std::string text =
        formats::with_absolute_host_paths(read_file(outcome.parameter_file), outcome.parameter_file);
    write_file_durably(parameter_store() / file_name, text, 0600);
  }
  return 0;
}

int start(Session& session, FaceWords& words) {
  constexpr std::string_view usage = "start IMAGENAME :new [CONFIG]|:latest|:stable   or   start CONTAINER";
  const std::string line = words.line();
  const bool yes = words.take_flag("-y");
  const std::string first = words.need("IMAGENAME", usage);
  const auto which = words.take();
  if (!which)
    return face_start_container(session, line, first, false, ":new, :latest or :stable",
                                format("dockervisor start {0} :latest starts the last one again, dockervisor start {0} "
                                       ":new a new one.",
                                       first));
  const AppName name(first);
  if (*which == ":new") {
    family::StartOptions options;
    options.scheme = NamingScheme::dcv;
    options.configuration = words.take().value_or("");
    words.end(usage);
    options.parameter_folders = {fs::current_path(), parameter_store()};
    return face_start_new(session, line, name, options, yes, false);
  }
  words.end(usage);
  if (*which == ":latest" || *which == ":last") return face_start(session, line, name, "last", false);
  if (*which == ":stable") return face_start(session, line, name, "stable", false);
  throw words.wrong(format("'{}' is not :new, :latest or :stable", printable(*which)), usage);
}

int stop(Session& session, FaceWords& words) {
  const std::string line = words.line();
  const std::string name = words.need("IMAGENAME", "stop IMAGENAME");
  words.end("stop IMAGENAME");
  return face_stop(session, line, name);
}

int stable(Session& session, FaceWords& words) {
  constexpr std::string_view usage = "stable mark|show IMAGENAME";
  const std::string line = words.line();
  const std::string verb = words.need("mark or show", usage);
  if (verb != "mark" && verb != "show")
    throw words.wrong(format("'{}' is neither mark nor show", printable(verb)), usage);
  const AppName name(words.need("IMAGENAME", usage));
  words.end(usage);
  return verb == "show" ? face_show_stable(session, line, name) : face_mark_stable(session, line, name);
}

}  // namespace

int run_dockervisor(Session& session, const std::vector<std::string>& arguments) {
  FaceWords words("dockervisor", arguments);
  const auto word = words.take();
  if (!word || *word == "help" || *word == "--help" || *word == "-h") {
    show_markdown(session.console, std::string(help_page("dockervisor")));
    return word ? 0 : 2;
  }
  session.console.speak(in_words_of_dockervisor);
  if (face_help(session, help_page("dockervisor"), *word, {arguments.begin() + 1, arguments.end()})) return 0;
  if (*word == "build") return build(session, words);
  if (*word == "start") return start(session, words);
  if (*word == "stop") return stop(session, words);
  if (*word == "stable") return stable(session, words);
  const std::string near = did_you_mean(*word, {"build", "start", "stop", "stable"});
  throw UsageError(format("dockervisor has no command '{}'", printable(*word)),
                   near.empty() ? "dockervisor help shows all." : near);
}

}  // namespace belay::cli
