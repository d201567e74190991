#pragma once
// Getting hold of a service for a change: its lock, its record, and what an earlier command left unfinished. Private to
// service_image.

#include <set>

#include "base/lock.h"
#include "model/journal.h"
#include "service_image/service.h"
#include "service_image/work.h"

namespace belay::service_image {

struct Held {
  FileLock lock;
  bool ended_it = false;  // an earlier destroy, or the way back of an install, came to its end only now
};
// Takes the lock, and finishes or takes back what is unfinished. Throws Conflict where that does not succeed: then
// there is nothing to go on from.
Held hold(change::Context& context, const std::string& name, std::stop_token stop);

// Who the service is among all that the state knows.
Owner owner_in(change::Context& context, const InstalledService& service);
// The containers that run with the service's config volume, whoever owns them.
std::set<std::string> running_with_config(change::Context& context, const std::string& service, std::stop_token stop);
// What belongs to the service, with those volumes without a name that its containers had once: nothing on the engine
// tells of these. But not those that another container has by now.
Belongings all_of(change::Context& context, const InstalledService& service, std::stop_token stop);
// Remembers the volumes without a name that the service's containers have now.
void note_nameless(change::Context& context, const InstalledService& service, std::stop_token stop);
// Does so when it goes, whatever happens.
class NamelessNote {
 public:
  NamelessNote(change::Context& context, const InstalledService& service) : context_(context), service_(service) {}
  NamelessNote(const NamelessNote&) = delete;
  NamelessNote& operator=(const NamelessNote&) = delete;
  ~NamelessNote();

 private:
  change::Context& context_;
  const InstalledService& service_;
};
// What a way back needs, from `had` on: noted in the record when something of the new version is about to run.
void note_touch(change::Context& context, InstalledService& service);

// A plan whose steps are one after the other.
class Chain {
 public:
  void then(plan::Step step, std::string reason, bool may_fail = false) {
    last_ = {plan_.add(std::move(step), std::move(reason), last_)};
    plan_.actions.back().may_fail = may_fail;
  }
  void then_remove(const Belongings& belongings, const std::string& reason) {
    last_ = add_removal(plan_, belongings, reason, std::move(last_));
  }
  void note(std::string text) { plan_.notes.push_back(std::move(text)); }
  const plan::Plan& plan() const { return plan_; }

 private:
  plan::Plan plan_;
  std::vector<size_t> last_;
};

plan::RunScript script_step(const InstalledService& service, const ServiceVersion& version, const std::string& script,
                            std::vector<std::string> more = {});
void carry_out(change::Context& context, Work& work, const plan::Plan& plan, std::stop_token stop);
// A line in the journal, about what has happened and stands: where it cannot be written, that is a warning.
void note_in_journal(change::Context& context, const std::string& name, const JournalVerb& verb,
                     const JournalOutcome& outcome, const std::string& text);

void pull(change::Context& context, const std::string& reference, std::stop_token stop);
// Removes an image that Belay brought here: the reference (empty: none), and the image where nothing else names or uses
// it. Never fails.
void discard_image(change::Context& context, const std::string& reference, const std::string& image) noexcept;

// Belay brought the image for a version of the service that is no more: it goes as soon as nothing needs it.
void leave_image(change::Context& context, const std::string& service, const std::string& image);
// Discards those of them that nothing needs any more; the ids of the rest.
std::vector<std::string> discard_left_images(change::Context& context, const std::string& service);

// Everything of a service that was not there before its install: its own script `destroy` first, which gets
// `script_time`, or ten minutes. Never to be stopped; what goes wrong is warned of.
void take_back_install(change::Context& context, InstalledService service, std::optional<Milliseconds> script_time);
// Back to `before`: image, scripts, data as far as there is a backup, and what ran. Throws where that fails; the
// service stays unfinished then.
// `script_time`: how long each script may take; nullopt: an hour.
void go_back(change::Context& context, InstalledService service, std::optional<Milliseconds> script_time = {});
// Held while scripts are kept that no saved service has yet, and while those that none has are removed: of several
// commands, one must not remove what the other is about to need.
FileLock hold_scripts(change::Context& context, std::stop_token stop);
// The end of a change that went well, or was taken back: what is no longer needed goes.
void clear_up(change::Context& context, const InstalledService& service);

// Removes all that is left of a service; `script_failed`: why its own script did not do its part.
Done finish_destroy(change::Context& context, InstalledService service, std::stop_token stop);

// The steps that give the service the data of a backup that `work` has opened: the containers that have it stop
// meanwhile.
void add_data(Chain& chain, change::Context& context, const InstalledService& service, const ServiceVersion& version,
              const fs::path& files, bool is_new, std::stop_token stop);

// Streams a backup of the service, as `version`, into the file.
backup::Manifest manifest_for(change::Context& context, const InstalledService& service, bool with_image,
                              std::stop_token stop);
plan::Plan backup_plan(const InstalledService& service, const fs::path& files, const std::string& where,
                       bool with_image);

// The lines that an install shows before it asks.
std::vector<std::string> install_lines(const std::string& reference, const ServiceVersion& version,
                                       const ServiceManifest& manifest, const Scripts& scripts);
[[noreturn]] void decline(const std::string& what);
void agree(const Ask& ask, const std::vector<std::string>& lines, const std::string& question, const std::string& what);

// What must be free for a service of this name to be installed. `image`: its id, once it is known; empty before. Throws
// Conflict.
void expect_free(change::Context& context, const std::string& name, const std::string& image, const fs::path& launcher,
                 std::stop_token stop);
// All that the engine has, for the record: what a failed install may not remove.
std::string before_install(change::Context& context, std::stop_token stop);
// The steps of an install, all but the last: the script.
Chain place_chain(const InstalledService& service, bool has_user);
Chain install_chain(const InstalledService& service, bool has_user);

}  // namespace belay::service_image
