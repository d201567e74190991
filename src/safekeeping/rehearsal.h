#pragma once
// An app beside itself: what all that tries something without touching what is in use is made of, step by step. What it
// needs is prepared, then it proves itself, then all is removed. Of drills, of trials, and of the tests of units.

#include "change/carry_out.h"
#include "change/context.h"
#include "model/names.h"
#include "safekeeping/pseudonym.h"

namespace belay::safekeeping {

struct RehearsalOptions {
  std::string purpose;  // "drill", "try", "test": in the names of what is made
  // Joined beside its own network, by these names of the engine.
  std::vector<std::string> networks = {};
  std::optional<Milliseconds> settle = {}, wait_timeout = {};
  // Its ports are published at free ones of the host, and its network leads out; else nothing leads in or out of it.
  bool is_open = false;
};

// How a proof came out.
struct Judgement {
  std::string reason;  // why it failed; empty: it passed
  std::string service, log_tail;
};

// The app under its other name, with what is known of its images.
struct Cast {
  Pseudonym other;
  std::map<std::string, Image> images;            // by service, of those that are here
  std::map<std::string, std::string> references;  // by service
};

// The app's lock is held. Nothing is made before `announce`.
class Rehearsal {
 public:
  Rehearsal(change::Context& context, const AppName& app, const RehearsalOptions& options);

  // The names of the networks that are to be joined must be right before anything is made. Throws NotFound.
  void check_networks(std::stop_token stop) const;

  // Further steps of the preparation, each after the one before.
  void then(const plan::Action& action);
  size_t then(plan::Step step, const std::string& reason);
  void make_network();
  // What takes the place of a place of the app; made here where it is a volume. `reason`: for whom, or what for.
  DataPlace make_room(DataPlace::Kind kind, const std::string& source, const std::string& reason);
  // Mounted as it is, read-only.
  void share(const std::string& source) { site_.shared.insert(source); }
  // A path of the host that this service alone has as it is.
  void give(const std::string& service, const Mount& mount) { site_.given[service].push_back(mount); }
  // An image that is not here, once for all services: it is known by a tag of this rehearsal's as soon as it is.
  void pull(const std::string& reference);
  std::string next_tag();
  // One that is no part of what is removed at the end.
  std::string candidate_tag(size_t number) const;
  plan::Plan& plan() { return plan_; }

  // `references`: by service, ids of images that are here, or names.
  Cast cast(const Spec& spec, const std::map<std::string, std::string>& known_as,
            const std::map<std::string, std::string>& references, std::stop_token stop) const;
  // Parts of a proof, appended after `last`.
  void add_volumes(const Cast& cast, plan::Plan& plan, std::vector<size_t>& last) const;
  void add_creation(const Cast& cast, const std::string& service, plan::Plan& plan, std::vector<size_t>& last) const;
  void add_start(const Cast& cast, const Spec& spec, const std::string& service, plan::Plan& plan,
                 std::vector<size_t>& last) const;
  // The second half of the plan, as far as it is known yet: all services are made, and then started one by one.
  plan::Plan proof(const Spec& spec, const std::map<std::string, std::string>& known_as,
                   const std::map<std::string, std::string>& references, std::stop_token stop);
  // The whole plan, for a look at it: behind what is prepared comes the proof, and the removal of all that was made.
  plan::Plan preview(const plan::Plan& proof) const;

  void announce();
  // Runs what was prepared, once. Throws what fails.
  void prepare(exec::Data* data, change::Report& report, std::stop_token stop);
  // What speaks against the release is in the judgement; everything else is thrown.
  Judgement prove(const plan::Plan& proof, std::stop_token stop);
  // Runs `work` and removes all that was made, whatever came of it.
  void leaving_nothing(const std::string& what, const std::function<void()>& work);
  // What failed was a step that reads the backup.
  bool failed_reading() const { return failed_reading_; }
  // What containers, volumes and the network are called, or begin with.
  const std::string& name() const { return site_.name; }

 private:
  bool discarded(const std::string& what);

  change::Context& context_;
  const AppName app_;
  const RehearsalOptions options_;
  TrialSite site_;
  plan::Plan plan_;
  std::vector<size_t> last_;
  std::vector<std::string> pulled_;
  std::map<std::string, std::string> containers_;
  size_t tags_ = 0;
  bool failed_reading_ = false;
};

}  // namespace belay::safekeeping
