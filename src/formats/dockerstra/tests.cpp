#include "formats/dockerstra/tests.h"

#include <algorithm>

#include "base/format.h"
#include "base/pattern.h"
#include "base/text.h"
#include "formats/dockerstra/map_parts.h"

namespace belay::formats::dockerstra {

namespace {

using document::Member;
using document::Node;

const Node* said(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node == nullptr || node->is_null() ? nullptr : node;
}

std::string pattern_of(const Node& node) {
  const std::string text = word_value(node, "\"re.match\"");
  at(node.where(), [&] { doing("\"re.match\"", [&] { std::ignore = Pattern(text); }); });
  return text;
}

// ---- daemon ----

struct Url {
  bool tls = false;
  std::string host, port, path = "/";
  std::string container;  // whose own address is meant; empty: `host` speaks
};

// "{{.Network.IPAddress}}(cgit)": the address of a container, whatever the path to it is in an inspection.
size_t read_placeholder(const Node& node, const std::string& text, Url& url) {
  const size_t end = text.find("}}("), close = text.find(')', end == std::string::npos ? 0 : end);
  if (end == std::string::npos || close == std::string::npos)
    refuse(node, format("'{}' is no address", printable(text)), "Write {{.Network.IPAddress}}(CONTAINER).");
  const std::string field(trim(text.substr(2, end - 2)));
  if (!field.starts_with('.') || !field.ends_with(".IPAddress"))
    refuse(node, format("'{}' is no container's address", printable(field)),
           "A check asks {{.Network.IPAddress}}(CONTAINER), or a host by its name.");
  url.container = text.substr(end + 3, close - end - 3);
  return close + 1;
}

Url url_of(const Node& node, bool is_http) {
  std::string text = word_value(node, "\"url\"");
  Url url;
  const auto takes = [&](std::string_view scheme) {
    if (!text.starts_with(scheme)) return false;
    text.erase(0, scheme.size());
    return true;
  };
  if (is_http) {
    url.tls = takes("https://");
    if (!url.tls && !takes("http://"))
      refuse(node, format("'{}' is no address of the web", printable(text)), "It begins with http:// or https://.");
  } else {
    std::ignore = takes("tcp://");
  }
  size_t host_end = text.starts_with("{{") ? read_placeholder(node, text, url) : 0;
  const size_t end = std::min(text.find_first_of("/?", host_end), text.size());
  const size_t colon = text.rfind(':', end);
  const bool has_port = colon != std::string::npos && colon >= host_end && colon < end && text.find(']', colon) >= end;
  if (url.container.empty()) url.host = text.substr(0, has_port ? colon : end);
  url.port = has_port ? text.substr(colon + 1, end - colon - 1) : !is_http ? "" : url.tls ? "443" : "80";
  if (url.port.empty()) refuse(node, format("'{}' has no port", printable(text)), "Write HOST:PORT.");
  if (end < text.size()) url.path = (text[end] == '?' ? "/" : "") + text.substr(end);
  return url;
}

// ${DOCKERCONF} and ${DOCKERSTRA_CONF} are the configuration directory, where relative paths begin as well.
std::string certificate_of(const Unit& unit, const Node& node) {
  std::string text = word_value(node, "\"cert\"");
  for (const std::string_view name : {"${DOCKERCONF}", "${DOCKERSTRA_CONF}"})
    if (text.starts_with(name)) text = unit.configuration.string() + text.substr(name.size());
  return (unit.configuration / text).lexically_normal().string();
}

// Which container of the unit a host of an address is: by its name, else as the links of e2e-check say, else the one
// that has the check.
struct Asked {
  std::string container;
  bool by_name = false;  // e2e-check knows it by the host's name
};
Asked asked_container(const Unit& unit, const Container& own, const Node& node, const Url& url) {
  if (!url.container.empty()) {
    const Container* named = container_of_unit(unit, url.container);
    if (named == nullptr)
      refuse(node, format("the unit has no container \"{}\"", printable(url.container)),
             "import: UNIT/start brings in those of another unit.");
    return {named->name};
  }
  if (const Container* named = container_of_unit(unit, url.host); named != nullptr && !only_looks(*named))
    return {named->name, true};
  const Container* looking = unit.find(looking_container);
  const Node* links = nullptr;
  for (const Node* step :
       {looking == nullptr ? nullptr : &looking->startup, looking == nullptr ? nullptr : &looking->creation})
    if (step != nullptr && links == nullptr) links = said(*step, "links");
  if (links == nullptr) return {own.name};
  for (const auto& [container, alias] : links_of(*links)) {
    // The format's own document has the pair the other way round.
    const std::string& other = alias == url.host ? container : container == url.host ? alias : std::string();
    if (other.empty()) continue;
    if (const Container* linked = container_of_unit(unit, other)) return {linked->name, true};
    refuse(*links, format("{} leads to {}, which is no container of the unit", printable(url.host), printable(other)),
           "import: UNIT/start brings in those of another unit.");
  }
  return {own.name};
}

void set_answer(const Unit& unit, const Node& map, Check& check) {
  if (const Node* status = said(map, "status")) {
    if (!status->is_list()) check.status.push_back(word_value(*status, "\"status\""));
    for (const Node& each : status->items()) check.status.push_back(word_value(each, "a status"));
  }
  if (const Node* match = said(map, "re.match")) check.match = pattern_of(*match);
  if (const Node* certificate = said(map, "cert")) check.certificate = certificate_of(unit, *certificate);
  if (const Node* headers = said(map, "headers"))
    for (const Member& header : headers->as_map("\"headers\""))
      check.headers[header.key] = header.value.as_scalar(format("the header {}", printable(header.key)));
}

DaemonCheck daemon_check_of(const Unit& unit, const Container& container, const Node& item) {
  const auto& members = item.as_map("a check");
  if (members.size() != 1)
    throw ConfigError(item.where(), format("a check is a map with one key, what is asked, not with {}", members.size()),
                      "Begin each check with a '-', and put what it says below its key.");
  const Member& question = members.front();
  const bool is_http = question.key == "GET" || question.key == "POST" || question.key == "HEAD";
  if (!is_http && question.key != "TCP") {
    std::string hint = did_you_mean(question.key, {"GET", "POST", "HEAD", "TCP"});
    throw ConfigError(question.key_where, format("unknown check \"{}\"", printable(question.key)),
                      hint.empty() ? "Known ones: GET, POST, HEAD, TCP." : hint);
  }
  const std::string what = format("the check {}", question.key);
  question.value.as_map(what);
  std::vector<std::string> known{"url", "timeout", "interval", "retries"};
  if (is_http) known.insert(known.end(), {"status", "re.match", "cert", "headers"});
  document::refuse_unknown_keys(question.value, known, what);
  const Node& address = required(question.value, "url", what);
  const Url url = url_of(address, is_http);
  const Asked asked = asked_container(unit, container, address, url);
  DaemonCheck result{question.key_where, container.name, asked.container, asked.by_name ? url.host : "", {}};
  Check& check = result.check;
  check.kind = is_http ? Check::Kind::http : Check::Kind::tcp;
  if (is_http) check.method = question.key;
  at(address.where(), [&] {
    if (is_http)
      set_target(check, format("http{}://{}:{}{}", url.tls ? "s" : "", url.host, url.port, url.path));
    else
      set_target(check, ":" + url.port);
  });
  set_answer(unit, question.value, check);
  if (const Node* time = said(question.value, "timeout")) check.timeout = time_value(*time, "\"timeout\"");
  if (const Node* time = said(question.value, "interval")) check.interval = time_value(*time, "\"interval\"");
  if (const Node* count = said(question.value, "retries"))
    check.retries = static_cast<int>(integer_value(*count, "\"retries\"", 0, 1000));
  at(question.key_where, [&] { check_the(check); });
  return result;
}

// ---- job ----

JobCheck job_check_of(const Container& container) {
  const Node& node = container.job;
  JobCheck job{node.where(), container.name, 0, {}, {}};
  if (!node.is_map()) {
    if (!node.as_bool("\"job\"")) refuse(node, "\"job\" is a map, or true", "Leave it out where it is no job.");
    return job;
  }
  document::refuse_unknown_keys(node, {"exit_code", "logs", "timeout"}, "the job");
  if (const Node* code = said(node, "exit_code"))
    job.exit_code = static_cast<int>(integer_value(*code, "\"exit_code\"", 0, 255));
  if (const Node* time = said(node, "timeout")) job.timeout = time_value(*time, "\"timeout\"");
  if (const Node* logs = said(node, "logs"))
    for (const Node& item : logs->as_list("\"logs\"")) {
      item.as_map("what the log has");
      document::refuse_unknown_keys(item, {"re.match"}, "what the log has");
      job.patterns.push_back(pattern_of(required(item, "re.match", "what the log has")));
    }
  return job;
}

void add_job(UnitTests& tests, const Container& container) {
  if (!container.job.is_null()) tests.jobs.push_back(job_check_of(container));
}

// ---- tests ----

// The container with what the test says in the place of its own, and beside it.
void lay_over(Container& container, const Node& overwrites) {
  for (const Member& member : overwrites.as_map("\"overwrites\"")) {
    if (container.startup.is_map()) container.startup.remove(member.key);
    if (!container.creation.is_map()) container.creation = Node::map();
    container.creation.remove(member.key);
    container.creation.add_member(member);
  }
}

void add_extra(Container& container, const Node& extra) {
  for (const Member& member : extra.as_map("\"extra\"")) {
    const Node* there = said(container.startup, member.key);
    if (there == nullptr) there = said(container.creation, member.key);
    Node whole = member.value;
    if (there != nullptr && there->is_map() && member.value.is_map()) {
      whole = *there;
      for (const Member& one : member.value.members()) {
        whole.remove(one.key);
        whole.add_member(one);
      }
    } else if (there != nullptr) {
      if (there->is_map() || member.value.is_map())
        throw ConfigError(member.key_where,
                          format("\"{}\" has another form here than in the container itself", printable(member.key)),
                          "Write both as maps, or both as lists.");
      whole = Node::list();
      whole.set_where(member.value.where());
      for (const Node* part : {there, &member.value}) {
        if (!part->is_list()) whole.add(*part);
        for (const Node& item : part->items()) whole.add(item);
      }
    }
    Node one = Node::map();
    one.add_member({member.key, member.key_where, std::move(whole)});
    lay_over(container, one);
  }
}

std::vector<Mount> host_paths(const Unit& unit, const Container& container, const fs::path& folder, const Node* map) {
  std::vector<Mount> paths;
  const Node* binds = map == nullptr ? nullptr : said(*map, "binds");
  if (binds == nullptr) return paths;
  Wanted wanted{unit, container, Node::map(), folder, build_folder(unit, container)};
  wanted.settings.set("binds", *binds);
  Service service;
  map_mounts(wanted, service);
  for (const Mount& mount : service.mounts)
    if (mount.kind == Mount::Kind::bind) paths.push_back(mount);
  return paths;
}

std::string file_pattern(const Node& node) {
  std::string text = word_value(node, "a file");
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  for (const auto& part : split(text, '/'))
    if (part == "..")
      refuse(node, format("'{}' leads out of the working folder", printable(text)), "Write it without '..'.");
  return text;
}

// They are the container's own.
void drop_ports(Container& place) {
  for (Node* map : {&place.startup, &place.creation, place.creation.find("host_config")})
    for (const char* key : {"port_bindings", "publish_all_ports"})
      if (map != nullptr && map->is_map()) map->remove(key);
}

OwnTest own_test_of(const Unit& unit, const Container& container, const Member& member, const fs::path& folder,
                    Container& place) {
  const Node& node = member.value;
  const std::string what = format("the test {}", member.key);
  node.as_map(what);
  document::refuse_unknown_keys(node, {"execute", "overwrites", "extra", "files", "capture_logs"}, what);
  OwnTest test;
  test.where = member.key_where;
  test.name = member.key;
  test.container = container.name;
  const Node& execute = required(node, "execute", what);
  test.command = command_of(execute, "\"execute\"");
  if (test.command.empty()) refuse(execute, "\"execute\" is empty");
  place = container;
  place.name = test.place = format("{}-{}", container.name, test.name);
  place.where = member.key_where;
  place.daemon = place.job = place.tests = Node();
  if (place.creation.is_map()) place.creation.remove("name");
  drop_ports(place);
  const Node *overwrites = said(node, "overwrites"), *extra = said(node, "extra");
  test.may_run_inside = overwrites == nullptr && extra == nullptr;
  if (overwrites != nullptr) lay_over(place, *overwrites);
  if (extra != nullptr) add_extra(place, *extra);
  for (const Node* map : {overwrites, extra})
    for (Mount& mount : host_paths(unit, container, folder, map)) test.given.push_back(std::move(mount));
  if (const Node* files = said(node, "files"))
    for (const Node& file : files->as_list("\"files\"")) test.files.push_back(file_pattern(file));
  if (const Node* flag = said(node, "capture_logs")) test.captures_logs = flag->as_bool("\"capture_logs\"");
  return test;
}

void check_test_name(const Member& member) {
  const bool is_taken = member.key == "default" || member.key == "full" || member.key == "check";
  if (is_taken || !AppName::is_valid(member.key))
    throw ConfigError(member.key_where, format("'{}' cannot be the name of a test", printable(member.key)),
                      is_taken ? "default, full and check are there in every unit."
                               : "Letters, digits, '-', '_' and '.', at least two of them.");
}

bool is_asked_for(const Address& address, const std::string& variant) {
  const auto& all = address.variants;
  return std::find(all.begin(), all.end(), variant) != all.end();
}

// What is to be checked and no order starts is started for the test.
void start_checked(UnitTests& tests) {
  const auto start = [&](const std::string& container) {
    const auto is_for_it = [&](const Order& order) { return order.container == container && order.command == "start"; };
    if (std::any_of(tests.opening.begin(), tests.opening.end(), is_for_it)) return;
    Order order;
    order.where = tests.unit.find(container)->where;
    order.container = container;
    order.command = "start";
    tests.opening.push_back(order);
    tests.unit.orders.push_back(std::move(order));
  };
  for (const DaemonCheck& check : tests.daemons) start(check.asked);
  for (const JobCheck& job : tests.jobs) start(job.container);
}

// e2e-check as a container: where it has no image it gets that of a container that is asked, for nothing of an image is
// used. Its links lead to containers of the unit, whichever way round they are written.
void make_looking(UnitTests& tests) {
  const auto found = std::find_if(tests.unit.containers.begin(), tests.unit.containers.end(),
                                  [](const Container& each) { return each.name == looking_container; });
  if (found == tests.unit.containers.end() || tests.daemons.empty()) return;
  tests.looking = looking_container;
  Container& looking = *found;
  if (only_looks(looking)) {
    if (!looking.creation.is_map()) looking.creation = Node::map();
    looking.creation.set("image", Node::text(image_of(tests.unit, *tests.unit.find(tests.daemons.front().asked))));
  }
  drop_ports(looking);
  looking.daemon = looking.job = looking.tests = Node();
  for (Node* step : {&looking.startup, &looking.creation}) {
    const Node* links = said(*step, "links");
    if (links == nullptr) continue;
    Node turned = Node::list();
    turned.set_where(links->where());
    for (const auto& [container, alias] : links_of(*links)) {
      const bool is_turned = container_of_unit(tests.unit, container) == nullptr;
      Node pair = Node::list();
      pair.add(Node::text(is_turned ? alias : container));
      pair.add(Node::text(is_turned ? container : alias));
      turned.add(std::move(pair));
    }
    step->remove("links");
    step->set("links", std::move(turned));
  }
  Order order;
  order.where = looking.where;
  order.container = looking.name;
  order.command = "create";
  if (std::none_of(tests.unit.orders.begin(), tests.unit.orders.end(),
                   [](const Order& each) { return each.container == looking_container; }))
    tests.unit.orders.push_back(std::move(order));
}

// Whatever the orders are about has its image brought here; at the end, only what is not there before.
void add_made(UnitTests& tests) {
  tests.unit.orders.clear();
  const auto add = [&](Order order) {
    if (order.container == "host") return;
    if (order.command != "start") {
      order.command = "create";
      order.arguments = Node::map();
    }
    tests.unit.orders.push_back(std::move(order));
  };
  for (const Order& order : tests.opening) add(order);
  for (const Order& order : tests.closing)
    if (order.command == "start" || order.command == "create" || order.command == "execute") add(order);
}

TestLine test_line_of(const Unit& unit, const Node& item) {
  TestLine line;
  line.where = item.where();
  const std::vector<std::string> words = command_of(item, "a test");
  if (words.empty()) refuse(item, "the test is empty", "Write UNIT/test:VARIANT.");
  const bool is_own = words.front() == "test" || words.front().starts_with("test:");
  line.address = at(item.where(), [&] {
    return parse_address(is_own ? format("{}/{}", unit.address.unit, words.front()) : words.front());
  });
  if (line.address.command != "test")
    refuse(item, format("'{}' is no test", printable(words.front())), "Write UNIT/test, or UNIT/test:VARIANT.");
  line.words.assign(words.begin() + 1, words.end());
  return line;
}

void refuse_in_update(const Order& order) {
  const auto refuse_order = [&](const char* why, const char* hint) {
    ConfigError error(order.where, format("the order \"{}\" cannot stand in an update: {}", order.command, why), hint);
    error.set_code(ErrorCode::unsupported);
    throw error;
  };
  if (order.command == "push") refuse_order("what it pushes is not tested yet", "Push with a command of its own.");
  if (order.command == "backup" || order.command == "restore" || order.command == "remove_image")
    refuse_order("it works on containers of its own, not on those in use", "Put it into a command of its own.");
}

// Data containers whose volumes something has that is made, as far as the composition has them.
void add_sources(UnitTests& tests) {
  std::set<std::string> made;
  for (const Order& order : tests.unit.orders) made.insert(order.container);
  for (size_t i = 0; i < tests.unit.orders.size(); ++i) {
    const Container* container = tests.unit.find(tests.unit.orders[i].container);
    if (container == nullptr) continue;
    const Node* from = said(container->startup, "volumes_from");
    if (from == nullptr) from = said(container->creation, "volumes_from");
    if (from == nullptr) continue;
    for (const auto& word : comma_words_of(*from, "\"volumes_from\"")) {
      const Container* source = container_of_unit(tests.unit, word.substr(0, word.find(':')));
      if (source == nullptr || !made.insert(source->name).second) continue;
      Order order;
      order.where = source->where;
      order.container = source->name;
      order.command = "create";
      tests.opening.insert(tests.opening.begin(), order);
      tests.unit.orders.push_back(std::move(order));
    }
  }
}

}  // namespace

bool only_looks(const Container& container) {
  return container.name == looking_container && container.build.is_null() &&
         said(container.creation, "image") == nullptr;
}

std::vector<std::string> test_variants(const std::vector<Container>& containers) {
  std::vector<std::string> names{"default", "full"};
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Container& container : containers)
    if (!container.daemon.is_null() || !container.job.is_null()) add("check");
  for (const Container& container : containers)
    for (const Member& member : container.tests.members()) add(member.key);
  return names;
}

UnitTests tests_of(const Unit& unit, const fs::path& folder) {
  UnitTests tests;
  tests.unit = unit;
  const auto middle = unit.orders.begin() + static_cast<std::ptrdiff_t>(unit.opening);
  tests.opening.assign(unit.orders.begin(), middle);
  tests.closing.assign(middle, unit.orders.end());
  add_made(tests);
  tests.checks = is_asked_for(unit.address, "check");
  for (const Container& container : unit.containers) {
    add_job(tests, container);
    if (!container.daemon.is_null())
      for (const Node& item : container.daemon.as_list("\"daemon\"")) {
        DaemonCheck check = daemon_check_of(unit, container, item);
        if (tests.checks) tests.daemons.push_back(std::move(check));
      }
    if (container.tests.is_null()) continue;
    for (const Member& member : container.tests.as_map("\"tests\"")) {
      check_test_name(member);
      Container place;
      OwnTest test = own_test_of(unit, container, member, folder, place);
      if (!is_asked_for(unit.address, test.name)) continue;
      if (unit.find(test.place) != nullptr)
        throw ConfigError(test.where, format("the composition has a container {} already", test.place),
                          "Give the test another name.");
      Order order;
      order.where = test.where;
      order.container = test.place;
      order.command = "create";
      tests.unit.orders.push_back(std::move(order));
      tests.unit.containers.push_back(std::move(place));
      tests.own.push_back(std::move(test));
    }
  }
  if (tests.checks) start_checked(tests);
  if (tests.checks) make_looking(tests);
  add_sources(tests);
  if (tests.opening.empty() && tests.closing.empty() && tests.own.empty())
    throw ConfigError({unit.file.string(), 0, 0},
                      format("{} has nothing to test: it has no orders", unit.address.text()),
                      "Orders are the second document of the file, behind '---'.");
  return tests;
}

std::vector<TestLine> test_lines_of(const Unit& unit, const Order& order) {
  const Node* list = order.argument("tests");
  if (list == nullptr)
    throw ConfigError(order.where, "the order tests does not say which \"tests\"", "Say tests: [UNIT/test:check].");
  std::vector<TestLine> lines;
  for (const Node& item : list->as_list("\"tests\"")) lines.push_back(test_line_of(unit, item));
  return lines;
}

UnitUpdate update_of(const Unit& unit) {
  UnitUpdate update;
  update.work.unit = unit;
  for (const Order& order : unit.orders) {
    refuse_in_update(order);
    if (order.command != "tests") {
      update.work.opening.push_back(order);
      continue;
    }
    if (&order != &unit.orders.back())
      throw ConfigError(order.where, "the order tests is not the last one",
                        "Put it at the end: the names of images move when it has passed.");
    update.tests = test_lines_of(unit, order);
  }
  add_made(update.work);
  for (const Container& container : unit.containers) add_job(update.work, container);
  add_sources(update.work);
  return update;
}

}  // namespace belay::formats::dockerstra
