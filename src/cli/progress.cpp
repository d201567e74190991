#include "cli/progress.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/format.h"
#include "base/text.h"
#include "cli/layout.h"

namespace belay::cli {

namespace {

constexpr Milliseconds redraw_pause{100};
constexpr Milliseconds animation_pause{200};
constexpr size_t kept_log_lines = 40;
constexpr size_t shown_log_lines = 3;
constexpr int bar_width = 20;
constexpr int narrowest_with_bar = 70;
constexpr int most_lines = 16;

std::string bar(std::int64_t current, std::int64_t total) {
  const auto done = static_cast<int>(std::clamp<std::int64_t>(current, 0, total) * bar_width / total);
  std::string text(static_cast<size_t>(done), '=');
  if (done < bar_width) text += '>';
  return "[" + padded(text, bar_width) + "]";
}

}  // namespace

Progress::Progress(Console& console, Clock& clock, Animation animation)
    : console_(console),
      clock_(clock),
      live_(console.settings().err_terminal && console.settings().live && !console.settings().quiet),
      animated_(animation == Animation::animated) {}

Progress::~Progress() {
  animation_.request_stop();
  if (animation_.joinable()) animation_.join();
  console_.set_live({});
}

void Progress::begin(const std::string& id, std::string text) {
  std::lock_guard held(mutex_);
  if (!live_ && !console_.settings().quiet && !text.empty()) console_.diagnostic(printable(text));
  item(id, std::move(text));
  draw(true);
}

void Progress::update(const std::string& id, const std::string& status, std::int64_t current, std::int64_t total,
                      const std::string& text) {
  std::lock_guard held(mutex_);
  Item& line = item(id, text);
  const bool changed = line.status != status;
  if (changed) {
    line.status = status;
    line.status_since = clock_.ticks();
    line.rate_from = current;
    if (!live_ && !console_.settings().quiet) console_.diagnostic(printable(format("{}: {}", line.text, status)));
  }
  line.current = current;
  line.total = total;
  draw(changed);
}

void Progress::log(const std::string& id, std::string_view text) {
  std::lock_guard held(mutex_);
  Item& line = item(id, {});
  for (;;) {
    const size_t end = text.find('\n');
    line.unfinished_log_line += text.substr(0, end);
    if (end == std::string_view::npos) break;
    add_log_line(line, std::exchange(line.unfinished_log_line, {}));
    text.remove_prefix(end + 1);
  }
  draw(false);
}

void Progress::finish(const std::string& id, bool ok, const std::string& text) {
  std::lock_guard held(mutex_);
  Item* line = find(id);
  const bool quiet = console_.settings().quiet;
  std::string words = printable(text);
  if (line != nullptr) {
    if (!line->unfinished_log_line.empty()) add_log_line(*line, std::exchange(line->unfinished_log_line, {}));
    const auto took = std::chrono::duration_cast<Milliseconds>(clock_.ticks() - line->begun);
    const bool took_its_time = took >= Seconds(1);
    // The same words again would tell nothing; of a failure the command's own error tells all.
    if (!live_ && line->text == text && !(ok && took_its_time)) words.clear();
    if (took_its_time && !words.empty()) words += format(" ({})", duration_text(took));
    const std::deque<std::string> log = std::move(line->log);
    items_.erase(items_.begin() + (line - items_.data()));
    if (live_) {
      console_.set_live(live_lines());
      if (!ok)
        for (const auto& logged : log) console_.diagnostic("  | " + logged);
    }
  }
  if (quiet || words.empty()) return;
  if (live_)
    console_.diagnostic(ok ? Style::good : Style::bad, ok ? "✓" : "✗", " " + words);
  else
    console_.diagnostic(words);
}

void Progress::redraw() {
  std::lock_guard held(mutex_);
  draw(true);
}

Progress::Item* Progress::find(const std::string& id) {
  const auto known = std::find_if(items_.begin(), items_.end(), [&](const Item& i) { return i.id == id; });
  return known == items_.end() ? nullptr : &*known;
}

Progress::Item& Progress::item(const std::string& id, std::string text) {
  if (Item* known = find(id)) {
    if (!text.empty()) known->text = std::move(text);
    return *known;
  }
  Item& added = items_.emplace_back();
  added.id = id;
  added.text = text.empty() ? id : text;
  added.begun = added.status_since = clock_.ticks();
  if (live_ && animated_ && !animation_.joinable()) {
    animation_ = std::jthread([this](const std::stop_token& stop) {
      while (clock_.sleep(animation_pause, stop)) redraw();
    });
  }
  return added;
}

void Progress::add_log_line(Item& line, const std::string& text) {
  // A step's own bars overwrite their line: what came last counts.
  const std::string visible =
      printable(text.substr(text.find_last_of('\r', text.size() < 2 ? 0 : text.size() - 2) + 1));
  if (!live_ && !console_.settings().quiet) console_.diagnostic("  | " + visible);
  line.log.push_back(visible);
  if (line.log.size() > kept_log_lines) line.log.pop_front();
}

void Progress::draw(bool now) {
  if (!live_) return;
  const Ticks ticks = clock_.ticks();
  if (!now && any_drawn_ && ticks - drawn_ < redraw_pause) return;
  drawn_ = ticks;
  any_drawn_ = true;
  console_.set_live(live_lines());
}

std::vector<std::string> Progress::live_lines() const {
  const auto& settings = console_.settings();
  // One column less: a full line would make some terminals scroll.
  const int width = std::max(20, settings.columns - 1);
  const size_t room = static_cast<size_t>(std::clamp(settings.rows - 3, 1, most_lines));
  std::vector<std::string> lines;
  size_t shown = 0;
  for (const auto& line : items_) {
    if (lines.size() >= room) break;
    lines.push_back(live_line(line, width));
    ++shown;
    const size_t from = line.log.size() - std::min(line.log.size(), shown_log_lines);
    for (size_t i = from; i < line.log.size() && lines.size() < room; ++i) {
      const std::string logged = truncated("  | " + line.log[i], width);
      lines.push_back(settings.err_color ? in_style(Style::dim, logged) : logged);
    }
  }
  if (shown < items_.size()) lines.push_back(format("… and {} more", items_.size() - shown));
  return lines;
}

std::string Progress::live_line(const Item& line, int width) const {
  const Ticks now = clock_.ticks();
  std::string left = line.text;
  if (!line.status.empty()) left += ": " + line.status;
  std::string right, remaining;
  if (line.total > 0) {
    if (width >= narrowest_with_bar) right += bar(line.current, line.total) + " ";
    right += format("{}/{} ", byte_text({line.current}), byte_text({line.total}));
    const auto spent = std::chrono::duration_cast<Milliseconds>(now - line.status_since).count();
    if (spent >= 1000 && line.current > line.rate_from) {
      const double rate = static_cast<double>(line.current - line.rate_from) / static_cast<double>(spent);
      right += format("{}/s ", byte_text({static_cast<std::int64_t>(rate * 1000)}));
      if (line.total > line.current) {
        const Milliseconds rest(static_cast<std::int64_t>(static_cast<double>(line.total - line.current) / rate));
        remaining = format(", {} left", duration_text(std::chrono::ceil<Seconds>(rest)));
      }
    }
  } else if (line.current > 0) {
    right += byte_text({line.current}) + " ";
  }
  const auto passed = std::chrono::duration_cast<Seconds>(now - line.begun);
  if (passed.count() > 0) right += duration_text(passed) + remaining;
  const int room = std::max(8, width - display_width(right) - 1);
  return truncated(padded(truncated(printable(left), room), room) + " " + right, width);
}

}  // namespace belay::cli
