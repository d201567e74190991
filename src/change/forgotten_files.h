#pragma once
// The kept files of an app go when the app is forgotten: they may hold secrets, and nothing leads to them any more. The
// app first, for its releases must not be without them where a power cut comes in between. Private to change.

#include "change/context.h"

namespace belay::change {

// Where the files of the app's releases are kept.
fs::path kept_files_folder(const state::Store& store, const AppName& app);

// The caller has the app's lock.
void forget_with_files(Context& context, const AppName& name);

// What forget_with_files was cut off at. Only what bears its mark goes: where the state was lost, files of apps that it
// does not know may be bound to what runs.
void drop_forgotten_files(Context& context);

}  // namespace belay::change
