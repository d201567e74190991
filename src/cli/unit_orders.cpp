#include "cli/unit_orders.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/plural.h"
#include "base/text.h"
#include "change/carry_out.h"
#include "change/clean.h"
#include "change/start.h"
#include "cli/change_result.h"
#include "cli/declared_run.h"
#include "cli/removal.h"
#include "cli/tty.h"
#include "cli/unit_tests.h"
#include "declared/project_images.h"
#include "formats/dockerstra/map.h"
#include "formats/dockerstra/order_values.h"
#include "formats/dockerstra/tests.h"
#include "look/look.h"
#include "rendering/render_file.h"
#include "report/host_text.h"
#include "units/execute.h"
#include "units/fields.h"
#include "units/images.h"
#include "units/links.h"
#include "units/own_container.h"
#include "units/update.h"

namespace belay::cli {

namespace {

namespace dockerstra = formats::dockerstra;
using dockerstra::Order;
using dockerstra::says_true;
using dockerstra::Unit;

[[noreturn]] void refuse_order(const Order& order, const std::string& why, const std::string& hint) {
  ConfigError error(order.where,
                    format("the order \"{}\" to {} cannot be done: {}", order.command, order.container, why), hint);
  error.set_code(ErrorCode::unsupported);
  throw error;
}

// A list that starts nothing makes containers that are down until they are started.
bool only_creates(const Unit& unit) {
  return std::none_of(unit.orders.begin(), unit.orders.end(),
                      [](const Order& order) { return order.command == "start"; });
}

// It is about what is there: UNIT/restart, and a command of the unit's own that says nothing else of the container.
bool only_restarts(const Unit& unit, const Order& order) {
  if (order.command != "start" || !says_true(order, "restart")) return false;
  if (unit.is_derived) return true;
  return unit.address.command != "start" &&
         std::count_if(unit.orders.begin(), unit.orders.end(), [&](const Order& other) {
           return other.container == order.container && (other.command == "create" || other.command == "start");
         }) == 1;
}

OrderKind kind_of(const Unit& unit, const Order& order) {
  if (order.command == "create" && only_creates(unit)) return OrderKind::create;
  if (only_restarts(unit, order)) return OrderKind::restart;
  if (order.command == "create" || order.command == "start") return OrderKind::make;
  if (order.command == "build") return OrderKind::build;
  if (order.command == "stop") return OrderKind::stop;
  if (order.command == "remove" && dockerstra::removes_links(order)) return OrderKind::unlink;
  if (order.command == "remove" && !is_whole(unit)) return OrderKind::remove;
  if (order.command == "remove") return says_true(order, "v") ? OrderKind::purge : OrderKind::take_down;
  if (order.command == "remove_image") return OrderKind::remove_image;
  if (order.command == "execute") return OrderKind::execute;
  if (order.command == "tag") return OrderKind::tag;
  if (order.command == "commit") return OrderKind::commit;
  if (order.command == "push") return OrderKind::push;
  // What follows from `start` names no archives.
  if (order.command == "backup") return is_whole(unit) ? OrderKind::backup : OrderKind::archive;
  if (order.command == "restore") return is_whole(unit) ? OrderKind::restore : OrderKind::unpack;
  if (order.command == "tests") return OrderKind::tests;
  if (order.command == "render") return OrderKind::render;
  refuse_order(order, "Belay has no such order", "Leave it out, or run it with docker.");
}

// Every value is read before anything is done.
void check_values(const Unit& unit, const Order& order, OrderKind kind) {
  std::ignore = dockerstra::wait_of(order);
  std::ignore = dockerstra::patience_of(order);
  if (kind == OrderKind::execute) std::ignore = dockerstra::execution_of(unit, order, fs::current_path());
  if (kind == OrderKind::tag || kind == OrderKind::push) std::ignore = dockerstra::reference_of(unit, order);
  if (kind == OrderKind::commit) std::ignore = dockerstra::commit_of(unit, order);
  if (kind == OrderKind::archive || kind == OrderKind::unpack)
    std::ignore = dockerstra::archive_of(order, fs::current_path());
  if (kind == OrderKind::tests) std::ignore = dockerstra::test_lines_of(unit, order);
  if (kind == OrderKind::render) std::ignore = dockerstra::render_of(unit, order);
  if (order.command == "remove") std::ignore = dockerstra::removes_links(order);
  if (order.command == "remove_image") std::ignore = dockerstra::image_removal_of(order);
}

// What changes the app is done in one go where that can be; everything else one order after the other.
bool goes_together(const Unit& unit, OrderKind kind) {
  if (kind == OrderKind::make || kind == OrderKind::create || kind == OrderKind::build ||
      kind == OrderKind::take_down || kind == OrderKind::purge || kind == OrderKind::backup ||
      kind == OrderKind::restore)
    return true;
  return is_whole(unit) && (kind == OrderKind::stop || kind == OrderKind::restart);
}

bool takes_away(OrderKind kind) {
  return kind == OrderKind::stop || kind == OrderKind::take_down || kind == OrderKind::purge ||
         kind == OrderKind::remove;
}

bool makes(const Order& order) {
  return order.command == "create" || order.command == "start";
}

// The containers that the orders of these kinds make are all that the unit has.
bool makes_all(const Unit& unit) {
  return unit.address.variants.empty() && (unit.is_derived || unit.address.command == "start");
}

void check_groups(const Unit& unit) {
  if (unit.orders.empty())
    throw Error(ErrorCode::unsupported, format("{} has no orders that Belay could carry out", unit.address.text()),
                format("belay unit print {} shows what it is.", unit.address.text()));
}

// What a command of an order writes; it gets no input.
class CommandOutput final : public Terminal {
 public:
  CommandOutput(bool is_beside_json, const std::stop_token& stop) : terminal_(0, is_beside_json ? 2 : 1, 2, stop) {}
  std::string read(std::stop_token) override { return {}; }
  void write(OutputStream stream, std::string_view bytes) override { terminal_.write(stream, bytes); }
  std::optional<Size> size() override { return {}; }
  std::shared_ptr<void> on_resize(std::function<void(Size)>) override { return {}; }

 private:
  UserTerminal terminal_;
};

void set_patience(change::Context& context, const Order& order) {
  if (const auto patience = dockerstra::patience_of(order)) context.defaults.stop_timeout = *patience;
}

// `call`: agreed with --yes-lose-data, or asked for the name. `images`: those that orders behind this one remove.
change::Confirm confirm_loss(Session& session, const UnitCall& call, const AppName& app, const std::string& what,
                             const std::vector<std::string>& images = {}) {
  return [&session, &call, app, what, images](const change::RemovalPreview& preview) {
    if (call.agrees_to_lose) return true;
    session.console.line(format("to do for {}:", app.text()));
    print_plan(session.console, preview.plan);
    if (!images.empty()) session.console.line(format("then remove the images of the unit: {}", join(images, ", ")));
    return session.console.typed_confirmation(format("The data of {} will be lost.", what), app.text(),
                                              format("--yes-lose-data {}", app.text()), session.stop());
  };
}

}  // namespace

bool is_whole(const Unit& unit) {
  return unit.address.variants.empty() && unit.is_derived;
}

bool loses_data(const OrderGroup& group) {
  return group.kind == OrderKind::purge || (group.kind == OrderKind::remove && says_true(group.orders.front(), "v"));
}

std::vector<OrderGroup> groups_of(const Unit& unit) {
  check_groups(unit);
  std::vector<OrderGroup> groups;
  bool is_open = false;
  for (const Order& order : unit.orders) {
    const OrderKind kind = kind_of(unit, order);
    check_values(unit, order, kind);
    if (!is_open || groups.back().kind != kind || !goes_together(unit, kind)) groups.push_back({kind, {}});
    groups.back().orders.push_back(order);
    is_open = dockerstra::wait_of(order).count() == 0;
  }
  return groups;
}

std::string orders_text(const OrderGroup& group, const std::optional<std::string>& container) {
  const auto to_container = [](const Order& order) { return format("{} to {}", order.command, order.container); };
  const Order* one = group.orders.size() == 1 ? &group.orders.front() : nullptr;
  // The last of its orders: a container that is created and then started fails at the start.
  for (const Order& order : group.orders)
    if (container && order.container == *container) one = &order;
  if (one != nullptr) return format("{}: the order {}", one->where.text(), to_container(*one));
  std::vector<std::string> all;
  for (const Order& order : group.orders) all.push_back(to_container(order));
  return format("{}: the orders {}", group.orders.front().where.text(), join(all, ", "));
}

OrderOutcome Orders::run(const OrderGroup& group, const std::stop_token& stop) {
  try {
    return carry_out(group, stop);
  } catch (const Error& error) {
    // What is not there is stopped and removed already.
    if (!takes_away(group.kind) || !is_absence(error.code(), stop)) throw;
    const std::string text = format("{}: {}", is_whole(unit_) ? app_.text() : group.orders.front().container,
                                    group.kind == OrderKind::stop ? "nothing to stop" : "nothing to remove");
    if (call_.dry_run)
      show(text);
    else
      session_.console.success(text);
    return {};
  }
}

void Orders::clear_killed() {
  if (call_.dry_run) return;
  HostRun run(session_, call_.command);
  units::clear_killed(run.context(), app_, session_.stop());
  run.report().close();
}

bool Orders::is_absence(ErrorCode code, const std::stop_token& stop) {
  if (code == ErrorCode::service_not_found) return true;
  // None of it has ever proved itself.
  if (code == ErrorCode::release_not_found || code == ErrorCode::not_running) return true;
  if (code != ErrorCode::app_not_found) return false;
  HostRun run(session_, call_.command);
  return is_absent(run.context(), app_, stop);
}

OrderOutcome Orders::carry_out(const OrderGroup& group, const std::stop_token& stop) {
  switch (group.kind) {
    case OrderKind::make:
      return make(group, stop);
    case OrderKind::create:
      return create(group, stop);
    case OrderKind::restart:
      return restart(group, stop);
    case OrderKind::stop:
      return stop_containers(group, stop);
    case OrderKind::build:
      return build(group, stop);
    case OrderKind::take_down:
      return take_down(stop);
    case OrderKind::purge:
      return purge(stop);
    case OrderKind::remove:
      return remove(group.orders.front(), stop);
    case OrderKind::unlink:
      return unlink(group.orders.front(), stop);
    case OrderKind::remove_image:
      return remove_image(group.orders.front(), stop);
    case OrderKind::execute:
      return execute(group.orders.front(), stop);
    case OrderKind::backup:
      return back_up(stop);
    case OrderKind::restore:
      return restore(stop);
    case OrderKind::archive:
      return archive(group.orders.front(), stop);
    case OrderKind::unpack:
      return unpack(group.orders.front(), stop);
    case OrderKind::render:
      return render(group.orders.front(), stop);
    case OrderKind::tests:
      return test(group.orders.front(), stop);
    case OrderKind::tag:
    case OrderKind::commit:
    case OrderKind::push:
      return change_image(group, stop);
  }
  return {true, false};
}

void Orders::show(const std::string& line) const {
  if (!call_.json) session_.console.line(line);
}

Target Orders::target_of(const OrderGroup& group) const {
  return is_whole(unit_) ? Target(app_) : Target(app_, group.orders.front().container);
}

// All that the orders make, so that each part knows the others.
Declaration Orders::declaration_of_made() const {
  Unit made = unit_;
  std::erase_if(made.orders, [](const Order& order) { return !makes(order); });
  return dockerstra::declaration_of(made, fs::current_path());
}

// Every container of the composition, for its image.
Declaration Orders::declaration_of_every() const {
  Unit every = unit_;
  every.orders.clear();
  for (const auto& container : unit_.containers)
    if (!dockerstra::only_looks(container))
      every.orders.push_back({container.where, container.name, "start", document::Node::map(), {}});
  return dockerstra::declaration_of(every, fs::current_path());
}

// As `start` has them, so that it finds them made as it wants them.
Declaration Orders::declaration_to_create() const {
  Unit made = unit_;
  std::erase_if(made.orders, [](const Order& order) { return !makes(order); });
  const std::vector<Order> wanted = made.orders;
  formats::dockerstra::Request request = call_.request;
  request.address = {unit_.address.unit, "start", {}};
  try {
    made.orders = dockerstra::read_unit(request, unit_outside()).orders;
  } catch (const NotFound&) {
    made.orders.clear();
  }
  std::erase_if(made.orders,
                [&](const Order& order) { return !makes(order) || made.find(order.container) == nullptr; });
  for (const Order& order : wanted)
    if (std::none_of(made.orders.begin(), made.orders.end(),
                     [&](const Order& other) { return other.container == order.container; }))
      made.orders.push_back(order);
  return dockerstra::declaration_of(made, fs::current_path());
}

// Containers that are there stay as they are.
OrderOutcome Orders::create(const OrderGroup& group, const std::stop_token& stop) {
  DeclaredPass pass;
  pass.unit = declaration_to_create();
  const auto missing = [&] {
    HostRun run(session_, call_.command);
    std::set<std::string> services;
    for (const Order& order : group.orders)
      if (!units::own_container(run.context(), app_, pass.unit->spec.service(order.container).container_name, stop))
        services.insert(order.container);
    return services;
  };
  pass.unit->only = missing();
  if (pass.unit->only.empty()) {
    session_.console.success(format("{}: all containers are there", app_.text()));
    return {};
  }
  resolve_links(*pass.unit, stop);
  pass.command = call_.command;
  pass.starts_stopped = true;
  pass.change.dry_run = call_.dry_run;
  pass.change.makes = pass.unit->only;
  pass.stop = stop;
  const DeclaredOutcome outcome = run_pass(session_, pass, Results::silent);
  if (call_.dry_run) {
    if (!call_.json) session_.console.print(report::steps_text(outcome.host, false));
    return {outcome.has_failures(), false};
  }
  if (outcome.has_failures() || !outcome.is_as_declared()) return {true, outcome.has_done(), failed_in(outcome, stop)};
  // What is as declared but for its containers, which somebody removed.
  if (const auto services = missing(); !services.empty()) {
    HostRun run(session_, call_.command);
    change::ChangeOptions options;
    options.makes = services;
    const change::Change change = change::make_services(run.context(), app_, options, stop);
    run.report().close();
    if (print_change(session_.console, app_, change, {}) != 0) return {true, false};
  }
  session_.console.success(format("{}: made, and down until {}/start",
                                  join({pass.unit->only.begin(), pass.unit->only.end()}, ", "), app_.text()));
  return {false, true};
}

OrderOutcome Orders::make(const OrderGroup& group, const std::stop_token& stop) {
  DeclaredPass pass;
  pass.unit = declaration_of_made();
  const auto all = static_cast<size_t>(std::count_if(unit_.orders.begin(), unit_.orders.end(), makes));
  if (!makes_all(unit_) || group.orders.size() < all) {
    std::set<std::string> names;
    for (const Order& order : group.orders) names.insert(order.container);
    pass.unit->only = std::move(names);
  }
  const bool is_upgrade = unit_.is_derived && unit_.address.command == "upgrade";
  if (is_upgrade) {
    HostRun run(session_, call_.command);
    pass.unit->only = units::running_services(run.context(), *pass.unit, stop);
    if (pass.unit->only.empty()) {
      session_.console.success(format("{}: nothing of it runs", app_.text()));
      return {};
    }
    tell_of_others(run.context(), *pass.unit, stop);
  }
  resolve_links(*pass.unit, stop);
  pass.command = call_.command;
  pass.starts_stopped = !is_upgrade;
  pass.change.dry_run = call_.dry_run;
  pass.stop = stop;
  const std::vector<ToRestart> restarts = to_restart(group, stop);
  const DeclaredOutcome outcome = run_pass(session_, pass, Results::told);
  if (call_.dry_run && !call_.json) session_.console.print(report::steps_text(outcome.host, false));
  if (outcome.has_failures() || (!call_.dry_run && !outcome.is_as_declared()))
    return {true, outcome.has_done(), failed_in(outcome, stop)};
  OrderOutcome after = is_upgrade ? OrderOutcome{} : start_held(group, stop);
  for (const ToRestart& each : restarts) {
    if (after.has_failed) break;
    if (is_started_anew(each, outcome, stop)) continue;
    const OrderOutcome restarted = restart({OrderKind::restart, {each.order}}, stop);
    after = {restarted.has_failed, after.has_changed || restarted.has_changed, each.order.container};
  }
  if (!call_.dry_run && !outcome.has_done() && !after.has_changed && !after.has_failed)
    session_.console.success(format("{}: unchanged", app_.text()));
  return {after.has_failed, outcome.has_done() || after.has_changed, after.failed_in};
}

std::optional<std::string> Orders::failed_in(const DeclaredOutcome& outcome, const std::stop_token& stop) {
  HostRun run(session_, call_.command);
  for (const auto& app : outcome.host.apps)
    if (auto container = units::failed_in(run.context(), app.change, stop)) return container;
  return {};
}

// Those orders with `restart: true` whose containers run before anything is done.
std::vector<Orders::ToRestart> Orders::to_restart(const OrderGroup& group, const std::stop_token& stop) {
  std::vector<ToRestart> found;
  if (std::none_of(group.orders.begin(), group.orders.end(),
                   [](const Order& order) { return says_true(order, "restart"); }))
    return found;
  HostRun run(session_, call_.command);
  for (const Order& order : group.orders) {
    if (!says_true(order, "restart")) continue;
    const std::string name = dockerstra::container_of_order(unit_, order);
    const auto detail = units::own_container(run.context(), app_, name, stop);
    if (detail && detail->container.is_up()) found.push_back({order, name, detail->started});
  }
  return found;
}

// The pass made it anew, or started it: once is enough.
bool Orders::is_started_anew(const ToRestart& each, const DeclaredOutcome& outcome, const std::stop_token& stop) {
  if (call_.dry_run) {
    // One that gives its name away stops under another.
    const auto stops = [&](const plan::Action& action) {
      const auto* stopping = std::get_if<plan::StopContainer>(&action.step);
      const auto* renaming = std::get_if<plan::RenameContainer>(&action.step);
      return (stopping != nullptr && stopping->name == each.container) ||
             (renaming != nullptr && renaming->from == each.container);
    };
    return std::any_of(outcome.host.apps.begin(), outcome.host.apps.end(), [&](const declared::DeclaredApp& app) {
      const auto& actions = app.change.plan.actions;
      return std::any_of(actions.begin(), actions.end(), stops);
    });
  }
  HostRun run(session_, call_.command);
  const auto detail = run.context().engine.container(each.container, stop);
  return !detail || detail->started != each.started;
}

// What runs with an earlier image in other units is theirs to upgrade: with arguments that are not known here.
void Orders::tell_of_others(change::Context& context, const Declaration& declared, const std::stop_token& stop) const {
  std::set<std::string> references;
  for (const Service& service : declared.spec.services) references.insert(service.image);
  for (const auto& other : units::others_with_earlier(context, app_, references, stop))
    session_.console.note(format("{} runs with an earlier image: {}", other.name, other.command));
}

OrderOutcome Orders::test(const Order& order, const std::stop_token& stop) {
  return run_listed_tests(session_, call_, unit_, order, stop);
}

void Orders::resolve_links(Declaration& declared, const std::stop_token& stop) const {
  const units::OtherHosts hosts = units::other_hosts(unit_.values);
  if (hosts.empty()) return;
  HostRun run(session_, call_.command);
  units::resolve_links(run.context(), declared, hosts, stop);
}

// What an order stopped or removed alone stays down until it is started: nothing else of the release is otherwise.
OrderOutcome Orders::start_held(const OrderGroup& group, const std::stop_token& stop) {
  HostRun run(session_, call_.command);
  std::set<std::string> held;
  for (const auto& row : look::list(run.context(), stop))
    if (row.name == app_.text())
      for (const auto& instance : row.instances)
        if (instance.state == look::AppState::held) held.insert(instance.service);
  OrderOutcome outcome;
  change::ChangeOptions options;
  options.dry_run = call_.dry_run;
  for (const Order& order : group.orders) {
    if (held.erase(order.container) == 0) continue;
    const change::Change change = change::start_services(run.context(), Target(app_, order.container), options, stop);
    run.report().close();
    outcome.has_changed = outcome.has_changed || change.kind == change::Change::Kind::done;
    const bool is_quiet = call_.json && call_.dry_run;
    if (!is_quiet && print_change(session_.console, app_, change, {}) != 0) outcome.has_failed = true;
    if (outcome.has_failed) {
      outcome.failed_in = order.container;
      break;
    }
  }
  return outcome;
}

OrderOutcome Orders::restart(const OrderGroup& group, const std::stop_token& stop) {
  if (!unit_.is_derived && is_missing(group.orders.front(), stop)) return make(group, stop);
  HostRun run(session_, call_.command);
  set_patience(run.context(), group.orders.front());
  change::ChangeOptions options;
  options.dry_run = call_.dry_run;
  const change::Change change = change::restart(run.context(), target_of(group), options, stop);
  run.report().close();
  const bool is_quiet = call_.json && call_.dry_run;
  return {!is_quiet && print_change(session_.console, app_, change, {}) != 0, change.kind == change::Change::Kind::done,
          units::failed_in(run.context(), change, stop)};
}

bool Orders::is_missing(const Order& order, const std::stop_token& stop) {
  HostRun run(session_, call_.command);
  return !units::own_container(run.context(), app_, dockerstra::container_of_order(unit_, order), stop);
}

OrderOutcome Orders::stop_containers(const OrderGroup& group, const std::stop_token& stop) {
  HostRun run(session_, call_.command);
  set_patience(run.context(), group.orders.front());
  const change::Change change = change::stop(run.context(), target_of(group), call_.dry_run, stop);
  run.report().close();
  const bool is_quiet = call_.json && call_.dry_run;
  return {!is_quiet && print_change(session_.console, app_, change, {}) != 0, change.kind == change::Change::Kind::done,
          units::failed_in(run.context(), change, stop)};
}

OrderOutcome Orders::build(const OrderGroup& group, const std::stop_token& stop) {
  const Declaration declared = declaration_of_every();
  HostRun run(session_, call_.command);
  plan::Plan plan;
  std::set<std::string> images;
  for (const Order& order : group.orders) {
    const Service& service = declared.spec.service(order.container);
    if (!images.insert(service.image).second) continue;
    const plan::Plan one = declared.builds.contains(service.name)
                               ? declared::plan_of_builds(declared, {.services = {service.name}})
                               : declared::plan_of_missing_image(run.context(), declared, service, service.image, stop);
    for (const auto& action : one.actions) plan.add(action, {});
  }
  if (!call_.dry_run && !plan.actions.empty()) declared::bring_images(run.context(), plan, stop);
  run.report().close();
  if (call_.dry_run) {
    for (const auto& action : plan.actions) show(plan::step_text(action.step));
    if (plan.actions.empty()) show("nothing to do");
    return {};
  }
  session_.console.success(plan.actions.empty()
                               ? format("{}: there is nothing to build", app_.text())
                               : format("{}: {} built or pulled", app_.text(),
                                        counted(static_cast<std::int64_t>(plan.actions.size()), "image")));
  return {false, !plan.actions.empty()};
}

OrderOutcome Orders::take_down(const std::stop_token& stop) {
  HostRun run(session_, call_.command);
  const auto go = [](const change::RemovalPreview&) { return true; };
  const auto removed = change::take_down(run.context(), app_, call_.dry_run, go, stop);
  run.report().close();
  if (!call_.json || !call_.dry_run)
    std::ignore = print_removed(session_.console, app_, removed,
                                {.done = "down", .dry_run = call_.dry_run, .exit_unchanged = false});
  return {false, removed.done};
}

OrderOutcome Orders::purge(const std::stop_token& stop) {
  std::vector<std::string> images;
  for (const Order& order : unit_.orders) {
    if (order.command != "remove_image") continue;
    std::string image = dockerstra::image_of_order(unit_, order);
    if (std::find(images.begin(), images.end(), image) == images.end()) images.push_back(std::move(image));
  }
  HostRun run(session_, call_.command);
  const auto removed = change::remove(run.context(), app_, true, call_.dry_run,
                                      confirm_loss(session_, call_, app_, app_.text(), images), stop);
  run.report().close();
  if (!call_.json || !call_.dry_run)
    std::ignore = print_removed(session_.console, app_, removed,
                                {.done = "removed", .dry_run = call_.dry_run, .exit_unchanged = false});
  return {removed.declined, removed.done};
}

OrderOutcome Orders::remove(const Order& order, const std::stop_token& stop) {
  const Target target(app_, order.container);
  const bool volumes = says_true(order, "v");
  HostRun run(session_, call_.command);
  set_patience(run.context(), order);
  const auto go = [](const change::RemovalPreview&) { return true; };
  const auto removed =
      change::remove_part(run.context(), target, volumes, call_.dry_run,
                          volumes ? confirm_loss(session_, call_, app_, target.text()) : change::Confirm(go), stop);
  run.report().close();
  if (call_.dry_run) {
    if (!call_.json) print_plan(session_.console, removed.plan);
    return {};
  }
  for (const auto& note : removed.plan.notes) session_.console.note(note);
  if (removed.declined)
    session_.console.success("nothing was removed");
  else
    session_.console.success(removed.done ? format("{} is removed", target.text())
                                          : format("{}: nothing to remove", target.text()));
  return {removed.declined, removed.done};
}

OrderOutcome Orders::render(const Order& order, const std::stop_token& stop) {
  dockerstra::RenderOrder wanted = dockerstra::render_of(unit_, order);
  rendering::FileRequest request;
  request.source = wanted.source;
  request.file = wanted.file;
  request.values = unit_.values;
  request.reader = Target(app_, order.container);
  request.may_be_missing = true;
  request.check = std::move(wanted.check);
  request.signal = std::move(wanted.signal);
  request.restart = wanted.restart;
  request.dry_run = call_.dry_run;
  HostRun run(session_, call_.command);
  const rendering::FileResult result = rendering::render_file(run.context(), request, stop);
  run.report().close();
  const std::string file = wanted.file.string();
  if (call_.dry_run) {
    show(result.has_changed ? format("write {}", file) : format("{} is as it should be", file));
    return {};
  }
  session_.console.success(result.has_changed ? format("{}: {} is written", order.container, file)
                                              : format("{}: {} is unchanged", order.container, file));
  return {false, result.has_changed};
}

OrderOutcome Orders::unlink(const Order& order, const std::stop_token& stop) {
  std::vector<std::string> others;
  for (const auto& container : unit_.containers)
    if (!dockerstra::only_looks(container) && container.name != order.container)
      others.push_back(dockerstra::container_of_order(unit_, {container.where, container.name, "remove", {}, {}}));
  HostRun run(session_, call_.command);
  const plan::Plan plan =
      units::unlink(run.context(), app_, dockerstra::container_of_order(unit_, order), others, call_.dry_run, stop);
  run.report().close();
  if (call_.dry_run) {
    if (plan.empty()) show(format("{}: no link leads to it", order.container));
    for (const auto& action : plan.actions) show(plan::step_text(action.step));
    return {};
  }
  if (plan.empty()) session_.console.success(format("{}: no link leads to it", order.container));
  for (const auto& action : plan.actions)
    session_.console.success(format("{}: {}", order.container, plan::step_text(action.step)));
  return {false, !plan.empty()};
}

OrderOutcome Orders::remove_image(const Order& order, const std::stop_token& stop) {
  const std::string image = dockerstra::image_of_order(unit_, order);
  const dockerstra::ImageRemovalOrder how = dockerstra::image_removal_of(order);
  const plan::UntagImage step{image, how.force, how.noprune};
  if (call_.dry_run) {
    show(plan::step_text(step));
    return {};
  }
  HostRun run(session_, call_.command);
  const units::ImageGone gone = units::remove_image(run.context(), step, stop);
  run.report().close();
  session_.console.success(gone.is_gone ? format("the image {} is removed", image)
                                        : format("the image {} stays: {}", image, gone.why));
  return {false, gone.is_gone};
}

OrderOutcome Orders::execute(const Order& order, const std::stop_token& stop) {
  units::Command command{dockerstra::execution_of(unit_, order, fs::current_path()), {}, {}};
  if (order.container != "host") {
    command.service = order.container;
    command.container = dockerstra::container_of_order(unit_, order);
  }
  if (call_.dry_run) {
    show(units::command_text(command));
    return {};
  }
  HostRun run(session_, call_.command);
  command.execution.command = units::filled_in(command.execution.command, [&](const std::string& name) {
    const auto* own = dockerstra::container_of_unit(unit_, name);
    const bool is_own = own != nullptr && !dockerstra::only_looks(*own);
    const std::string known_as = is_own ? dockerstra::engine_name(*own) : name;
    auto detail = is_own ? units::own_container(run.context(), app_, known_as, stop)
                         : run.context().engine.container(known_as, stop);
    if (!detail)
      throw NotFound(ErrorCode::container_not_found, format("there is no container {}", printable(known_as)));
    return std::move(*detail);
  });
  CommandOutput output(call_.json, stop);
  const auto before_the_session = [&] {
    run.report().close();
    session_.console.finish();
  };
  const Declaration declared = order.container == "host" ? Declaration{app_} : declaration_of_every();
  const int code = units::execute(run.context(), declared, command, output, before_the_session, stop);
  run.report().close();
  if (code != 0) throw Error(ErrorCode::program_failed, format("the command ended with exit code {}", code));
  return {false, true};
}

OrderOutcome Orders::change_image(const OrderGroup& group, const std::stop_token& stop) {
  const Order& order = group.orders.front();
  HostRun run(session_, call_.command);
  plan::Plan plan;
  if (group.kind == OrderKind::tag) {
    plan = units::plan_of_tag(dockerstra::image_of_order(unit_, order), dockerstra::reference_of(unit_, order));
  } else if (group.kind == OrderKind::push) {
    plan = units::plan_of_push(dockerstra::reference_of(unit_, order));
  } else {
    CommitRequest request = dockerstra::commit_of(unit_, order);
    request.container = dockerstra::container_of_order(unit_, order);
    std::ignore = units::own_container(run.context(), app_, request.container, stop);
    plan = units::plan_of_commit(run.context(), std::move(request), call_.dry_run, stop);
  }
  if (call_.dry_run) {
    for (const auto& action : plan.actions) show(plan::step_text(action.step));
    return {};
  }
  change::carry_out_whole(run.context(), plan, {}, stop);
  run.report().close();
  session_.console.success(format("{}: {}", order.container, plan::step_text(plan.actions.front().step)));
  return {false, true};
}

}  // namespace belay::cli
