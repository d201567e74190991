#pragma once
// The orders tag, commit, push and remove_image, and that which takes links away.

#include <string>

#include "change/context.h"
#include "model/requests.h"

namespace belay::units {

plan::Plan plan_of_tag(const std::string& image, const std::string& reference);
// The image of a unit's container does not bear the labels by which Belay knows the container. Throws NotFound where
// there is no such container, unless it is a dry run: an order before it may be to make it.
plan::Plan plan_of_commit(change::Context& context, CommitRequest request, bool dry_run, std::stop_token stop);
plan::Plan plan_of_push(const std::string& reference);

struct ImageGone {
  bool is_gone = false;
  std::string why;  // it stays, or was not there; for people
};
// Takes the name off the image, which goes where nothing else names or uses it.
ImageGone remove_image(change::Context& context, const plan::UntagImage& image, std::stop_token stop);

// Takes away the names that links give the container: those of `others` on the default bridge, and those in `network`,
// which is called like the unit. All containers stay. What was done, or would be. Throws Conflict where the container
// is not the unit's; of `others`, those that are not are left alone.
plan::Plan unlink(change::Context& context, const AppName& unit, const std::string& container,
                  const std::vector<std::string>& others, bool dry_run, std::stop_token stop);

}  // namespace belay::units
