#include "cli/project_words.h"

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
  return found;
}

}  // namespace belay::cli
