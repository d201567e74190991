#include "model/naming.h"

#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

std::string stem(const App& app, const std::string& service) {
  return service.empty() || service == app.name.text() ? app.name.text() : app.name.text() + "_" + service;
}

// Two of them in one second must not collide (rulings).
std::string first_free(const std::string& name, const std::function<bool(const std::string&)>& taken) {
  if (!taken(name)) return name;
  for (int suffix = 2;; ++suffix)
    if (std::string candidate = format("{}_{}", name, suffix); !taken(candidate)) return candidate;
}

}  // namespace

std::string container_name(const App& app, const std::string& service, ReleaseNumber release, Time now,
                           const std::function<bool(const std::string&)>& taken) {
  switch (app.scheme) {
    case NamingScheme::jcl:
      return first_free(format("jcl_{}_{}", stem(app, service), compact_time(now)), taken);
    case NamingScheme::dcv:
      return "dcv_" + stem(app, service);
    case NamingScheme::fixed:
      return service.empty() ? app.name.text() : service;
    case NamingScheme::belay:
      break;
  }
  return first_free(format("{}-r{}", stem(app, service), release.value), taken);
}

std::string displaced_name(const App& app, const std::string& service, ReleaseNumber release, Time now,
                           const std::function<bool(const std::string&)>& taken) {
  if (app.scheme == NamingScheme::fixed)
    return first_free(format("{}-r{}", service.empty() ? app.name.text() : service, release.value), taken);
  return first_free(format("dcv_{}_save_{}", stem(app, service), compact_time(now)), taken);
}

std::string stable_name(const App& app, const std::string& service) {
  return format("dcv_{}_stable", stem(app, service));
}

std::string volume_name(NamingScheme scheme, const AppName& app, const std::string& mount_point) {
  std::string path;
  for (const char c : mount_point) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    const char written = plain ? c : '_';
    if (written == '_' && (path.empty() || path.back() == '_')) continue;
    path += written;
  }
  while (!path.empty() && path.back() == '_') path.pop_back();
  if (path.empty()) path = "root";
  return format("{}{}_{}", scheme == NamingScheme::jcl ? "jcl_" : "", app.text(), path);
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
  std::uint32_t sum = 2166136261U;
  for (const char c : app.text() + "/" + service) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
  if (clean != app.text() || service != app.text()) clean += format("-{:08x}", sum);
  return format("belay/{}:r{}", clean, release.value);
}

}  // namespace belay
