#include "model/declaration.h"

#include <gtest/gtest.h>

#include "base/format.h"

namespace belay {
namespace {

// "db links, web shared namespace"
std::string tied(const Declaration& declared) {
  std::string text;
  for (const auto& tie : ties(declared))
    text += format("{}{} {}", text.empty() ? "" : ", ", tie.container, to_text(tie.kind));
  return text;
}

Declaration declared_app() {
  Declaration declared(AppName("app"));
  declared.needs = {"db", "web"};
  Service service;
  service.name = "app";
  service.links = {"db:d", "web:w"};
  declared.spec.services = {service};
  return declared;
}

TEST(Ties, LinksTieOnTheDefaultBridgeOnly) {
  Declaration declared = declared_app();
  EXPECT_EQ(tied(declared), "db links, web links");
  declared.spec.services[0].networks = {NetworkLink{"back", {}, {}, {}}};
  EXPECT_EQ(tied(declared), "");
  declared.spec.services[0].networks = {NetworkLink{"back", {}, {}, {}}, NetworkLink{"bridge", {}, {}, {}}};
  EXPECT_EQ(tied(declared), "db links, web links");
  declared.policies.restart_with = true;
  EXPECT_EQ(tied(declared), "db restart_with, web restart_with");
}

TEST(Ties, NamespacesTieAlwaysAndVolumesWhereTheyAreTaken) {
  Declaration declared = declared_app();
  Service& service = declared.spec.services[0];
  service.links.clear();
  service.network_mode = "container:web";
  service.volumes_from = {"db:ro", "web"};
  EXPECT_EQ(tied(declared), "web shared namespace, db volumes");
  service.network_mode.clear();
  service.pid_mode = "container:db";
  service.ipc_mode = "host";
  EXPECT_EQ(tied(declared), "db shared namespace, web volumes");
  declared.policies.restart_with = true;
  EXPECT_EQ(tied(declared), "db shared namespace, web restart_with");
}

}  // namespace
}  // namespace belay
