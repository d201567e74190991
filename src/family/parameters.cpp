#include "family/parameters.h"

#include "base/format.h"
#include "base/text.h"
#include "formats/dockervisor.h"
#include "formats/dockervisor_paths.h"
#include "formats/jockler.h"
#include "model/overlay.h"

namespace belay::family {

namespace {

Spec family_spec(const AppName& name, Service service) {
  service.name = name.text();
  Spec spec;
  spec.services.push_back(std::move(service));
  return spec;
}

Parameters parse(const AppName& name, const fs::path& file, ParameterFiles kind, const std::string& text) {
  Parameters parameters;
  parameters.file = file;
  parameters.text = text;
  if (kind == ParameterFiles::jockler) {
    const auto parsed = formats::parse_jockler(parameters.text, file);
    Service service;
    service.ports = parsed.ports.value_or(std::vector<PortBinding>{});
    service.mounts = parsed.mounts.value_or(std::vector<Mount>{});
    service.checks = parsed.checks.value_or(std::vector<Check>{});
    parameters.speaks_of_checks = parsed.checks.has_value();
    parameters.configurations["default"] = {family_spec(name, std::move(service)), parsed.ports.has_value(),
                                            parsed.mounts.has_value()};
  } else {
    for (auto& [configuration, parsed] : formats::parse_dockervisor(parameters.text, file)) {
      parameters.configurations[configuration] = {family_spec(name, parsed.service), parsed.ports_given,
                                                  parsed.volumes_given};
      parameters.speaks_of_checks |= parsed.checks_given;
      parameters.warnings.insert(parameters.warnings.end(), parsed.warnings.begin(), parsed.warnings.end());
    }
    // As the copy in ~/dcv has it: it is unedited as long as it says the same.
    parameters.text = formats::with_absolute_host_paths(parameters.text, file);
  }
  for (const auto& [configuration, content] : parameters.configurations)
    doing(file.string(), [&, &spec = content.spec] { check_spec(spec); });
  return parameters;
}

Parameters read(const AppName& name, const fs::path& file, ParameterFiles kind) {
  return parse(name, file, kind, read_file(file, ByteCount{1 << 20}));
}

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::exists(fs::symlink_status(file, error));
}

}  // namespace

Parameters find_parameters(const AppName& name, const std::vector<fs::path>& folders, ParameterFiles kind) {
  for (const auto& folder : folders) {
    const fs::path jockler = folder / ("jockler-" + name.text());
    const fs::path dockervisor = folder / ("dcv-" + name.text());
    const bool may_be_jockler = kind != ParameterFiles::dockervisor && is_there(jockler);
    const bool may_be_dockervisor = kind != ParameterFiles::jockler && is_there(dockervisor);
    if (may_be_jockler && may_be_dockervisor)
      throw Error(ErrorCode::conflict, format("both {} and {} are there", jockler.string(), dockervisor.string()),
                  "Keep one of them, or name one with --config-file FILE.");
    if (may_be_jockler) return read(name, jockler, ParameterFiles::jockler);
    if (may_be_dockervisor) return read(name, dockervisor, ParameterFiles::dockervisor);
  }
  Parameters none;
  none.configurations["default"] = {family_spec(name, {}), false, false};
  return none;
}

Parameters read_parameters(const AppName& name, const fs::path& file, ParameterFiles kind) {
  return parse_parameters(name, read_file(file, ByteCount{1 << 20}), file, kind);
}

Parameters parse_parameters(const AppName& name, const std::string& text, const fs::path& file, ParameterFiles kind) {
  if (kind == ParameterFiles::any)
    kind = file.filename().string().starts_with("dcv-") ? ParameterFiles::dockervisor : ParameterFiles::jockler;
  return parse(name, fs::absolute(file), kind, text);
}

void refuse_declared_settings(const App& app) {
  const std::string& name = app.name.text();
  if (!app.releases.empty() && app.releases.back().spec.project)
    throw Conflict(ErrorCode::declared_elsewhere, format("the settings of {} stand in its Compose file", name),
                   format("Change {}, then belay up.", join(app.releases.back().spec.project->files, " or ")));
  if (!app.origin.empty())
    throw Conflict(ErrorCode::declared_elsewhere,
                   format("the settings of {} stand in its definition, {}", name, app.origin),
                   format("Change it there: belay config {} --edit", name));
}

namespace {

// An origin is "/srv/defs/web.json", or such with "#…" behind it; user data is no file.
std::string apply_command(const std::string& origin) {
  const fs::path file = origin.substr(0, origin.find('#'));
  return file.is_absolute() ? format("belay apply {}", shell_quoted(file.parent_path().string())) : "belay apply";
}

}  // namespace

void refuse_declared_app(const App& app, bool is_agreed) {
  const std::string& name = app.name.text();
  const Release* newest = app.releases.empty() ? nullptr : &app.releases.back();
  const bool is_project = newest != nullptr && newest->spec.project;
  const bool has_several = newest != nullptr && newest->spec.services.size() > 1;
  if (!is_project && app.origin.empty()) return;
  if (is_agreed && !has_several) return;
  const std::string file = is_project ? join(newest->spec.project->files, " or ") : app.origin;
  const std::string right_way =
      is_project ? format("belay up {}", shell_quoted(newest->spec.project->folder)) : apply_command(app.origin);
  throw Conflict(ErrorCode::declared_elsewhere,
                 format("{} comes from {} {}: a release of another image would not be what stands there", name,
                        is_project ? "the Compose file" : "the definition", file),
                 format("Change the image there, then: {}{}", right_way,
                        has_several ? "." : ". -y deploys it all the same, until what is declared is applied again."));
}

void lay_by_hand(std::map<std::string, Configuration>& configurations, const Configuration& by_hand) {
  for (auto& [name, configuration] : configurations) {
    lay_over(configuration, by_hand);
    check_spec(configuration.spec);
  }
}

void add_by_hand(const AppName& name, std::map<std::string, Configuration>& configurations,
                 std::optional<Configuration>& by_hand, const Configuration& given) {
  if (!by_hand) by_hand = Configuration{family_spec(name, {}), false, false};
  lay_over(*by_hand, given);
  lay_by_hand(configurations, given);
}

const Configuration& pick(const std::map<std::string, Configuration>& configurations, const std::string& name) {
  if (const auto found = configurations.find(name.empty() ? "default" : name); found != configurations.end())
    return found->second;
  std::vector<std::string> known;
  for (const auto& [key, unused] : configurations) known.push_back(key);
  if (name.empty() && known.size() == 1) return configurations.begin()->second;
  if (name.empty())
    throw UsageError(format("the parameter file has several configurations: {}", join(known, ", ")),
                     "Name one after the word new.");
  const std::string near = did_you_mean(name, known);
  throw NotFound(format("there is no configuration '{}'; there is {}", name, join(known, ", ")), near);
}

}  // namespace belay::family
