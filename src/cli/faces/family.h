#pragma once
// What the faces jockler and dockervisor have in common: image families in two vocabularies.

#include <string>
#include <vector>

#include "change/start.h"
#include "cli/host_run.h"
#include "family/start_new.h"

namespace belay::cli {

// The words of one call of a face, taken from the front.
class FaceWords {
 public:
  FaceWords(std::string face, const std::vector<std::string>& words) : face_(std::move(face)), words_(words) {}

  bool empty() const { return next_ == words_.size(); }
  std::optional<std::string> peek() const;
  std::optional<std::string> take();
  // Throws UsageError "what is missing" with the usage line.
  std::string need(std::string_view what, std::string_view usage);
  std::vector<std::string> rest();
  // Takes this word away wherever it stands; true when it was there.
  bool take_flag(std::string_view flag);
  // Throws UsageError where words are left.
  void end(std::string_view usage) const;
  UsageError wrong(const std::string& message, std::string_view usage) const;
  // "jockler start new web": for the journal.
  std::string line() const;

 private:
  std::string face_;
  std::vector<std::string> words_;
  size_t next_ = 0;
};

// Whether one of the words asks for help with `command` ("build"), which is then shown: the lines of the face's page
// about it. What follows a second word may be a command for the container, and is left alone.
bool face_help(Session& session, std::string_view page, const std::string& command,
               const std::vector<std::string>& words);
// "start web": a word is missing, for web is an app. Throws UsageError with these words as the hint; nothing where the
// engine has a container of that name.
void refuse_app_as_container(HostRun& run, const std::string& text, const std::string& message, const std::string& hint,
                             std::stop_token stop);

// build IMAGENAME [DOCKERFILE|DIRECTORY] [OPTION…]: what both faces read from their words.
struct FaceBuild {
  std::string line;
  AppName name;
  family::BuildOptions options;
};
FaceBuild face_build_words(FaceWords& words);
// Builds, and says what came of it.
family::BuildOutcome face_build(Session& session, const FaceBuild& wanted);
// `yes`: does not ask where settings of the release before would be lost.
int face_start_new(Session& session, const std::string& line, const AppName& name, family::StartOptions options,
                   bool yes, bool then_attach);
// `which`: last, stable, rN.
int face_start(Session& session, const std::string& line, const AppName& name, const std::string& which,
               bool then_attach);
// `missing`: what the face calls the words that were forgotten where the container is an app: "new, last or stable".
int face_start_container(Session& session, const std::string& line, const std::string& container, bool then_attach,
                         const std::string& missing, const std::string& hint);
int face_stop(Session& session, const std::string& line, const std::string& name);
int face_mark_stable(Session& session, const std::string& line, const AppName& name);
int face_show_stable(Session& session, const std::string& line, const AppName& name);

}  // namespace belay::cli
