#include "cli/project_words.h"

#include "cli/compose_options.h"

namespace belay::cli {

bool is_place(const Invocation& in, const std::string& word) {
  if (in.session.project) return false;
  return word.find('/') != std::string::npos || word == "." || word == ".." || word.ends_with(".yaml") ||
         word.ends_with(".yml");
}

PlaceAndServices place_and_services(const Invocation& in, const std::vector<std::string>& words) {
  PlaceAndServices found;
  for (const auto& word : words) {
    if (!is_place(in, word)) {
      found.services.push_back(word);
      continue;
    }
    if (found.place) throw in.usage_error("one project at a time");
    found.place = word;
  }
  // "belay up shop" beside the folder shop, where no project is that could have such a service.
  if (!found.place && !found.services.empty() && !in.session.project && !names_project(in) &&
      is_compose_project(found.services.front())) {
    found.place = found.services.front();
    found.services.erase(found.services.begin());
  }
  return found;
}

}  // namespace belay::cli
