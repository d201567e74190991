#include "change/temporary.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/identity.h"
#include "base/text.h"
#include "change/carry_out.h"
#include "change/data_work.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::change {

namespace {

constexpr const char* pulled_file = "pulled";

// "belay/web".
std::string repository(const AppName& app) {
  const std::string tag = pin_tag(app, app.text(), ReleaseNumber{1});
  return tag.substr(0, tag.rfind(':'));
}

// "s31be07": no number, as the tags of earlier versions have in its place.
std::string mark_of_state(const Context& context) {
  return "s" + context.store.identity().substr(0, 6);
}

// Of this process. A process id would be the same one in many containers.
const std::string& own_token() {
  static const std::string token = new_identity().substr(0, 8);
  return token;
}

// "belay-test-web-1f0c9a2e" and those that begin so. The label alone proves nothing.
bool is_temporary_name(const AppName& app, const std::string& name) {
  constexpr std::string_view front = "belay-";
  return name.starts_with(front) && name.find(format("-{}-", app.text()), front.size()) != std::string::npos;
}

bool is_made_for_one_command(const Context& context, const AppName& app, const std::string& tag) {
  for (const std::string_view purpose : {"try", "drill", "test"})
    if (is_temporary_tag(context, app, std::string(purpose), tag)) return true;
  return false;
}

// Containers first: the rest is in use as long as they are there.
plan::Plan plan_clearing(Context& context, const AppName& app, const std::string& reason, std::stop_token stop) {
  const std::string label = format("{}={}", labels::temporary, app.text());
  plan::Plan plan;
  std::vector<size_t> containers;
  for (const auto& container : context.engine.containers({true, label}, stop)) {
    // An image that somebody made of such a container hands its labels on.
    if (!is_of_this_state(context, container.labels) || !is_temporary_name(app, container.name)) continue;
    std::vector<size_t> last;
    if (container.is_up()) last = {plan.add(plan::StopContainer{container.name, Seconds(0)}, reason)};
    containers.push_back(plan.add(plan::RemoveContainer{container.name}, reason, last));
  }
  for (const auto& volume : context.engine.volumes(label, stop))
    if (is_of_this_state(context, volume.labels))
      plan.add(plan::RemoveVolume{volume.name}, "only a copy; " + reason, containers);
  for (const auto& network : context.engine.networks(stop))
    if (const auto found = network.labels.find(labels::temporary);
        found != network.labels.end() && found->second == app.text() && is_of_this_state(context, network.labels))
      plan.add(plan::RemoveNetwork{network.name}, reason, containers);

  const fs::path folder = temporary_folder(context, app);
  std::error_code error;
  if (!fs::exists(folder, error)) return plan;
  std::set<std::string> pulled, pulled_repositories;
  for (const auto& line : split(read_file_if_present(folder / pulled_file).value_or(""), '\n'))
    if (!line.empty()) {
      pulled.insert(listed_reference(line));
      pulled_repositories.insert(ImageRef::parse(listed_reference(line)).repository);
    }
  for (const auto& listed : context.engine.images({.label = {}, .reference = repository(app)}, stop)) {
    // A list by repository names only the tags of that repository.
    const Image image = context.engine.image(listed.id, stop).value_or(listed);
    std::vector<std::string> own, of_ours, others;
    for (const auto& tag : image.tags) {
      const bool is_own = is_made_for_one_command(context, app, tag);
      if (is_own) own.push_back(tag);
      (is_own || pulled.contains(tag) ? of_ours : others).push_back(tag);
    }
    if (own.empty()) continue;
    // What somebody knows by its digest alone has no tag.
    for (const auto& digest : image.digests) {
      const std::string of = digest.substr(0, digest.find('@'));
      if (of != repository(app) && !pulled_repositories.contains(of)) others.push_back(digest);
    }
    // The same image may be somebody's in earnest.
    if (others.empty())
      plan.add(plan::RemoveImage{image.id, of_ours}, reason, containers);
    else
      for (const auto& tag : own) plan.add(plan::UntagImage{tag}, reason, containers);
  }
  // A pull that was cut off before the image got a tag of ours: by nothing else than the reference is it known.
  for (const auto& reference : pulled) {
    const auto image = context.engine.image(reference, stop);
    if (!image) continue;
    const auto is_ours = [&](const std::string& tag) { return pulled.contains(tag); };
    const auto is_of_ours = [&](const std::string& digest) {
      return pulled_repositories.contains(digest.substr(0, digest.find('@')));
    };
    // Behind the tags of ours the loop above has removed it already.
    if (std::all_of(image->tags.begin(), image->tags.end(), is_ours) &&
        std::all_of(image->digests.begin(), image->digests.end(), is_of_ours))
      plan.add(plan::RemoveImage{image->id, image->tags}, reason, containers);
  }
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename() != pulled_file)
      plan.add(plan::RemoveData{{DataPlace::Kind::file, entry.path().string()}}, "only a copy; " + reason, containers);
  return plan;
}

void clear(Context& context, const AppName& app, const std::string& reason, std::stop_token stop) {
  constexpr int most_tries = 3;
  for (int tries = 1;; ++tries) {
    const plan::Plan plan = plan_clearing(context, app, reason, stop);
    if (plan.empty()) break;
    try {
      DataWork work(context.engine, context.report);
      carry_out_whole(context, plan, {nullptr, &work}, stop);
      break;
    } catch (const Conflict&) {
      // The engine was about to start a container when its command was killed: now it runs.
      if (tries == most_tries) throw;
    }
  }
  // Last: as long as it is there, the next command looks for the rest.
  std::error_code error;
  fs::remove_all(temporary_folder(context, app), error);
  if (error)
    throw Error(ErrorCode::system_failed,
                format("removing {}: {}", temporary_folder(context, app).string(), error.message()));
  // Where no other app has one.
  fs::remove(temporary_folder(context, app).parent_path(), error);
}

}  // namespace

std::string temporary_name(const AppName& app, const std::string& purpose) {
  return format("belay-{}-{}-{}", purpose, app.text(), own_token());
}

labels::Labels temporary_labels(const Context& context, const AppName& app) {
  return labels::for_temporary(app, context.store.identity());
}

Temporary temporary(const Context& context, const AppName& app, const std::string& purpose) {
  return {temporary_name(app, purpose), temporary_labels(context, app)};
}

bool is_of_this_state(const Context& context, const labels::Labels& labels) {
  const auto state = labels.find(labels::state);
  return state == labels.end() || state->second == context.store.identity();
}

std::string temporary_tag(const Context& context, const AppName& app, const std::string& purpose, size_t number) {
  return format("{}:{}-{}-{}-{}", repository(app), purpose, mark_of_state(context), own_token(), number);
}

bool is_temporary_tag(const Context& context, const AppName& app, const std::string& purpose, const std::string& tag) {
  const std::string front = format("{}:{}-", repository(app), purpose);
  if (!tag.starts_with(front)) return false;
  const std::string_view rest = std::string_view(tag).substr(front.size());
  // Earlier versions had the number of the process there.
  return rest.starts_with(mark_of_state(context) + "-") || (!rest.empty() && rest[0] >= '0' && rest[0] <= '9');
}

std::string listed_reference(const std::string& reference) {
  std::string text = ImageRef::parse(reference).text();
  for (const std::string_view prefix : {"docker.io/library/", "docker.io/"})
    if (text.starts_with(prefix)) return text.substr(prefix.size());
  return text;
}

fs::path temporary_folder(const Context& context, const AppName& app) {
  return context.store.folder() / "temporary" / app.text();
}

void announce_temporary(Context& context, const AppName& app, const std::vector<std::string>& pulled) {
  const fs::path folder = temporary_folder(context, app);
  make_folder(folder, 0700);
  write_file_durably(folder / pulled_file, join(pulled, "\n"), 0600);
}

void clear_temporary(Context& context, const AppName& app, std::stop_token stop) {
  clear(context, app, "an earlier command left it behind", std::move(stop));
}

void clear_announced(Context& context, const AppName& app, std::stop_token stop) {
  std::error_code error;
  if (!fs::exists(temporary_folder(context, app), error)) return;
  try {
    clear_temporary(context, app, std::move(stop));
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& trouble) {
    context.report.warning(format("what an earlier trial of {} left stays: {}", app.text(), trouble.what()));
  }
}

void discard_temporary(Context& context, const AppName& app) {
  clear(context, app, "it was only for this", {});
}

}  // namespace belay::change
