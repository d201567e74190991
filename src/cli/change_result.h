#pragma once
// What came of a change, in words and as an exit code.

#include "change/change.h"
#include "change/clean.h"
#include "cli/console.h"
#include "report/change_json.h"

namespace belay::cli {

using report::Took;

struct ChangeWords {
  bool exit_unchanged = false;  // 3 instead of 0 where nothing was to be done
  bool json = false;
  Took took{};
  std::string stopped_part{};  // "shop/db": only this was to be stopped
};

// `name`: the app. Prints the result; 0, 1, or 3. With JSON a list of this change alone.
int print_change(Console& console, const AppName& name, const change::Change& change, const ChangeWords& words = {});
int exit_code_of(const change::Change& change, const ChangeWords& words);

// The steps of a dry run on standard output.
void print_plan(Console& console, const plan::Plan& plan);
// Of one of several, whose steps are counted from 1 as well; `count`: how many they are. One alone needs no heading.
void print_plan(Console& console, const std::string& of, size_t count, const plan::Plan& plan);

// What is shown before a question. With JSON standard output is the result's: then on standard error.
class Preview {
 public:
  Preview(Console& console, bool json) : console_(console), json_(json) {}
  void line(const std::string& text) const;
  void plan(const plan::Plan& plan) const;

 private:
  Console& console_;
  bool json_;
};

// Shows what goes and what stays, and asks; `yes`: does not ask.
change::Confirm confirm_removal(Console& console, const AppName& name, bool yes, std::stop_token stop,
                                bool json = false);

// Shows what settings a new release would lose, and asks; `yes`: does not ask. `of_the_image`: how to take the image's
// ports and volumes instead, where the user is.
std::function<bool(const std::string& what, const std::vector<std::string>& lines)> confirm_losses(
    Console& console, bool yes, std::stop_token stop, const std::string& of_the_image = "--settings-from-image");

}  // namespace belay::cli
