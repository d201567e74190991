#include "backup/place.h"

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "base/files.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::backup {

namespace {

constexpr std::string_view sftp_scheme = "sftp://", rclone_scheme = "rclone:";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) { return is_letter_or_digit(c) || others.find(c) != others.npos; });
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

UsageError wrong(std::string_view text, const std::string& why, std::string hint = {}) {
  return UsageError(format("'{}' is not a place for backups: {}", printable(text), why), std::move(hint));
}

constexpr const char* sftp_hint = "As in sftp://backup@nas/srv/backups or sftp://nas:2222/~/backups";
constexpr const char* rclone_hint =
    "Make it a remote with `rclone config` and write rclone:REMOTE:PATH, as in rclone:s3:my-bucket/backups";

std::string percent_decoded(std::string_view text, std::string_view whole) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      throw wrong(whole, "'%' must be followed by two hexadecimal digits", "Write %25 for a '%'.");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string percent_encoded(std::string_view path) {
  std::string encoded;
  for (const char c : path) {
    // What parse_place would not read back, or what a reader would stumble over.
    if (c == '%' || c == ' ' || c == '?' || c == '#')
      encoded += format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    else
      encoded += c;
  }
  return encoded;
}

// "a//b/." as "a/b"; ".." stays what the server makes of it.
std::string tidy(std::string_view path) {
  std::string tidied = path.starts_with('/') ? "/" : "";
  for (const auto& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (!tidied.empty() && tidied.back() != '/') tidied += '/';
    tidied += part;
  }
  return tidied;
}

int parse_port(std::string_view text, std::string_view whole) {
  constexpr int highest = 65535;
  const auto port = parse_number(text);
  if (!port || *port < 1 || *port > highest)
    throw wrong(whole, format("'{}' is not a port", printable(text)), sftp_hint);
  return static_cast<int>(*port);
}

Place parse_sftp(std::string_view text) {
  Place place;
  place.kind = Place::Kind::sftp;
  std::string_view rest = text.substr(sftp_scheme.size());
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  const std::string_view path = slash == rest.npos ? std::string_view() : rest.substr(slash);

  if (const auto at = authority.rfind('@'); at != authority.npos) {
    const std::string_view user = authority.substr(0, at);
    // Not shown: what stands there is a password.
    if (user.find(':') != user.npos)
      throw UsageError("an sftp place cannot hold a password",
                       "ssh reaches the server by a key: ssh-keygen, ssh-copy-id, and leave the password out.");
    place.user = percent_decoded(user, text);
    if (place.user.empty() || place.user.starts_with('-') || !consists_of(place.user, "._-+@\\"))
      throw wrong(text, format("'{}' is not a user", printable(place.user)), sftp_hint);
    authority.remove_prefix(at + 1);
  }
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    const std::string_view after = end == authority.npos ? "" : authority.substr(end + 1);
    if (end == authority.npos || (!after.empty() && after[0] != ':'))
      throw wrong(text, "the '[' of an IPv6 address is not closed", sftp_hint);
    place.host = authority.substr(1, end - 1);
    if (!after.empty()) place.port = parse_port(after.substr(1), text);
  } else {
    const auto colon = authority.find(':');
    place.host = authority.substr(0, colon);
    if (colon != authority.npos) place.port = parse_port(authority.substr(colon + 1), text);
  }
  if (place.host.empty()) throw wrong(text, "there is no host", sftp_hint);
  if (place.host.starts_with('-') || !consists_of(place.host, "._-:"))
    throw wrong(text, format("'{}' is not a host", printable(place.host)), sftp_hint);

  const std::string decoded = percent_decoded(path, text);
  if (decoded.empty())
    throw wrong(text, "there is no path", "A '/~/' after the host is the account's home folder on the server.");
  if (has_control_character(decoded)) throw wrong(text, "its path has a control character");
  place.path = tidy(decoded);
  if (place.path == "/~" || place.path.starts_with("/~/"))
    place.path.erase(0, std::min<std::size_t>(3, place.path.size()));
  return place;
}

Place parse_rclone(std::string_view text) {
  Place place;
  place.kind = Place::Kind::rclone;
  const std::string_view rest = text.substr(rclone_scheme.size());
  const auto colon = rest.find(':');
  if (colon == rest.npos) throw wrong(text, "a remote and a path are missing", rclone_hint);
  place.remote = rest.substr(0, colon);
  place.path = rest.substr(colon + 1);
  // What rclone lets a remote be called. Its other forms, with options in the text, would put secrets on the command
  // line.
  if (place.remote.empty() || place.remote.starts_with('-') || place.remote.starts_with(' ') ||
      !consists_of(place.remote, "_-.+@ "))
    throw wrong(text, format("'{}' is not the name of a remote", printable(place.remote)), rclone_hint);
  if (has_control_character(place.path)) throw wrong(text, "its path has a control character");
  place.path = tidy(place.path);
  return place;
}

// Where text that names no file here has another form that somebody may have meant.
void refuse_foreign(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || text.find('/') < colon) return;
  const std::string before = lower(text.substr(0, colon));
  if (text.substr(colon).starts_with("://")) {
    if (before == "ssh" || before == "scp")
      throw wrong(text, format("'{}' is not a way to get there", before), sftp_hint);
    if (before == "file") throw wrong(text, "'file' is not a way to get there", "Write the path alone.");
    throw wrong(text, format("'{}' is not a way to get there", printable(before)), rclone_hint);
  }
  if (before.find('@') != before.npos)
    throw wrong(text, "it is neither a path nor an address",
                format("sftp://{}/PATH for a server, ./{} for a folder of that name", text.substr(0, colon), text));
  throw wrong(text, "it is neither a path nor an address",
              format("sftp://{}/PATH for a server, rclone:{} for a remote of rclone, ./{} for a folder of that name",
                     text.substr(0, colon), text, text));
}

bool is_called_as_a_backup(std::string_view name) {
  if (name.ends_with(".age")) return true;
  constexpr std::array endings{".tar", ".tar.zst", ".tar.gz", ".tgz"};
  return std::ranges::any_of(endings, [&](const char* ending) { return name.ends_with(ending); });
}

}  // namespace

std::string Place::text() const {
  switch (kind) {
    case Kind::local:
      return path;
    case Kind::rclone:
      return format("{}{}:{}", rclone_scheme, remote, path);
    case Kind::sftp:
      break;
  }
  std::string text(sftp_scheme);
  if (!user.empty()) text += percent_encoded(user) + "@";
  text += host.find(':') != host.npos ? "[" + host + "]" : host;
  if (port != 0) text += format(":{}", port);
  text += path.starts_with('/') ? "" : "/~/";
  return text + percent_encoded(path);
}

Place parse_place(std::string_view text) {
  if (text.empty()) throw wrong(text, "it is empty");
  if (text.starts_with(sftp_scheme)) return parse_sftp(text);
  if (text.starts_with(rclone_scheme)) return parse_rclone(text);
  refuse_foreign(text);
  if (has_control_character(text)) throw wrong(text, "it has a control character");
  if (text.starts_with('-'))
    throw wrong(text, "it looks like an option", format("./{} for a folder of that name", text));
  Place place;
  place.path = text == "~" || text.starts_with("~/") ? home_folder().string() + std::string(text.substr(1)) : text;
  return place;
}

std::string FilePlace::text() const {
  const std::string before = folder.text();
  return before.ends_with('/') || before.ends_with(':') ? before + name : before + "/" + name;
}

std::optional<FilePlace> as_file(const Place& place) {
  const auto slash = place.path.rfind('/');
  const std::string name = slash == std::string::npos ? place.path : place.path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return {};
  bool is_file = is_called_as_a_backup(name);
  if (place.kind == Place::Kind::local) {
    std::error_code unknown;
    const fs::file_status there = fs::status(place.path, unknown);
    if (fs::exists(there)) is_file = !fs::is_directory(there);
  }
  if (!is_file) return {};
  FilePlace file{place, name};
  if (slash == std::string::npos)
    file.folder.path = place.kind == Place::Kind::local ? "." : "";
  else
    file.folder.path = slash == 0 ? "/" : place.path.substr(0, slash);
  return file;
}

}  // namespace belay::backup
