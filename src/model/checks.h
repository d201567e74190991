#pragma once
// Questions that a running service must answer before its release has proved itself, beside its health check.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace belay {

struct Check {
  enum class Kind {
    http,  // a request to a port of the container
    tcp,   // a port of the container takes a connection
    exec,  // a command in the container ends with a code
  };
  Kind kind = Kind::http;
  std::uint16_t port = 0;  // of the container; http and tcp

  // http. The request goes to the container itself, whatever `host` is: that is only what the request calls it.
  std::string method = "GET";  // GET, POST, HEAD
  bool tls = false;
  std::string host;                            // empty: the container's address
  std::string path = "/";                      // with the query
  std::vector<std::string> status;             // "200", "2xx": any of them; empty: "2xx"
  std::map<std::string, std::string> headers;  // their values may be secrets
  std::string certificate;  // PEM file on this machine: the server's own certificate, or of those who signed it

  std::string match;  // regular expression that is in the answer's body, the command's output

  std::vector<std::string> command;
  int exit_code = 0;

  std::optional<Milliseconds> timeout{};   // of one try; nullopt: usual_timeout
  std::optional<Milliseconds> interval{};  // between two tries; nullopt: usual_interval
  // How many wrong answers in a row are borne; nullopt: as many as there is time for. No answer yet is no wrong one.
  std::optional<int> retries{};

  static constexpr Milliseconds usual_timeout{5'000}, usual_interval{500};
  auto operator<=>(const Check&) const = default;
};

// One line, as `parse_check` takes it: "GET :8080/health 200 ~ok", "TCP :5432", "exec pg_isready -U shop". Without the
// values of headers.
std::string to_text(const Check& check);
// What it asks, without the patience it has.
std::string question(const Check& check);
// Reads one line:
//
//   GET|POST|HEAD TARGET [STATUS,…] [header=NAME:VALUE] [cert=FILE] [timeout=] [interval=] [retries=] [~PATTERN]
//   TCP :PORT [timeout=] [interval=] [retries=]
//   exec [exit=CODE] [match=PATTERN] [timeout=] [interval=] [retries=] [--] COMMAND…
//
// TARGET: ":PORT/PATH", or "http[s]://[HOST]:PORT/PATH". Words are quoted as in a shell; PATTERN after ~ is the rest of
// the line as it stands. Throws Error for what is no check.
Check parse_check(std::string_view line);
// Sets what TARGET says.
void set_target(Check& check, const std::string& target);
std::string target_text(const Check& check);
// Throws Error where it cannot be asked at all.
void check_the(const Check& check);
// Whether a status fits what was asked for.
bool fits(const Check& check, int status);

}  // namespace belay
