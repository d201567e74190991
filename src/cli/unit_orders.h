#pragma once
// The orders of a unit's command, in groups that are carried out together.

#include <stop_token>
#include <string>
#include <vector>

#include "change/change.h"
#include "cli/declared_run.h"
#include "cli/invocation.h"
#include "cli/unit_run.h"
#include "model/declaration.h"

namespace belay::cli {

enum class OrderKind {
  make,
  create,
  restart,
  build,
  stop,
  take_down,
  purge,
  remove,
  unlink,
  render,
  remove_image,
  execute,
  tag,
  commit,
  push,
  backup,
  restore,
  archive,
  unpack,
  tests
};

struct OrderGroup {
  OrderKind kind = OrderKind::make;
  std::vector<formats::dockerstra::Order> orders;
};

// Which of the group's orders a message is about: "demo.yaml:5:3: the order start to web". `container`: the one that
// failed, where that is known. Of several, and none known: "demo.yaml:4:3: the orders create to db, start to web".
std::string orders_text(const OrderGroup& group, const std::optional<std::string>& container = {});
// Throws ConfigError for what cannot be done, at its place; nothing has been done then.
std::vector<OrderGroup> groups_of(const formats::dockerstra::Unit& unit);
// Whether the list is the whole of what follows from `start`: its orders are about the app as one.
bool is_whole(const formats::dockerstra::Unit& unit);
bool loses_data(const OrderGroup& group);

struct OrderOutcome {
  bool has_failed = false;  // and said why
  bool has_changed = false;
  std::optional<std::string> failed_in = {};  // the container that failed, by its name in the file, where it is one
};

// Carries the groups out, one call a group.
class Orders {
 public:
  Orders(Session& session, const UnitCall& call, const formats::dockerstra::Unit& unit)
      : session_(session), call_(call), unit_(unit), app_(unit.address.unit) {}

  // Throws what fails. What is to be stopped or removed and is not there is unchanged.
  OrderOutcome run(const OrderGroup& group, const std::stop_token& stop);
  // What a killed command of the unit had for itself goes before the orders of the next.
  void clear_killed();

 private:
  OrderOutcome carry_out(const OrderGroup& group, const std::stop_token& stop);
  // An error of this code says that the unit is not there, has no such part, or has never run.
  bool is_absence(ErrorCode code, const std::stop_token& stop);
  OrderOutcome make(const OrderGroup& group, const std::stop_token& stop);
  OrderOutcome create(const OrderGroup& group, const std::stop_token& stop);
  OrderOutcome start_held(const OrderGroup& group, const std::stop_token& stop);
  struct ToRestart {
    formats::dockerstra::Order order;
    std::string container;
    std::optional<Time> started;
  };
  std::vector<ToRestart> to_restart(const OrderGroup& group, const std::stop_token& stop);
  bool is_missing(const formats::dockerstra::Order& order, const std::stop_token& stop);
  bool is_started_anew(const ToRestart& each, const DeclaredOutcome& outcome, const std::stop_token& stop);
  std::optional<std::string> failed_in(const DeclaredOutcome& outcome, const std::stop_token& stop);
  OrderOutcome restart(const OrderGroup& group, const std::stop_token& stop);
  OrderOutcome stop_containers(const OrderGroup& group, const std::stop_token& stop);
  OrderOutcome build(const OrderGroup& group, const std::stop_token& stop);
  OrderOutcome take_down(const std::stop_token& stop);
  OrderOutcome purge(const std::stop_token& stop);
  OrderOutcome remove(const formats::dockerstra::Order& order, const std::stop_token& stop);
  OrderOutcome render(const formats::dockerstra::Order& order, const std::stop_token& stop);
  OrderOutcome unlink(const formats::dockerstra::Order& order, const std::stop_token& stop);
  OrderOutcome remove_image(const formats::dockerstra::Order& order, const std::stop_token& stop);
  OrderOutcome execute(const formats::dockerstra::Order& order, const std::stop_token& stop);
  OrderOutcome change_image(const OrderGroup& group, const std::stop_token& stop);

  OrderOutcome back_up(const std::stop_token& stop);
  OrderOutcome restore(const std::stop_token& stop);
  OrderOutcome test(const formats::dockerstra::Order& order, const std::stop_token& stop);
  OrderOutcome archive(const formats::dockerstra::Order& order, const std::stop_token& stop);
  OrderOutcome unpack(const formats::dockerstra::Order& order, const std::stop_token& stop);

  void resolve_links(Declaration& declared, const std::stop_token& stop) const;
  void tell_of_others(change::Context& context, const Declaration& declared, const std::stop_token& stop) const;
  // The app, where the group is all of it; else the one container that the group is for.
  Target target_of(const OrderGroup& group) const;
  Declaration declaration_of_made() const;
  Declaration declaration_to_create() const;
  Declaration declaration_of_every() const;
  // Of a dry run, where people read; nothing has changed.
  OrderOutcome show_plan(const plan::Plan& plan) const;
  // A sentence about a dry run or a result, where people read.
  void show(const std::string& line) const;

  Session& session_;
  const UnitCall& call_;
  const formats::dockerstra::Unit& unit_;
  const AppName app_;
};

}  // namespace belay::cli
