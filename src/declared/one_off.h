#pragma once
// `belay run`: a container for one command, with the settings of a service of a Compose project, beside what runs.

#include <functional>
#include <optional>
#include <set>

#include "base/lock.h"
#include "base/terminal.h"
#include "change/context.h"
#include "model/declaration.h"

namespace belay::declared {

struct OneOff {
  std::string service;               // of the project
  std::vector<std::string> command;  // empty: the service's
  // Settings beside those of the service: variables, mounts, ports, user, working folder, entrypoint.
  Service extra{};
  bool publishes_ports = false;  // those of the service too
  bool tty = false;
  std::string name{};  // of the container; empty: one that no other has
};

// The services that must be up first, as the service needs them. Throws NotFound where the project has no such service.
std::vector<std::string> needs_of(const Declaration& project, const std::string& service);

class OneOffRun {
 public:
  // Throws where the project has no such service, or what it shares with another service does not run.
  OneOffRun(change::Context& context, const Declaration& project, const OneOff& wanted, std::stop_token stop);

  // From what is missing to the start.
  plan::Plan plan() const;
  // Its image, networks and volumes are made where they are missing. What the container reads and writes is passed on,
  // and it is removed whatever happens. Its exit code.
  int run(Terminal& terminal);
  // Starts it and leaves it alone. Once it has ended, it stays where it `is_kept`, until the app is taken down; else
  // the next run of the project removes it.
  void start(bool is_kept);

  const std::string& name() const { return name_; }
  std::function<void()> before_the_session{};  // the terminal is the command's from here on

 private:
  void prepare();
  void create(bool is_kept);
  void let_go();
  // Runs `work` as the only one that knows the container; where that fails, the container is removed.
  template <class Work>
  void removing_unless_done(Work&& work);
  plan::Plan plan_of_preparation() const;
  void add_networks_and_volumes(plan::Plan& plan) const;
  int exit_code(std::optional<int> told) const;
  void remove();

  change::Context& context_;
  const Declaration& project_;
  const std::stop_token stop_;
  const Service service_;
  const std::string slug_, name_;
  // As long as this command is at work with the container, no other run takes it for one that was left.
  std::optional<FileLock> at_work_{};
  std::set<std::string> volumes_before_{};  // whatever else the container has was made for it alone
};

}  // namespace belay::declared
