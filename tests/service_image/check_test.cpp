// The rules of an image, and the rights that it asks for.

#include "service_image/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service_image/convention.h"

namespace belay::service_image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Scripts good_scripts() {
  Scripts scripts;
  for (const auto name : required_scripts)
    scripts.files[std::string(name)] = {ScriptFile::Kind::file, true, "#!/bin/sh\n"};
  return scripts;
}

Image good_image() {
  Image image;
  image.id = "sha256:" + std::string(64, 'a');
  image.config.user = "druser";
  image.config.volumes = {"/config"};
  return image;
}

std::vector<std::string> broken(const Image& image, const std::optional<Scripts>& scripts) {
  std::vector<std::string> ids;
  for (const auto& rule : rules_for(image, scripts, ""))
    if (!rule.passed) ids.push_back((rule.required ? "" : "advice ") + rule.id);
  return ids;
}

TEST(Rules, ArePassedByAnImageThatFollowsThem) {
  EXPECT_THAT(broken(good_image(), good_scripts()), IsEmpty());
}

TEST(Rules, NameWhatIsWrong) {
  Scripts scripts = good_scripts();
  scripts.files.erase("help");
  EXPECT_THAT(broken(good_image(), scripts), ElementsAre("script-help"));
  scripts = good_scripts();
  scripts.files["backup"].executable = false;
  EXPECT_THAT(broken(good_image(), scripts), ElementsAre("script-backup"));
  scripts = good_scripts();
  scripts.files["run"] = {ScriptFile::Kind::file, true, "echo hello\n"};
  EXPECT_THAT(broken(good_image(), scripts), ElementsAre("advice interpreter"));
  Image image = good_image();
  image.config.volumes = {"/data"};
  EXPECT_THAT(broken(image, good_scripts()), ElementsAre("config"));
  for (const char* user : {"", "root", "0", "0:0", "root:drgroup"}) {
    image = good_image();
    image.config.user = user;
    EXPECT_THAT(broken(image, good_scripts()), ElementsAre("user", "advice user-id")) << user;
  }
  image.config.user = "1000";
  EXPECT_THAT(broken(image, good_scripts()), ElementsAre("advice user-id"));
  image = good_image();
  image.config.labels[scripts_label] = "anywhere";
  EXPECT_THAT(broken(image, good_scripts()), ElementsAre("manifest"));
}

TEST(Rules, SayOfAnImageWithoutScriptsThatTheyAreNotThere) {
  EXPECT_THAT(broken(good_image(), std::nullopt),
              ElementsAre("folder", "script-install", "script-destroy", "script-help", "script-backup",
                          "script-restore", "script-enter"));
}

ServiceManifest manifest(const std::string& text) {
  Scripts scripts = good_scripts();
  scripts.files["manifest.json"] = {ScriptFile::Kind::file, false, text};
  return manifest_of(scripts, {});
}

TEST(Manifest, SaysWhatTheServiceMayDo) {
  const ServiceManifest read = manifest(R"({"scripts": "inside", "ports": ["8080:80"], "mounts": ["/srv/a:/a:ro"],
    "engine_socket": true, "variables": ["KEY"], "commands": {"run": "Start it"}})");
  EXPECT_TRUE(read.rights.inside);
  EXPECT_THAT(read.rights.ports, ElementsAre("8080:80"));
  EXPECT_THAT(*read.variables, ElementsAre("KEY"));
  EXPECT_EQ(read.commands.at("run"), "Start it");
  Service service;
  apply(read.rights, service, "/run/docker.sock");
  ASSERT_EQ(service.ports.size(), 1u);
  EXPECT_EQ(service.ports[0].container_port, 80);
  ASSERT_EQ(service.mounts.size(), 2u);
  EXPECT_TRUE(service.mounts[0].read_only);
  EXPECT_EQ(service.mounts[1].source, "/run/docker.sock");
}

TEST(Manifest, IsRefusedWithItsPlace) {
  for (const char* text : {"", "[]", R"({"port": []})", R"({"scripts": "there"})", R"({"ports": ["x"]})",
                           R"({"privileged": "yes"})", R"({"mounts": [""]})"})
    EXPECT_THROW(manifest(text), Error) << text;
  try {
    manifest("{\n \"port\": []}");
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/dr/manifest.json:2"));
  }
}

TEST(Rights, GrowByWhatWasNotThere) {
  Rights from, to;
  from.ports = {"80:80", "81:81"};
  from.inside = true;
  to.ports = {"80:80", "90:90"};
  to.inside = true;
  EXPECT_THAT(grown(from, to), ElementsAre("publishes port 90:90"));
  EXPECT_THAT(grown(to, to), IsEmpty());
  to.inside = false;
  to.ports = {};
  to.privileged = true;
  EXPECT_THAT(grown(from, to),
              ElementsAre("runs its scripts on this host, no longer in containers", "runs privileged"));
  EXPECT_THAT(grown(to, from), ElementsAre("publishes port 80:80", "publishes port 81:81"));
}

TEST(ServiceNames, AreWhatACommandAndAVolumeCanBeCalled) {
  for (const char* name : {"web", "my-web", "a1", "Minecraft_2"}) EXPECT_NO_THROW(checked_name(name)) << name;
  for (const char* name : {"", "a", "-web", ".web", "a b", "a/b", "a.b", "a\nb", "ümlaut"})
    EXPECT_THROW(checked_name(name), UsageError) << name;
  EXPECT_THROW(checked_name(std::string(41, 'a')), UsageError);
}

}  // namespace
}  // namespace belay::service_image
