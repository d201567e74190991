#pragma once
// A container, or an app made by hand, goes over to a definition (`apply --take-over`). Private to host.

#include "change/new_release.h"
#include "model/declaration.h"

namespace belay::declared {

// The app as the definition takes it over: the one that is there, or one of the containers that bear its name, with
// the definition as its origin and the names of a declared host. Changes nothing. What is declared already comes back
// as it is. Throws NotFound where there is nothing to take over.
App as_taken_over(change::Context& context, const Declaration& declared, const std::optional<App>& known,
                  std::stop_token stop);

// Makes it so, under the app's lock, and gives the app. Where what runs is just what the definition makes (`made`), it
// counts as made by it.
App take_over(change::Context& context, const Declaration& declared, const change::ReleaseDraft& made,
              std::stop_token stop);
// The same as a preview: `app` is what as_taken_over gave.
App previewed_take_over(App app, const change::ReleaseDraft& made);

}  // namespace belay::declared
