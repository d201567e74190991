#include "cli/edit.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/format.h"
#include "base/process.h"
#include "base/spawn.h"
#include "base/text.h"

namespace belay::cli {

namespace {

// In a folder of its own that only its owner can read: settings hold secrets.
fs::path written_apart(const std::string& name, const std::string& text) {
  std::string pattern = (fs::temp_directory_path() / "belay-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw system_error("making a folder for the text", errno);
  const fs::path path = fs::path(pattern) / name;
  write_file_durably(path, text, 0600);
  return path;
}

class EditedFile {
 public:
  EditedFile(const std::string& name, const std::string& text)
      : path_(written_apart(name, text)), folder_(path_.parent_path()) {}
  EditedFile(const EditedFile&) = delete;
  EditedFile& operator=(const EditedFile&) = delete;
  ~EditedFile() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  const fs::path& path() const { return path_; }
  std::string text() const { return read_file(path_, ByteCount{1 << 20}); }

 private:
  fs::path path_, folder_;
};

std::vector<std::string> editor() {
  for (const char* variable : {"VISUAL", "EDITOR"})
    if (const char* words = std::getenv(variable); words != nullptr && *words != '\0') return shell_words(words);
  for (const char* program : {"sensible-editor", "editor", "nano", "vi"})
    if (find_program(program)) return {program};
  throw NotFound(ErrorCode::not_found, "there is no editor", "Set the variable EDITOR.");
}

// The editor has the terminal, and the keys' signals are its own.
void run_editor(const fs::path& file) {
  std::vector<std::string> words = editor();
  words.push_back(file.string());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string program = installed_program(words[0]).string();
  struct sigaction ignored{}, before{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignored, &before);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t usual;
  ::sigemptyset(&usual);
  ::posix_spawnattr_setsigmask(&attributes, &usual);
  ::sigaddset(&usual, SIGINT);
  ::sigaddset(&usual, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, program.c_str(), nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  int status = 0;
  while (failure == 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::sigaction(SIGINT, &before, nullptr);
  if (failure != 0) throw system_error(format("starting {}", program), failure);
  if (const int code = belay::exit_code_of(status); code != 0)
    throw Error(ErrorCode::foreign_program, format("{} ended with {}", program, code), "Nothing was changed.");
}

}  // namespace

std::optional<std::string> edited(Console& console, const std::string& text, const std::string& name,
                                  const std::function<void(const std::string& text)>& check, std::stop_token stop) {
  if (!console.is_in_terminal())
    throw UsageError("an editor needs a terminal", "belay set NAME KEY=VALUE changes settings without one.");
  const EditedFile file(name, text);
  for (;;) {
    run_editor(file.path());
    std::string now = file.text();
    if (now == text) return {};
    try {
      check(now);
      return now;
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      console.error(error);
    }
    if (!console.confirm("Edit it again?", stop)) return {};
  }
}

fs::path kept_text(const std::string& text, const std::string& name) {
  return written_apart(name, text);
}

}  // namespace belay::cli
