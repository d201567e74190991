#include "exec/ask.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>

#include "base/files.h"
#include "base/format.h"
#include "base/pattern.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "engine/captured_output.h"
#include "net/http.h"

namespace belay::exec {

namespace {

using Kind = Answer::Kind;

// Of an answer's body and of a command's output: what may be searched, and what is told.
constexpr size_t most_read = 256 << 10;
constexpr size_t most_told = 200;
// What is not a success is read whole, for its status.
constexpr std::int64_t most_refusal = 4 << 20;

std::string beginning_of(std::string_view text) {
  std::string beginning = printable(trim(text));
  if (beginning.size() <= most_told) return beginning;
  size_t end = most_told;
  // A character of several bytes stays whole.
  while (end > 0 && (static_cast<unsigned char>(beginning[end]) & 0xc0) == 0x80) --end;
  return beginning.substr(0, end) + "…";
}

bool is_the_hosts(int error_number) {
  return error_number == ENETUNREACH || error_number == EHOSTUNREACH || error_number == EACCES ||
         error_number == EPERM || error_number == ENETDOWN || error_number == EADDRNOTAVAIL;
}

Answer no_answer(const std::string& what, const net::StreamError& error) {
  return {is_the_hosts(error.error_number()) ? Kind::out_of_reach : Kind::none,
          format("{} got no answer: {}", what, error.what())};
}

// The server's own certificate may be trusted as well as those of the authorities that signed it.
net::TlsOptions tls_options(const Check& check) {
  net::TlsOptions options;
  options.verify_peer = !check.certificate.empty() || !check.host.empty();
  options.verify_name = !check.host.empty();
  options.ca_file = check.certificate;
  options.trust_a_leaf = true;
  return options;
}

// What is wrong with the file says nothing about the server.
void refuse_bad_certificate(const std::string& file) {
  try {
    if (read_file(file, {1 << 20}).find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      throw Error(ErrorCode::check_impossible, "there is no certificate in it in PEM form");
  } catch (Error& error) {
    error.set_code(ErrorCode::check_impossible);
    error.add_context(format("reading the check's certificate {}", file));
    throw;
  }
}

net::Response request(const Check& check, engine::Reached reached, Ticks deadline, const std::stop_token& stop) {
  const std::string host = check.host.empty() ? reached.address : net::TcpAddress{check.host, check.port}.text();
  if (check.tls) {
    net::TlsClient tls(tls_options(check));
    const std::string name = check.host.empty() ? reached.address.substr(0, reached.address.rfind(':')) : check.host;
    reached.stream = tls.over(std::move(reached.stream), name, deadline, stop);
  }
  net::HttpClient client([&](const std::stop_token&) { return std::move(reached.stream); }, host);
  net::Request request;
  request.method = check.method;
  request.target = check.path;
  for (const auto& [name, value] : check.headers) request.headers.add(name, value);
  if (check.method == "POST") request.body = std::string();
  request.deadline = deadline;
  request.patience = Milliseconds(0);
  request.body_limit = ByteCount{most_refusal};
  std::string body;
  // The beginning of what succeeds is enough; a refusal is read to its end.
  const net::BodySink keep = [&](std::string_view bytes) {
    body.append(bytes.substr(0, most_read - std::min(most_read, body.size())));
    return body.size() < most_read;
  };
  net::Response response = client.stream(request, keep, stop);
  if (response.body.empty()) response.body = std::move(body);
  return response;
}

Answer judged(const Check& check, const std::string& what, const net::Response& response) {
  if (!fits(check, response.status))
    return {Kind::wrong,
            format("{} answered {}, expected {}", what, response.status,
                   check.status.empty() ? "2xx" : join(check.status, " or ")),
            beginning_of(response.body)};
  if (!check.match.empty() && !Pattern(check.match).is_in(response.body))
    return {Kind::wrong,
            format("{} answered {}, but nothing in it fits '{}'", what, response.status, printable(check.match)),
            beginning_of(response.body)};
  return {};
}

// How the port is reached.
using Reach = std::function<engine::Reached(Ticks deadline)>;

Answer ask_port(const Check& check, const Reach& reach, Milliseconds most, const std::stop_token& stop) {
  if (!check.certificate.empty()) refuse_bad_certificate(check.certificate);
  const Ticks deadline = net::deadline_in(most);
  const bool is_http = check.kind == Check::Kind::http;
  const std::string scheme = !is_http ? "TCP " : format("{} http{}://", check.method, check.tls ? "s" : "");
  std::string what = format("{}{}:{}{}", scheme, check.host, check.port, is_http ? check.path : "");
  what = printable(what);
  try {
    engine::Reached reached = reach(deadline);
    what = printable(scheme + reached.address + (is_http ? check.path : ""));
    if (!is_http) return {};
    return judged(check, what, request(check, std::move(reached), deadline, stop));
  } catch (const net::StreamError& error) {
    // A server that speaks TLS or HTTP wrongly has answered.
    if (error.error_number() == EPROTO || error.error_number() == EMSGSIZE)
      return {Kind::wrong, format("{} failed: {}", what, error.what())};
    return no_answer(what, error);
  } catch (const Conflict& error) {
    return {Kind::none, format("{} got no answer: {}", what, error.what())};
  }
}

Answer run_in_time(const Check& check, const std::string& container, engine::Engine& engine, Milliseconds most,
                   const std::stop_token& stop) {
  engine::CapturedOutput output(ByteCount{most_read});
  const std::string what = printable(format("'{}'", join(check.command, " ")));
  const TimeLimit limit(most, stop);
  int code = 0;
  try {
    code = engine.exec(container, {check.command, false, false, {}, {}, {}}, output, limit.token());
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
    return {Kind::none, format("{} did not end within {}", what, duration_text(most)), beginning_of(output.text())};
  }
  if (code != check.exit_code)
    return {Kind::wrong, format("{} ended with exit code {}, expected {}", what, code, check.exit_code),
            beginning_of(output.text())};
  if (!check.match.empty() && !Pattern(check.match).is_in(output.text()))
    return {Kind::wrong, format("{} wrote nothing that fits '{}'", what, printable(check.match)),
            beginning_of(output.text())};
  return {};
}

Answer ask_inside(const Check& check, const std::string& container, engine::Engine& engine, Milliseconds most,
                  const std::stop_token& stop) {
  try {
    return run_in_time(check, container, engine, most, stop);
  } catch (const EngineError& error) {
    // What the engine calls a wrong request is a command that cannot be run in this image; the rest is its own trouble.
    if (error.status() == 0) throw;
    const bool is_of_the_image = error.status() == 400;
    return {is_of_the_image ? Kind::wrong : Kind::out_of_reach, format("{}: {}", question(check), error.what())};
  } catch (const Conflict& error) {
    return {Kind::none, format("{}: {}", question(check), error.what())};
  }
}

}  // namespace

Answer ask(const Check& check, const std::string& container, engine::Engine& engine, Milliseconds most,
           std::stop_token stop) {
  const Milliseconds time = std::min(check.timeout.value_or(Check::usual_timeout), most);
  return check.kind == Check::Kind::exec
             ? ask_inside(check, container, engine, time, stop)
             : ask_port(
                   check, [&](Ticks deadline) { return engine.reach_port(container, check.port, deadline, stop); },
                   time, stop);
}

Answer ask_address(const Check& check, const std::string& host, Milliseconds most, std::stop_token stop) {
  const net::TcpAddress address{host, check.port};
  const Reach reach = [&](Ticks deadline) {
    return engine::Reached{address.text(), net::connect_tcp(address, deadline, stop)};
  };
  return ask_port(check, reach, std::min(check.timeout.value_or(Check::usual_timeout), most), stop);
}

}  // namespace belay::exec
