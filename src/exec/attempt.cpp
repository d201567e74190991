#include "exec/attempt.h"

#include "archive/tar_writer.h"
#include "base/format.h"
#include "base/text.h"
#include "engine/captured_output.h"
#include "exec/verdict.h"

namespace belay::exec {

namespace {

// Only the last lines of a failed command are told: its output may be of any length.
constexpr size_t shown_output_limit = 400;

// nullopt: the command ended with 0; otherwise why not.
std::optional<std::string> failure_inside(const plan::RunInside& step, engine::Engine& engine, std::stop_token stop) {
  ExecRequest request;
  request.command = step.command;
  request.user = step.user;
  request.working_dir = step.working_dir;
  request.environment = step.environment;
  request.privileged = step.privileged;
  engine::CapturedOutput output;
  const int code = engine.exec(step.name, request, output, stop);
  if (code == 0) return {};
  std::string words(trim(output.text()));
  if (words.size() > shown_output_limit) words = "…" + words.substr(words.size() - shown_output_limit);
  return format("the command ended with exit code {}{}", code, words.empty() ? "" : ": " + printable(words));
}

Attempt run_inside(const plan::RunInside& step, engine::Engine& engine, std::stop_token stop) {
  try {
    const auto failure = failure_inside(step, engine, std::move(stop));
    if (!failure) return {};
    if (step.is_proof) return {Unproved{plan::step_text(step) + ": " + *failure}, {}};
    throw Error(ErrorCode::program_failed, *failure);
  } catch (const Conflict& error) {
    // What has ended already can run nothing.
    if (!step.is_proof || error.code() != ErrorCode::not_running) throw;
    return {Unproved{plan::step_text(step) + ": " + error.what()}, {}};
  }
}

// The folders that lead there are made where they are missing.
void put_files(const plan::PutFiles& step, engine::Engine& engine, std::stop_token stop) {
  engine.write_archive(
      step.name, "/",
      [&](const Sink& sink) {
        archive::TarWriter tar(sink);
        for (const auto& file : step.files) {
          archive::TarEntry entry;
          entry.name = file.target.substr(1);
          entry.permissions = static_cast<mode_t>(file.mode);
          entry.user = static_cast<uid_t>(file.uid);
          entry.group = static_cast<gid_t>(file.gid);
          entry.size = static_cast<std::int64_t>(file.content.size());
          tar.begin(entry);
          tar.write(file.content);
        }
        tar.finish();
      },
      stop);
}

engine::UnwantedImage unwanted(const plan::UntagImage& step) {
  engine::UnwantedImage image(step.reference);
  image.force = step.force;
  image.keeps_parents = step.keeps_parents;
  return image;
}

struct Perform {
  engine::Engine& engine;
  Data& data;
  HostWork& host;
  Clock& clock;
  const engine::ProgressSink& progress;
  std::stop_token stop;
  EarlierHealth earlier;

  Attempt operator()(const plan::BuildImage& s) { return {{}, build_image(s, engine, progress, stop)}; }
  Attempt operator()(const plan::PullImage& s) { return engine.pull(s.reference, progress, stop), Attempt{}; }
  Attempt operator()(const plan::PushImage& s) { return engine.push(s.reference, progress, stop), Attempt{}; }
  Attempt operator()(const plan::TagImage& s) { return engine.tag_image(s.image, s.reference, stop), Attempt{}; }
  Attempt operator()(const plan::CommitContainer& s) {
    return std::ignore = engine.commit_container(s, stop), Attempt{};
  }
  Attempt operator()(const plan::UntagImage& s) {
    return std::ignore = engine.remove_image(unwanted(s), stop), Attempt{};
  }
  // Something that uses the image still is a good reason to keep it, not a failure.
  Attempt operator()(const plan::RemoveImage& s) {
    engine::UnwantedImage image(s.image);
    image.names = s.names;
    return std::ignore = engine.remove_image(image, stop), Attempt{};
  }
  Attempt operator()(const plan::CreateNetwork& s) { return engine.create_network(s, stop), Attempt{}; }
  Attempt operator()(const plan::RemoveNetwork& s) { return engine.remove_network(s.name, stop), Attempt{}; }
  Attempt operator()(const plan::CreateVolume& s) { return engine.create_volume(s, stop), Attempt{}; }
  Attempt operator()(const plan::RemoveVolume& s) { return engine.remove_volume(s.name, stop), Attempt{}; }
  Attempt operator()(const plan::CreateContainer& s) {
    engine.create_container({s.name, s.image, s.service, s.labels, s.restart, s.input_ends_with_session}, stop);
    return {};
  }
  Attempt operator()(const plan::PutFiles& s) { return put_files(s, engine, stop), Attempt{}; }
  Attempt operator()(const plan::RenameContainer& s) { return engine.rename_container(s.from, s.to, stop), Attempt{}; }
  Attempt operator()(const plan::StartContainer& s) {
    // A port that was held until just now (by what was stopped, or by an engine that crashed) may take a moment to be
    // free; one that a stranger holds was refused when the plan was made.
    constexpr int attempts = 10;
    for (int tried = 1;; ++tried) {
      try {
        engine.start_container(s.name, stop);
        return {};
      } catch (const Conflict&) {
        if (tried == attempts) throw;
      }
      if (!clock.sleep(Milliseconds(200), stop)) throw Cancelled();
    }
  }
  Attempt operator()(const plan::StopContainer& s) { return engine.stop_container(s.name, s.timeout, stop), Attempt{}; }
  Attempt operator()(const plan::PauseContainer& s) { return engine.pause_container(s.name, stop), Attempt{}; }
  Attempt operator()(const plan::ResumeContainer& s) { return engine.unpause_container(s.name, stop), Attempt{}; }
  Attempt operator()(const plan::RemoveContainer& s) { return engine.remove_container(s.name, stop), Attempt{}; }
  Attempt operator()(const plan::SetRestartPolicy& s) {
    return engine.set_restart_policy(s.name, s.policy, stop), Attempt{};
  }
  Attempt operator()(const plan::UpdateResources& s) {
    return engine.update_resources(s.name, s.resources, stop), Attempt{};
  }
  Attempt operator()(const plan::ConnectNetwork& s) { return engine.connect_network(s.name, s.link, stop), Attempt{}; }
  Attempt operator()(const plan::RemoveLink& s) { return engine.remove_link(s.name, s.alias, stop), Attempt{}; }
  Attempt operator()(const plan::DisconnectNetwork& s) {
    return engine.disconnect_network(s.name, s.network, stop), Attempt{};
  }
  Attempt operator()(const plan::SignalContainer& s) {
    return engine.signal_container(s.name, s.signal, stop), Attempt{};
  }
  Attempt operator()(const plan::RunInside& s) { return run_inside(s, engine, stop); }
  Attempt operator()(const plan::CopyData& s) { return data.copy(s, progress, stop), Attempt{}; }
  Attempt operator()(const plan::UnpackData& s) { return data.unpack(s, progress, stop), Attempt{}; }
  Attempt operator()(const plan::ExchangeData& s) { return data.exchange(s, stop), Attempt{}; }
  Attempt operator()(const plan::RemoveData& s) { return data.remove(s, stop), Attempt{}; }
  Attempt operator()(const plan::BackUpData& s) { return data.back_up(s, progress, stop), Attempt{}; }
  Attempt operator()(const plan::BackUpImages& s) { return data.back_up_images(s, progress, stop), Attempt{}; }
  Attempt operator()(const plan::FinishBackup& s) { return data.finish_backup(s, stop), Attempt{}; }
  Attempt operator()(const plan::LoadImages& s) { return data.load_images(s, progress, stop), Attempt{}; }
  Attempt operator()(const plan::CheckBackup& s) { return data.check_backup(s, stop), Attempt{}; }
  Attempt operator()(const plan::RunScript& s) { return host.run_script(s, progress, stop), Attempt{}; }
  Attempt operator()(const plan::PutLauncher& s) { return host.put_launcher(s), Attempt{}; }
  Attempt operator()(const plan::RemoveLauncher& s) { return host.remove_launcher(s), Attempt{}; }
  Attempt operator()(const plan::MakeHostUser& s) { return host.make_user(s, stop), Attempt{}; }
  Attempt operator()(const plan::RemoveHostUser& s) { return host.remove_user(s, stop), Attempt{}; }
  Attempt operator()(const plan::AwaitVerdict& s) { return {await_verdict(s, engine, clock, stop, earlier), {}}; }
};

}  // namespace

Attempt attempt(const plan::Step& step, engine::Engine& engine, Data& data, HostWork& host, Clock& clock,
                const engine::ProgressSink& progress, std::stop_token stop, EarlierHealth earlier) {
  return std::visit(Perform{engine, data, host, clock, progress, std::move(stop), earlier}, step);
}

}  // namespace belay::exec
