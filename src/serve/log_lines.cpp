#include "serve/log_lines.h"

#include <cerrno>
#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/format.h"
#include "base/text.h"

namespace belay::serve {

namespace {

// The journal cuts lines at 48 KiB; no fact is that long, but another program's words might be.
constexpr size_t longest_line = 8192;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "error";
    case LogLevel::warning:
      return "warning";
    case LogLevel::notice:
      return "notice";
    case LogLevel::info:
      return "info";
    case LogLevel::debug:
      return "debug";
  }
  return "info";
}

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : printable(trim(text))) {
    if (c == '\n')
      line += "\\n";
    else
      line += c == '\t' ? ' ' : c;
  }
  return line;
}

std::string field_text(const LogField& field) {
  const auto value = on_one_line(field.value);
  if (!value.empty() && value.find_first_of(" \"=") == std::string::npos) return format("{}={}", field.key, value);
  std::string quoted;
  for (const char c : value) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  return format("{}=\"{}\"", field.key, quoted);
}

// Not within a UTF-8 character.
void shorten(std::string& line) {
  if (line.size() <= longest_line) return;
  size_t end = longest_line;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
  line.resize(end);
  line += "…";
}

void write_to(int fd, std::string_view line) {
  while (!line.empty()) {
    const auto count = ::write(fd, line.data(), line.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    line.remove_prefix(static_cast<size_t>(count));
  }
}

}  // namespace

LogLines::LogLines(Sink sink, Style style, const Clock& clock) : sink_(std::move(sink)), style_(style), clock_(clock) {}

LogLines::LogLines(int fd, const Clock& clock)
    : LogLines([fd](std::string_view line) { write_to(fd, line); }, style_for(fd), clock) {}

void LogLines::write(LogLevel level, std::string_view text, const std::vector<LogField>& fields) {
  auto line = style_ == Style::journal ? format("<{}>", static_cast<int>(level))
                                       : format("{} {} ", iso_time(clock_.now()), name_of(level));
  line += on_one_line(text);
  for (const auto& field : fields) line += " " + field_text(field);
  shorten(line);
  line += '\n';
  // Under the lock, so that lines of several threads come one after the other.
  limit_.with([&](LogLevel limit) {
    if (level <= limit) sink_(line);
  });
}

void LogLines::write_up_to(LogLevel level) {
  limit_.with([&](LogLevel& limit) { limit = level; });
}

LogLines::Style LogLines::style_for(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  if (stream == nullptr || ::fstat(fd, &status) != 0) return Style::dated;
  return format("{}:{}", status.st_dev, status.st_ino) == stream ? Style::journal : Style::dated;
}

}  // namespace belay::serve
