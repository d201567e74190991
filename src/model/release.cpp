#include "model/release.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "model/no_service.h"
#include "model/origin.h"

namespace belay {

namespace {

template <class Enum, size_t n>
Enum from_word(std::string_view text, const std::array<std::string_view, n>& words, std::string_view what) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) throw Error(ErrorCode::bad_value, format("'{}' is not a {}", printable(text), what));
  return static_cast<Enum>(found - words.begin());
}

constexpr std::array<std::string_view, 5> scheme_words{"belay", "jcl", "dcv", "fixed", "compose"};
constexpr std::array<std::string_view, 4> verdict_words{"pending", "passed", "failed", "unproven"};
constexpr std::array<std::string_view, 3> autostart_words{"none", "last", "stable"};

}  // namespace

std::string_view to_text(NamingScheme scheme) {
  return scheme_words[static_cast<size_t>(scheme)];
}
NamingScheme naming_scheme(std::string_view text) {
  return from_word<NamingScheme>(text, scheme_words, "naming scheme");
}
std::string_view to_text(Verdict verdict) {
  return verdict_words[static_cast<size_t>(verdict)];
}
Verdict verdict(std::string_view text) {
  return from_word<Verdict>(text, verdict_words, "verdict");
}
std::string_view to_text(Autostart autostart) {
  return autostart_words[static_cast<size_t>(autostart)];
}
Autostart autostart(std::string_view text) {
  return from_word<Autostart>(text, autostart_words, "mark for autostart");
}

namespace {
constexpr std::array<std::string_view, 4> origin_words{"family", "project", "unit", "definition"};
}  // namespace

std::string_view to_text(Origin origin) {
  return origin_words[static_cast<size_t>(origin)];
}
Origin origin(std::string_view text) {
  return from_word<Origin>(text, origin_words, "origin of an app");
}

ReleaseNumber Release::container_release(const std::string& service) const {
  const auto body = bodies.find(service);
  return body == bodies.end() ? number : body->second.release;
}

const std::string& Release::container_identity(const std::string& service) const {
  const auto body = bodies.find(service);
  return body == bodies.end() ? identity : body->second.identity;
}

bool Release::has_no_containers() const {
  return !spec.services.empty() && std::all_of(spec.services.begin(), spec.services.end(),
                                               [&](const Service& service) { return bodies.contains(service.name); });
}

Proof Release::proof(const std::string& service) const {
  const auto known = proofs.find(service);
  return known == proofs.end() ? Proof{verdict, reason, log_tail} : known->second;
}

const Release* App::find(ReleaseNumber number) const {
  const auto found =
      std::find_if(releases.begin(), releases.end(), [&](const Release& r) { return r.number == number; });
  return found == releases.end() ? nullptr : &*found;
}

Release* App::find(ReleaseNumber number) {
  return const_cast<Release*>(std::as_const(*this).find(number));
}

const Release& App::release(ReleaseNumber number) const {
  if (const Release* found = find(number)) return *found;
  throw NotFound(ErrorCode::release_not_found, format("{} has no release {}", name.text(), number.text()),
                 releases.empty()
                     ? format("It has none yet: {} makes the first.",
                              builds.empty() ? command_of_origin(*this) : format("belay start {} new", name.text()))
                     : format("belay releases {} lists them.", name.text()));
}

std::vector<ReleaseNumber> App::ways_back(ReleaseNumber present) const {
  const auto has_run_well = [](const Release& release) {
    return release.verdict == Verdict::passed || (release.verdict == Verdict::unproven && release.adopted);
  };
  const auto is_unproven = [](const Release& release) {
    return release.verdict == Verdict::unproven && !release.adopted;
  };
  const Release* now = find(present);
  // A copy of the first one (change/kept_files.cpp) has itself there: nothing was before it.
  if (now != nullptr && now->predecessor == now->number) return {};
  std::vector<const Release*> before;
  const auto add = [&](const Release& release) {
    if (release.number < present && std::find(before.begin(), before.end(), &release) == before.end())
      before.push_back(&release);
  };
  // Each is older than the one that came after it.
  for (const Release* release = now; release != nullptr && release->predecessor;) {
    const Release* earlier = find(*release->predecessor);
    if (earlier == nullptr || earlier->number >= release->number) break;
    add(*earlier);
    release = earlier;
  }
  for (auto release = releases.rbegin(); release != releases.rend(); ++release) add(*release);
  std::vector<ReleaseNumber> ways;
  for (const Release* release : before)
    if (has_run_well(*release)) ways.push_back(release->number);
  for (const Release* release : before)
    if (is_unproven(*release)) ways.push_back(release->number);
  return ways;
}

ReleaseNumber App::next_release() const {
  return {std::max(highest_release, releases.empty() ? 0 : releases.back().number.value) + 1};
}

bool App::is_quarantined(const std::string& image) const {
  return !image.empty() && std::any_of(quarantine.begin(), quarantine.end(),
                                       [&](const Quarantine& q) { return q.image == image || q.digest == image; });
}

bool App::should_run(const Service& service) const {
  const Release* release = wish.release() ? find(*wish.release()) : nullptr;
  const bool is_job = release != nullptr ? release->runs_to_its_end(service) : service.job;
  return wish.is<goal::Run>() && !is_job && !wish.is_held_down(service.name);
}

std::vector<const Service*> App::services_of(const Release& release, const Target& target) const {
  std::vector<const Service*> found;
  std::vector<std::string> known;
  for (const auto& service : release.spec.services) {
    if (std::find(known.begin(), known.end(), service.group_name()) == known.end())
      known.push_back(service.group_name());
    // A replica answers to its own name as well.
    const bool is_it = target.service.empty() || service.group_name() == target.service ||
                       (target.number == 0 && service.name == target.service);
    if (is_it && (target.number == 0 || service.number == target.number)) found.push_back(&service);
  }
  if (found.empty())
    throw NotFound(ErrorCode::service_not_found,
                   format("{} {} has no {}", name.text(), release.number.text(), target.text()),
                   services_hint(target.service, known));
  return found;
}

const Snapshot* App::find_snapshot(int number) const {
  const auto found =
      std::find_if(snapshots.begin(), snapshots.end(), [&](const Snapshot& s) { return s.number == number; });
  return found == snapshots.end() ? nullptr : &*found;
}

Snapshot* App::find_snapshot(int number) {
  return const_cast<Snapshot*>(std::as_const(*this).find_snapshot(number));
}

}  // namespace belay
