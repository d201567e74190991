#include "cli/faces/face_hints.h"

#include <vector>

#include "base/format.h"
#include "base/text.h"
#include "model/names.h"

namespace belay::cli {

namespace {

// A word of a sentence with the signs around it.
struct HintWord {
  std::string before, word, after;
};

HintWord hint_word(const std::string& text) {
  size_t begin = 0, end = text.size();
  while (begin < end && text[begin] == '(') ++begin;
  while (end > begin && (text[end - 1] == '.' || text[end - 1] == ',' || text[end - 1] == ';' || text[end - 1] == ')' ||
                         text[end - 1] == ':'))
    --end;
  return {text.substr(0, begin), text.substr(begin, end - begin), text.substr(end)};
}

// A command of Belay as it stands in a sentence: how many words it takes, and the face's words for it; 0: it has none.
struct Translated {
  size_t words = 0;
  std::string text;
};
// `command`: the words behind "belay"; what ends a clause ends them.
using Translation = Translated (*)(const std::vector<std::string>& command);

bool is_mark(const std::string& word) {
  return word == "new" || word == "last" || word == "stable";
}

bool belongs_to_a_command(const std::string& word) {
  return word == "rN" || word.starts_with("--") || ReleaseNumber::is_valid(word) || is_mark(word);
}

Translated to_jockler(const std::vector<std::string>& command) {
  const std::string& verb = command[0];
  if (verb == "ls") return {1, "jockler list containers .all"};
  if (command.size() < 2) return {};
  if (verb == "start") {
    if (command.size() == 2) return {2, format("jockler start last {}", command[1])};
    if (is_mark(command[2])) return {3, format("jockler start {} {}", command[2], command[1])};
    return {};
  }
  if (command.size() == 2 &&
      (verb == "stop" || verb == "stable" || verb == "build" || verb == "cleanup" || verb == "remove"))
    return {2, format("jockler {} {}", verb, command[1])};
  return {};
}

Translated to_dockervisor(const std::vector<std::string>& command) {
  const std::string& verb = command[0];
  if (command.size() < 2) return {};
  if (verb == "start") {
    if (command.size() == 2) return {2, format("dockervisor start {} :latest", command[1])};
    if (!is_mark(command[2])) return {};
    return {3, format("dockervisor start {} :{}", command[1], command[2] == "last" ? "latest" : command[2])};
  }
  if (command.size() == 2 && verb == "stable") return {2, format("dockervisor stable mark {}", command[1])};
  if (command.size() == 2 && verb == "stop") return {2, format("dockervisor stop {}", command[1])};
  if (command.size() == 2 && verb == "build") return {2, format("dockervisor build {} .", command[1])};
  return {};
}

// The words of a command from `first` on: up to the first that ends a clause, or begins an ordinary sentence again.
std::vector<std::string> command_from(const std::vector<HintWord>& words, size_t first) {
  std::vector<std::string> command;
  for (size_t i = first; i < words.size() && command.size() < 4; ++i) {
    if (!words[i].before.empty()) break;
    command.push_back(words[i].word);
    if (!words[i].after.empty()) break;
  }
  return command;
}

std::string translated(const std::string& text, Translation translation) {
  std::vector<HintWord> words;
  for (const auto& word : split(text, ' ')) words.push_back(hint_word(word));
  std::vector<std::string> result;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto whole = [&](const HintWord& word) { return word.before + word.word + word.after; };
    if (words[i].word != "belay" || !words[i].after.empty() || i + 1 == words.size()) {
      result.push_back(whole(words[i]));
      continue;
    }
    const auto command = command_from(words, i + 1);
    Translated found;
    // The longest reading first: what follows the command may be the sentence's own words, but no release or option.
    for (size_t length = command.size(); length > 0 && found.words == 0; --length) {
      if (length < command.size() && belongs_to_a_command(command[length])) break;
      found = translation({command.begin(), command.begin() + static_cast<std::ptrdiff_t>(length)});
    }
    if (found.words == 0) {
      result.push_back(whole(words[i]));
      continue;
    }
    i += found.words;
    result.push_back(words[i - found.words].before + found.text + words[i].after);
  }
  return join(result, " ");
}

}  // namespace

std::string in_words_of_jockler(const std::string& text) {
  return translated(text, to_jockler);
}

std::string in_words_of_dockervisor(const std::string& text) {
  return translated(text, to_dockervisor);
}

}  // namespace belay::cli
