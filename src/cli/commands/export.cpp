#include "base/files.h"
#include "base/format.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/project_words.h"
#include "declared/export_project.h"

namespace belay::cli {

namespace {

constexpr int something_left_out = 3;

// Somebody may have edited what an earlier export wrote.
void refuse_to_replace(const fs::path& file) {
  if (std::error_code unknown; fs::exists(fs::symlink_status(file, unknown)))
    throw Conflict(format("{} is there already", file.string()), "Remove it first, or name another file.");
}

fs::path file_of(const std::string& word) {
  return plain_absolute(word);
}

}  // namespace

int run_export(Invocation& in) {
  const std::string what = in.argument("WHAT");
  if (!in.has("compose"))
    throw UsageError(
        "say what to write: --compose",
        format("belay export --compose {0} writes a Compose file, belay declare {0} a definition, belay backup {0} a "
               "file with its data. A container's file system: docker export CONTAINER, with the name that belay ps "
               "shows.",
               what));
  declared::ExportOptions options;
  if (const auto release = in.optional_argument("RELEASE")) options.release = ReleaseNumber::parse(*release);
  options.project = in.text("project-name").value_or("");
  options.pin = in.has("pin");
  const auto output = in.text("output"), variables = in.text("env-file");
  options.variables_apart = variables.has_value();
  for (const auto& file : {output, variables})
    if (file) refuse_to_replace(file_of(*file));
  if (output && variables && file_of(*output) == file_of(*variables))
    throw in.usage_error("the Compose file and its variables need two files");
  const bool is_folder = is_place(in, what);
  if (is_folder && options.release) throw in.usage_error("a release is one of an app: name the app");

  HostRun run(in.session, in.description());
  const auto exported = is_folder ? declared::export_folder(run.context(), what, options, in.stop())
                                  : declared::export_app(run.context(), AppName(what), options, in.stop());
  const auto& written = exported.written;
  if (variables) write_file_durably(file_of(*variables), written.variables, 0600);
  if (output)
    write_file_durably(file_of(*output), written.text, 0600);
  else
    in.console.print(written.text);
  for (const auto& warning : exported.warnings) in.console.warning(warning);
  for (const auto& leftover : written.leftovers)
    in.console.error(Error(ErrorCode::settings_lost, format("Compose has no word for this: {}", leftover.text)));
  return written.leftovers.empty() || in.has("partial") ? 0 : something_left_out;
}

}  // namespace belay::cli
