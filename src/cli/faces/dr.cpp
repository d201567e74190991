// The face dr: the command lines of its document on the use cases of services.

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
#include "cli/faces/families.h"
#include "cli/help.h"
#include "cli/host_run.h"
#include "cli/program.h"

namespace belay::cli {

namespace {

constexpr int nothing_to_change = 3;
constexpr int failed = 1;

// Belay keeps services in its own state; the folder is made, as the document has it.
int configure(Session& session, const std::vector<std::string>& words) {
  if (words.size() != 2) throw UsageError("dr configure takes a folder", "dr configure /opt/dr");
  const fs::path folder = fs::absolute(words[1]);
  HostRun run(session, "dr configure");
  const fs::path state =
      run.context().engine.info(session.stop()).endpoint.empty() ? fs::path() : run.installation().state_folder();
  const bool is_new = !fs::is_directory(folder);
  make_folder(folder);
  session.console.note(format("services are kept in {}; {} stays empty", state.string(), folder.string()));
  if (is_new) session.console.success(format("{} is made", folder.string()));
  return is_new ? 0 : nothing_to_change;
}

// Options may stand anywhere behind the verb; where the document asks nobody, all is agreed to.
int service_command(Session& session, const std::string& verb, std::vector<std::string> words, bool asks) {
  std::vector<std::string> line{"service", verb};
  if (!asks && verb == "destroy" && words.size() > 1)
    line.insert(line.end(), {"--yes-lose-data", words[1]});
  else if (!asks)
    line.emplace_back("--yes");
  line.insert(line.end(), words.begin() + 1, words.end());
  return run_command_line(session, line);
}

int run_words(Session& session, const std::vector<std::string>& words) {
  if (words.empty() || words.front() == "--help" || words.front() == "-h" ||
      (words.front() == "help" && words.size() == 1)) {
    show_markdown(session.console, std::string(help_page("dr")));
    return 0;
  }
  const std::string& verb = words.front();
  if (verb == "configure") return configure(session, words);
  if (verb == "install") return service_command(session, verb, words, true);
  if (verb == "update" || verb == "destroy" || verb == "restore") return service_command(session, verb, words, false);
  if (verb == "backup" || verb == "help") return service_command(session, verb, words, true);
  if (verb == "list") return service_command(session, "ls", words, true);
  if (verb.starts_with('-'))
    throw UsageError(format("dr has no option {}", printable(verb)), "dr --help shows what it has.");
  std::vector<std::string> line{"service", "run"};
  line.insert(line.end(), words.begin(), words.end());
  return run_command_line(session, line);
}

}  // namespace

// 0, 1 and 3, as the document has it: a wrong command line is an error like any other.
int run_dr(Session& session, const std::vector<std::string>& arguments) {
  try {
    return run_words(session, arguments);
  } catch (const UsageError& error) {
    session.console.error(error);
    return failed;
  }
}

}  // namespace belay::cli
