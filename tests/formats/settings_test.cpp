#include <gtest/gtest.h>

#include "base/format.h"
#include "formats/dockerup_settings.h"
#include "golden.h"

namespace belay::formats {
namespace {

std::string settings_text(const Settings& s) {
  const auto word = [](bool value) { return value ? "true" : "false"; };
  return format("confdir={}\ncache={}\nremote={}\ninterval={} ms\naws={}\nmetadata={}\npull={}\nexclusive={}\n",
                s.confdir.string(), s.cache.string(), s.remote, s.interval.count(), word(s.aws), s.metadata,
                word(s.pull), word(s.exclusive)) +
         format("registry={}\nusername={}\npassword={}\nemail={}\nsoak={} ms\nmetrics={}\nnotify_command={}\n",
                s.registry, s.username, s.password, s.email, s.soak.count(), s.metrics, s.notify_command) +
         format("webhook={}\nkeep={}\nserver={}\norder={}\n", s.webhook, s.keep, word(s.server),
                s.order ? std::to_string(static_cast<int>(*s.order)) : std::string("-"));
}

TEST(DockerupSettings, ReadsEveryFormAsTheGoldenFilesSay) {
  for (const fs::path& file : inputs("dockerup_settings", ".conf")) {
    std::string text;
    try {
      text = settings_text(parse_settings(read_file(file), "/etc/dockerup/dockerup.conf"));
    } catch (const ConfigError& error) {
      text = error_lines(error);
    }
    expect_golden(file, text);
  }
}

TEST(DockerupSettings, ServerIsAModeAndNoRegistry) {
  Settings settings;
  for (const char* word : {"true", "yes", "1"}) {
    settings.server = false;
    set_setting(settings, "server", word, "/srv");
    EXPECT_TRUE(settings.server) << word;
  }
  EXPECT_EQ(settings.registry, "");
  try {
    set_setting(settings, "server", "registry.example", "/srv");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "server: 'registry.example' is neither true nor false");
    EXPECT_EQ(error.hint(), "A registry has a key of its own: registry.");
  }
  EXPECT_THROW(set_setting(settings, "order", "sometimes", "/srv"), Error);
}

TEST(DockerupSettings, TakeASettingFromACommandLine) {
  Settings settings;
  for (const std::string& key : setting_keys()) EXPECT_FALSE(key.empty());
  set_setting(settings, "confdir", "here/", "/srv");
  EXPECT_EQ(settings.confdir, "/srv/here");
  set_setting(settings, "remote", "/run/docker.sock", "/srv");
  EXPECT_EQ(settings.remote, "unix:///run/docker.sock");
  EXPECT_THROW(set_setting(settings, "intervall", "5", "/srv"), Error);
  EXPECT_THROW(set_setting(settings, "interval", "0", "/srv"), Error);
}

}  // namespace
}  // namespace belay::formats
