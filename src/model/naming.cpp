#include "model/naming.h"

#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

std::string stem(const App& app, const std::string& service) {
  return service.empty() || service == app.name.text() ? app.name.text() : app.name.text() + "_" + service;
}

// The name that a service's container has through all releases.
std::string lasting_name(const App& app, const Service& service) {
  if (!service.container_name.empty()) return service.container_name;
  if (app.scheme == NamingScheme::compose)
    return format("{}-{}-{}", app.name.text(), service.group_name(), service.number);
  return service.name.empty() ? app.name.text() : service.name;
}

// Two names that are made in one second must not collide.
std::string first_free(const std::string& name, const std::function<bool(const std::string&)>& taken) {
  if (!taken(name)) return name;
  for (int suffix = 2;; ++suffix)
    if (std::string candidate = format("{}_{}", name, suffix); !taken(candidate)) return candidate;
}

}  // namespace

std::string container_name(const App& app, const Service& service, ReleaseNumber release, Time now,
                           const std::function<bool(const std::string&)>& taken) {
  const std::string own = stem(app, service.name);
  switch (app.scheme) {
    case NamingScheme::jcl:
      return first_free(format("jcl_{}_{}", own, compact_time(now)), taken);
    case NamingScheme::dcv:
      return "dcv_" + own;
    case NamingScheme::fixed:
    case NamingScheme::compose:
      return lasting_name(app, service);
    case NamingScheme::belay:
      break;
  }
  return first_free(format("{}-r{}", own, release.value), taken);
}

std::string displaced_name(const App& app, const Service& service, ReleaseNumber release, Time now,
                           const std::function<bool(const std::string&)>& taken) {
  if (keeps_names(app.scheme)) return first_free(format("{}-r{}", lasting_name(app, service), release.value), taken);
  return first_free(format("dcv_{}_save_{}", stem(app, service.name), compact_time(now)), taken);
}

Service service_of(const App& app, ReleaseNumber release, const std::string& name) {
  if (const Release* known = app.find(release))
    for (const auto& service : known->spec.services)
      if (service.name == name) return service;
  Service unknown;
  unknown.name = name;
  return unknown;
}

std::string stable_name(const App& app, const std::string& service) {
  return format("dcv_{}_stable", stem(app, service));
}

namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// "/var/lib/my-app.d/" → "var_lib_my-app.d"
std::string readable_path(const std::string& mount_point) {
  std::string path;
  for (const char c : mount_point) {
    const char written = is_plain(c) || c == '.' || c == '-' ? c : '_';
    if (written == '_' && (path.empty() || path.back() == '_')) continue;
    path += written;
  }
  while (!path.empty() && path.back() == '_') path.pop_back();
  return path.empty() ? "root" : path;
}

// As jockler makes it: "/var/lib/my-app.d/" → "_var_lib_my_app_d_".
std::string jockler_path(const std::string& mount_point) {
  std::string path;
  bool in_run = false;
  for (const char c : mount_point) {
    if (is_plain(c)) path += c;
    if (!is_plain(c) && !in_run) path += '_';
    in_run = !is_plain(c);
  }
  return path;
}

}  // namespace

std::string volume_name(NamingScheme scheme, const AppName& app, const std::string& mount_point) {
  if (scheme == NamingScheme::jcl) return format("jcl_{}{}", app.text(), jockler_path(mount_point));
  return format("{}_{}", app.text(), readable_path(mount_point));
}

std::string earlier_volume_name(NamingScheme scheme, const AppName& app, const std::string& mount_point) {
  return format("{}{}_{}", scheme == NamingScheme::jcl ? "jcl_" : "", app.text(), readable_path(mount_point));
}

bool is_unnamed_volume(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::uint32_t name_sum(std::string_view name) {
  std::uint32_t sum = 2166136261U;
  for (const char c : name) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
  return sum;
}

std::string pin_tag(const AppName& app, const std::string& service, ReleaseNumber release) {
  std::string repository = lower(app.text());
  // Repositories may not end in a separator, nor have two in a row; app names may.
  std::string clean;
  for (const char c : repository) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (separator && (clean.empty() || clean.back() == '-')) continue;
    clean += separator ? '-' : c;
  }
  while (clean.ends_with('-')) clean.pop_back();
  // Names that differ only in what was levelled above must not share a tag.
  if (clean != app.text() || service != app.text()) clean += format("-{:08x}", name_sum(app.text() + "/" + service));
  return format("belay/{}:r{}", clean, release.value);
}

}  // namespace belay
