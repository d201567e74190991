// What commands show on terminals of 40, 80 and 120 columns, as files: screens/NAME.txt. The host is always the same:
// an engine in memory and a clock that stands still. ACCEPT=1 in the environment writes the files anew.

#include <algorithm>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "capture.h"
#include "cli/layout.h"
#include "cli/program.h"
#include "engine/meter.h"
#include "serve/measured_engine.h"
#include "state/store.h"
#include "support/scene/scene.h"
#include "support/zone.h"

namespace belay::cli {
namespace {

using ::testing::HasSubstr;

class SetMeter final : public engine::Meter {
 public:
  engine::Usage usage(const std::string&, std::stop_token) override { return {}; }
  engine::DiskUse disk_use(std::stop_token) override {
    return {.images = ByteCount{734'003'200}, .build_cache = ByteCount{52'428'800}};
  }
};

// In /tmp, whose name is as long everywhere.
struct ShortPlace {
  ShortPlace() {
    if (const char* folder = std::getenv("TMPDIR")) before = folder;
    ::setenv("TMPDIR", "/tmp", 1);
  }
  ~ShortPlace() { before.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before.c_str(), 1); }
  std::string before;
};

struct Look {
  int columns = 80;
  bool ascii = false, color = false;
  std::string title() const {
    return format("{} columns{}{}", columns, ascii ? ", ASCII" : "", color ? ", colours" : "");
  }
};

// An app that is built here, with a failed update and a backup; one that is declared, whose definition was changed; and
// a definition that is new.
class Host {
 public:
  Host() {
    for (const char* line : {"deploy 1", "stable", "deploy 2", "backup", "deploy bad"}) scene_.run(line);
    scene_.engine.in_registry("registry.example/press/newsletter:2026.01", {}, {});
    scene_.engine.in_registry("registry.example/press/letters:7", {}, {});
    define("newsletter-archive", R"({"image": "registry.example/press/newsletter:2026.01", "env": {"LEVEL": "info"},
      "portMappings": [{"containerPort": 80, "hostPort": 8081}], "update": {"pull": false}})");
    EXPECT_THAT(shown("belay apply " + conf(), {}), HasSubstr("newsletter-archive: r1 runs"));
    define("newsletter-archive", R"({"image": "registry.example/press/newsletter:2026.01", "env": {"LEVEL": "debug",
      "SENDER": "the editors of the archive"}, "portMappings": [{"containerPort": 80, "hostPort": 8081}],
      "update": {"pull": false}})");
    define("letters", R"({"image": "registry.example/press/letters:7"})");
    scene_.clock.advance(Seconds(7200));
  }

  // As a snapshot of web does that is killed while it copies.
  void leave_half_a_snapshot() {
    App app = *scene_.store->app(scene::web);
    Snapshot half;
    half.number = ++app.highest_snapshot;
    half.complete = false;
    half.items.push_back({{DataPlace::Kind::volume, "web_data"}, {DataPlace::Kind::volume, "web_data." + half.text()}});
    app.snapshots.push_back(half);
    scene_.store->save(app);
    JournalEntry begin;
    begin.time = scene_.clock.now();
    begin.app = "web";
    begin.verb = JournalVerb("snapshot");
    begin.outcome = "started";
    scene_.store->append(begin);
  }

  std::string conf() const { return (scene_.folder.path() / "conf").string(); }
  // As `line` shows it, messages behind results; %CONF stands for the folder of definitions. Paths of this run have the
  // name of one that is as long.
  std::string shown(std::string line, const Look& look) {
    if (const size_t at = line.find("%CONF"); at != std::string::npos) line.replace(at, 5, conf());
    Capture capture({.out_terminal = true,
                     .err_terminal = false,
                     .out_color = look.color,
                     .err_color = look.color,
                     .columns = look.columns,
                     .rows = 10'000,
                     .ascii = look.ascii});
    Doors doors;
    doors.installation = [&](const change::InstallationOptions&) {
      // The engine of the scene outlives what is lent of it.
      return std::make_unique<change::Installation>(
          std::make_unique<serve::MeasuredEngine>(scene_.engine, metrics_, scene_.clock, [] {}),
          scene_.folder.path() / "state");
    };
    doors.meter = [](const change::InstallationOptions&) { return std::make_unique<SetMeter>(); };
    std::ignore = run_program(shell_words(line), capture.console, scene_.clock, doors);
    std::string text = capture.output();
    text += capture.errors();
    return with_set_paths(std::move(text));
  }

 private:
  void define(const std::string& name, const std::string& definition) {
    make_folder(conf());
    write_file_durably(fs::path(conf()) / (name + ".json"), definition);
  }
  std::string with_set_paths(std::string text) const {
    const std::string own = scene_.folder.path().string(), set = "/srv/belay-screen";
    EXPECT_EQ(own.size(), set.size());
    for (size_t at = 0; (at = text.find(own, at)) != std::string::npos;) text.replace(at, own.size(), set);
    // A backup holds numbers made at random, so it is a few bytes smaller or larger each time.
    return std::regex_replace(text, std::regex("\\b[0-9]{3} B\\b"), "770 B");
  }

  Zone zone_{"UTC0"};
  ShortPlace place_;
  scene::Scene scene_;
  serve::Metrics metrics_;
};

struct Screen {
  std::string name, line;
  std::vector<std::string> copied;  // what a reader takes from it: whole at each width
};

const std::vector<Screen> screens{
    {"ls", "belay ls", {"web", "newsletter-archive", "r2", "r1", "*:8081->80/tcp"}},
    {"status", "belay status web", {"web-r2", "web_data", "r2"}},
    {"plan", "belay plan %CONF", {"newsletter-archive", "letters"}},
    {"plan-v", "belay plan -v %CONF", {"newsletter-archive", "letters"}},
    {"why", "belay why web", {"r3", "belay retry web"}},
    {"history", "belay history web", {"r3"}},
    {"releases", "belay releases web", {"web-r1", "web-r2", "web-r3"}},
    {"doctor", "belay doctor", {"/srv/belay-screen/state"}},
    {"backups", "belay backups web", {"b1", "/srv/belay-screen/backups/web-20260131T090907Z.belay.tar.zst"}},
    {"volumes", "belay volumes web", {"web_data", "/data"}},
    {"df", "belay df", {"web", "newsletter-archive"}},
    {"help", "belay help drill", {"    belay drill shop --wait-timeout 5m --json\n"}},
    {"error", "belay status newsleter-archive", {"newsleter-archive", "newsletter-archive"}},
};

const std::vector<Look> looks{
    {.columns = 40}, {.columns = 80}, {.columns = 120}, {.columns = 80, .ascii = true}, {.columns = 80, .color = true}};

std::vector<std::string> lines_of(const std::string& text) {
  auto lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (const auto& line : lines_of(text))
    for (const auto& word : split(line, ' '))
      if (!word.empty()) words.push_back(word);
  return words;
}
std::string without_colours(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\033')
      i = text.find('m', i);
    else
      plain += text[i];
  return plain;
}

// Of the space on the disk of the machine that runs the test.
std::string without_the_disk(const std::string& text) {
  std::string kept;
  bool skips = false;
  for (const auto& line : lines_of(text)) {
    if (!line.starts_with(' ')) skips = line.find("disk: ") != std::string::npos;
    if (!skips) kept += line + "\n";
  }
  return kept;
}

std::string readable(std::string text) {
  for (size_t at = 0; (at = text.find('\033', at)) != std::string::npos;) text.replace(at, 1, "\\e");
  return text;
}

fs::path file_of(const Screen& screen) {
  return fs::path(TEST_DATA) / "screens" / (screen.name + ".txt");
}

TEST(Screens, AreAsTheFilesHaveThem) {
  Host host;
  for (const auto& screen : screens) {
    std::string text = format("$ {}\n", screen.line);
    for (const auto& look : looks)
      text += format("---- {}\n{}", look.title(), readable(without_the_disk(host.shown(screen.line, look))));
    const fs::path file = file_of(screen);
    if (std::getenv("ACCEPT") != nullptr) write_file_durably(file, text);
    EXPECT_EQ(text, read_file_if_present(file).value_or("(no such file: run with ACCEPT=1)")) << file;
  }
}

// No line is wider than the terminal but for one long word, in front of which a title may stand.
TEST(Screens, FitTheTerminal) {
  Host host;
  for (const auto& screen : screens)
    for (const int columns : {40, 60, 80, 120, 200})
      for (const auto& line : lines_of(host.shown(screen.line, {.columns = columns}))) {
        const auto words = words_of(line);
        // Examples of commands are there to be copied.
        if (line.starts_with("    belay ")) continue;
        EXPECT_TRUE(display_width(line) <= columns || words.size() <= 2)
            << screen.line << " on " << columns << ": " << line;
      }
}

// At any width the same words are there: none is broken, and only what is marked so is cut.
TEST(Screens, BreakNoWord) {
  Host host;
  for (const auto& screen : screens) {
    const auto all = words_of(host.shown(screen.line, {.columns = 1000}));
    const std::set<std::string> whole(all.begin(), all.end());
    for (const int columns : {40, 80, 120})
      for (const auto& word : words_of(host.shown(screen.line, {.columns = columns})))
        EXPECT_TRUE(whole.contains(word) || word.find("…") != std::string::npos)
            << screen.line << " on " << columns << ": " << word;
  }
}

TEST(Screens, CutNothingThatIsCopied) {
  Host host;
  for (const auto& screen : screens)
    for (const int columns : {40, 80, 120})
      for (const auto& text : screen.copied)
        EXPECT_THAT(host.shown(screen.line, {.columns = columns}), HasSubstr(text)) << screen.line << " on " << columns;
}

TEST(Screens, AreAsciiWithoutEscapesWhereThatIsAskedFor) {
  Host host;
  for (const auto& screen : screens) {
    for (const char each : host.shown(screen.line, {.columns = 80, .ascii = true}))
      EXPECT_TRUE(each == '\n' || (each >= ' ' && each < 127)) << screen.line << ": " << static_cast<int>(each);
    // A colour adds and takes no place.
    const std::string plain = host.shown(screen.line, {.columns = 80});
    EXPECT_EQ(plain.find('\033'), std::string::npos) << screen.line;
    EXPECT_EQ(without_colours(host.shown(screen.line, {.columns = 80, .color = true})), plain) << screen.line;
  }
}

TEST(Ls, TellsOfWhatAKilledCommandLeft) {
  Host host;
  const Look wide{.columns = 160};
  EXPECT_THAT(host.shown("belay ls", wide), ::testing::Not(HasSubstr("killed command")));
  host.leave_half_a_snapshot();
  const std::string shown = host.shown("belay ls", wide);
  EXPECT_THAT(shown, HasSubstr("r3 failed, a killed command left data\n"));
  EXPECT_THAT(shown, HasSubstr("2 apps: 2 up, 1 with data that a killed command left\n"));
  EXPECT_THAT(shown, HasSubstr("warning: a command that was cut off left volume web_data.s1, beside the data of web"));
}

}  // namespace
}  // namespace belay::cli
