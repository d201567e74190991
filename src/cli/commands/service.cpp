#include "service_image/service.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "base/format.h"
#include "base/plural.h"
#include "base/text.h"
#include "cli/backup_words.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/service_run.h"
#include "cli/tty.h"
#include "report/service_json.h"
#include "service_image/convention.h"

namespace belay::cli {

namespace {

using service_image::Done;
using service_image::ServiceRow;

constexpr int nothing_to_change = 3;

std::string needed(const Invocation& in, std::optional<std::string> word, std::string_view name) {
  if (!word || word->empty())
    throw in.usage_error(name == "FILE" ? format("FILE is missing: belay service {} NAME FILE", in.argument("VERB"))
                                        : format("{} is missing", name));
  return std::move(*word);
}
std::string service_name(const Invocation& in) {
  return needed(in, in.optional_argument("NAME"), "NAME");
}
// The word behind the name; nothing may follow it.
std::string second_word(const Invocation& in, std::string_view name) {
  const auto words = in.arguments("WORD");
  if (words.size() > 1) throw in.usage_error(format("unexpected argument '{}'", printable(words[1])));
  return needed(in, words.empty() ? std::nullopt : std::optional(words.front()), name);
}
void expect_no_more(const Invocation& in) {
  if (const auto words = in.arguments("WORD"); !words.empty())
    throw in.usage_error(format("unexpected argument '{}'", printable(words.front())));
}

service_image::Ask ask(Invocation& in, HostRun& run) {
  return [&in, &run](const std::vector<std::string>& lines, const std::string& question) {
    run.report().close();
    for (const auto& line : lines) in.console.diagnostic(line);
    if (in.has("yes")) return true;
    return in.console.confirm(question, in.stop());
  };
}

template <class Options>
Options common_options(Invocation& in, HostRun& run) {
  Options options;
  options.dry_run = in.has("dry-run");
  options.script_time = in.duration("timeout");
  options.ask = ask(in, run);
  return options;
}

fs::path launcher_folder(const Invocation& in) {
  const auto given = in.text("launchers");
  return plain_absolute(given ? fs::path(*given) : service_image::usual_launcher_folder());
}

// What a launcher must say to find the same state and engine again.
std::vector<std::string> launcher_globals(const Invocation& in, HostRun& run) {
  std::vector<std::string> words;
  const char* variable = std::getenv("BELAY_STATE_DIR");
  if (in.globals.state_dir || (variable != nullptr && *variable != '\0'))
    words.insert(words.end(), {"--state-dir", fs::absolute(run.installation().state_folder()).string()});
  if (in.globals.host) words.insert(words.end(), {"--host", *in.globals.host});
  return words;
}

// `words`: what is said of one that is done, and of one that was so already.
struct DoneWords {
  std::string done, unchanged;
};
int print_done(Invocation& in, HostRun& run, const std::string& name, const Done& done, const DoneWords& words) {
  run.report().close();
  const int code = !done.left.empty() ? 1 : done.kind == Done::Kind::unchanged ? nothing_to_change : 0;
  if (in.has("json")) {
    print_record(in.console, report::service_done_json(name, done));
    return code;
  }
  for (const auto& kept : done.kept) in.console.note(kept);
  if (done.kind == Done::Kind::planned)
    print_plan(in.console, done.plan);
  else if (!done.left.empty())
    for (const auto& left : done.left) in.console.line(Style::bad, "left ", left);
  else
    in.console.success(done.kind == Done::Kind::unchanged ? words.unchanged : words.done);
  return code;
}

int run_install(Invocation& in, HostRun& run) {
  auto options = common_options<service_image::InstallOptions>(in, run);
  options.reference = needed(in, in.optional_argument("NAME"), "IMAGE");
  options.name = second_word(in, "NAME");
  options.inside = in.has("inside");
  options.launchers = launcher_folder(in);
  options.globals = launcher_globals(in, run);
  const Done done = service_image::install(run.context(), options, in.stop());
  const std::string& name = options.name;
  return print_done(in, run, name, done,
                    {format("{0} is installed; {0} alone lists its commands", name),
                     format("{} is installed already, with this image", name)});
}

int run_update(Invocation& in, HostRun& run) {
  const std::string name = service_name(in);
  expect_no_more(in);
  auto options = common_options<service_image::UpdateOptions>(in, run);
  options.backup = !in.has("no-backup");
  const Done done = service_image::update(run.context(), name, options, in.stop());
  std::string text =
      done.service ? format("{}: {} → {}", name, done.before, service_image::identity_of(done.service->version)) : "";
  if (!done.kept_backup.empty()) text += format("; back to it: belay service restore {} {}", name, done.kept_backup);
  return print_done(in, run, name, done, {text, format("{} has the newest image already: {}", name, done.before)});
}

// -y never stands for the loss of data: the name must be typed, or given in words.
service_image::Ask ask_for_name(Invocation& in, HostRun& run, const std::string& name) {
  return [&in, &run, name](const std::vector<std::string>& lines, const std::string&) {
    run.report().close();
    // What goes is told as it goes.
    if (in.text("yes-lose-data")) return true;
    for (const auto& line : lines) in.console.diagnostic(line);
    return in.console.typed_confirmation(format("The service {} and all its data will be lost.", name), name,
                                         format("--yes-lose-data {}", name), in.stop());
  };
}

int run_destroy(Invocation& in, HostRun& run) {
  const std::string name = service_name(in);
  expect_no_more(in);
  if (const auto agreed = in.text("yes-lose-data"); agreed && *agreed != name)
    throw in.usage_error(format("--yes-lose-data names '{}', but the service is {}", printable(*agreed), name));
  auto options = common_options<service_image::DestroyOptions>(in, run);
  options.ask = ask_for_name(in, run, name);
  options.despite_script = in.has("force");
  const Done done = service_image::destroy(run.context(), name, options, in.stop());
  return print_done(in, run, name, done,
                    {format("{} is destroyed; a scan by label and by name found nothing of it", name),
                     format("there is no service {}", name)});
}

int run_backup(Invocation& in, HostRun& run) {
  const std::string name = service_name(in);
  auto options = common_options<service_image::BackupOptions>(in, run);
  options.with_image = in.has("with-image");
  options.replace = in.has("replace");
  options.sealing = sealing_options(in);
  const BackupFile file = backup_file_to_write(second_word(in, "FILE"));
  options.file = file.name;
  const auto made = service_image::back_up(run.context(), name, *file.destination, options, in.stop());
  run.report().close();
  if (!made.done) {
    print_plan(in.console, made.plan);
    return 0;
  }
  if (!in.has("json")) {
    for (const auto& what : made.manifest.left_out) in.console.note("not in the backup: " + what);
    if (made.manifest.lacks_an_image()) in.console.note("with --with-image the backup holds the image too");
    in.console.success(format("{}: {} ({})", name, made.where, byte_text(made.size)));
    return 0;
  }
  print_record(in.console, report::service_backup_json(name, made));
  return 0;
}

int run_restore_of(Invocation& in, HostRun& run) {
  const std::string name = service_name(in);
  auto options = common_options<service_image::RestoreOptions>(in, run);
  options.launchers = launcher_folder(in);
  options.globals = launcher_globals(in, run);
  const std::string word = second_word(in, "FILE");
  const std::string where = AppName::is_valid(name) ? newest_where_folder(in, AppName(name), word) : word;
  if (where != word) in.console.note("the backup is " + where);
  const BackupFile file = existing_backup(in, where);
  const Done done =
      service_image::restore(run.context(), name, *file.destination, file.name, key_options(in), options, in.stop());
  return print_done(in, run, name, done, {format("{} is restored", name), {}});
}

void print_commands(Console& console, const std::string& name,
                    const std::vector<service_image::CommandLine>& commands) {
  Table table({{"COMMAND", Align::left, false}, {""}});
  for (const auto& command : commands) table.add({format("{} {}", name, command.name), command.summary});
  console.print(table);
}

// The list of commands comes in any case, whatever the service's own script does.
int run_help_of(Invocation& in, HostRun& run, const std::string& name) {
  const InstalledService service = service_image::known_service(run.context(), name);
  const auto commands = service_image::commands_of(run.context(), service);
  if (in.has("names")) {
    for (const auto& command : commands) in.console.line(command.name);
    return 0;
  }
  const auto help = service_image::help_of(run.context(), service, in.stop());
  run.report().close();
  if (in.has("json")) {
    print_record(in.console, report::service_help_json(service, help, commands));
    return 0;
  }
  if (!help.text.empty()) {
    in.console.print(help.text);
    if (!help.text.ends_with('\n')) in.console.line("");
    in.console.line("");
  }
  if (!help.trouble.empty()) in.console.warning(help.trouble);
  print_commands(in.console, name, commands);
  return 0;
}

int run_command_of(Invocation& in, HostRun& run) {
  const std::string name = service_name(in);
  auto words = in.arguments("WORD");
  if (words.empty() || (words.size() == 1 && (words.front() == "--help" || words.front() == "-h")))
    return run_help_of(in, run, name);
  UserTerminal terminal(0, 1, 2, in.stop());
  service_image::RunOptions options;
  options.command = words.front();
  options.arguments.assign(words.begin() + 1, words.end());
  options.script_time = in.duration("timeout");
  const bool is_inside = service_image::known_service(run.context(), name).version.inside;
  options.tty = is_inside && terminal.is_terminal();
  const RawMode raw(options.tty ? terminal.input() : -1);
  try {
    return service_image::run_command(run.context(), name, options, terminal, in.stop());
  } catch (const OutputClosed&) {
    return 128 + SIGPIPE;
  }
}

int run_list(Invocation& in, HostRun& run) {
  expect_no_more(in);
  if (in.has("names")) {
    for (const auto& name : service_image::service_names(run.context())) in.console.line(name);
    return 0;
  }
  const auto rows = service_image::list(run.context(), in.stop());
  if (in.has("json")) {
    print_record(in.console, "services", report::list_of(rows, report::service_row_json));
    return 0;
  }
  Table table({{"SERVICE", Align::left, false}, {"IMAGE"}, {"DIGEST"}, {"SCRIPTS"}, {"RUNNING"}, {"COMMAND"}});
  for (const auto& row : rows)
    table.add({row.service.name, row.service.version.reference,
               short_digest(service_image::identity_of(row.service.version)),
               std::string(row.service.version.inside ? "inside" : "host"),
               format("{}/{}", row.belongings.running.size(), row.belongings.containers.size()),
               row.launcher == service_image::LauncherState::ours
                   ? row.service.launcher
                   : format("{} ({})", row.service.launcher, to_text(row.launcher))});
  in.console.print(table);
  return 0;
}

}  // namespace

int run_service(Invocation& in) {
  const std::string verb = in.argument("VERB");
  if (verb == "check-image") {
    expect_no_more(in);
    return check_service_image(
        in.session, in.description(),
        {needed(in, in.optional_argument("NAME"), "IMAGE"), in.has("json"), in.text_or("script", "")});
  }
  if (verb == "new") {
    expect_no_more(in);
    const std::string folder = needed(in, in.optional_argument("NAME"), "DIR");
    service_image::write_starter(folder);
    in.console.success(format("{} has an image to begin with; its README.md says how", folder));
    return 0;
  }
  HostRun run(in.session, in.description());
  if (verb == "install") return run_install(in, run);
  if (verb == "run") return run_command_of(in, run);
  if (verb == "update") return run_update(in, run);
  if (verb == "destroy") return run_destroy(in, run);
  if (verb == "backup") return run_backup(in, run);
  if (verb == "restore") return run_restore_of(in, run);
  if (verb == "help") {
    expect_no_more(in);
    return run_help_of(in, run, service_name(in));
  }
  return run_list(in, run);
}

int run_check_image(Invocation& in) {
  return check_service_image(in.session, in.description(),
                             {in.argument("IMAGE"), in.has("json"), in.text_or("script", "")});
}

}  // namespace belay::cli
