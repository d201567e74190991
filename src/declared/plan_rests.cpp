#include "declared/plan_rests.h"

#include "base/format.h"
#include "change/file_marks.h"
#include "plan/planner.h"

namespace belay::declared {

std::string digest_of(std::string_view text) {
  // FNV-1a
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return format("{:016x}-{:x}", hash, text.size());
}

Facts facts_of(const Declaration& declared) {
  Facts facts{{"its definition", digest_of(spec_to_json(declared.spec))}};
  std::vector<fs::path> files(declared.watched.begin(), declared.watched.end());
  if (!declared.origin.starts_with("user-data"))
    files.emplace_back(declared.origin.substr(0, declared.origin.find('#')));
  for (const auto& [path, mark] : change::file_marks(files)) facts[path] = mark.digest;
  return facts;
}

std::string container_fact(const Container& container) {
  return format("{} {} {}", container.created, container.image_id, to_text(container.state));
}

Facts facts_of(const App& app, const std::vector<Container>& containers) {
  const Wish& wish = app.wish;
  const std::string_view state = wish.is<goal::Run>()       ? "up"
                                 : wish.is<goal::Stopped>() ? "down"
                                 : wish.is<goal::Removed>() ? "gone"
                                                            : "none";
  Facts facts{{"its release", format("{} of {} {}{}", wish.release() ? wish.release()->text() : "", app.highest_release,
                                     state, wish.is_unfinished() ? " unfinished" : "")}};
  std::vector<const Container*> all;
  for (const auto& container : containers) all.push_back(&container);
  const plan::Containers ours = plan::sort_out(app, all);
  const auto add = [&](const Container& container) {
    facts["the container " + container.name] = container_fact(container);
  };
  for (const auto& instance : ours.instances) add(*instance.container);
  for (const auto& unknown : ours.unknown) add(*unknown.container);
  for (const Container* copy : ours.copies) add(*copy);
  return facts;
}

Facts facts_of_images(const std::map<std::string, std::string>& images) {
  Facts facts;
  for (const auto& [service, image] : images) facts["the image of " + service] = image;
  return facts;
}

std::optional<std::string> first_moved(const Facts& then, const Facts& now) {
  for (const auto& [what, fact] : then) {
    const auto found = now.find(what);
    if (found == now.end()) return format("{} is gone since the plan was made", what);
    if (found->second != fact) return format("{} has changed since the plan was made", what);
  }
  for (const auto& [what, fact] : now)
    if (!then.contains(what)) return format("{} was not there when the plan was made", what);
  return {};
}

}  // namespace belay::declared
