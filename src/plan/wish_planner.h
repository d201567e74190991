#pragma once
// Builds the plan of one wish. Private to plan: its door is plan_wish (planner.h).
//
// The unit is the service: what already is as wished stays untouched, what the engine can change on the container that
// runs is changed there, and what has to be made anew is exchanged. Services that need each other are exchanged
// together, in parts (service_parts.h); parts go side by side.

#include <map>
#include <set>

#include "plan/planner.h"
#include "plan/service_parts.h"

namespace belay::plan {

using Indices = std::vector<size_t>;

// Sorted, each once.
Indices joined(Indices a, const Indices& b);
// Of what must not start by itself.
inline const RestartPolicy never_restart{"no", 0};
// The policy of a container that has proved itself.
RestartPolicy final_policy(const Service& service);

class WishPlanner {
 public:
  explicit WishPlanner(const Situation& situation);

  Plan plan_down();
  Plan plan_up();

 private:
  using ContainerList = std::vector<const Container*>;

  // One service of the release that should be up.
  struct Member {
    const Service* service = nullptr;
    const Container* container = nullptr;  // the release's; nullptr: it has yet to be created
    ContainerList displaced;               // those of other releases, which run in its place
    bool runs = false;                     // up and not paused; a job: has ended with 0 or is at it
    bool restarts = false;                 // it runs, and has to stop and start again
    bool is_started = false;               // by what is planned so far
    bool is_active() const { return !runs || restarts || !displaced.empty(); }
  };
  using Members = std::vector<Member*>;

  // --- plan_wish.cpp: what happens in which order
  std::vector<Member> members_of(const Release& release) const;
  void find_restarts(const Release& release, std::vector<Member>& members) const;
  ContainerList left_over(const std::vector<Member>& members) const;
  SwapDecision order_of(const Release& release, const Members& members, const ContainerList& others) const;
  bool is_in_the_way(const Member& member, const ContainerList& others, bool at_once) const;
  Indices exchange(const Release& release, std::vector<Member>& members);
  Indices swap(const Release& release, const Members& members, const ContainerList& others, const Indices& before);
  Indices stop_restarted(const Members& members, const Indices& before);
  Indices go_back(const Release& release, std::vector<Member>& all);
  Indices swap_with_data(const Release& release, std::vector<Member>& all);
  void find_ending(const Release& release);
  bool is_ending(const Container* container) const;
  void send_signals(const Release& release, const Indices& after);
  void remove_displaced(const Release& release, const Indices& after);

  // --- wish_data.cpp: data, and what others hold
  Indices move_data(const Indices& before);
  void find_copies(const Release& release);
  bool uses_data(const Container& container) const;
  void refuse_foreign_users() const;
  void refuse_foreign_ports(const Release& release) const;

  // --- wish_definitions.cpp: networks and volumes as the release defines them
  void find_definitions(const Release& release);
  void check_network(const Release& release, const std::string& name);
  void check_volume(const Release& release, const std::string& name) const;
  void refuse_foreign_members(const std::string& network) const;
  bool is_own(const labels::Labels& present, const labels::Labels& wanted) const;
  Indices create_networks(const Release& release);
  Indices create_volumes(const Release& release);
  CreateNetwork creation_of(const Release& release, const std::string& network) const;
  bool is_in_a_remade_network(const Container& container) const;
  Indices remake_networks(const Release& release, const Members& members, const Indices& before);

  // --- wish_prepare.cpp: what can be done while the old one still runs
  void prepare(const Release& release);
  Indices prepare_service(const Release& release, const Service& service, const Indices& before);
  Service resolved(const Service& service, Indices& before) const;
  labels::Labels labels_of(const Release& release, const Service& service, const std::string& image) const;
  static std::string image_of(const Release& release, const Service& service);
  std::string image_news(const Service& service) const;
  bool is_needed(const Release& release, const std::string& image) const;
  size_t pulled(const std::string& reference);

  // --- wish_prove.cpp: starting, proving, stopping
  Indices start_and_prove(const Release& release, const Members& members, const Indices& before);
  Indices conditions_of(const Release& release, const Member& member, const Members& members,
                        const std::map<std::string, Indices>& started, const std::map<std::string, Indices>& proved);
  void refuse_without_health(const Release& release, const Member& member, const std::string& need) const;
  Indices start(const Release& release, Member& member, Indices last);
  Indices run_post_start(const Release& release, const Service& service, const std::string& name, Indices last);
  Indices prove_again(const Release& release, const Member& member, const Indices& after);
  bool may_lack_its_hooks(const Release& release, const Member& member) const;
  bool is_judged(const Release& release, const Member& member) const;
  bool is_waited_for(const Member& member, const Members& members) const;
  bool is_touched(const Release& release, const std::string& service) const;
  bool is_done(const Service& service, const Container* container) const;
  bool may_be_done(const Service& service) const;
  Indices settle_policy(const Service& service, const Container* container, const std::string& name,
                        bool is_stopped_here, const Indices& last);
  Indices change_in_place(const Service& service, const Container& container, const std::string& name, Indices last);
  bool is_ours(const std::string& network, const std::string& service) const;
  std::string why_start(const Release& release, const Container* container) const;
  bool ran_before(const Release& release, const Service& service) const;
  AwaitVerdict verdict_on(const Release& release, const Service& service, const std::string& name) const;
  Indices look_after_the_unchanged(const Release& release, const std::vector<Member>& members, const Indices& after);
  // `needed`: whether the rest can only go on when they are down.
  enum class Needed { no, yes };
  Indices stop_all(const ContainerList& containers, const std::string& reason, const Indices& before,
                   Needed needed = Needed::yes);
  // On the way back from a failure nothing may hang for long, and a trifle must not be in the way.
  size_t add_in_time(Step step, const std::string& reason, Indices after, Seconds patience, bool may_fail);

  // --- wish_names.cpp: who bears which name, now and by what is planned so far
  void rename_as_wanted(std::optional<ReleaseNumber> wanted);
  bool keeps_name(const Release& release, const Member& member, const std::string& own) const;
  Indices assign_names(const Release& release, const Members& members, const Indices& before);
  bool is_taken(const std::string& name) const;
  std::string name_of(const Container& container) const;
  std::string name_to_create(const Release& release, const Service& service) const;
  void refuse_taken_name(const std::string& name, const Release& release) const;
  std::string name_of(const Member& member) const;

  // Those that may be up in a moment are among them. `made_for`: the release whose containers are left out.
  ContainerList running_except(const Release* made_for) const;
  const Instance* instance_of(const Container* container) const;

  template <class Kind>
  bool is_planned(const std::string& name) const {
    for (const auto& action : plan_.actions)
      if (const auto* step = std::get_if<Kind>(&action.step); step != nullptr && step->name == name) return true;
    return false;
  }

  const Situation& s_;
  const Wish& wish_;
  const std::vector<Instance> instances_;
  Plan plan_;
  Indices prepared_;  // what must be done before anything stops
  // Service → the name that the container planned for it has, by what is planned so far; and who creates it.
  std::map<std::string, std::string> created_;
  std::map<std::string, size_t> creation_;
  std::vector<DataExchange> exchanges_;          // those that do not hold yet
  std::vector<Snapshot::Item> copies_;           // those that are missing
  std::map<std::string, std::string> remade_{};  // networks that have to be made anew, and why
  std::set<std::string> changed_{};              // services that are started or judged
  std::set<const Container*> restarted_{};       // of the release itself: stopped by what is planned so far
  ContainerList ending_{};                       // of the release itself: up, but perhaps not for long
};

}  // namespace belay::plan
