#include "plan/action.h"

#include "base/format.h"
#include "base/text.h"

namespace belay::plan {

size_t Plan::add(Action action, std::vector<size_t> after) {
  action.after = std::move(after);
  actions.push_back(std::move(action));
  return actions.size() - 1;
}

size_t Plan::add(Step step, std::string reason, std::vector<size_t> after) {
  actions.push_back({std::move(step), std::move(reason), std::move(after)});
  return actions.size() - 1;
}

namespace {

// An id is shown short; a reference, of an image that is yet to be pulled, as it is.
std::string image_text(const std::string& image) {
  return image.starts_with("sha256:") ? short_digest(image) : image;
}

std::string passes(const std::vector<Check>& checks) {
  std::vector<std::string> questions;
  for (const auto& check : checks) questions.push_back(question(check));
  return "passes " + join(questions, " and ");
}

struct Describe {
  std::string operator()(const BuildImage& s) const {
    return format("build {} from {}", join(s.tags, ", "), (s.dockerfile_text ? s.folder : s.dockerfile).string());
  }
  std::string operator()(const PullImage& s) const { return "pull " + s.reference; }
  std::string operator()(const PushImage& s) const { return "push " + s.reference; }
  std::string operator()(const TagImage& s) const {
    return format("tag image {} as {}", image_text(s.image), s.reference);
  }
  std::string operator()(const CommitContainer& s) const {
    return format("commit {} as image {}", s.container, s.reference);
  }
  std::string operator()(const UntagImage& s) const {
    return format("untag image {}{}{}", s.reference, s.force ? ", also where a stopped container uses it" : "",
                  s.keeps_parents ? ", its parents stay" : "");
  }
  std::string operator()(const RemoveImage& s) const { return "remove image " + short_digest(s.image); }
  std::string operator()(const CreateNetwork& s) const {
    const std::string& driver = s.definition.driver;
    return "create network " + s.name + (driver.empty() || driver == "bridge" ? "" : format(" of driver {}", driver));
  }
  std::string operator()(const RemoveNetwork& s) const { return "remove network " + s.name; }
  std::string operator()(const CreateVolume& s) const {
    const std::string& driver = s.definition.driver;
    return "create volume " + s.name + (driver.empty() || driver == "local" ? "" : format(" of driver {}", driver));
  }
  std::string operator()(const RemoveVolume& s) const { return format("remove volume {} AND ITS DATA", s.name); }
  std::string operator()(const CreateContainer& s) const {
    return format("create container {} from image {}", s.name, image_text(s.image));
  }
  std::string operator()(const PutFiles& s) const {
    std::vector<std::string> targets;
    for (const auto& file : s.files) targets.push_back(file.target);
    return format("write {} into {}", join(targets, ", "), s.name);
  }
  std::string operator()(const RenameContainer& s) const { return format("rename container {} to {}", s.from, s.to); }
  std::string operator()(const StartContainer& s) const { return "start " + s.name; }
  std::string operator()(const StopContainer& s) const { return "stop " + s.name; }
  std::string operator()(const PauseContainer& s) const { return "pause " + s.name; }
  std::string operator()(const ResumeContainer& s) const { return "resume " + s.name; }
  std::string operator()(const RemoveContainer& s) const { return "remove container " + s.name; }
  std::string operator()(const SetRestartPolicy& s) const {
    return format("set the restart policy of {} to {}", s.name, s.policy.name);
  }
  std::string operator()(const UpdateResources& s) const { return "change the resources of " + s.name; }
  std::string operator()(const ConnectNetwork& s) const {
    return format("connect {} to network {}", s.name, s.link.network);
  }
  std::string operator()(const RemoveLink& s) const { return format("remove the link {} of {}", s.alias, s.name); }
  std::string operator()(const DisconnectNetwork& s) const {
    return format("disconnect {} from network {}", s.name, s.network);
  }
  std::string operator()(const SignalContainer& s) const { return format("send {} to {}", s.signal, s.name); }
  std::string operator()(const AwaitVerdict& s) const {
    if (s.proof == AwaitVerdict::Proof::completed)
      return format("wait until {} has ended with 0, at most {}", s.name, duration_text(s.wait_timeout));
    if (s.proof == AwaitVerdict::Proof::runs_or_ends)
      return format("check that {} stays up for {}, or ends with 0", s.name, duration_text(s.settle));
    if (s.proof == AwaitVerdict::Proof::still_well)
      return format("see whether {} is still well{}", s.name, s.checks.empty() ? "" : " and " + passes(s.checks));
    if (!s.checks.empty())
      return format("wait until {} {}{}, at most {}", s.name,
                    s.has_health_check   ? "is healthy and "
                    : s.has_unseen_image ? "is healthy (where its image checks that) and "
                                         : "",
                    passes(s.checks), duration_text(s.wait_timeout));
    if (s.has_unseen_image)
      return format("wait until {} is healthy, at most {}, or whether it stays up for {} where its image has no check",
                    s.name, duration_text(s.wait_timeout), duration_text(s.settle));
    if (s.has_health_check)
      return format("wait until {} is healthy, at most {}", s.name, duration_text(s.wait_timeout));
    return format("check that {} stays up for {}", s.name, duration_text(s.settle));
  }
  std::string operator()(const RunInside& s) const {
    std::vector<std::string> words;
    for (const auto& word : s.command) words.push_back(shell_quoted(word));
    return format("run in {}: {}", s.name, join(words, " "));
  }
  std::string operator()(const CopyData& s) const { return format("copy {} into {}", text_of(s.from), s.into.source); }
  std::string operator()(const UnpackData& s) const { return format("unpack {} into {}", s.item, text_of(s.into)); }
  std::string operator()(const ExchangeData& s) const {
    return format("exchange what {} and {} hold", text_of(s.place), s.reserve.source);
  }
  std::string operator()(const RemoveData& s) const { return format("remove {}", text_of(s.reserve)); }
  std::string operator()(const BackUpData& s) const { return format("back up {}", text_of(s.place)); }
  std::string operator()(const BackUpImages& s) const {
    std::vector<std::string> images;
    for (const auto& image : s.images) images.push_back(image_text(image));
    return "back up image " + join(images, ", ");
  }
  std::string operator()(const FinishBackup& s) const { return "finish " + s.where; }
  std::string operator()(const CheckBackup& s) const { return format("check {} to its end", s.where); }
  std::string operator()(const LoadImages& s) const { return "load the images of " + s.from; }
  std::string operator()(const RunScript& s) const {
    return format("run the script {} of {} {}", s.script, s.service, s.inside ? "in a container" : "on this host");
  }
  std::string operator()(const PutLauncher& s) const { return "write the command " + s.path; }
  std::string operator()(const RemoveLauncher& s) const { return "remove the command " + s.path; }
  std::string operator()(const MakeHostUser& s) const { return "make the user " + s.name + " of this host"; }
  std::string operator()(const RemoveHostUser& s) const { return "remove the user " + s.name + " of this host"; }
};

struct KindOf {
  std::string_view operator()(const BuildImage&) const { return "build"; }
  std::string_view operator()(const PullImage&) const { return "pull"; }
  std::string_view operator()(const PushImage&) const { return "push"; }
  std::string_view operator()(const TagImage&) const { return "tag"; }
  std::string_view operator()(const CommitContainer&) const { return "commit"; }
  std::string_view operator()(const UntagImage&) const { return "untag"; }
  std::string_view operator()(const RemoveImage&) const { return "remove"; }
  std::string_view operator()(const CreateNetwork&) const { return "create"; }
  std::string_view operator()(const RemoveNetwork&) const { return "remove"; }
  std::string_view operator()(const CreateVolume&) const { return "create"; }
  std::string_view operator()(const RemoveVolume&) const { return "remove"; }
  std::string_view operator()(const CreateContainer&) const { return "create"; }
  std::string_view operator()(const PutFiles&) const { return "write"; }
  std::string_view operator()(const RenameContainer&) const { return "rename"; }
  std::string_view operator()(const StartContainer&) const { return "start"; }
  std::string_view operator()(const StopContainer&) const { return "stop"; }
  std::string_view operator()(const PauseContainer&) const { return "pause"; }
  std::string_view operator()(const ResumeContainer&) const { return "resume"; }
  std::string_view operator()(const RemoveContainer&) const { return "remove"; }
  std::string_view operator()(const SetRestartPolicy&) const { return "set"; }
  std::string_view operator()(const UpdateResources&) const { return "change"; }
  std::string_view operator()(const ConnectNetwork&) const { return "connect"; }
  std::string_view operator()(const RemoveLink&) const { return "remove"; }
  std::string_view operator()(const DisconnectNetwork&) const { return "disconnect"; }
  std::string_view operator()(const SignalContainer&) const { return "send"; }
  std::string_view operator()(const AwaitVerdict&) const { return "wait"; }
  std::string_view operator()(const RunInside&) const { return "run"; }
  std::string_view operator()(const CopyData&) const { return "copy"; }
  std::string_view operator()(const UnpackData&) const { return "unpack"; }
  std::string_view operator()(const ExchangeData&) const { return "exchange"; }
  std::string_view operator()(const RemoveData&) const { return "remove"; }
  std::string_view operator()(const BackUpData&) const { return "back_up"; }
  std::string_view operator()(const BackUpImages&) const { return "back_up"; }
  std::string_view operator()(const FinishBackup&) const { return "finish"; }
  std::string_view operator()(const CheckBackup&) const { return "check"; }
  std::string_view operator()(const LoadImages&) const { return "load"; }
  std::string_view operator()(const RunScript&) const { return "run"; }
  std::string_view operator()(const PutLauncher&) const { return "write"; }
  std::string_view operator()(const RemoveLauncher&) const { return "remove"; }
  std::string_view operator()(const MakeHostUser&) const { return "create"; }
  std::string_view operator()(const RemoveHostUser&) const { return "remove"; }
};

}  // namespace

std::string step_text(const Step& step) {
  return std::visit(Describe{}, step);
}

std::string_view step_kind(const Step& step) {
  return std::visit(KindOf{}, step);
}

std::string plan_text(const Plan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.actions.size(); ++i) {
    const auto& action = plan.actions[i];
    text += format("{:>3}. {}", i + 1, step_text(action.step));
    if (!action.reason.empty()) text += " — " + action.reason;
    if (!action.after.empty()) {
      std::vector<std::string> numbers;
      for (const size_t index : action.after) numbers.push_back(format("{}", index + 1));
      text += format(" (after {})", join(numbers, ", "));
    }
    text += "\n";
  }
  for (const auto& note : plan.notes) text += format("note: {}\n", note);
  return text;
}

}  // namespace belay::plan
