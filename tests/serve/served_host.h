#pragma once
// A host with a folder of definitions, for what `belay serve` does there; time passes only where a test says so, or
// something waits for it.

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/guarded.h"
#include "serve/daemon.h"
#include "state/store.h"
#include "support/fake_clock.h"

namespace belay::serve {

class KeptNotices final : public NoticeSink {
 public:
  explicit KeptNotices(Guarded<std::vector<Notice>>& kept) : kept_(kept) {}
  std::string name() const override { return "kept"; }
  void deliver(const Notice& notice, const std::stop_token&) override {
    kept_.with([&](auto& all) { all.push_back(notice); });
  }
  static std::vector<std::unique_ptr<NoticeSink>> alone(Guarded<std::vector<Notice>>& kept) {
    std::vector<std::unique_ptr<NoticeSink>> sinks;
    sinks.push_back(std::make_unique<KeptNotices>(kept));
    return sinks;
  }

 private:
  Guarded<std::vector<Notice>>& kept_;
};

class ServedHost : public ::testing::Test {
 protected:
  ServedHost() { fs::create_directories(definitions()); }

  fs::path definitions() const { return folder_.path() / "containers.d"; }
  fs::path state_folder() const { return folder_.path() / "state"; }
  void define(const std::string& app, const std::string& json) {
    write_file_durably(definitions() / (app + ".json"), json);
  }
  // For a daemon on these definitions.
  DaemonOptions options() const {
    DaemonOptions made;
    made.folder = definitions();
    made.who = "root";
    return made;
  }
  // The notices since the last call, "web deployed"; without those of this kind.
  std::vector<std::string> told(std::string_view without = {}) {
    return kept_.with([&](auto& all) {
      std::vector<std::string> texts;
      for (const auto& notice : all)
        if (notice.kind != without) texts.push_back(notice.app + " " + notice.kind);
      all.clear();
      return texts;
    });
  }

  TemporaryFolder folder_;
  testing::FakeClock clock_;
  Guarded<std::string> lines_;
  LogLines log_{[this](std::string_view line) { lines_.with([&](std::string& text) { text += line; }); },
                LogLines::Style::dated, clock_};
  Guarded<std::vector<Notice>> kept_;
};

}  // namespace belay::serve
