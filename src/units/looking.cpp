#include "units/looking.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <link.h>

#include "archive/tar_writer.h"
#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
#include "exec/elsewhere.h"

namespace belay::units {

namespace {

constexpr const char* answering_option = "--answer-checks";
constexpr const char* folder = "/.belay";

struct Program {
  fs::path loader;                  // empty: it needs none
  std::vector<fs::path> libraries;  // the loader among them
};

// What this process runs with, each by the name under which it was asked for.
const Program& program() {
  static const Program found = [] {
    Program result;
    const auto add = [](dl_phdr_info* info, size_t, void* into) {
      const fs::path file = info->dlpi_name == nullptr ? "" : info->dlpi_name;
      std::error_code error;
      // The program itself has no name, what the kernel gives has no file.
      if (!file.is_absolute() || !fs::is_regular_file(file, error)) return 0;
      auto& all = *static_cast<Program*>(into);
      all.libraries.push_back(file);
      const std::string name = file.filename().string();
      if (name.starts_with("ld-") || name.starts_with("ld.") || name.starts_with("ld64")) all.loader = file;
      return 0;
    };
    ::dl_iterate_phdr(add, &result);
    return result;
  }();
  return found;
}

void add_file(archive::TarWriter& writer, const std::string& name, const fs::path& file) {
  const std::string content = read_file(file, ByteCount{std::int64_t{1} << 30});
  archive::TarEntry entry;
  entry.name = name;
  entry.permissions = 0755;
  entry.size = static_cast<std::int64_t>(content.size());
  writer.begin(entry);
  writer.write(content);
}

std::string certificate_name(size_t index) {
  return format("{}/certificate-{}.pem", folder, index);
}

// As the first process of a container it ends by no signal that it does not take itself.
int wait_for_the_end() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  int got = 0;
  sigwait(&set, &got);
  return 0;
}

}  // namespace

std::vector<std::string> looking_command(const std::string& word) {
  const std::string own = format("{}/belay", folder), libraries = format("{}/lib", folder);
  if (program().loader.empty()) return {own, answering_option, word};
  return {format("{}/{}", libraries, program().loader.filename().string()),
          "--library-path",
          libraries,
          own,
          answering_option,
          word};
}

void put_program(engine::Engine& engine, const std::string& container, const std::vector<std::string>& certificates,
                 std::stop_token stop) {
  const std::string place = std::string(folder).substr(1);
  engine.write_archive(
      container, "/",
      [&](const Sink& sink) {
        archive::TarWriter writer(sink);
        archive::TarEntry entry;
        entry.kind = archive::TarEntry::Kind::folder;
        entry.permissions = 0755;
        for (const auto& name : {place + "/", place + "/lib/"}) {
          entry.name = name;
          writer.begin(entry);
        }
        add_file(writer, place + "/belay", "/proc/self/exe");
        for (const auto& library : program().libraries)
          add_file(writer, format("{}/lib/{}", place, library.filename().string()), library);
        for (size_t i = 0; i < certificates.size(); ++i)
          add_file(writer, certificate_name(i).substr(1), certificates[i]);
        writer.finish();
      },
      std::move(stop));
}

std::string looking_certificate(const std::vector<std::string>& certificates, const std::string& file) {
  const auto found = std::find(certificates.begin(), certificates.end(), file);
  return found == certificates.end() ? std::string()
                                     : certificate_name(static_cast<size_t>(found - certificates.begin()));
}

std::optional<int> answer_as_looking(const std::vector<std::string>& words) {
  if (words.size() != 3 || words[1] != answering_option) return {};
  if (words[2] == "wait") return wait_for_the_end();
  const std::string answer = exec::answer_elsewhere(words[2], {}) + "\n";
  std::fputs(answer.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace belay::units
