// belay config NAME --edit

#include "cli/edit.h"

#include "base/format.h"
#include "base/replace_file.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/declared_options.h"
#include "cli/set_run.h"
#include "formats/declared_host.h"
#include "formats/dockerup.h"
#include "formats/dockerup_write.h"

namespace belay::cli {

namespace {

using Home = family::SettingsHome;

// A file that somebody edits, as it was when he began.
class HomeFile {
 public:
  HomeFile(const fs::path& path, ByteCount limit)
      : path_(fs::canonical(path)), limit_(limit), before_(read_file(path_, limit)) {}

  const std::string& text() const { return before_; }
  // It stays its owner's, and a link to it a link. Throws Conflict where it was changed meanwhile.
  void replace(const std::string& text) {
    if (read_file_if_present(path_, limit_) != before_)
      throw Conflict(ErrorCode::conflict, format("{} was changed meanwhile", path_.string()),
                     "Nothing was changed. Edit it again.");
    replace_file(path_, text, file_rights(path_).value_or(FileRights()));
    is_replaced_ = true;
  }
  bool is_replaced() const { return is_replaced_; }

 private:
  fs::path path_;
  ByteCount limit_;
  std::string before_;
  bool is_replaced_ = false;
};

// Does what the edited text says. Where that fails and no file has the text, it is kept in one: it may have been much
// work.
template <class Apply>
int apply_text(Console& console, const std::string& text, const std::string& name, const HomeFile* file,
               const Apply& apply) {
  const auto keep = [&] {
    if (file == nullptr || !file->is_replaced())
      console.warning(format("your text is kept in {}", kept_text(text, name).string()));
  };
  try {
    const int code = apply();
    if (code != 0) keep();
    return code;
  } catch (...) {
    keep();
    throw;
  }
}

int unchanged(Console& console) {
  console.note("nothing was changed");
  return 0;
}

family::StartOptions start_options(Invocation& in, bool dry_run) {
  family::StartOptions options;
  options.change.dry_run = dry_run;
  options.confirm = confirm_losses(in.console, false, in.stop(), "");
  return options;
}

// Shows what it would change, asks, and does it; `agreed`: what is to be done just before.
int agree_and_change(Invocation& in, HostRun& run, const AppName& name, const family::SettingsChange& wanted,
                     const std::function<void()>& agreed) {
  const auto preview = family::change_settings(run.context(), name, wanted, start_options(in, true), in.stop());
  for (const auto& line : preview.lines) in.console.line(line);
  if (preview.change) print_plan(in.console, preview.change->plan);
  if (!in.console.confirm("Go on?", in.stop())) return unchanged(in.console);
  agreed();
  const auto changed = family::change_settings(run.context(), name, wanted, start_options(in, false), in.stop());
  run.report().close();
  if (changed.change) return print_change(in.console, name, *changed.change);
  in.console.success(format("{} has these settings", name.text()));
  return 0;
}

// The app's own settings, in the form of a definition.
int edit_own(Invocation& in, HostRun& run, const AppName& name, const Home& home) {
  Spec spec = home.configuration.spec;
  spec.services.at(0).image = home.image;
  const auto written = formats::write_dockerup(name, spec);
  if (!written.left_out.empty())
    throw Error(ErrorCode::unsupported, format("this cannot be written as text: {}", written.left_out.front()),
                format("belay set {} KEY=VALUE changes single settings.", name.text()));
  std::optional<Configuration> whole;
  const auto text = edited(
      in.console, written.text, name.text() + ".json",
      [&](const std::string& now) {
        const auto read = formats::parse_dockerup({name.text() + ".json", now, fs::current_path()});
        if (!read.broken.empty()) throw ConfigError(read.broken[0].error);
        const Spec& wanted = read.good.at(0).declaration.spec;
        if (wanted.services.size() != 1 || wanted.services[0].image != home.image)
          throw UsageError("the image and the number of containers are no settings of the app",
                           format("belay deploy {} --image REF takes another image.", name.text()));
        // What was published stays the user's word also where nothing is any more.
        whole = Configuration{wanted, true, home.configuration.volumes_overridden};
        whole->spec.services[0].image.clear();
        const auto& ports = home.configuration.spec.services[0].ports;
        if (!home.configuration.ports_overridden && wanted.services[0].ports == ports) whole->ports_overridden = false;
      },
      in.stop());
  if (!text) return unchanged(in.console);
  family::SettingsChange wanted;
  wanted.whole = whole;
  return apply_text(in.console, *text, name.text() + ".json", nullptr,
                    [&] { return agree_and_change(in, run, name, wanted, [] {}); });
}

int edit_parameter_file(Invocation& in, HostRun& run, const AppName& name, const Home& home) {
  HomeFile file(home.file, ByteCount{1 << 20});
  const std::string file_name = home.file.filename().string();
  family::SettingsChange wanted;
  wanted.file_text = edited(
      in.console, file.text(), file_name,
      [&](const std::string& now) {
        family::SettingsChange tried;
        tried.file_text = now;
        std::ignore = family::change_settings(run.context(), name, tried, start_options(in, true), in.stop());
      },
      in.stop());
  if (!wanted.file_text) return unchanged(in.console);
  return apply_text(in.console, *wanted.file_text, file_name, &file,
                    [&] { return agree_and_change(in, run, name, wanted, [&] { file.replace(*wanted.file_text); }); });
}

Declaration declaration_in(const fs::path& file, const std::string& text, const AppName& name) {
  const auto read = formats::parse_dockerup({file.string(), text, file.parent_path()});
  if (!read.broken.empty()) throw ConfigError(read.broken[0].error);
  for (const auto& definition : read.good)
    if (definition.declaration.name == name) return definition.declaration;
  throw UsageError(format("{} is not in it any more", name.text()), "belay apply removes what is no longer declared.");
}

// A pass over this app alone, however the command line came to it.
DeclaredPass pass_of(const Invocation& in, const fs::path& folder, const Declaration& declaration) {
  DeclaredPass pass;
  pass.settings = read_settings(std::nullopt);
  pass.settings.confdir = folder;
  pass.settings.aws = pass.settings.exclusive = false;
  pass.unit = declaration;
  pass.command = in.description();
  return pass;
}

int edit_definition(Invocation& in, const AppName& name, const Home& home) {
  HomeFile file(home.file, ByteCount{16 << 20});
  const std::string file_name = home.file.filename().string();
  std::optional<Declaration> wanted;
  const auto text = edited(
      in.console, file.text(), file_name,
      [&](const std::string& now) { wanted = declaration_in(home.file, now, name); }, in.stop());
  if (!text) return unchanged(in.console);
  return apply_text(in.console, *text, file_name, &file, [&] {
    DeclaredPass pass = pass_of(in, home.file.parent_path(), *wanted);
    pass.change.dry_run = true;
    print_declared_text(in.console, run_pass(in.session, pass, Results::silent), false);
    if (!in.console.confirm("Save it and go on?", in.stop())) return unchanged(in.console);
    file.replace(*text);
    pass.change.dry_run = false;
    return apply_once(in.session, pass);
  });
}

}  // namespace

int edit_config(Invocation& in, HostRun& run, const AppName& name) {
  const Home home = family::settings_home(run.context(), name, in.stop());
  switch (home.kind) {
    case Home::Kind::state:
      return edit_own(in, run, name, home);
    case Home::Kind::file:
      return edit_parameter_file(in, run, name, home);
    case Home::Kind::definition:
      return edit_definition(in, name, home);
    case Home::Kind::project:
      throw UsageError(format("the settings of {} stand in {}", name.text(), home.file.string()),
                       "Edit that file; belay plan shows what it changes, belay up does it.");
    case Home::Kind::elsewhere:
      break;
  }
  throw UsageError(
      format("the settings of {} stand in {}, which is no file of this host", name.text(), home.file.string()));
}

}  // namespace belay::cli
