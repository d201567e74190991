// The face jockler: the command lines of its document on the use cases of host.

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/plural.h"
#include "base/text.h"
#include "change/clean.h"
#include "cli/attached.h"
#include "cli/autostart_table.h"
#include "cli/change_result.h"
#include "cli/faces/face_hints.h"
#include "cli/faces/families.h"
#include "cli/faces/family.h"
#include "cli/help.h"
#include "cli/json_output.h"
#include "cli/removal.h"
#include "cli/volume_table.h"
#include "family/import_store.h"
#include "look/look.h"
#include "safekeeping/plain_backup.h"

namespace belay::cli {

namespace {

int build(Session& session, FaceWords& words) {
  FaceBuild wanted = face_build_words(words);
  wanted.options.parameter_files = family::ParameterFiles::jockler;
  wanted.options.scheme = NamingScheme::jcl;
  face_build(session, wanted);
  return 0;
}

int start(Session& session, FaceWords& words) {
  constexpr std::string_view usage = "start new|last|stable IMAGENAME [attach]   or   start CONTAINER";
  const std::string line = words.line();
  const bool yes = words.take_flag("-y");
  const std::string which = words.need("new, last, stable or a container", usage);
  const auto then_attach = [&] {
    const auto word = words.take();
    if (word && *word != "attach") throw words.wrong(format("'{}' is not 'attach'", printable(*word)), usage);
    words.end(usage);
    return word.has_value();
  };
  if (which == "new") {
    const AppName name(words.need("IMAGENAME", usage));
    family::StartOptions options;
    options.scheme = NamingScheme::jcl;
    return face_start_new(session, line, name, options, yes, then_attach());
  }
  if (which == "last" || which == "stable") {
    const AppName name(words.need("IMAGENAME", usage));
    return face_start(session, line, name, which, then_attach());
  }
  return face_start_container(session, line, which, then_attach(), "new, last or stable",
                              format("jockler start last {0} starts the last one again, jockler start new {0} a new "
                                     "one.",
                                     which));
}

int stop(Session& session, FaceWords& words) {
  constexpr std::string_view usage = "stop IMAGENAME   or   stop -f CONTAINER…";
  const std::string line = words.line();
  if (!words.take_flag("-f")) {
    const std::string name = words.need("IMAGENAME", usage);
    words.end(usage);
    return face_stop(session, line, name);
  }
  const auto containers = words.rest();
  if (containers.empty()) throw words.wrong("CONTAINER is missing", usage);
  HostRun run(session, line);
  const auto stopped = change::stop_containers(run.context(), containers, session.stop());
  run.report().close();
  for (const auto& container : stopped) session.console.success(format("{} is stopped", container));
  return 0;
}

int stable(Session& session, FaceWords& words) {
  constexpr std::string_view usage = "stable [mark|show] IMAGENAME";
  const std::string line = words.line();
  std::string first = words.need("IMAGENAME", usage);
  // The tool itself says ":show"; with a colon it can be no name.
  const bool is_verb = first == ":show" || first == ":mark" || ((first == "mark" || first == "show") && !words.empty());
  const AppName name(is_verb ? words.need("IMAGENAME", usage) : first);
  words.end(usage);
  return is_verb && first.ends_with("show") ? face_show_stable(session, line, name)
                                            : face_mark_stable(session, line, name);
}

void list_images(Session& session, change::Context& context, const std::vector<std::string>& names) {
  Table table({{"IMAGE", Align::left, false}, {"NAME"}, {"TAGS"}, {"USE"}, {"SIZE", Align::right}});
  for (const auto& name : names)
    for (const auto& row : look::images(context, AppName(name), session.stop()))
      table.add({short_digest(row.id), name, join(row.tags, ", "), use_of(row), byte_text(row.size)});
  session.console.print(table);
}

bool has_mark(const look::ContainerRow& row, const std::string& mark) {
  const auto wanted = mark == "stable" ? look::Mark::stable : look::Mark::last;
  return std::find(row.marks.begin(), row.marks.end(), wanted) != row.marks.end();
}

void list_containers(Session& session, const std::vector<look::ContainerRow>& rows, const std::string& view) {
  Table table({{"CONTAINER", Align::left, false},
               {"IMAGENAME", Align::left, false},
               {"STATE", Align::left, false},
               {"MARKS"},
               {"STATUS"}});
  for (const auto& row : rows) {
    if (view == "running" && !row.running) continue;
    if ((view == "stable" || view == "last") && !has_mark(row, view)) continue;
    table.add({row.container, row.app, std::string(to_text(row.state)), join(to_texts(row.marks), ", "), row.status});
  }
  session.console.print(table);
}

// The bare name, for scripts: docker logs $(jockler list last web).
int list_marked(Session& session, const std::vector<look::ContainerRow>& rows, const AppName& name,
                const std::string& mark) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return has_mark(row, mark); });
  if (found == rows.end())
    throw NotFound(ErrorCode::container_not_found, format("{} has no container that is {}", name.text(), mark),
                   mark == "stable" ? format("Mark the one that runs with: belay stable {}", name.text())
                                    : format("Start the app with: belay start {} new", name.text()));
  session.console.line(found->container);
  return 0;
}

// What its containers get, in the form of the file jockler-NAME.
int list_settings(Session& session, change::Context& context, const AppName& name) {
  const look::Mapping mapping = look::mapping(context, name, session.stop());
  Node ports = Node::map(), volumes = Node::map();
  for (const auto& [on_host, inside] : mapping.ports) {
    const Node* same = ports.find(on_host);
    if (same == nullptr) {
      ports.set(on_host, Node::text(inside));
      continue;
    }
    // One host port for two protocols.
    Node both = Node::list();
    both.add(*same);
    both.add(Node::text(inside));
    ports.set(on_host, std::move(both));
  }
  for (const auto& [source, target] : mapping.volumes) volumes.set(source, Node::text(target));
  Node settings = Node::map();
  settings.set("ports", std::move(ports));
  settings.set("volumes", std::move(volumes));
  session.console.print_json(settings);
  return 0;
}

int list(Session& session, FaceWords& words) {
  constexpr std::string_view usage = "list images|containers|running|stable|last|jcl IMAGENAME|.all";
  static const std::vector<std::string> views{"images", "containers", "running", "stable", "last", "jcl"};
  const std::string line = words.line();
  const std::string view = words.need("what to list", usage);
  if (std::find(views.begin(), views.end(), view) == views.end())
    throw words.wrong(
        format("'{}' cannot be listed; use images, containers, running, stable, last or jcl", printable(view)), usage);
  const std::string name = words.take().value_or(".all");
  words.end(usage);
  HostRun run(session, line);
  change::Context& context = run.context();
  const bool is_of_all = name == ".all";
  if (view == "images") {
    list_images(session, context, is_of_all ? look::names(context) : std::vector<std::string>{AppName(name).text()});
    return 0;
  }
  if (view == "jcl" && !is_of_all) return list_settings(session, context, AppName(name));
  // Every container, in one question: the engine is asked also where no app is known.
  const auto rows = look::containers(context, is_of_all ? std::nullopt : std::optional(AppName(name)), session.stop());
  if ((view == "stable" || view == "last") && !is_of_all) return list_marked(session, rows, AppName(name), view);
  list_containers(session, rows, view);
  return 0;
}

int attach(Session& session, FaceWords& words) {
  const std::string line = words.line();
  const AppName name(words.need("IMAGENAME", "attach IMAGENAME [COMMAND…]"));
  ExecRequest request;
  request.command = words.rest();
  HostRun run(session, line);
  return in_container(session, run.context(), name, std::move(request));
}

int back_up_volumes(Session& session, const std::string& line, const AppName& name) {
  HostRun run(session, line);
  const auto made = safekeeping::back_up_plain(run.context(), name, fs::current_path(), false, session.stop());
  run.report().close();
  for (const auto& note : made.plan.notes) session.console.note(note);
  session.console.success(format("{}: {} ({})", name.text(), made.file.filename().string(), byte_text(made.size)));
  session.console.success(format("{}, {}{}", counted(made.files, "file"), byte_text({made.bytes}),
                                 made.still ? format("; interrupted for {}", duration_text(*made.still)) : ""));
  return 0;
}

int restore_volumes(Session& session, const std::string& line, const AppName& name, const std::string& archive) {
  HostRun run(session, line);
  const auto restored = safekeeping::restore_plain(run.context(), name, archive, {}, session.stop());
  run.report().close();
  for (const auto& note : restored.change.plan.notes) session.console.note(note);
  const int code = print_change(session.console, name, restored.change);
  if (code != 0) return code;
  for (const auto& place : restored.replaced) session.console.success("restored " + place);
  for (const auto& place : restored.untouched)
    session.console.note(format("{} stays as it is: the archive has nothing for it", place));
  if (!restored.snapshot.empty())
    session.console.success(format("what was there is the snapshot {0}; back to it: belay restore {1} {0}",
                                   restored.snapshot, name.text()));
  return 0;
}

// volumes backup linux IMAGENAME, volumes restore linux IMAGENAME ARCHIVE
int exchange_volumes(Session& session, FaceWords& words, const std::string& line, const std::string& verb) {
  const bool restores = verb == "restore";
  const std::string usage = format("volumes {} linux IMAGENAME{}", verb, restores ? " ARCHIVE" : "");
  const std::string system = words.need("linux", usage);
  if (system == "windows")
    throw UsageError("volumes of Windows containers are not supported", "Belay works with Linux containers.");
  if (system != "linux") throw words.wrong(format("write linux before '{}'", printable(system)), usage);
  const AppName name(words.need("IMAGENAME", usage));
  const std::string archive = restores ? words.need("ARCHIVE", usage) : "";
  words.end(usage);
  return restores ? restore_volumes(session, line, name, archive) : back_up_volumes(session, line, name);
}

int volumes(Session& session, FaceWords& words) {
  constexpr std::string_view usage =
      "volumes image IMAGENAME, volumes container IMAGENAME [last|stable], volumes backup linux IMAGENAME, "
      "volumes restore linux IMAGENAME ARCHIVE";
  const std::string line = words.line();
  const std::string view = words.need("image, container, backup or restore", usage);
  if (view == "backup" || view == "restore") return exchange_volumes(session, words, line, view);
  if (view != "image" && view != "container")
    throw words.wrong(format("use image, container, backup or restore, not '{}'", printable(view)), usage);
  const AppName name(words.need("IMAGENAME", usage));
  const std::string which = view == "container" ? words.take().value_or("") : "";
  if (!which.empty() && which != "last" && which != "stable")
    throw words.wrong(format("'{}' is neither last nor stable", printable(which)), usage);
  words.end(usage);
  HostRun run(session, line);
  print_volumes(session.console, view == "image" ? look::image_volumes(run.context(), name, session.stop())
                                                 : look::volumes(run.context(), name, which, session.stop()));
  return 0;
}

int autostart(Session& session, FaceWords& words) {
  constexpr std::string_view usage = "autostart IMAGENAME last|stable|none   or   autostart :status";
  const std::string line = words.line();
  const std::string first = words.need("IMAGENAME", usage);
  HostRun run(session, line);
  if (first == ":status") {
    words.end(usage);
    print_autostart(session.console, change::autostart_status(run.context()));
    return 0;
  }
  const AppName name(first);
  const std::string mark = words.need("last, stable or none", usage);
  words.end(usage);
  if (mark != "last" && mark != "stable" && mark != "none")
    throw words.wrong(format("'{}' is not last, stable or none", printable(mark)), usage);
  change::set_autostart(run.context(), name, belay::autostart(mark), false, session.stop());
  session.console.success(format("autostart of {}: {}", name.text(), mark));
  return 0;
}

int start_all(Session& session, FaceWords& words) {
  words.end("start-all");
  HostRun run(session, words.line());
  const auto all = change::start_all(run.context(), {}, session.stop());
  run.report().close();
  return print_started(session.console, all);
}

int cleanup(Session& session, FaceWords& words) {
  const std::string line = words.line();
  const bool yes = words.take_flag("-y");
  const AppName name(words.need("IMAGENAME", "cleanup IMAGENAME [-y]"));
  words.end("cleanup IMAGENAME [-y]");
  HostRun run(session, line);
  const auto removed = change::cleanup(run.context(), name, 0, false,
                                       confirm_removal(session.console, name, yes, session.stop()), session.stop());
  run.report().close();
  return print_removed(session.console, name, removed, {.done = "cleaned up"});
}

int remove(Session& session, FaceWords& words) {
  const std::string line = words.line();
  const bool yes = words.take_flag("-y");
  const AppName name(words.need("IMAGENAME", "remove IMAGENAME [-y]"));
  words.end("remove IMAGENAME [-y]");
  HostRun run(session, line);
  const auto removed = change::remove(run.context(), name, false, false,
                                      confirm_removal(session.console, name, yes, session.stop()), session.stop());
  run.report().close();
  return print_removed(session.console, name, removed, {.done = "removed"});
}

std::string replaced(std::string page, const std::string& word, const std::string& name) {
  for (size_t at = page.find(word); at != std::string::npos; at = page.find(word, at + name.size()))
    page.replace(at, word.size(), name);
  return page;
}

int readme(Session& session, FaceWords& words) {
  const bool is_named = !words.empty();
  const std::string name = is_named ? AppName(*words.take()).text() : "IMAGENAME";
  words.end("readme [IMAGENAME]");
  // The site's own page, with the word that jockler replaces.
  if (auto own = read_file_if_present(family::store_folder(family::StoreKind::jockler) / "readme.md")) {
    show_markdown(session.console, is_named ? replaced(*own, "MYAPP", name) : *own);
    return 0;
  }
  show_markdown(session.console, replaced(std::string(help_page("jockler-readme")), "IMAGENAME", name));
  return 0;
}

struct Word {
  std::string_view name;
  int (*run)(Session&, FaceWords&);
};
constexpr std::array table{Word{"build", build},     Word{"start", start},         Word{"stop", stop},
                           Word{"stable", stable},   Word{"list", list},           Word{"attach", attach},
                           Word{"volumes", volumes}, Word{"autostart", autostart}, Word{"start-all", start_all},
                           Word{"cleanup", cleanup}, Word{"remove", remove},       Word{"readme", readme}};

}  // namespace

int run_jockler(Session& session, const std::vector<std::string>& arguments) {
  FaceWords words("jockler", arguments);
  const auto word = words.take();
  if (!word || *word == "help" || *word == "--help" || *word == "-h") {
    show_markdown(session.console, std::string(help_page("jockler")));
    return word ? 0 : 2;
  }
  session.console.speak(in_words_of_jockler);
  if (face_help(session, help_page("jockler"), *word, {arguments.begin() + 1, arguments.end()})) return 0;
  std::vector<std::string> known;
  for (const auto& entry : table) {
    if (entry.name == *word) return entry.run(session, words);
    known.emplace_back(entry.name);
  }
  const std::string near = did_you_mean(*word, known);
  throw UsageError(format("jockler has no command '{}'", printable(*word)),
                   near.empty() ? "jockler help shows all." : near);
}

}  // namespace belay::cli
