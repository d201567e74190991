#pragma once
// One change for each of several apps or parts, one after the other, told of as it ends.

#include <algorithm>
#include <vector>

#include "cli/change_result.h"
#include "cli/host_run.h"
#include "cli/json_output.h"

namespace belay::cli {

enum class Effect { starts, stops };

// Ends with the first that fails; 3 only where there was nothing to be done for any.
template <class UseCase>
int change_each(const Invocation& in, HostRun& run, const std::vector<Target>& targets, UseCase&& use_case,
                Effect effect = Effect::starts) {
  constexpr int unchanged = 3;
  int code = unchanged;
  Node list = Node::list();
  const bool as_json = in.command.find_option("json") != nullptr && in.has("json");
  for (const auto& what : targets) {
    const change::Change change = use_case(what);
    ChangeWords words = change_words(in, run);
    // Of a part it says nothing that the app runs on.
    if (effect == Effect::stops && !what.service.empty()) words.stopped_part = what.text();
    run.report().close();
    run.report().begin_anew();
    if (as_json) list.add(report::change_json(what.app, change, words.took));
    if (!as_json && targets.size() > 1 && change.kind == change::Change::Kind::planned)
      in.console.line(format("to do for {}:", what.text()));
    const int of_this = as_json ? exit_code_of(change, words) : print_change(in.console, what.app, change, words);
    code = of_this == 0 || of_this == unchanged ? std::min(code, of_this) : of_this;
    if (of_this != 0 && of_this != unchanged) break;
  }
  if (as_json) print_record(in.console, "changes", std::move(list));
  return code;
}

}  // namespace belay::cli
