#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "family/import_store.h"
#include "family/take_over.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

std::string mark_text(const char* mark, const std::optional<ReleaseNumber>& release, const std::string& container) {
  return format("{} {} ({})", mark, release->text(), container);
}

std::string family_text(const family::ImportedFamily& family) {
  std::vector<std::string> parts;
  if (!family.containers.empty()) parts.push_back(join(family.containers, ", "));
  if (family.last) parts.push_back(mark_text("last", family.last, family.last_container));
  if (family.stable) parts.push_back(mark_text("stable", family.stable, family.stable_container));
  if (family.autostart != Autostart::none) parts.push_back(format("autostart {}", to_text(family.autostart)));
  if (!family.settings_file.empty()) parts.push_back("settings of " + family.settings_file);
  return join(parts, "; ");
}

void print_error(Console& console, const family::ImportedFamily& family) {
  Error error = *family.error;
  error.add_context("importing " + family.name);
  console.error(error);
}

void print_family(Console& console, const family::ImportedFamily& family, bool dry_run) {
  for (const auto& warning : family.warnings) console.warning(format("{}: {}", family.name, warning));
  if (family.error) return print_error(console, family);
  const std::string what = dry_run ? format("then: {} has ", family.name) : format("{}: imported ", family.name);
  if (dry_run && !family.plan.empty()) print_plan(console, family.plan);
  if (!family.changed)
    console.success(format("{}: nothing new", family.name));
  else if (dry_run)
    console.line(what + family_text(family));
  else
    console.success(what + family_text(family));
}

int import_families(Invocation& in, family::StoreKind kind) {
  family::ImportOptions options;
  if (const auto name = in.optional_argument("NAME")) options.only.emplace(*name);
  if (!in.arguments("WORD").empty())
    throw in.usage_error(format("unexpected argument '{}'", printable(in.arguments("WORD").front())));
  options.folder = in.text_or("store", "");
  options.dry_run = in.has("dry-run");
  HostRun run(in.session, in.description());
  const auto families = family::import_store(run.context(), kind, options, in.stop());
  run.report().close();
  if (in.has("json")) {
    Node list = Node::list();
    for (const auto& family : families) {
      list.add(imported_json(family, options.dry_run));
      if (family.error) print_error(in.console, family);
    }
    print_record(in.console, "families", std::move(list));
  } else {
    if (families.empty()) in.console.note("the store is empty: there is nothing to import");
    for (const auto& family : families) print_family(in.console, family, options.dry_run);
  }
  if (std::any_of(families.begin(), families.end(), [](const auto& family) { return family.error.has_value(); }))
    return 1;
  const bool changed = std::any_of(families.begin(), families.end(), [](const auto& family) { return family.changed; });
  return in.has("exit-unchanged") && !changed ? 3 : 0;
}

int import_line(Invocation& in) {
  // import run NAME -- docker run …, or import run -- docker run --name NAME …
  std::string name = in.optional_argument("NAME").value_or("");
  std::vector<std::string> line = in.arguments("WORD");
  if (in.has("store")) throw in.usage_error("--store is for jockler and dockervisor");
  if (name == "--" || name == "docker") {
    if (name == "docker") line.insert(line.begin(), name);
    name.clear();
  }
  if (!line.empty() && line.front() == "--") line.erase(line.begin());
  if (line.empty()) throw in.usage_error("the docker run line is missing");
  HostRun run(in.session, in.description());
  const auto imported = family::import_run(run.context(), name, line, in.has("dry-run"), in.stop());
  run.report().close();
  const int code = in.has("exit-unchanged") && !imported.changed ? 3 : 0;
  if (in.has("json")) {
    print_record(in.console, imported_json(imported, in.has("dry-run")));
    return code;
  }
  for (const auto& warning : imported.warnings) in.console.warning(warning);
  if (in.has("dry-run")) {
    if (!imported.plan.empty()) print_plan(in.console, imported.plan);
    in.console.line(imported.spec);
    return 0;
  }
  if (imported.changed) {
    in.console.success(format("{} is an app now, from image {}", imported.app, short_digest(imported.image)));
    in.console.note(format("start it with: belay start {} new", imported.app));
  } else {
    in.console.success(format("{} is of this line already", imported.app));
  }
  return code;
}

}  // namespace

int run_import(Invocation& in) {
  const std::string source = in.argument("SOURCE");
  if (source == "jockler") return import_families(in, family::StoreKind::jockler);
  if (source == "dockervisor") return import_families(in, family::StoreKind::dockervisor);
  return import_line(in);
}

}  // namespace belay::cli
