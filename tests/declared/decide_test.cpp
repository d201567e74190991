// The decision about a declared app as text: decide/NAME.txt holds what is known, a line of dashes, and what follows.
// With ACCEPT=1 in the environment the answers are rewritten.

#include "declared/decide.h"

#include <cstdlib>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::declared {
namespace {

constexpr std::string_view rule = "---\n";

// One situation, read line by line:
//   release r1 passed web=web:1 db=db:1 [needs=db:r2] [because WORDS]
//   wish up r1 | wish down WORDS | wish failed (down, by the failure of its first release)
//   last r1                                what ran until it was stopped
//   unfinished
//   declared web=web:2 db=db:1             the images that are wanted; web*3 stands for three replicas
//   setting NAME=VALUE                     a variable of the first service that is declared
//   pull web                               its image is not here yet
//   needs db r3 [link|volumes]             what it stands on
//   starts_stopped
//   kept_files r2                          what is wished has copies bound; r2 ran before it
//   pauses                                 it is the daemon that asks
//   attempt r2 SECONDS                     so long ago, newest first
class Case {
 public:
  explicit Case(std::string_view text) {
    for (const auto& line : split(text, '\n'))
      if (const auto words = words_of(line); !words.empty() && !words[0].starts_with('#')) read(words);
  }

  std::string answer() const {
    Situation situation{app_ ? &*app_ : nullptr, draft_, images_, needs_};
    situation.starts_stopped = starts_stopped_;
    situation.repairs = repairs_;

    situation.has_pauses = has_pauses_;
    situation.has_kept_files = has_kept_files_;
    situation.now = now;
    return text_of(decide(situation), situation);
  }

 private:
  static constexpr Time now{std::chrono::days(20'000)};

  static std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    for (const auto& word : split(line, ' '))
      if (!word.empty()) words.push_back(word);
    return words;
  }
  static ReleaseNumber number_of(const std::string& text) { return ReleaseNumber{std::stoi(text.substr(1))}; }
  static std::string rest_of(const std::vector<std::string>& words, size_t first) {
    return first >= words.size() ? "" : join({words.begin() + static_cast<std::ptrdiff_t>(first), words.end()}, " ");
  }
  static std::string id_of(const std::string& image) { return "id-of-" + image; }

  // "web=web:1", "web*3=web:1"
  static void add_services(Spec& spec, std::map<std::string, std::string>& ids, const std::string& word) {
    const size_t equals = word.find('=');
    const std::string image = word.substr(equals + 1);
    const std::string name = word.substr(0, std::min(equals, word.find('*')));
    const size_t star = word.find('*');
    const int count = star < equals ? std::stoi(word.substr(star + 1)) : 1;
    for (int i = 1; i <= count; ++i) {
      Service service;
      service.name = i == 1 ? name : format("{}-{}", name, i);
      if (count > 1) service.group = name;
      service.number = i;
      service.image = image;
      ids[service.name] = id_of(image);
      spec.services.push_back(std::move(service));
    }
  }

  App& app() {
    if (!app_) app_.emplace(AppName("shop"));
    return *app_;
  }

  void read_release(const std::vector<std::string>& words) {
    Release release;
    release.number = number_of(words.at(1));
    release.verdict = words.at(2) == "failed"    ? Verdict::failed
                      : words.at(2) == "pending" ? Verdict::pending
                                                 : Verdict::passed;
    for (size_t i = 3; i < words.size(); ++i) {
      if (words[i] == "because") {
        release.reason = rest_of(words, i + 1);
        break;
      }
      if (words[i].starts_with("needs=")) {
        const std::string need = words[i].substr(6);
        release.needs[need.substr(0, need.find(':'))] = number_of(need.substr(need.find(':') + 1));
      } else {
        add_services(release.spec, release.images, words[i]);
      }
    }
    app().releases.push_back(std::move(release));
    app().highest_release = app().releases.back().number.value;
  }

  void read_wish(const std::vector<std::string>& words) {
    Wish& wish = app().wish;
    if (words.at(1) == "up")
      wish.goal = goal::Run{number_of(words.at(2))};
    else
      wish.goal = goal::Stopped{};
    wish.since = now - std::chrono::hours(1);
    wish.who = "root";
    wish.why = rest_of(words, 2);
    if (words.at(1) == "failed") wish.rollback.emplace();
  }

  void read_declared(const std::vector<std::string>& words) {
    for (size_t i = 1; i < words.size(); ++i) add_services(draft_.spec, draft_.images, words[i]);
    for (const auto& service : draft_.spec.services) {
      ImageChoice& choice = images_[service.name];
      choice.reference = service.image;
      choice.id = id_of(service.image);
    }
  }

  void read_need(const std::vector<std::string>& words) {
    needs_.releases[words.at(1)] = draft_.needs[words.at(1)] = number_of(words.at(2));
    if (words.size() < 4) return;
    needs_.tied[words[1]] = words[3] == "volumes" ? Tie::Kind::volumes : Tie::Kind::link;
    draft_.tied_to.insert(words[1]);
  }

  void read(const std::vector<std::string>& words) {
    const std::string& what = words[0];
    if (what == "release") {
      read_release(words);
    } else if (what == "wish") {
      read_wish(words);
    } else if (what == "last") {
      app().last = number_of(words.at(1));
    } else if (what == "unfinished") {
      app().wish.progress = Wish::Progress::under_way;
    } else if (what == "declared") {
      read_declared(words);
    } else if (what == "setting") {
      const size_t equals = words.at(1).find('=');
      draft_.spec.services.at(0).environment[words[1].substr(0, equals)] = words[1].substr(equals + 1);
    } else if (what == "pull") {
      for (const auto& service : draft_.spec.services) {
        if (service.group_name() != words.at(1)) continue;
        ImageChoice& choice = images_.at(service.name);
        choice.pull = choice.reference;
        choice.id.clear();
        draft_.images[service.name] = choice.reference;
      }
    } else if (what == "needs") {
      read_need(words);
    } else if (what == "starts_stopped") {
      starts_stopped_ = true;
    } else if (what == "kept_files") {
      has_kept_files_ = true;
      app().wish.run()->previous = number_of(words.at(1));
    } else if (what == "pauses") {
      has_pauses_ = true;
    } else if (what == "attempt") {
      repairs_.push_back({now - Seconds(std::stoi(words.at(2))), Repair::Kind::attempt, number_of(words.at(1))});
    } else {
      ADD_FAILURE() << "no such line: " << what;
    }
  }

  static std::string text_of(const Decision& decision, const Situation& situation) {
    if (const auto* hold = std::get_if<Hold>(&decision)) {
      std::string text = format("hold: {}{}\n  {}\n", to_text(hold->why),
                                hold->release ? ", " + hold->release->text() : "", reason_of(*hold, situation));
      if (const std::string wait = wait_of(*hold, situation); !wait.empty()) text += format("  why: {}\n", wait);
      if (hold->keeps_up) text += "  what is wished is kept up\n";
      return text;
    }
    if (const auto* deploy = std::get_if<Deploy>(&decision)) {
      std::string text = deploy->before ? format("deploy, after {}\n", deploy->before->text()) : "deploy\n";
      for (const auto& reason : deploy->reasons) text += format("  {}: {}\n", to_text(reason.kind), reason.text);
      return text;
    }
    return "keep up\n";
  }

  std::optional<App> app_;
  change::ReleaseDraft draft_;
  ImageChoices images_;
  Needs needs_;
  std::vector<Repair> repairs_;
  bool has_pauses_ = false, has_kept_files_ = false, starts_stopped_ = false;
};

TEST(Decide, GivesTheGoldenAnswers) {
  const fs::path folder = fs::path(TEST_DATA) / "decide";
  size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string text = read_file(entry.path());
    const size_t at = text.find(rule);
    const std::string given = text.substr(0, at);
    const std::string expected = at == std::string::npos ? "" : text.substr(at + rule.size());
    const std::string answer = Case(given).answer();
    if (std::getenv("ACCEPT") != nullptr) write_file_durably(entry.path(), given + std::string(rule) + answer);
    EXPECT_EQ(answer, expected) << entry.path();
    ++cases;
  }
  EXPECT_GE(cases, 20U);
}

}  // namespace
}  // namespace belay::declared
