#pragma once
// What containers are bound to must be there before they are started: an engine that starts one all the same fails when
// the old one is down already, or makes an empty folder in the place of data.

#include <optional>

#include "change/context.h"

namespace belay::change {

// Of the services that the plan, made for the app's wish, creates or starts: the bound paths that are missing, as
// `missing_error` says it. What the wish itself puts in place does not count. nullopt: all is there.
std::optional<NotFound> missing_for(Context& context, const App& app, const World& world, const plan::Plan& plan,
                                    std::stop_token stop);

// Makes the folders that a Compose project binds and only reads, and that are missing, before the plan is carried out;
// says so.
void make_missing_folders(Context& context, const App& app, const World& world, const plan::Plan& plan,
                          std::stop_token stop);

// Notes them in a plan that is only shown, and those that the engine makes itself.
void note_missing_folders(Context& context, const App& app, const World& world, plan::Plan& plan, std::stop_token stop);

// Throws NotFound where a path is missing that the release needs when it starts with other data in these places, which
// are filled first.
void refuse_missing_beside(Context& context, const App& app, const Release& release,
                           const std::vector<DataPlace>& filled, std::stop_token stop);

}  // namespace belay::change
