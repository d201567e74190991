#include "units/test_run.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/pattern.h"
#include "base/process.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "change/apps.h"
#include "change/temporary.h"
#include "declared/project_images.h"
#include "engine/captured_output.h"
#include "exec/ask.h"
#include "formats/dockerstra/map.h"
#include "formats/dockerstra/order_values.h"
#include "safekeeping/rehearsal.h"
#include "units/images.h"
#include "units/keepsakes.h"

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

constexpr ByteCount most_kept{4 << 20};
constexpr int tail_lines = 20;

// What speaks against the unit.
struct Failed {
  std::string reason;
  std::string log_tail{};
};
// What cannot be done under another name.
struct Skipped {
  std::string reason;
};

std::string last_lines(const std::string& text) {
  const std::vector<std::string> lines = split(trim(text), '\n');
  const size_t first = lines.size() - std::min(lines.size(), static_cast<size_t>(tail_lines));
  return join({lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end()}, "\n");
}

// Without what is expected.
std::string short_question(const Check& check) {
  return check.kind == Check::Kind::tcp ? format("TCP :{}", check.port)
                                        : format("{} {}", check.method, target_text(check));
}

// What is written down must not tell what may be a secret, however deep it stands.
void hide_secrets(document::Node& node) {
  for (auto& member : node.members()) {
    if (holds_a_secret(member.key, member.value.raw())) member.value = document::Node::text("(hidden)");
    hide_secrets(member.value);
  }
  for (auto& item : node.items()) {
    // A word of a list may be "NAME=value".
    const std::string word = item.raw();
    const size_t equals = word.find('=');
    const std::string name = equals == std::string::npos ? "" : word.substr(0, equals);
    if (holds_a_secret(name, word)) item = document::Node::text("(hidden)");
    hide_secrets(item);
  }
}

std::string environment_text(const document::Node& values) {
  document::Node shown = values;
  shown.remove("osenv");
  hide_secrets(shown);
  return dockerstra::to_yaml(shown);
}

// The images that a Dockerfile begins with, as the engine lists them; those that an argument names are left out.
std::vector<std::string> bases_of(const ImageBuild& build) {
  const fs::path file = build.dockerfile.empty() ? build.folder / "Dockerfile" : build.dockerfile;
  const std::string text = build.dockerfile_text ? *build.dockerfile_text : read_file_if_present(file).value_or("");
  std::vector<std::string> bases;
  std::set<std::string> stages{"scratch"};
  for (const auto& line : split(text, '\n')) {
    std::vector<std::string> words;
    for (const auto& word : split(trim(line), ' '))
      if (!word.empty() && !word.starts_with("--")) words.push_back(word);
    if (words.size() < 2 || lower(words[0]) != "from") continue;
    if (!stages.contains(words[1]) && words[1].find('$') == std::string::npos) {
      try {
        bases.push_back(change::listed_reference(words[1]));
      } catch (const UsageError&) {
        // The engine refuses it with better words.
      }
    }
    if (words.size() > 3 && lower(words[2]) == "as") stages.insert(words[3]);
  }
  return bases;
}

enum class Part { opening, middle, closing };

// A case, and what it does. `work` throws what speaks against it.
struct Todo {
  Part part = Part::opening;
  TestCase shown;
  std::function<void(const std::stop_token&)> work{};
  Milliseconds wait{0};  // after it
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
      for (const DaemonCheck& check : tests.daemons)
        add({check.container, short_question(check.check), check.where},
            [this, &check](const auto& stop) { ask(check, stop); });
      for (const JobCheck& job : tests.jobs)
        add({job.container, "job", job.where}, [this, &job](const auto& stop) { check_job(job, stop); });
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
        run_case(todo, result, stop);
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

  // Throws Cancelled on `stop` alone.
  void run_case(const Todo& todo, TestCase& result, const std::stop_token& stop) {
    container_.clear();
    const auto fail = [&](const std::string& reason, const std::string& log) {
      result.result = Result::failed;
      result.reason = reason;
      result.log_tail = log.empty() ? tail_of(container_) : last_lines(log);
    };
    try {
      if (options_.timeout)
        todo.work(TimeLimit(*options_.timeout, stop).token());
      else
        todo.work(stop);
      result.result = Result::passed;
    } catch (const Failed& failed) {
      fail(failed.reason, failed.log_tail);
    } catch (const Skipped& skipped) {
      result.result = Result::skipped;
      result.reason = skipped.reason;
    } catch (const Cancelled&) {
      if (stop.stop_requested() || !options_.timeout) throw;
      fail(format("it has not ended within {}", duration_text(*options_.timeout)), {});
    } catch (const Error& error) {
      fail(error.what(), {});
    }
  }

  // Of a container of the test; empty where there is none.
  std::string tail_of(const std::string& container) {
    if (container.empty()) return {};
    try {
      return last_lines(log_of(container, tail_lines, {}));
    } catch (const Error&) {
      return {};
    }
  }

  std::string log_of(const std::string& container, std::optional<int> lines, const std::stop_token& stop) {
    engine::CapturedOutput output(most_kept);
    LogRequest request;
    request.tail = lines;
    context_.engine.logs(
        container, request, [&](OutputStream stream, std::string_view bytes) { output.write(stream, bytes); }, stop);
    return output.text();
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

  // In the log of the case that fails there is what this container wrote.
  const std::string& look_at(const std::string& name, const std::stop_token& stop) {
    return container_ = container(name, stop);
  }

  void make(const std::string& name, const std::stop_token& stop) {
    look_at(name, stop);
    if (!made_.insert(name).second) return;
    plan::Plan plan;
    std::vector<size_t> last;
    rehearsal_.add_creation(cast(stop), name, plan, last);
    carry_out_plan(plan, stop);
  }

  void start(const std::string& name, const std::stop_token& stop) {
    make(name, stop);
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
      const ContainerDetail detail = detail_of(container_, stop);
      if (!detail.container.is_up()) return check_code(detail.exit_code, job.exit_code);
      if (context_.clock.ticks() >= until) throw Failed{format("it has not ended within {}", duration_text(time))};
      if (!context_.clock.sleep(Milliseconds(100), stop)) throw Cancelled();
    }
  }

  static void check_code(int code, int expected) {
    if (code != expected) throw Failed{format("it ended with exit code {}, expected {}", code, expected)};
  }

  ContainerDetail detail_of(const std::string& name, const std::stop_token& stop) {
    auto detail = context_.engine.container(name, stop);
    if (!detail) throw Failed{"its container is gone"};
    return std::move(*detail);
  }

  Milliseconds patience() const { return declared_.spec.wait_timeout.value_or(context_.defaults.wait_timeout); }

  // ---- orders ----

  void carry_out(const Order& order, const std::stop_token& stop) {
    const std::string& command = order.command;
    if (command == "create") return create(order, stop);
    if (command == "start") {
      if (dockerstra::says_true(order, "restart") && made_.contains(order.container)) stop_container(order, stop);
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
    if (!is_started) start(order.container, stop);
  }

  void stop_container(const Order& order, const std::stop_token& stop) {
    if (!made_.contains(order.container)) throw Skipped{"it was not made"};
    look_at(order.container, stop);
    plan::Plan plan;
    plan.add(plan::StopContainer{container_, dockerstra::patience_of(order)}, "the order says so");
    carry_out_plan(plan, stop);
    if (detail_of(container_, stop).container.is_up()) throw Failed{"it runs on"};
  }

  void remove(const Order& order, const std::stop_token& stop) {
    if (made_.erase(order.container) == 0) throw Skipped{"it was not made"};
    const std::string name = look_at(order.container, stop);
    const ContainerDetail detail = detail_of(name, stop);
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
    plan.add(plan::UntagImage{built->second}, "the order says so");
    carry_out_plan(plan, stop);
  }

  // The image that a container of the test has.
  std::string image_of(const Order& order, const std::stop_token& stop) {
    if (made_.contains(order.container)) return detail_of(container(order.container, stop), stop).container.image_id;
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
    const Execution execution = dockerstra::execution_of(tests_.unit, order, options_.folder);
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
    return detail_of(container(name, stop), stop).container.state == ContainerState::running;
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
      const ContainerDetail detail = detail_of(container_, stop);
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

  // Once it is up it has as long for a right answer as for its start; what answers wrongly more often than the check
  // bears has failed.
  void ask(const DaemonCheck& each, const std::stop_token& stop) {
    const std::string& name = look_at(each.asked, stop);
    const Ticks until = context_.clock.ticks() + patience();
    const Milliseconds pause = each.check.interval.value_or(Check::usual_interval);
    for (int wrong = 0;;) {
      const auto left = std::chrono::duration_cast<Milliseconds>(until - context_.clock.ticks());
      const exec::Answer answer = exec::ask(each.check, name, context_.engine, std::max(left, Milliseconds(1)), stop);
      if (answer.kind == exec::Answer::Kind::right) return;
      if (answer.kind == exec::Answer::Kind::wrong) ++wrong;
      const std::string reason = answer.reason + (answer.said.empty() ? "" : ": " + answer.said);
      const bool is_over = (each.check.retries && wrong > *each.check.retries) ||
                           context_.clock.ticks() + pause >= until || !detail_of(name, stop).container.is_up();
      if (is_over) throw Failed{reason};
      if (!context_.clock.sleep(pause, stop)) throw Cancelled();
    }
  }

  void check_job(const JobCheck& job, const std::stop_token& stop) {
    const std::string& name = look_at(job.container, stop);
    check_code(detail_of(name, stop).exit_code, job.exit_code);
    const std::string log = log_of(name, {}, stop);
    for (const auto& pattern : job.patterns)
      if (!Pattern(pattern).is_in(log)) throw Failed{format("nothing in its log fits '{}'", printable(pattern)), log};
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
    std::string folder = service(name).working_dir;
    if (folder.empty() && image != all.images.end()) folder = image->second.config.working_dir;
    Keepsakes kept;
    for (const auto& pattern : kept.take(context_.engine, container_, folder, test.files, stop))
      context_.report.warning(
          format("the test {} of {} has left nothing that fits {}", test.name, test.container, printable(pattern)));
    if (test.captures_logs) kept.add("test.log", log);
    kept.add("environment.yaml", environment_text(tests_.unit.values), 0600);
    const KeptTest of{test.name, test.container, detail_of(container_, stop).container.image_id,
                      rehearsal_.name() + "-data"};
    keep_in_volume(context_, declared_.name, of, kept.folder(), stop);
    if (!options_.output.empty()) keep_in_folder(of, kept.folder(), options_.output);
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
  std::set<std::string> made_{};  // services whose containers are there
  std::string container_;         // that the case is about
  std::vector<Candidate>* candidates_ = nullptr;
};

}  // namespace

std::vector<TestCase> test_cases(change::Context& context, const UnitTests& tests, const TestOptions& options) {
  return TestRun(context, tests, options).cases();
}

void run_tests(change::Context& context, const UnitTests& tests, const TestOptions& options, TestReport& report,
               std::vector<Candidate>& candidates, std::stop_token stop) {
  TestRun(context, tests, options).run(report, candidates, stop);
}

}  // namespace belay::units
