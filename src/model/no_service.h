#pragma once
// A word that is none of a project's services.

#include <algorithm>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay {

// "Did you mean 'web'? Its services: db, web, worker"
inline std::string services_hint(const std::string& word, const std::vector<std::string>& known) {
  if (known.empty()) return "It has no services.";
  // Of a service that is there it is a replica that is not.
  const bool is_known = std::find(known.begin(), known.end(), word) != known.end();
  const std::string near = is_known ? std::string() : did_you_mean(word, known);
  return format("{}{}Its services: {}", near, near.empty() ? "" : " ", join(known, ", "));
}

// In their order, each group of replicas once.
template <class Services>
std::vector<std::string> service_names(const Services& services) {
  std::vector<std::string> names;
  for (const auto& service : services)
    if (const std::string& name = service.group_name(); std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  return names;
}

[[noreturn]] inline void refuse_service(const std::string& project, const std::string& word,
                                        const std::vector<std::string>& known) {
  throw NotFound(ErrorCode::service_not_found, format("the project {} has no service {}", project, printable(word)),
                 services_hint(word, known));
}

}  // namespace belay
