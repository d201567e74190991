#include "formats/dockerup_settings.h"

#include "base/format.h"
#include "base/text.h"
#include "document/ini.h"
#include "formats/place.h"
#include "formats/run_values.h"

namespace belay::formats {

namespace {

bool truth(const std::string& text) {
  const std::string word = lower(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  throw Error(ErrorCode::bad_value, format("'{}' is neither true nor false", printable(text)));
}

fs::path folder(const std::string& text, const fs::path& base_folder) {
  if (text.empty()) throw Error(ErrorCode::bad_value, "the path is empty");
  if (text.starts_with('~'))
    throw Error(ErrorCode::bad_value, format("'{}' begins with ~", printable(text)), "Write the path out.");
  fs::path path = (base_folder / text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

// The file's authors write two slashes before a path that begins at the root.
std::string engine_address(const std::string& text) {
  static constexpr std::string_view scheme = "unix://";
  if (!text.starts_with(scheme)) {
    if (text.starts_with('/')) return format("{}{}", scheme, text);
    if (text.starts_with("tcp://")) return text;
    throw Error(ErrorCode::bad_value, format("'{}' is not the address of an engine", printable(text)),
                "They look like unix:///var/run/docker.sock or tcp://host:2376.");
  }
  const std::string path = text.substr(scheme.size());
  if (path.empty()) throw Error(ErrorCode::bad_value, "there is no path after unix://");
  return format("{}{}{}", scheme, path.starts_with('/') ? "" : "/", path);
}

Milliseconds interval(const std::string& text) {
  const Milliseconds time = duration(text);
  if (time < Seconds(1))
    throw Error(ErrorCode::bad_value, format("an interval of {} is too short", duration_text(time)),
                "The least is 1s.");
  return time;
}

std::string web_address(const std::string& text) {
  if (!text.empty() && !text.starts_with("http://") && !text.starts_with("https://"))
    // The text itself stays out: it may hold a token.
    throw Error(ErrorCode::bad_value, "what is written there is not a web address",
                "They begin with http:// or https://.");
  return text;
}

std::string base_address(const std::string& text) {
  if (!text.starts_with("http://"))
    throw Error(ErrorCode::bad_value, format("'{}' is not the address of a metadata service", printable(text)),
                "They begin with http://.");
  return text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
}

std::string command_line(const std::string& text) {
  shell_words(text);
  return text;
}

bool server_mode(const std::string& text) {
  try {
    return truth(text);
  } catch (Error& error) {
    error.offer_hint("A registry has a key of its own: registry.");
    throw;
  }
}

SwapOrder swap_order(const std::string& text) {
  if (text == "by-rule") return SwapOrder::by_rule;
  if (text == "start-first") return SwapOrder::start_first;
  if (text == "stop-first") return SwapOrder::stop_first;
  throw Error(ErrorCode::bad_value, format("'{}' is not by-rule, start-first or stop-first", printable(text)));
}

std::vector<std::string> name_list(const std::string& text) {
  std::vector<std::string> all;
  for (const auto& part : split(text, ','))
    if (const auto name = trim(part); !name.empty()) all.emplace_back(name);
  return all;
}

// A folder here, or a place elsewhere as it is written: sftp://…, rclone:….
std::string backup_place(const std::string& text, const fs::path& base_folder) {
  const bool is_elsewhere = text.find("://") != std::string::npos || text.starts_with("rclone:");
  return is_elsewhere ? text : folder(text, base_folder).string();
}

struct Setting {
  const char* key;
  void (*set)(Settings& settings, const std::string& value, const fs::path& base_folder);
};

constexpr Setting table[] = {
    {"confdir", [](Settings& s, const std::string& v, const fs::path& base) { s.confdir = folder(v, base); }},
    {"cache", [](Settings& s, const std::string& v, const fs::path& base) { s.cache = folder(v, base); }},
    {"remote", [](Settings& s, const std::string& v, const fs::path&) { s.remote = engine_address(v); }},
    {"interval", [](Settings& s, const std::string& v, const fs::path&) { s.interval = interval(v); }},
    {"aws", [](Settings& s, const std::string& v, const fs::path&) { s.aws = truth(v); }},
    {"metadata", [](Settings& s, const std::string& v, const fs::path&) { s.metadata = base_address(v); }},
    {"pull", [](Settings& s, const std::string& v, const fs::path&) { s.pull = truth(v); }},
    {"exclusive", [](Settings& s, const std::string& v, const fs::path&) { s.exclusive = truth(v); }},
    {"registry", [](Settings& s, const std::string& v, const fs::path&) { s.registry = v; }},
    {"server", [](Settings& s, const std::string& v, const fs::path&) { s.server = server_mode(v); }},
    {"order", [](Settings& s, const std::string& v, const fs::path&) { s.order = swap_order(v); }},
    {"username", [](Settings& s, const std::string& v, const fs::path&) { s.username = v; }},
    {"password", [](Settings& s, const std::string& v, const fs::path&) { s.password = v; }},
    {"email", [](Settings& s, const std::string& v, const fs::path&) { s.email = v; }},
    {"soak", [](Settings& s, const std::string& v, const fs::path&) { s.soak = duration(v); }},
    {"metrics", [](Settings& s, const std::string& v, const fs::path&) { s.metrics = v; }},
    {"metrics_names", [](Settings& s, const std::string& v, const fs::path&) { s.metrics_names = name_list(v); }},
    {"notify_command", [](Settings& s, const std::string& v, const fs::path&) { s.notify_command = command_line(v); }},
    {"notify_format", [](Settings& s, const std::string& v, const fs::path&) { s.notify_format = command_form(v); }},
    {"webhook_format", [](Settings& s, const std::string& v, const fs::path&) { s.webhook_format = webhook_form(v); }},
    {"webhook", [](Settings& s, const std::string& v, const fs::path&) { s.webhook = web_address(v); }},
    {"webhook_headers",
     [](Settings& s, const std::string& v, const fs::path& base) { s.webhook_headers = folder(v, base); }},
    {"keep",
     [](Settings& s, const std::string& v, const fs::path&) { s.keep = static_cast<int>(whole_number(v, 0, 1000)); }},
    {"settle", [](Settings& s, const std::string& v, const fs::path&) { s.settle = duration(v); }},
    {"wait_timeout", [](Settings& s, const std::string& v, const fs::path&) { s.wait_timeout = duration(v); }},
    {"backups", [](Settings& s, const std::string& v, const fs::path& base) { s.backups = backup_place(v, base); }},
    {"backup_keep", [](Settings& s, const std::string& v, const fs::path&) { s.backup_keep = v; }},
    {"recipients", [](Settings& s, const std::string& v, const fs::path&) { s.recipients = name_list(v); }},
    {"recipients_file",
     [](Settings& s, const std::string& v, const fs::path& base) { s.recipients_file = folder(v, base); }},
};

const Setting* find(const std::string& key) {
  for (const Setting& setting : table)
    if (setting.key == key) return &setting;
  return nullptr;
}

}  // namespace

std::vector<std::string> setting_keys() {
  std::vector<std::string> keys;
  for (const Setting& setting : table) keys.emplace_back(setting.key);
  return keys;
}

void set_setting(Settings& settings, const std::string& key, const std::string& value, const fs::path& base_folder) {
  const Setting* setting = find(key);
  if (setting == nullptr)
    throw Error(ErrorCode::bad_value, format("unknown setting '{}'", printable(key)),
                did_you_mean(key, setting_keys()));
  doing(key, [&] { setting->set(settings, value, base_folder); });
}

Settings parse_settings(std::string_view text, const fs::path& file) {
  const document::Node root = document::read_ini(text, file.string());
  document::refuse_unknown_keys(root, setting_keys(), "the settings");
  const fs::path base_folder = fs::absolute(file).parent_path();
  Settings settings;
  for (const document::Member& member : root.members()) {
    const std::string& value = member.value.as_text(member.key);
    at(member.value.where(), [&] { set_setting(settings, member.key, value, base_folder); });
  }
  return settings;
}

}  // namespace belay::formats
