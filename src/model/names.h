#pragma once
// Names that must not be mixed up. Each checks its rule when it is made, nowhere else.

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace belay {

// The name of an app: letters, digits, `-`, `_`, `.`; begins with a letter or digit; 2 to 63 characters.
// The constructor throws UsageError.
class AppName {
 public:
  explicit AppName(std::string name);
  const std::string& text() const { return name_; }
  auto operator<=>(const AppName&) const = default;
  static bool is_valid(std::string_view name);

 private:
  std::string name_;
};

// The number of a release of one app: r1, r2, …
struct ReleaseNumber {
  int value = 0;
  std::string text() const;  // "r12"
  auto operator<=>(const ReleaseNumber&) const = default;
  static bool is_valid(std::string_view text);        // "r12"
  static ReleaseNumber parse(std::string_view text);  // throws UsageError
};

// What a command is about: an app, one of its services, or one of a service's replicas. "shop", "shop/web",
// "shop/web/2".
struct Target {
  Target(AppName its_app, std::string its_service = {}, int its_number = 0)  // NOLINT(google-explicit-constructor)
      : app(std::move(its_app)), service(std::move(its_service)), number(its_number) {}

  AppName app;
  std::string service;  // empty: all of them
  int number;           // 0: all of them
  std::string text() const;
  static Target parse(std::string_view text);  // throws UsageError
};

// A reference to an image in parts: [registry/]repository[:tag][@digest].
struct ImageRef {
  std::string repository;  // with the registry, as written: "registry.example:5000/team/web"
  std::string tag;         // empty when only a digest is given
  std::string digest;      // "sha256:…" or empty

  // "web" means "web:latest". Throws UsageError when the text breaks the rules of a reference.
  static ImageRef parse(std::string_view text);
  std::string text() const;
  // The registry's host as credentials are stored for it: "docker.io" when none is written.
  std::string registry() const;
  bool operator==(const ImageRef&) const = default;
};

// "sha256:0123456789ab…" → "0123456789ab", for tables.
std::string short_digest(std::string_view digest);

}  // namespace belay
