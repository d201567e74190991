#pragma once
// The keywords of docker-py 1.x that a container's three steps take, and what becomes of each.
// docs/formats/dockerstra.md has the same table, and is checked against it.

#include <span>
#include <string_view>

namespace belay::formats::dockerstra {

enum class Step { build, creation, startup };
enum class Treatment {
  mapped,   // it has its effect
  silent,   // it says how Python got its result, or what is always so here
  refused,  // it cannot be done
};

struct Keyword {
  std::string_view name;
  // Where it may stand: in `build`; in `creation` alone; in `startup`, and then also in `creation` and its
  // `host_config`.
  Step step;
  Treatment treatment = Treatment::mapped;
  std::string_view text;  // mapped: what it becomes; silent, refused: why
};

std::span<const Keyword> keywords();

}  // namespace belay::formats::dockerstra
