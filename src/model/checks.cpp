#include "model/checks.h"

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "base/format.h"
#include "base/pattern.h"
#include "base/text.h"

namespace belay {

namespace {

constexpr const char* forms = "A check is like 'GET :8080/health 200 ~ok', 'TCP :5432' or 'exec pg_isready -U shop'.";

[[noreturn]] void refuse_check(const std::string& message, const std::string& hint = forms) {
  throw Error(ErrorCode::bad_value, message, hint);
}

bool is_status(std::string_view word) {
  return word.size() == 3 && word[0] >= '1' && word[0] <= '5' &&
         (word.substr(1) == "xx" || (word[1] >= '0' && word[1] <= '9' && word[2] >= '0' && word[2] <= '9'));
}

std::uint16_t port_of_check(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > 65535)
    refuse_check(format("'{}' is no port", printable(text)), "Ports are the numbers from 1 to 65535.");
  return static_cast<std::uint16_t>(*number);
}

int whole_in(const std::string& name, const std::string& value, int most) {
  const auto number = parse_number(value);
  if (!number || *number > most)
    refuse_check(format("'{}' of '{}' is no number from 0 to {}", printable(value), name, most));
  return static_cast<int>(*number);
}

Milliseconds time_of_check(const std::string& name, const std::string& value) {
  const auto time = parse_duration(value);
  if (!time) refuse_check(format("'{}' of '{}' is no time", printable(value), name), "Times are like 500ms, 5s or 1m.");
  return *time;
}

void add_header(Check& check, const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) refuse_check("a header is written as header=NAME:VALUE");
  check.headers[text.substr(0, colon)] = trim(text.substr(colon + 1));
}

// The words that every check or some of them take as NAME=VALUE. False: it is none of these.
bool take_option(Check& check, const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos) return false;
  const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
  const bool is_http = check.kind == Check::Kind::http;
  if (name == "timeout")
    check.timeout = time_of_check(name, value);
  else if (name == "interval")
    check.interval = time_of_check(name, value);
  else if (name == "retries")
    check.retries = whole_in(name, value, 1000);
  else if (name == "match" && check.kind != Check::Kind::tcp)
    check.match = value;
  else if (name == "exit" && check.kind == Check::Kind::exec)
    check.exit_code = whole_in(name, value, 255);
  else if (name == "header" && is_http)
    add_header(check, value);
  else if (name == "cert" && is_http)
    check.certificate = value;
  else
    return false;
  return true;
}

void parse_exec(Check& check, const std::vector<std::string>& words) {
  size_t next = 1;
  while (next < words.size() && words[next] != "--" && take_option(check, words[next])) ++next;
  if (next < words.size() && words[next] == "--") ++next;
  check.command.assign(words.begin() + static_cast<std::ptrdiff_t>(next), words.end());
}

// Where the pattern begins: a '~' that begins a word, outside of quotes.
size_t pattern_begin(std::string_view line) {
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      if (line[i] == quote) quote = 0;
    } else if (line[i] == '\'' || line[i] == '"') {
      quote = line[i];
    } else if (line[i] == '~' && i > 0 && is_space(line[i - 1])) {
      return i;
    }
  }
  return std::string_view::npos;
}

void parse_request(Check& check, std::string_view line) {
  const size_t pattern = pattern_begin(line);
  const auto words = shell_words(line.substr(0, pattern));
  if (words.size() < 2) refuse_check(format("'{}' names no port", printable(trim(line))));
  set_target(check, words[1]);
  for (size_t i = 2; i < words.size(); ++i) {
    if (take_option(check, words[i])) continue;
    if (check.kind != Check::Kind::http) refuse_check(format("'{}' says nothing to a check", printable(words[i])));
    for (const auto& status : split(words[i], ',')) {
      if (!is_status(status))
        refuse_check(format("'{}' is no status of HTTP", printable(status)),
                     "Statuses are like 200, 204 or 2xx; several are separated by commas.");
      check.status.push_back(status);
    }
  }
  if (pattern == std::string_view::npos) return;
  if (check.kind != Check::Kind::http) refuse_check("a check of a port alone has no answer that could be searched");
  check.match = trim(line.substr(pattern + 1));
  if (check.match.empty()) refuse_check("there is no pattern after '~'");
}

// As it is read: duration_text writes for people.
std::string time_word(Milliseconds time) {
  return time.count() % 1000 == 0 ? format("{}s", time.count() / 1000) : format("{}ms", time.count());
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_header_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

void check_request(const Check& check) {
  static const std::array<std::string, 3> methods{"GET", "POST", "HEAD"};
  if (std::find(methods.begin(), methods.end(), check.method) == methods.end())
    refuse_check(format("a check cannot send '{}'", printable(check.method)), "It sends GET, POST or HEAD.");
  for (const auto& status : check.status)
    if (!is_status(status))
      refuse_check(format("'{}' is no status of HTTP", printable(status)), "Statuses are like 200, 204 or 2xx.");
  for (const std::string* text : {&check.host, &check.path})
    if (has_control(*text) || text->find(' ') != std::string::npos)
      refuse_check("the target of a check has a space or a control character", "Write a space as %20.");
  if (!check.path.starts_with('/'))
    refuse_check(format("the path '{}' does not begin with '/'", printable(check.path)));
  if (check.path.find('#') != std::string::npos) refuse_check("what follows '#' is never sent to a server");
  for (const auto& [name, value] : check.headers)
    if (!is_header_name(name) || has_control(value))
      refuse_check(format("'{}' is no header that can be sent", printable(name)));
  if (check.method == "HEAD" && !check.match.empty())
    refuse_check("the answer to HEAD has no body that could be searched", "Use GET.");
  if (!check.certificate.empty() && !check.tls)
    refuse_check("a certificate is of use only with https", "Write the target as https://:PORT/PATH.");
}

}  // namespace

std::string target_text(const Check& check) {
  if (check.kind == Check::Kind::tcp) return format(":{}", check.port);
  const std::string scheme = check.tls ? "https://" : check.host.empty() ? "" : "http://";
  const bool is_ipv6 = check.host.find(':') != std::string::npos;
  return format("{}{}:{}{}", scheme, is_ipv6 ? "[" + check.host + "]" : check.host, check.port, check.path);
}

void set_target(Check& check, const std::string& target) {
  std::string_view rest = target;
  if (check.kind == Check::Kind::http) {
    check.tls = rest.starts_with("https://");
    if (check.tls || rest.starts_with("http://")) rest.remove_prefix(check.tls ? 8 : 7);
  }
  const size_t path = check.kind == Check::Kind::http ? rest.find_first_of("/?#") : std::string_view::npos;
  const std::string_view authority = rest.substr(0, path);
  if (path != std::string_view::npos) check.path = rest.substr(path);
  if (check.path.starts_with('?')) check.path = "/" + check.path;
  if (authority.find('@') != std::string_view::npos)
    refuse_check("a check's target has no user and password", "Send a header: header='Authorization:Basic …'.");
  const bool is_ipv6 = authority.starts_with('[');
  const size_t colon = is_ipv6 ? authority.find("]:") : authority.rfind(':');
  if (colon == std::string_view::npos)
    refuse_check(format("'{}' names no port", printable(target)),
                 "The port is the container's own, as in ':8080/health' or 'https://shop.example:8443/'.");
  check.host = is_ipv6 ? authority.substr(1, colon - 1) : authority.substr(0, colon);
  if (check.kind == Check::Kind::tcp && !check.host.empty())
    refuse_check(format("'{}' names another host", printable(target)), "A check asks the container: 'TCP :5432'.");
  check.port = port_of_check(authority.substr(colon + (is_ipv6 ? 2 : 1)));
}

Check parse_check(std::string_view line) {
  const std::string_view trimmed = trim(line);
  const size_t end = std::find_if(trimmed.begin(), trimmed.end(), is_space) - trimmed.begin();
  const std::string first(trimmed.substr(0, end));
  static const std::vector<std::string> words{"GET", "POST", "HEAD", "TCP", "exec"};
  Check check;
  if (lower(first) == "exec") {
    check.kind = Check::Kind::exec;
    parse_exec(check, shell_words(trimmed));
  } else if (lower(first) == "tcp") {
    check.kind = Check::Kind::tcp;
    parse_request(check, trimmed);
  } else if (const std::string upper = lower(first); upper == "get" || upper == "post" || upper == "head") {
    check.method = upper == "get" ? "GET" : upper == "post" ? "POST" : "HEAD";
    parse_request(check, trimmed);
  } else {
    const std::string meant = did_you_mean(first, words);
    refuse_check(format("'{}' is no check", printable(first)), meant.empty() ? forms : meant);
  }
  check_the(check);
  return check;
}

void check_the(const Check& check) {
  if (check.kind == Check::Kind::exec) {
    if (check.command.empty() || check.command[0].empty()) refuse_check("the check runs no command");
    for (const auto& word : check.command)
      if (word.find('\0') != std::string::npos) refuse_check("a word of the check's command has a NUL character");
  } else if (check.port == 0) {
    refuse_check("the check names no port");
  }
  if (check.kind == Check::Kind::http) check_request(check);
  if (!check.match.empty()) Pattern{check.match};
  if (check.timeout && check.timeout->count() == 0)
    refuse_check("a check cannot be done in no time", "Leave timeout out.");
}

bool fits(const Check& check, int status) {
  static const std::vector<std::string> success{"2xx"};
  const auto& wanted = check.status.empty() ? success : check.status;
  const std::string text = format("{}", status);
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& each) {
    return each == text || (each.ends_with("xx") && each[0] == text[0]);
  });
}

std::string question(const Check& check) {
  switch (check.kind) {
    case Check::Kind::tcp:
      return "TCP " + target_text(check);
    case Check::Kind::exec: {
      std::vector<std::string> words{"exec"};
      if (check.exit_code != 0) words.push_back(format("exit={}", check.exit_code));
      if (!check.match.empty()) words.push_back(shell_quoted("match=" + check.match));
      if (words.size() > 1) words.emplace_back("--");
      for (const auto& word : check.command) words.push_back(shell_quoted(word));
      return printable(join(words, " "));
    }
    case Check::Kind::http:
      break;
  }
  std::string text =
      format("{} {} {}", check.method, target_text(check), check.status.empty() ? "2xx" : join(check.status, ","));
  if (!check.match.empty()) text += " ~" + check.match;
  return printable(text);
}

std::string to_text(const Check& check) {
  std::vector<std::string> more;
  for (const auto& [name, value] : check.headers) more.push_back("header=" + name);
  if (!check.certificate.empty()) more.push_back(shell_quoted("cert=" + check.certificate));
  if (check.timeout) more.push_back("timeout=" + time_word(*check.timeout));
  if (check.interval) more.push_back("interval=" + time_word(*check.interval));
  if (check.retries) more.push_back(format("retries={}", *check.retries));
  std::string text = question(check);
  if (more.empty()) return text;
  // Before what takes the rest of the line.
  const std::string options = join(more, " ");
  if (check.kind == Check::Kind::exec) {
    const bool has_end = check.exit_code != 0 || !check.match.empty();
    return format("exec {}{}{}", options, has_end ? "" : " --", text.substr(4));
  }
  const size_t pattern = check.match.empty() ? text.size() : text.size() - printable(check.match).size() - 2;
  return text.substr(0, pattern) + " " + options + text.substr(pattern);
}

}  // namespace belay
