#pragma once
// The one list of what each kind of step holds, for files. Private to declared.

#include <array>
#include <concepts>
#include <variant>

#include "plan/action.h"

namespace belay::declared {

// What the kinds of steps are called in files, in the order of the variant. Words that stay.
inline constexpr std::array step_names{
    "build_image",      "pull_image",       "push_image",       "tag_image",          "commit_container",
    "untag_image",      "remove_image",     "create_network",   "remove_network",     "create_volume",
    "remove_volume",    "create_container", "put_files",        "rename_container",   "start_container",
    "stop_container",   "pause_container",  "resume_container", "remove_container",   "set_restart_policy",
    "update_resources", "connect_network",  "remove_link",      "disconnect_network", "signal_container",
    "await_verdict",    "run_inside",       "copy_data",        "unpack_data",        "exchange_data",
    "remove_data",      "back_up_data",     "back_up_images",   "finish_backup",      "load_images",
    "check_backup",     "run_script",       "put_launcher",     "remove_launcher",    "make_host_user",
    "remove_host_user"};
inline constexpr std::array builder_names{"automatic", "buildkit", "classic", "buildx"};
inline constexpr std::array proof_names{"runs", "still_well", "completed", "runs_or_ends"};
static_assert(step_names.size() == std::variant_size_v<plan::Step>, "each kind of step has a name");

// The fields of each kind. The bindings name all members: with one more they do not compile.
template <class Visit>
void each(plan::BuildImage& step, Visit&& visit) {
  auto& [folder, dockerfile, tags, arguments, secrets, labels, target, platform, network, no_cache, pull, builder,
         dockerfile_text, cache_from, extra_hosts, shm_size, ulimits] = step;
  visit("folder", folder);
  visit("dockerfile", dockerfile);
  visit("tags", tags);
  visit("arguments", arguments);
  visit("secrets", secrets);
  visit("labels", labels);
  visit("target", target);
  visit("platform", platform);
  visit("network", network);
  visit("no_cache", no_cache);
  visit("pull", pull);
  visit("builder", builder);
  visit("dockerfile_text", dockerfile_text);
  visit("cache_from", cache_from);
  visit("extra_hosts", extra_hosts);
  visit("shm_size", shm_size);
  visit("ulimits", ulimits);
}

// Steps of one member, which is the name of what they are about.
template <class Step, class Visit>
  requires std::same_as<Step, plan::RemoveNetwork> || std::same_as<Step, plan::RemoveVolume> ||
           std::same_as<Step, plan::StartContainer> || std::same_as<Step, plan::PauseContainer> ||
           std::same_as<Step, plan::ResumeContainer> || std::same_as<Step, plan::RemoveContainer> ||
           std::same_as<Step, plan::MakeHostUser> || std::same_as<Step, plan::RemoveHostUser>
void each(Step& step, Visit&& visit) {
  auto& [name] = step;
  visit("name", name);
}
template <class Step, class Visit>
  requires std::same_as<Step, plan::PullImage> || std::same_as<Step, plan::PushImage>
void each(Step& step, Visit&& visit) {
  auto& [reference] = step;
  visit("reference", reference);
}
template <class Step, class Visit>
  requires std::same_as<Step, plan::PutLauncher> || std::same_as<Step, plan::RemoveLauncher>
void each(Step& step, Visit&& visit) {
  auto& [path] = step;
  visit("path", path);
}
template <class Visit>
void each(plan::RunScript& step, Visit&& visit) {
  auto& [service, script, arguments, inside] = step;
  visit("service", service);
  visit("script", script);
  visit("arguments", arguments);
  visit("inside", inside);
}
template <class Step, class Visit>
  requires std::same_as<Step, plan::FinishBackup> || std::same_as<Step, plan::CheckBackup>
void each(Step& step, Visit&& visit) {
  auto& [where] = step;
  visit("where", where);
}
template <class Step, class Visit>
  requires std::same_as<Step, plan::CreateNetwork> || std::same_as<Step, plan::CreateVolume>
void each(Step& step, Visit&& visit) {
  auto& [name, labels, definition] = step;
  visit("name", name);
  visit("labels", labels);
  visit("definition", definition);
}
template <class Visit>
void each(plan::TagImage& step, Visit&& visit) {
  auto& [image, reference] = step;
  visit("image", image);
  visit("reference", reference);
}
template <class Visit>
void each(plan::CommitContainer& step, Visit&& visit) {
  auto& [container, reference, message, author, changes] = step;
  visit("container", container);
  visit("reference", reference);
  visit("message", message);
  visit("author", author);
  visit("changes", changes);
}
template <class Visit>
void each(plan::RemoveImage& step, Visit&& visit) {
  auto& [image, names] = step;
  visit("image", image);
  visit("names", names);
}
template <class Visit>
void each(plan::CreateContainer& step, Visit&& visit) {
  // No container of a declared app is for one session only.
  auto& [name, image, service, labels, restart, input_ends_with_session] = step;
  visit("name", name);
  visit("image", image);
  visit("service", service);
  visit("labels", labels);
  visit("restart", restart);
}
template <class Visit>
void each(plan::PutFiles& step, Visit&& visit) {
  auto& [name, files] = step;
  visit("name", name);
  visit("files", files);
}
template <class Visit>
void each(plan::RenameContainer& step, Visit&& visit) {
  auto& [from, to] = step;
  visit("from", from);
  visit("to", to);
}
template <class Visit>
void each(plan::StopContainer& step, Visit&& visit) {
  auto& [name, timeout] = step;
  visit("name", name);
  visit("timeout_s", timeout);
}
template <class Visit>
void each(plan::SetRestartPolicy& step, Visit&& visit) {
  auto& [name, policy] = step;
  visit("name", name);
  visit("policy", policy);
}
template <class Visit>
void each(plan::UpdateResources& step, Visit&& visit) {
  auto& [name, resources] = step;
  visit("name", name);
  visit("resources", resources);
}
template <class Visit>
void each(plan::ConnectNetwork& step, Visit&& visit) {
  auto& [name, link] = step;
  visit("name", name);
  visit("link", link);
}
template <class Visit>
void each(plan::UntagImage& step, Visit&& visit) {
  auto& [reference, force, keeps_parents] = step;
  visit("reference", reference);
  visit("force", force);
  visit("keeps_parents", keeps_parents);
}
template <class Visit>
void each(plan::RemoveLink& step, Visit&& visit) {
  auto& [name, alias] = step;
  visit("name", name);
  visit("alias", alias);
}
template <class Visit>
void each(plan::DisconnectNetwork& step, Visit&& visit) {
  auto& [name, network] = step;
  visit("name", name);
  visit("network", network);
}
template <class Visit>
void each(plan::SignalContainer& step, Visit&& visit) {
  auto& [name, signal] = step;
  visit("name", name);
  visit("signal", signal);
}
template <class Visit>
void each(plan::AwaitVerdict& step, Visit&& visit) {
  auto& [name, has_health_check, settle, wait_timeout, proof, checks, has_unseen_image] = step;
  visit("name", name);
  visit("has_health_check", has_health_check);
  visit("settle_ms", settle);
  visit("wait_timeout_ms", wait_timeout);
  visit("proof", proof);
  visit("checks", checks);
  visit("has_unseen_image", has_unseen_image);
}
template <class Visit>
void each(plan::RunInside& step, Visit&& visit) {
  auto& [name, command, user, working_dir, environment, privileged, is_proof] = step;
  visit("name", name);
  visit("command", command);
  visit("user", user);
  visit("working_dir", working_dir);
  visit("env", environment);
  visit("privileged", privileged);
  visit("is_proof", is_proof);
}
template <class Visit>
void each(plan::CopyData& step, Visit&& visit) {
  auto& [from, into] = step;
  visit("from", from);
  visit("into", into);
}
template <class Visit>
void each(plan::UnpackData& step, Visit&& visit) {
  auto& [item, place, into] = step;
  visit("item", item);
  visit("place", place);
  visit("into", into);
}
template <class Visit>
void each(plan::ExchangeData& step, Visit&& visit) {
  auto& [place, reserve, content] = step;
  visit("place", place);
  visit("reserve", reserve);
  visit("content", content);
}
template <class Visit>
void each(plan::RemoveData& step, Visit&& visit) {
  auto& [reserve] = step;
  visit("reserve", reserve);
}
template <class Visit>
void each(plan::BackUpData& step, Visit&& visit) {
  auto& [item, place] = step;
  visit("item", item);
  visit("place", place);
}
template <class Visit>
void each(plan::BackUpImages& step, Visit&& visit) {
  auto& [images] = step;
  visit("images", images);
}
template <class Visit>
void each(plan::LoadImages& step, Visit&& visit) {
  auto& [from] = step;
  visit("from", from);
}

}  // namespace belay::declared
