#include "units/test_run.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/temporary.h"
#include "declared/project_images.h"
#include "engine/captured_output.h"
#include "exec/elsewhere.h"
#include "formats/dockerfile.h"
#include "formats/dockerstra/map.h"
#include "formats/dockerstra/order_values.h"
#include "safekeeping/rehearsal.h"
#include "units/fields.h"
#include "units/images.h"
#include "units/looking.h"
#include "units/test_parts.h"

namespace belay::units {

namespace {

namespace dockerstra = formats::dockerstra;
using dockerstra::DaemonCheck;
using dockerstra::Execution;
using dockerstra::JobCheck;
using dockerstra::Order;
using dockerstra::OwnTest;
using dockerstra::UnitTests;
using Result = TestCase::Result;

// The images from elsewhere that a build uses, as the engine lists them; those that only the builder can tell are left
// out.
std::vector<std::string> bases_of(const ImageBuild& build) {
  const fs::path file = build.dockerfile.empty() ? build.folder / "Dockerfile" : build.dockerfile;
  const std::string text = build.dockerfile_text ? *build.dockerfile_text : read_file_if_present(file).value_or("");
  std::vector<std::string> bases;
  for (const auto& base : formats::base_images(text, {build.arguments, build.target, build.platform, {}}))
    bases.push_back(change::listed_reference(base.reference));
  return bases;
}

enum class Part { opening, middle, closing };

// A case, and what it does. `work` throws what speaks against it.
struct Todo {
  Part part = Part::opening;
  TestCase shown;
  std::function<void(const std::stop_token&)> work{};
  Milliseconds wait{0};  // after it
  bool asks = false;     // from `e2e-check`, where there is one
};

class TestRun {
 public:
  TestRun(change::Context& context, const UnitTests& tests, const TestOptions& options)
      : context_(context),
        tests_(tests),
        options_(options),
        declared_(dockerstra::declaration_of(tests.unit, options.folder)),
        rehearsal_(context, declared_.name, {.purpose = "test", .is_open = true}) {
    add_commands();
    add_builds();
    check_bases();
    for (const Order& order : tests.opening) add_order(order, Part::opening);
    if (tests.checks) {
      for (const DaemonCheck& check : tests.daemons) {
        add({check.container, short_question(check), check.where},
            [this, &check](const auto& stop) { ask(check, stop); });
        todos_.back().asks = true;
      }
      for (const JobCheck& job : tests.jobs)
        add({job.container, "job", job.where},
            [this, &job](const auto& stop) { check_job(context_, job, look_at(job.container, stop), stop); });
    }
    for (const OwnTest& test : tests.own)
      add({test.container, test.name, test.where}, [this, &test](const auto& stop) { run_own(test, stop); });
    for (const Order& order : tests.closing) add_order(order, Part::closing);
  }

  std::vector<TestCase> cases() const {
    std::vector<TestCase> cases;
    for (const Todo& todo : todos_) cases.push_back(todo.shown);
    return cases;
  }

  void run(TestReport& report, std::vector<Candidate>& candidates, const std::stop_token& stop) {
    candidates_ = &candidates;
    report.cases = cases();
    report.began = context_.clock.now();
    const Ticks began = context_.clock.ticks();
    const auto note_time = [&] {
      report.time = std::chrono::duration_cast<Milliseconds>(context_.clock.ticks() - began);
    };
    try {
      const FileLock lock = change::lock_app(context_, declared_.name, stop);
      change::clear_temporary(context_, declared_.name, stop);
      plan_preparation(stop);
      rehearsal_.announce();
      rehearsal_.leaving_nothing(options_.is_update ? "update" : "test", [&] {
        rehearsal_.prepare(nullptr, context_.report, stop);
        run_cases(report, stop);
      });
    } catch (...) {
      note_time();
      throw;
    }
    note_time();
  }

 private:
  // ---- what is to be done ----

  void add(TestCase shown, std::function<void(const std::stop_token&)> work, Part part = Part::middle) {
    todos_.push_back({part, std::move(shown), std::move(work)});
  }

  // Containers for single commands are cast like all others.
  void add_commands() {
    for (const auto* orders : {&tests_.opening, &tests_.closing})
      for (const Order& order : *orders) {
        if (order.command != "execute") continue;
        const Execution execution = dockerstra::execution_of(tests_.unit, order, options_.folder);
        if (execution.place == Execution::Place::host) continue;
        Service service;
        service.name = format("execute-{}", commands_.size() + 1);
        service.image = dockerstra::image_of_order(tests_.unit, order);
        service.mounts = execution.binds;
        set_command(service, execution.command);
        if (execution.place == Execution::Place::file_system && has(order.container))
          service.volumes_from = {"service:" + order.container};
        commands_[&order] = service.name;
        declared_.spec.services.push_back(std::move(service));
      }
    for (Service& service : declared_.spec.services)
      if (service.name == tests_.looking) {
        set_command(service, looking_command("wait"));
        service.health.reset();
        service.checks.clear();
        service.read_only = false;
      }
    for (const OwnTest& test : tests_.own)
      for (Service& service : declared_.spec.services)
        if (service.name == test.place) {
          set_command(service, test.command);
          service.health.reset();
          service.ports.clear();
          service.publish_all_ports = false;
        }
  }

  static void set_command(Service& service, const std::vector<std::string>& command) {
    service.entrypoint = std::vector<std::string>{command.front()};
    service.command = std::vector<std::string>(command.begin() + 1, command.end());
  }

  bool has(const std::string& service) const {
    return std::any_of(declared_.spec.services.begin(), declared_.spec.services.end(),
                       [&](const Service& each) { return each.name == service; });
  }

  const Service& service(const std::string& name) const { return declared_.spec.service(name); }

  // What has a build is built from the folder as it is now, under a tag that goes again.
  void add_builds() {
    for (const auto& [container, build] : declared_.builds) {
      const std::string reference = change::listed_reference(service(container).image);
      if (options_.images.contains(reference) || built_.contains(reference)) continue;
      built_[reference] = rehearsal_.next_tag();
      SourcePosition where = tests_.unit.find(container)->where;
      for (const Order& order : tests_.opening)
        if (order.command == "build" && order.container == container) where = order.where;
      add(
          {container, "build", where},
          [this, reference, &build = build](const auto& stop) { build_image(reference, build, stop); }, Part::opening);
    }
  }

  // It would be built upon the image that is in use, and pass for what was made anew.
  void check_bases() {
    for (const auto& [container, build] : declared_.builds) {
      const std::string own = change::listed_reference(service(container).image);
      for (const auto& base : bases_of(build)) {
        if (base == own || !built_.contains(base)) continue;
        const std::string message =
            format("the image of {} is built from {}, which is built here too: it gets the one that has the name now",
                   container, base);
        if (options_.is_update)
          throw ConfigError(tests_.unit.find(container)->where, message,
                            "Update the unit that builds that one first, then this one.");
        bases_.push_back(message);
      }
    }
  }

  void add_order(const Order& order, Part part) {
    if (order.command == "build" || order.command == "tests") return;
    add(
        {order.container, order.command == "execute" ? "execute" : order.command, order.where},
        [this, &order](const auto& stop) { carry_out(order, stop); }, part);
    todos_.back().wait = dockerstra::wait_of(order);
  }

  void plan_preparation(const std::stop_token& stop) {
    for (const auto& message : bases_) context_.report.warning(message);
    rehearsal_.make_network();
    std::set<std::string> seen;
    for (const Service& each : declared_.spec.services)
      for (const Mount& mount : each.mounts)
        if (mount.kind == Mount::Kind::volume && !mount.source.empty() && seen.insert(mount.source).second)
          rehearsal_.make_room(DataPlace::Kind::volume, mount.source, "empty, in the place of " + mount.source);
    for (const OwnTest& test : tests_.own)
      for (const Mount& mount : test.given) rehearsal_.give(test.place, mount);
    for (const Service& each : declared_.spec.services) {
      const std::string listed = change::listed_reference(each.image);
      const auto other = options_.images.find(listed);
      const auto built = built_.find(listed);
      std::string& reference = references_[each.name];
      reference = other != options_.images.end() ? other->second : built != built_.end() ? built->second : each.image;
      if (built == built_.end() && !context_.engine.image(reference, stop)) rehearsal_.pull(reference);
    }
  }

  // ---- running ----

  void run_cases(TestReport& report, const std::stop_token& stop) {
    bool is_up = true;
    for (size_t i = 0; i < todos_.size(); ++i) {
      const Todo& todo = todos_[i];
      TestCase& result = report.cases[i];
      if (!is_up) break;
      if (options_.on_begin) options_.on_begin(result);
      const Ticks began = context_.clock.ticks();
      const auto end = [&] {
        result.time = std::chrono::duration_cast<Milliseconds>(context_.clock.ticks() - began);
        if (options_.on_end) options_.on_end(result);
      };
      try {
        if (todo.asks) bring_up_looking(stop);
        container_.clear();
        last_answer_.clear();
        run_case(context_, options_, todo.work, result, container_, last_answer_, stop);
      } catch (const Cancelled&) {
        result.result = Result::failed;
        result.reason = "it was stopped on request";
        end();
        throw;
      } catch (const std::exception& trouble) {
        result.result = Result::failed;
        result.reason = trouble.what();
        end();
        throw;
      }
      end();
      is_up = todo.part != Part::opening || result.result != Result::failed;
      if (is_up && todo.wait.count() > 0 && !context_.clock.sleep(todo.wait, stop)) throw Cancelled();
    }
  }

  // ---- images and containers ----

  void build_image(const std::string& reference, const ImageBuild& build, const std::stop_token& stop) {
    plan::Plan plan;
    plan.add(declared::build_step(declared_, built_.at(reference), build), "for the test");
    carry_out_plan(plan, stop);
    const bool is_asked_for = std::any_of(tests_.opening.begin(), tests_.opening.end(), [&](const Order& order) {
      return order.command == "build" && change::listed_reference(service(order.container).image) == reference;
    });
    if (options_.is_update && is_asked_for) add_candidate(built_.at(reference), reference, stop);
  }

  void carry_out_plan(const plan::Plan& plan, const std::stop_token& stop) {
    change::carry_out_whole(context_, plan, {}, stop);
  }

  // Everybody under another name; once all images are here.
  const safekeeping::Cast& cast(const std::stop_token& stop) {
    if (cast_) return *cast_;
    std::map<std::string, std::string> known_as;
    for (const Service& each : declared_.spec.services)
      if (!each.container_name.empty()) known_as[each.name] = each.container_name;
    safekeeping::Cast cast = rehearsal_.cast(declared_.spec, known_as, references_, stop);
    plan::Plan plan;
    std::vector<size_t> last;
    rehearsal_.add_volumes(cast, plan, last);
    if (!plan.empty()) carry_out_plan(plan, stop);
    for (const auto& note : cast.other.notes) context_.report.note(note);
    cast_ = std::move(cast);
    return *cast_;
  }

  std::string container(const std::string& name, const std::stop_token& stop) {
    return cast(stop).other.containers.at(name);
  }

  // What the engine wants to be there when it makes a container: those whose volumes, namespaces or names it takes.
  std::vector<std::string> named_by(const std::string& name) const {
    std::vector<std::string> found;
    const auto add = [&](const std::string& reference) {
      constexpr std::string_view of_service = "service:";
      if (!reference.starts_with(of_service)) return;
      const std::string other = reference.substr(of_service.size());
      found.push_back(other.substr(0, other.find(':')));
    };
    const Service& own = service(name);
    for (const auto& reference : own.volumes_from) add(reference);
    for (const auto* mode : {&own.network_mode, &own.pid_mode, &own.ipc_mode, &own.uts_mode}) add(*mode);
    for (const auto& link : own.links)
      for (const Service& other : declared_.spec.services)
        if (other.container_name == link.substr(0, link.find(':'))) found.push_back(other.name);
    return found;
  }

  // In the log of the case that fails there is what this container wrote.
  const std::string& look_at(const std::string& name, const std::stop_token& stop) {
    return container_ = container(name, stop);
  }

  void make(const std::string& name, const std::stop_token& stop) {
    if (!made_.insert(name).second) return void(look_at(name, stop));
    for (const auto& other : named_by(name))
      if (has(other)) make(other, stop);
    look_at(name, stop);
    plan::Plan plan;
    std::vector<size_t> last;
    rehearsal_.add_creation(cast(stop), name, plan, last);
    carry_out_plan(plan, stop);
  }

  // What it needs goes before it, wherever the orders have it.
  void start(const std::string& name, const std::stop_token& stop) {
    make(name, stop);
    for (const Need& need : service(name).needs)
      if (has(need.service) && started_.insert(need.service).second) {
        start(need.service, stop);
        early_.insert(need.service);
      }
    started_.insert(name);
    look_at(name, stop);
    if (const JobCheck* job = job_of(name)) return run_job(*job, stop);
    plan::Plan plan;
    std::vector<size_t> last;
    rehearsal_.add_start(cast(stop), declared_.spec, name, plan, last);
    const safekeeping::Judgement judgement = rehearsal_.prove(plan, stop);
    if (!judgement.reason.empty()) throw Failed{judgement.reason, judgement.log_tail};
    tell_ports(name, stop);
  }

  void tell_ports(const std::string& name, const std::stop_token& stop) {
    if (service(name).ports.empty() && !service(name).publish_all_ports) return;
    const auto detail = context_.engine.container(container_, stop);
    if (!detail) return;
    for (const auto& port : detail->container.ports)
      if (port.host_port) context_.report.note(format("{} is at {}", name, port.text()));
  }

  const JobCheck* job_of(const std::string& name) const {
    for (const JobCheck& job : tests_.jobs)
      if (job.container == name) return &job;
    return nullptr;
  }

  void run_job(const JobCheck& job, const std::stop_token& stop) {
    plan::Plan plan;
    plan.add(plan::StartContainer{container_}, "");
    carry_out_plan(plan, stop);
    const Milliseconds time = job.timeout.value_or(patience());
    const Ticks until = context_.clock.ticks() + time;
    for (;;) {
      const ContainerDetail detail = detail_of(context_, container_, stop);
      if (!detail.container.is_up()) return check_code(detail.exit_code, job.exit_code);
      if (context_.clock.ticks() >= until) throw Failed{format("it has not ended within {}", duration_text(time))};
      if (!context_.clock.sleep(Milliseconds(100), stop)) throw Cancelled();
    }
  }

  Milliseconds patience() const { return declared_.spec.wait_timeout.value_or(context_.defaults.wait_timeout); }

  // ---- orders ----

  void carry_out(const Order& order, const std::stop_token& stop) {
    const std::string& command = order.command;
    if (command == "create") return create(order, stop);
    if (command == "start") {
      if (dockerstra::says_true(order, "restart") && made_.contains(order.container))
        stop_container(order, stop);
      else if (early_.erase(order.container) > 0)
        return;
      return start(order.container, stop);
    }
    if (command == "stop") return stop_container(order, stop);
    if (command == "execute") return execute(order, stop);
    if (command == "remove") return remove(order, stop);
    if (command == "remove_image") return remove_image(order, stop);
    if (command == "tag") return tag(order, stop);
    if (command == "commit") return commit(order, stop);
    if (command == "push") throw Skipped{"a test pushes nothing"};
    throw Skipped{format("a test does no {}", command)};
  }

  // One that no order starts is there for its volumes, and runs once.
  void create(const Order& order, const std::stop_token& stop) {
    make(order.container, stop);
    const bool is_started = std::any_of(tests_.opening.begin(), tests_.opening.end(), [&](const Order& other) {
      return other.container == order.container && other.command == "start";
    });
    if (!is_started && early_.erase(order.container) == 0) start(order.container, stop);
  }

  void stop_container(const Order& order, const std::stop_token& stop) {
    if (!made_.contains(order.container)) throw Skipped{"it was not made"};
    look_at(order.container, stop);
    plan::Plan plan;
    plan.add(plan::StopContainer{container_, dockerstra::patience_of(order)}, "the order says so");
    carry_out_plan(plan, stop);
    if (detail_of(context_, container_, stop).container.is_up()) throw Failed{"it runs on"};
  }

  void remove(const Order& order, const std::stop_token& stop) {
    if (dockerstra::removes_links(order)) throw Skipped{"a test takes no links away"};
    if (made_.erase(order.container) == 0) throw Skipped{"it was not made"};
    started_.erase(order.container);
    const std::string name = look_at(order.container, stop);
    const ContainerDetail detail = detail_of(context_, name, stop);
    plan::Plan plan;
    std::vector<size_t> last;
    if (detail.container.is_up())
      last = {plan.add(plan::StopContainer{name, dockerstra::patience_of(order)}, "it is to be removed")};
    last = {plan.add(plan::RemoveContainer{name}, "the order says so", last)};
    if (dockerstra::says_true(order, "v"))
      for (const auto& volume : volumes_of_nobody_else(order.container))
        plan.add(plan::RemoveVolume{volume}, "the order says so", last);
    carry_out_plan(plan, stop);
    container_.clear();
    if (context_.engine.container(name, stop)) throw Failed{"it is still there"};
  }

  std::vector<std::string> volumes_of_nobody_else(const std::string& name) const {
    std::set<std::string> others;
    for (const Service& each : cast_->other.spec.services)
      if (made_.contains(each.name))
        for (const Mount& mount : each.mounts) others.insert(mount.source);
    std::vector<std::string> own;
    for (const Mount& mount : cast_->other.spec.service(name).mounts)
      if (mount.kind == Mount::Kind::volume && others.insert(mount.source).second) own.push_back(mount.source);
    return own;
  }

  void remove_image(const Order& order, const std::stop_token& stop) {
    const auto built = built_.find(change::listed_reference(dockerstra::image_of_order(tests_.unit, order)));
    if (built == built_.end()) throw Skipped{"the image was not made for the test"};
    plan::Plan plan;
    const dockerstra::ImageRemovalOrder how = dockerstra::image_removal_of(order);
    plan.add(plan::UntagImage{built->second, how.force, how.noprune}, "the order says so");
    carry_out_plan(plan, stop);
  }

  // The image that a container of the test has.
  std::string image_of(const Order& order, const std::stop_token& stop) {
    if (made_.contains(order.container))
      return detail_of(context_, container(order.container, stop), stop).container.image_id;
    const std::string reference = dockerstra::image_of_order(tests_.unit, order);
    const auto built = built_.find(change::listed_reference(reference));
    return built == built_.end() ? reference : built->second;
  }

  void tag(const Order& order, const std::stop_token& stop) {
    const std::string reference = dockerstra::reference_of(tests_.unit, order);
    const std::string image = image_of(order, stop);
    if (options_.is_update) return add_candidate(image, reference, stop);
    carry_out_plan(plan_of_tag(image, rehearsal_.next_tag()), stop);
  }

  void commit(const Order& order, const std::stop_token& stop) {
    if (!made_.contains(order.container)) throw Failed{"there is no container to make an image of"};
    CommitRequest request = dockerstra::commit_of(tests_.unit, order);
    const std::string reference = request.reference;
    request.container = look_at(order.container, stop);
    const std::string tag = request.reference = rehearsal_.next_tag();
    carry_out_plan(plan_of_commit(context_, std::move(request), false, stop), stop);
    if (options_.is_update) add_candidate(tag, reference, stop);
  }

  // It outlives the rehearsal under a tag of its own.
  void add_candidate(const std::string& image, const std::string& named, const std::stop_token& stop) {
    const std::string reference = change::listed_reference(named);
    const auto there = std::find_if(candidates_->begin(), candidates_->end(),
                                    [&](const Candidate& each) { return each.reference == reference; });
    if (there == candidates_->end()) {
      const std::string base = rehearsal_.candidate_tag(candidates_->size() + 1);
      candidates_->push_back({reference, base});
      carry_out_plan(plan_of_tag(image, base), stop);
    } else {
      carry_out_plan(plan_of_tag(image, there->tag), stop);
    }
  }

  void execute(const Order& order, const std::stop_token& stop) {
    Execution execution = dockerstra::execution_of(tests_.unit, order, options_.folder);
    if (has_fields(execution.command)) {
      execution.command = filled_in(
          execution.command, [&](const std::string& name) { return detail_of(context_, meant(name, stop), stop); });
      if (const auto own = commands_.find(&order); own != commands_.end()) {
        std::ignore = cast(stop);
        for (Service& each : cast_->other.spec.services)
          if (each.name == own->second) set_command(each, execution.command);
      }
    }
    if (execution.place == Execution::Place::host) return execute_on_the_host(execution, stop);
    engine::CapturedOutput output(most_kept);
    const bool is_there = made_.contains(order.container);
    int code = 0;
    if (execution.place == Execution::Place::in_running && is_there && is_up(order.container, stop)) {
      code = run_inside(order.container, execution.command, output, stop);
    } else {
      if (execution.place == Execution::Place::file_system && !is_there)
        throw Failed{format("the container {} was not made before", order.container)};
      code = run_alone(commands_.at(&order), output, stop);
      end_container(commands_.at(&order), stop);
    }
    if (code != 0) throw Failed{format("the command ended with exit code {}", code), output.text()};
  }

  // A container of the unit, by its key or by its name on the engine, is the one that the test has; never the one that
  // is in use.
  std::string meant(const std::string& name, const std::stop_token& stop) {
    if (has(name)) return container(name, stop);
    const auto* own = dockerstra::container_of_unit(tests_.unit, name);
    if (own == nullptr) return name;
    if (!has(own->name)) throw Failed{format("no order of the test makes the container {}", name)};
    return container(own->name, stop);
  }

  // What it does there nobody could take back.
  void execute_on_the_host(const Execution& execution, const std::stop_token& stop) {
    if (!options_.is_update) throw Skipped{"it is for this machine itself"};
    engine::CapturedOutput output(most_kept);
    ProcessRequest request;
    request.command = execution.command;
    request.deadline = Milliseconds(0);
    request.own_group = true;
    request.on_output = [&](std::string_view bytes) { output.write(OutputStream::out, bytes); };
    request.on_errors = [&](std::string_view bytes) { output.write(OutputStream::err, bytes); };
    const int code = run_process(request, stop).exit_code;
    if (code != 0) throw Failed{format("the command ended with exit code {}", code), output.text()};
  }

  bool is_up(const std::string& name, const std::stop_token& stop) {
    return detail_of(context_, container(name, stop), stop).container.state == ContainerState::running;
  }

  int run_inside(const std::string& name, const std::vector<std::string>& command, Terminal& output,
                 const std::stop_token& stop) {
    look_at(name, stop);
    ExecRequest request;
    request.command = command;
    return context_.engine.exec(container_, request, output, stop);
  }

  // A container made for the command. Its output may end before it does.
  int run_alone(const std::string& name, Terminal& output, const std::stop_token& stop) {
    make(name, stop);
    const auto told = context_.engine.attach(container_, output, stop);
    if (told) return *told;
    for (;;) {
      const ContainerDetail detail = detail_of(context_, container_, stop);
      if (!detail.container.is_up()) return detail.exit_code;
      if (!context_.clock.sleep(Milliseconds(100), stop)) throw Cancelled();
    }
  }

  void end_container(const std::string& name, const std::stop_token& stop) {
    plan::Plan plan;
    plan.add(plan::RemoveContainer{container(name, stop)}, "its command has ended");
    carry_out_plan(plan, stop);
    made_.erase(name);
    container_.clear();
  }

  // ---- checks ----

  // Once it is up it has as long for a right answer as for its start.
  void ask(const DaemonCheck& each, const std::stop_token& stop) {
    const std::string name = look_at(each.asked, stop);
    const std::string from = tests_.looking.empty() ? std::string() : looking_container(stop);
    look_at(each.asked, stop);
    const Ask ask = [&](Milliseconds most) {
      return from.empty() ? exec::ask(each.check, name, context_.engine, most, stop)
                          : ask_from(from, each, name, most, stop);
    };
    ask_until_right(context_, each.check, name, patience(), ask, last_answer_, stop);
  }

  // The container that the checks are asked from; before the time of the first one begins.
  void bring_up_looking(const std::stop_token& stop) {
    if (tests_.looking.empty() || made_.contains(tests_.looking)) return;
    try {
      make(tests_.looking, stop);
      for (const DaemonCheck& each : tests_.daemons)
        if (const auto& file = each.check.certificate; !file.empty()) certificates_.push_back(file);
      put_program(context_.engine, container_, certificates_, stop);
      plan::Plan plan;
      plan.add(plan::StartContainer{container_}, "the checks are asked from there");
      carry_out_plan(plan, stop);
      if (!detail_of(context_, container_, stop).container.is_up())
        throw Error(ErrorCode::check_impossible,
                    format("{} does not run: {}", tests_.looking, printable(tail_of(context_, container_))));
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      looking_trouble_ = error.what();
    } catch (const Failed& failed) {
      looking_trouble_ = failed.reason;
    }
  }

  std::string looking_container(const std::stop_token& stop) {
    if (!looking_trouble_.empty()) throw Error(ErrorCode::check_impossible, looking_trouble_);
    return container(tests_.looking, stop);
  }

  exec::Answer ask_from(const std::string& from, const DaemonCheck& each, const std::string& asked, Milliseconds most,
                        const std::stop_token& stop) {
    std::string host = each.host;
    if (host.empty()) {
      const ContainerDetail detail = detail_of(context_, asked, stop);
      const auto address = detail.network_addresses.find(rehearsal_.name());
      if (address == detail.network_addresses.end() || address->second.empty())
        throw Error(ErrorCode::check_impossible,
                    format("{} has no address in the network of {}", each.asked, tests_.looking));
      host = address->second;
    }
    ExecRequest request;
    request.command = looking_command(exec::question_for_elsewhere(
        each.check, host, looking_certificate(certificates_, each.check.certificate), most));
    engine::CapturedOutput output;
    const int code = context_.engine.exec(from, request, output, stop);
    if (code != 0)
      throw Error(ErrorCode::check_impossible,
                  format("asking from {}: {}", tests_.looking, printable(trim(output.text()))));
    return exec::answer_from_elsewhere(output.text());
  }

  // ---- tests of its own ----

  void run_own(const OwnTest& test, const std::stop_token& stop) {
    engine::CapturedOutput output(most_kept);
    const bool runs_inside = test.may_run_inside && made_.contains(test.container) && is_up(test.container, stop);
    const std::string& name = runs_inside ? test.container : test.place;
    const int code = runs_inside ? run_inside(name, test.command, output, stop) : run_alone(name, output, stop);
    if (!test.files.empty() || test.captures_logs) keep(test, name, output.text(), stop);
    if (!runs_inside) end_container(name, stop);
    if (code != 0) throw Failed{format("the command ended with exit code {}", code), output.text()};
  }

  void keep(const OwnTest& test, const std::string& name, const std::string& log, const std::stop_token& stop) {
    const safekeeping::Cast& all = cast(stop);
    const auto image = all.images.find(name);
    Service kept = service(name);
    if (kept.working_dir.empty() && image != all.images.end()) kept.working_dir = image->second.config.working_dir;
    keep_of(context_, tests_, test, kept, container_, rehearsal_.name() + "-data", log, options_.output, stop);
  }

  change::Context& context_;
  const UnitTests& tests_;
  const TestOptions& options_;
  Declaration declared_;
  safekeeping::Rehearsal rehearsal_;
  std::vector<Todo> todos_;
  std::vector<std::string> bases_;                   // what there is to say of them
  std::map<const Order*, std::string> commands_;     // the service that stands for the order
  std::map<std::string, std::string> built_;         // reference, as it is listed → the tag that it has here
  std::map<std::string, std::string> references_{};  // by service
  std::optional<safekeeping::Cast> cast_{};
  std::set<std::string> made_{};               // services whose containers are there
  std::set<std::string> started_{}, early_{};  // that were started; those before their own order
  std::vector<std::string> certificates_{};    // in the container that asks
  std::string looking_trouble_{};              // why nothing can be asked from there
  std::string last_answer_{};                  // of the check that is asked
  std::string container_;                      // that the case is about
  std::vector<Candidate>* candidates_ = nullptr;
};

}  // namespace

std::vector<TestCase> test_cases(change::Context& context, const UnitTests& tests, const TestOptions& options) {
  return TestRun(context, tests, options).cases();
}

void run_tests(change::Context& context, const UnitTests& tests, const TestOptions& options, TestReport& report,
               std::vector<Candidate>& candidates, std::stop_token stop) {
  check_place_of_kept(context, tests, options, stop);
  TestRun(context, tests, options).run(report, candidates, stop);
}

}  // namespace belay::units
