#pragma once
// What the plan for an app rests on, as facts that can be compared later. Private to declared.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/declaration.h"
#include "model/release.h"
#include "model/world.h"

namespace belay::declared {

using Facts = std::map<std::string, std::string>;

// Tells whether a text is another one, no more.
std::string digest_of(std::string_view text);

// Its definition, and the files that it is written in and bound to, each with its digest.
Facts facts_of(const Declaration& declared);
// What is wished of it, and its containers: when each was made, of which image, and how it is.
Facts facts_of(const App& app, const std::vector<Container>& containers);
// When it was made, of which image, and how it is.
std::string container_fact(const Container& container);
// The image of each service: its id, or the reference of what is yet to come.
Facts facts_of_images(const std::map<std::string, std::string>& images);

// The first fact that is another one now, in words: "the container web is gone since the plan was made"; nullopt: all
// are the same.
std::optional<std::string> first_moved(const Facts& then, const Facts& now);

}  // namespace belay::declared
