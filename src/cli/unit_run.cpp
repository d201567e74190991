#include "cli/unit_run.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/clean.h"
#include "change/start.h"
#include "cli/change_result.h"
#include "cli/declared_run.h"
#include "cli/removal.h"
#include "declared/project_images.h"
#include "formats/dockerstra/map.h"

namespace belay::cli {

namespace {

using formats::dockerstra::Order;
using formats::dockerstra::Unit;

// Orders that are carried out together.
struct OrderGroup {
  enum class Kind { make, restart, build, stop, take_down };
  Kind kind = Kind::make;
  std::vector<Order> orders;
};

[[noreturn]] void refuse_order(const Order& order, const std::string& why, const std::string& hint) {
  ConfigError error(order.where,
                    format("the order \"{}\" to {} cannot be done: {}", order.command, order.container, why), hint);
  error.set_code(ErrorCode::unsupported);
  throw error;
}

bool says_true(const Order& order, std::string_view argument) {
  const auto* node = order.argument(argument);
  return node != nullptr && node->as_bool(format("\"{}\"", argument));
}

OrderGroup::Kind kind_of(const Unit& unit, const Order& order) {
  const std::string app = unit.address.unit;
  if (order.argument("wait") != nullptr)
    refuse_order(order, "Belay does not wait between orders", "Leave out \"wait\": a start waits for the verdict.");
  if (order.command == "create" || order.command == "start")
    return says_true(order, "restart") ? OrderGroup::Kind::restart : OrderGroup::Kind::make;
  if (order.command == "build") return OrderGroup::Kind::build;
  if (order.command == "stop") return OrderGroup::Kind::stop;
  if (order.command == "remove" && says_true(order, "v"))
    refuse_order(order, "it would lose data, and that is asked for by name",
                 format("belay remove {} --volumes asks first.", app));
  if (order.command == "remove") return OrderGroup::Kind::take_down;
  if (order.command == "backup")
    refuse_order(order, "Belay keeps backups of whole apps", format("belay backup {} backs all volumes up.", app));
  if (order.command == "restore")
    refuse_order(order, "Belay keeps backups of whole apps", format("belay restore {} restores the newest one.", app));
  if (order.command == "remove_image")
    refuse_order(order, "an image stays as long as a release needs it",
                 format("belay cleanup {} removes what none needs.", app));
  refuse_order(order, "Belay has no such order", "Leave it out, or run it with docker.");
}

std::set<std::string> containers_of(const std::vector<Order>& orders) {
  std::set<std::string> names;
  for (const Order& order : orders) names.insert(order.container);
  return names;
}

// Whether the list is the whole of what follows from `start`.
bool is_whole(const Unit& unit) {
  return unit.address.variants.empty() && (unit.is_derived || unit.address.command == "start");
}

void check_groups(const Unit& unit, const std::vector<OrderGroup>& groups) {
  if (unit.orders.empty())
    throw Error(ErrorCode::unsupported, format("{} has no orders that Belay could carry out", unit.address.text()),
                format("belay unit print {} shows what it is.", unit.address.text()));
  for (const OrderGroup& group : groups) {
    const Order& first = group.orders.front();
    const bool starts = std::any_of(group.orders.begin(), group.orders.end(),
                                    [](const Order& order) { return order.command == "start"; });
    if (group.kind == OrderGroup::Kind::make && !starts)
      refuse_order(first, "Belay makes a container when it is to be started",
                   format("belay unit run {}/start makes and starts it.", unit.address.unit));
    if (group.kind == OrderGroup::Kind::take_down && !is_whole(unit))
      refuse_order(first, "Belay removes the containers of a unit together",
                   format("belay unit run {}/cleanup removes them all.", unit.address.unit));
  }
}

std::vector<OrderGroup> groups_of(const Unit& unit) {
  std::vector<OrderGroup> groups;
  for (const Order& order : unit.orders) {
    const OrderGroup::Kind kind = kind_of(unit, order);
    if (groups.empty() || groups.back().kind != kind) groups.push_back({kind, {}});
    groups.back().orders.push_back(order);
  }
  check_groups(unit, groups);
  return groups;
}

// All that the unit makes, so that each part knows the others.
Declaration declaration_of_all(const Unit& unit) {
  Unit made = unit;
  std::erase_if(made.orders, [](const Order& order) {
    return order.command != "create" && order.command != "start" && order.command != "build";
  });
  // What is only built is no part of the app: then the images count alone.
  const bool makes =
      std::any_of(made.orders.begin(), made.orders.end(), [](const Order& order) { return order.command != "build"; });
  if (!makes)
    for (Order& order : made.orders) order.command = "start";
  return formats::dockerstra::declaration_of(made, fs::current_path());
}

class Orders {
 public:
  Orders(Session& session, const UnitCall& call, const Unit& unit)
      : session_(session), call_(call), unit_(unit), app_(unit.address.unit) {}

  // 0: done or nothing to do; 1: failed.
  int run(const OrderGroup& group) {
    switch (group.kind) {
      case OrderGroup::Kind::make:
        return make(group);
      case OrderGroup::Kind::restart:
        return each(group, [&](change::Context& context, const Target& target) {
          change::ChangeOptions options;
          options.dry_run = call_.dry_run;
          return change::restart(context, target, options, session_.stop());
        });
      case OrderGroup::Kind::stop:
        return each(group, [&](change::Context& context, const Target& target) {
          return change::stop(context, target, call_.dry_run, session_.stop());
        });
      case OrderGroup::Kind::build:
        return build(group);
      case OrderGroup::Kind::take_down:
        return take_down();
    }
    return 1;
  }
  bool has_changed() const { return has_changed_; }

 private:
  int make(const OrderGroup& group) {
    DeclaredPass pass;
    pass.unit = declaration_of_all(unit_);
    if (!is_whole(unit_)) pass.unit->only = containers_of(group.orders);
    pass.command = call_.command;
    pass.starts_stopped = true;
    pass.change.dry_run = call_.dry_run;
    const DeclaredOutcome outcome = run_pass(session_, pass, Results::told);
    if (call_.dry_run) session_.console.print(declared::declared_text(outcome.host, false));
    has_changed_ = has_changed_ || outcome.has_done();
    if (!call_.dry_run && !outcome.has_failures() && !outcome.has_done())
      session_.console.success(format("{}: unchanged", app_.text()));
    return outcome.has_failures() || (!call_.dry_run && !outcome.is_as_declared()) ? 1 : 0;
  }

  // All of the app at once where the list is all of it, else one service after the other.
  template <class Work>
  int each(const OrderGroup& group, const Work& work) {
    HostRun run(session_, call_.command);
    std::vector<Target> targets;
    if (is_whole(unit_))
      targets.emplace_back(app_);
    else
      for (const Order& order : group.orders) targets.emplace_back(app_, order.container);
    for (size_t i = 0; i < targets.size(); ++i) {
      set_patience(run.context(), group.orders[i]);
      const change::Change change = work(run.context(), targets[i]);
      run.report().close();
      has_changed_ = has_changed_ || change.kind == change::Change::Kind::done;
      if (const int code = print_change(session_.console, app_, change, {}); code != 0) return code;
    }
    return 0;
  }

  static void set_patience(change::Context& context, const Order& order) {
    if (const auto* timeout = order.argument("timeout"))
      context.defaults.stop_timeout = Seconds(timeout->as_int("\"timeout\""));
  }

  int build(const OrderGroup& group) {
    Unit part = unit_;
    part.orders = group.orders;
    Declaration declared = declaration_of_all(part);
    HostRun run(session_, call_.command);
    const plan::Plan plan = declared::plan_of_builds(declared, {});
    if (!call_.dry_run && !plan.actions.empty()) declared::bring_images(run.context(), plan, session_.stop());
    run.report().close();
    if (call_.dry_run) {
      for (const auto& action : plan.actions) session_.console.line(plan::step_text(action.step));
      if (plan.actions.empty()) session_.console.line("nothing to do");
      return 0;
    }
    has_changed_ = has_changed_ || !plan.actions.empty();
    session_.console.success(plan.actions.empty() ? format("{}: there is nothing to build", app_.text())
                                                  : format("{}: {} images built", app_.text(), plan.actions.size()));
    return 0;
  }

  int take_down() {
    HostRun run(session_, call_.command);
    const auto go = [](const change::RemovalPreview&) { return true; };
    const auto removed = change::take_down(run.context(), app_, call_.dry_run, go, session_.stop());
    run.report().close();
    has_changed_ = has_changed_ || removed.done;
    return print_removed(session_.console, app_, removed,
                         {.done = "down", .dry_run = call_.dry_run, .exit_unchanged = false});
  }

  Session& session_;
  const UnitCall& call_;
  const Unit& unit_;
  const AppName app_;
  bool has_changed_ = false;
};

}  // namespace

int run_unit(Session& session, const UnitCall& call) {
  const Unit unit = formats::dockerstra::read_unit(call.request, unit_outside());
  const std::vector<OrderGroup> groups = groups_of(unit);
  Orders orders(session, call, unit);
  for (const OrderGroup& group : groups) {
    if (const int code = orders.run(group); code != 0) {
      session.console.note(format("{} stopped at {}: the orders after it were not carried out", unit.address.text(),
                                  group.orders.front().where.text()));
      return code;
    }
  }
  return call.exit_unchanged && !orders.has_changed() && !call.dry_run ? 3 : 0;
}

}  // namespace belay::cli
