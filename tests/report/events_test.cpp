// What happens, in its two forms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "document/json.h"
#include "report/event_json.h"
#include "report/event_text.h"
#include "support/fake_clock.h"

namespace belay::report {
namespace {

using plan::Event;

class Events : public ::testing::Test {
 protected:
  Events() {
    plan_.add(plan::PullImage{"web:2"}, "the new release");
    plan_.add(plan::StartContainer{"web-r4"}, "r4 should be up", {0});
    plan_.add(plan::AwaitVerdict{"web-r4", false, Seconds(5), Seconds(60)}, "the verdict", {1});
    plan_.notes.emplace_back("stop first, then start: both need host port 80");
    plan_.subjects.by_container["web-r4"] = {"web", "front", 2};
  }
  std::string json(const Event& event) const { return document::write_json(event_json(event, clock_.now())); }
  std::vector<Event> one_of_each() const {
    return {{"web", plan::PlanBegun{&plan_}},
            {"web", plan::StepBegun{{&plan_, 1}, clock_.now()}},
            {"web", plan::StepProgressed{{&plan_, 0}, {}}},
            {"web", plan::StepDone{{&plan_, 1}, clock_.now(), Milliseconds(120)}},
            {"web", plan::StepFailed{{&plan_, 1}, clock_.now(), Milliseconds(120), ErrorCode::port_held, "no"}},
            {"web", plan::Judged{"web-r4", false, "it exited with code 3", "bye\n"}},
            {"web", plan::Decided{"it is down: it is started again"}},
            {"web", plan::Remark{plan::Remark::Level::note, "waiting"}},
            {"web", plan::Remark{plan::Remark::Level::warning, "careful"}}};
  }

  testing::FakeClock clock_;
  plan::Plan plan_;
};

TEST_F(Events, OfAStepSayWhichServiceItIsAbout) {
  EXPECT_EQ(json({{}, plan::StepBegun{{&plan_, 1}, clock_.now()}}),
            R"({"schema":1,"time":"2026-01-31T09:05:07Z","app":"web","event":"step_begun","step":2,"kind":"start",)"
            R"("container":"web-r4","service":"front","number":2,"text":"start web-r4"})");
  EXPECT_EQ(json({{}, plan::StepProgressed{{&plan_, 0}, {"ab12", "Downloading", 3, 10, false, {}}}}),
            R"({"schema":1,"time":"2026-01-31T09:05:07Z","app":null,"event":"step_progress","step":1,"kind":"pull",)"
            R"("container":null,"service":null,"number":null,"part":"ab12","status":"Downloading","current_bytes":3,)"
            R"("total_bytes":10,"part_done":false,"log":null,"text":"ab12: Downloading"})");
}

TEST_F(Events, SayWhyAStepFailedAndWhatAContainerWroteLast) {
  EXPECT_EQ(json(one_of_each().at(4)),
            R"({"schema":1,"time":"2026-01-31T09:05:07Z","app":"web","event":"step_failed","step":2,"kind":"start",)"
            R"("container":"web-r4","service":"front","number":2,"took_ms":120,"code":"port_held","reason":"no",)"
            R"("text":"start web-r4: no"})");
  EXPECT_EQ(json(one_of_each().at(5)),
            R"({"schema":1,"time":"2026-01-31T09:05:07Z","app":"web","event":"verdict","container":"web-r4",)"
            R"("passed":false,"reason":"it exited with code 3","log_tail":"bye\n",)"
            R"("text":"web-r4 did not prove itself: it exited with code 3"})");
}

TEST_F(Events, AreSentencesForPeople) {
  std::vector<std::string> texts;
  for (const auto& event : one_of_each()) texts.push_back(text_of(event));
  EXPECT_THAT(texts, ::testing::ElementsAre("a plan of 3 steps", "start web-r4", "", "start web-r4", "start web-r4: no",
                                            "web-r4 did not prove itself: it exited with code 3",
                                            "it is down: it is started again", "waiting", "careful"));
}

// The table under "## Events" in docs/json.md: its keys, in backticks, and the names of events in the row `event`.
struct Described {
  std::set<std::string> keys, events;
};
std::vector<std::string> in_backticks(const std::string& text) {
  std::vector<std::string> words;
  const auto parts = split(text, '`');
  for (size_t i = 1; i < parts.size(); i += 2) words.push_back(parts[i]);
  return words;
}
Described described() {
  const std::string page = read_file(fs::path(REPOSITORY) / "docs/json.md", {1 << 20});
  Described all;
  bool inside = false;
  for (const auto& line : split(page, '\n')) {
    if (line.starts_with("## ")) inside = line == "## Events";
    if (!inside || !line.starts_with("| `")) continue;
    const auto cells = split(line, '|');
    const auto keys = in_backticks(cells.at(1));
    all.keys.insert(keys.begin(), keys.end());
    if (keys.front() != "event") continue;
    const auto events = in_backticks(cells.at(4));
    all.events.insert(events.begin(), events.end());
  }
  return all;
}

TEST_F(Events, AreAsTheyAreDescribed) {
  Described printed;
  for (const auto& event : one_of_each()) {
    const auto record = event_json(event, clock_.now());
    EXPECT_EQ(record.as_map("an event").front().key, "schema");
    for (const auto& member : record.as_map("an event"))
      if (member.key != "schema") printed.keys.insert(member.key);
    printed.events.insert(record.find("event")->as_text("event"));
  }
  EXPECT_EQ(printed.keys, described().keys);
  EXPECT_EQ(printed.events, described().events);
}

}  // namespace
}  // namespace belay::report
