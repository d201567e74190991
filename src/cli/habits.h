#pragma once
// Words and options that people type by habit, from docker compose and docker, and that are no words of Belay's table:
// what is answered to each. A looking word is never answered with a command that changes something.

#include <span>
#include <string>
#include <string_view>

namespace belay::cli {

struct Habit {
  std::string_view word;
  bool looks = false;  // it changes nothing where it comes from
  std::string_view answer;
};
std::span<const Habit> habits();
// nullptr: nothing is known of the word.
const Habit* find_habit(std::string_view word);

// Two words that mean something else together than the second one does alone: "image rm".
struct Phrase {
  std::string_view first, second;
  bool looks = false;
  std::string_view answer;
};
std::span<const Phrase> phrases();
// nullptr: nothing is known of them.
const Phrase* find_phrase(std::span<const std::string> words);

// Words that stand for a command of Belay.
struct Alias {
  std::string_view word, command;
};
std::span<const Alias> aliases();
// The command that the word stands for; the word itself where it is no alias.
std::string_view without_alias(std::string_view word);

// Words for a value: the same as the other one, at this place behind the command.
struct HabitValue {
  std::string_view command;
  size_t place = 0;
  std::string_view word, value;
};
std::span<const HabitValue> habit_values();

// A word behind a command that is no app: told only where there is no app of that name. "*.yml" is any word with that
// ending.
struct HabitWord {
  std::string_view command, word, answer;
};
std::span<const HabitWord> habit_words();
// Empty: nothing is known of it.
std::string_view answer_to_word(std::string_view command, std::string_view word);

// The answer with the name that was typed in place of NAME: the first of the words behind the one that is answered that
// can be the name of an app and is no word of a command itself ("volume inspect web"). Without one, as it stands.
std::string with_name(std::string_view answer, std::span<const std::string> words);

// What a command line of another tool begins with, and goes on with words that are Belay's too: "docker", "container".
bool is_other_program(std::string_view word);
// "deployment/shop" as kubectl has it: "shop". Other words as they are.
std::string_view without_kind(std::string_view word);

// `command` empty: of the program, before any command; "*": of every command that has no such option.
struct HabitOption {
  std::string_view command, option;  // without the dashes; also a single letter
  std::string_view answer;
};
std::span<const HabitOption> habit_options();
// Empty: nothing is known of it.
std::string_view answer_to_option(std::string_view command, std::string_view option);

}  // namespace belay::cli
