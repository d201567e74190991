#include "report/notice.h"

#include "report/json.h"

namespace belay::report {

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
