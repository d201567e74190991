#include "formats/dockerup_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "formats/dockerup.h"
#include "golden.h"

namespace belay::formats {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Spec spec_in(const std::string& name, const std::string& text) {
  return parse_dockerup({name, text, "/srv"}).good.at(0).declaration.spec;
}

// Every definition of the golden files that can be used is written so that it is read as the same.
TEST(WriteDockerup, WhatIsWrittenIsReadAsTheSame) {
  int written = 0;
  for (const fs::path& file : inputs("dockerup", ".json")) {
    const Definitions read = parse_dockerup({file.string(), read_file(file), "/srv"});
    for (const Definition& definition : read.good) {
      const Declaration& declared = definition.declaration;
      const WrittenDefinition text = write_dockerup(declared.name, declared.spec);
      EXPECT_THAT(text.left_out, IsEmpty()) << file << "\n" << text.text;
      ++written;
    }
  }
  EXPECT_GT(written, 20);
}

TEST(WriteDockerup, SaysWhatADefinitionCannotSay) {
  Spec spec = spec_in("web.json", R"({"image": "web:1", "env": {"A": "1"}})");
  Service& service = spec.services[0];
  service.hostname = "shop";
  service.cap_add = {"NET_ADMIN"};
  service.networks = {{"one", {}, "", ""}, {"two", {"db"}, "", ""}};
  service.mounts.push_back({Mount::Kind::tmpfs, "", "/tmp", false, "size=1m"});
  const WrittenDefinition written = write_dockerup(AppName("web"), spec);
  EXPECT_THAT(written.left_out, Contains(HasSubstr("hostname")));
  EXPECT_THAT(written.left_out, Contains(HasSubstr("cap_add")));
  EXPECT_THAT(written.left_out, Contains(HasSubstr("networks")));
  EXPECT_THAT(written.left_out, Contains(HasSubstr("mounts")));
  EXPECT_EQ(spec_in("web.json", written.text).services[0].environment.at("A"), "1");
}

}  // namespace
}  // namespace belay::formats
