#include "report/notice.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "report/json.h"

namespace belay::report {

namespace {

constexpr std::array<std::string_view, 11> alarms{"rolled_back", "quarantined", "drift",         "unhealthy",
                                                  "gave_up",     "failed",      "backup_failed", "stopped",
                                                  "crash_loop",  "backup_late", "job_failed"};

// Headers hold one line of ASCII; names of hosts and apps, and the words of events, are that anyway.
std::string header_text(std::string_view text) {
  std::string safe;
  for (const char c : text) safe += c >= 0x20 && c < 0x7f ? c : c == '\n' || c == '\t' ? ' ' : '?';
  return safe;
}

// "web: rolled back (box)"
std::string title(const Notice& notice) {
  std::string what = notice.kind;
  std::replace(what.begin(), what.end(), '_', ' ');
  const std::string about = notice.app.empty() ? what : format("{}: {}", notice.app, what);
  return notice.host.empty() ? about : format("{} ({})", about, notice.host);
}

// The sentence, the reason where the sentence does not say it, the last lines of the log.
std::string message(const Notice& notice) {
  std::string text = printable(notice.text);
  if (!notice.reason.empty() && notice.text.find(notice.reason) == std::string::npos)
    text += format("\n{}", printable(notice.reason));
  if (!notice.log_tail.empty()) {
    text += "\n";
    for (const auto& line : split(trim(notice.log_tail), '\n')) text += "\n| " + printable(line);
  }
  return text;
}

std::string json_body(std::initializer_list<std::pair<const char*, Node>> members) {
  auto object = Node::map();
  for (const auto& [key, value] : members) object.set(key, value);
  return document::write_json(object);
}

// Within an address: letters, digits and "-".
std::string transaction(const Notice& notice) {
  std::string id = format("belay-{}-{}-{}", notice.time.time_since_epoch().count(), notice.kind, notice.app);
  for (char& c : id)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) c = '-';
  return id;
}

// RFC 5322, for `sendmail -t` and its like; the recipients are the command's.
std::string mail(const Notice& notice) {
  return format(
      "Subject: [belay] {}\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
      "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n\n{} {}\n",
      header_text(title(notice)), message(notice), iso_time(notice.time), notice.host);
}

}  // namespace

document::Node deliveries_json(const std::vector<Delivery>& deliveries) {
  return list_of(deliveries, [](const Delivery& each) {
    Node node = Node::map();
    node.set("to", Node::text(each.to));
    node.set("delivered", each.delivered ? Node::boolean(*each.delivered) : Node());
    node.set("reason", text_or_null(each.reason));
    return node;
  });
}

bool is_alarm(const Notice& notice) {
  return std::find(alarms.begin(), alarms.end(), notice.kind) != alarms.end();
}

Letter letter(const Notice& notice, NoticeForm form) {
  Letter letter;
  const auto typed = [&](const char* type) { letter.headers.emplace_back("Content-Type", type); };
  const bool is_bad = is_alarm(notice);
  switch (form) {
    case NoticeForm::json:
      typed("application/json");
      letter.body = notice_json(notice);
      break;
    case NoticeForm::text:
      typed("text/plain; charset=utf-8");
      letter.body = format("{}\n{}\n", title(notice), message(notice));
      break;
    case NoticeForm::ntfy:
      typed("text/plain; charset=utf-8");
      letter.headers.emplace_back("Title", header_text(title(notice)));
      letter.headers.emplace_back("Priority", is_bad ? "high" : "default");
      letter.headers.emplace_back("Tags", is_bad ? "warning" : "package");
      letter.body = message(notice);
      break;
    case NoticeForm::gotify:
      typed("application/json");
      letter.body = json_body({{"title", Node::text(title(notice))},
                               {"message", Node::text(message(notice))},
                               {"priority", Node::number(is_bad ? 8 : 3)}});
      break;
    case NoticeForm::slack:
      typed("application/json");
      letter.body = json_body({{"text", Node::text(format("{}\n{}", title(notice), message(notice)))}});
      break;
    case NoticeForm::matrix:
      typed("application/json");
      letter.method = "PUT";
      // The same for each try, so that a notice that was sent twice is there once.
      letter.suffix = "/" + transaction(notice);
      letter.body = json_body(
          {{"msgtype", Node::text("m.text")}, {"body", Node::text(format("{}\n{}", title(notice), message(notice)))}});
      break;
    case NoticeForm::mail:
      letter.body = mail(notice);
      break;
  }
  return letter;
}

std::string notice_json(const Notice& notice) {
  auto object = Node::map();
  object.set("time", Node::text(iso_time(notice.time)));
  object.set("event", Node::text(notice.kind));
  object.set("host", Node::text(notice.host));
  object.set("app", Node::text(notice.app));
  object.set("release", Node::text(notice.release));
  object.set("text", Node::text(notice.text));
  object.set("reason", Node::text(notice.reason));
  object.set("log_tail", Node::text(notice.log_tail));
  return document::write_json(record(object));
}

}  // namespace belay::report
