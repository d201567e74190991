#include "report/event_json.h"

#include "report/event_text.h"
#include "report/json.h"
#include "report/plan_json.h"

namespace belay::report {

namespace {

Node milliseconds(Milliseconds time) {
  return Node::number(time.count());
}

// Fills the record with what its kind of event says.
struct Facts {
  Node& node;

  void step(const char* event, const plan::StepOf& which) const {
    node.set("event", word(event));
    node.set("step", Node::number(static_cast<std::int64_t>(which.action) + 1));
    node.set("kind", word(plan::step_kind(which.step())));
    node.set("container", text_or_null(plan::container_of(which.step())));
    const plan::Subject* subject = plan::subject_of(which);
    node.set("service", subject == nullptr ? Node() : Node::text(subject->service));
    node.set("number", subject == nullptr ? Node() : Node::number(subject->number));
  }

  void operator()(const plan::PlanBegun& begun) const {
    node.set("event", word("plan"));
    node.set("actions", actions_json(*begun.plan));
    node.set("notes", remarks(begun.plan->notes));
  }
  void operator()(const plan::StepBegun& begun) const { step("step_begun", begun.which); }
  void operator()(const plan::StepProgressed& progressed) const {
    step("step_progress", progressed.which);
    const Progress& progress = progressed.progress;
    node.set("part", text_or_null(progress.id));
    node.set("status", text_or_null(progress.status));
    node.set("current_bytes", Node::number(progress.current));
    node.set("total_bytes", progress.total > 0 ? Node::number(progress.total) : Node());
    node.set("part_done", Node::boolean(progress.done));
    node.set("log", text_or_null(progress.log));
  }
  void operator()(const plan::StepDone& done) const {
    step("step_done", done.which);
    node.set("took_ms", milliseconds(done.took));
  }
  void operator()(const plan::StepFailed& failed) const {
    step("step_failed", failed.which);
    node.set("took_ms", milliseconds(failed.took));
    node.set("code", word(error_name(failed.code)));
    node.set("reason", Node::text(failed.reason));
  }
  void operator()(const plan::Judged& judged) const {
    node.set("event", word("verdict"));
    node.set("container", Node::text(judged.container));
    node.set("passed", Node::boolean(judged.passed));
    node.set("reason", text_or_null(judged.reason));
    node.set("log_tail", text_or_null(judged.log_tail));
  }
  void operator()(const plan::Decided&) const { node.set("event", word("decided")); }
  void operator()(const plan::Remark& remark) const {
    node.set("event", word(remark.level == plan::Remark::Level::warning ? "warning" : "note"));
  }
};

// The app that the event is about, as far as it says so itself or its plan does.
std::string app_of(const plan::Event& event) {
  if (!event.app.empty()) return event.app;
  return std::visit(
      [](const auto& what) -> std::string {
        if constexpr (requires { what.which; }) {
          const plan::Subject* subject = plan::subject_of(what.which);
          return subject == nullptr ? std::string() : subject->app;
        } else {
          return {};
        }
      },
      event.what);
}

}  // namespace

Node event_json(const plan::Event& event, Time now) {
  Node node = Node::map();
  node.set("time", Node::text(iso_time(now)));
  node.set("app", text_or_null(app_of(event)));
  std::visit(Facts{node}, event.what);
  node.set("text", Node::text(text_of(event)));
  return record(node);
}

}  // namespace belay::report
