#pragma once
// HTTP to one engine: endpoint, version negotiation, and what its refusals mean in our words.

#include <atomic>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "engine/docker_context.h"
#include "engine/json.h"
#include "net/http.h"

namespace belay::engine {

inline constexpr int oldest_api = 41;  // 1.41: Docker 20.10
inline constexpr int newest_api = 51;

struct ApiVersion {
  int minor = oldest_api;  // behind "1."
  bool buildkit = false;   // the engine prefers BuildKit for builds
  std::string text() const;
};

// A path below the version, with its query.
class Target {
 public:
  // Parts are joined as they are; wrap what comes from outside in escaped().
  explicit Target(std::string path) : text_(std::move(path)) {}
  Target& with(std::string_view name, std::string_view value);
  // Only where the value is not empty.
  Target& with_optional(std::string_view name, std::string_view value) {
    return value.empty() ? *this : with(name, value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};
// Percent-encoded, but for the signs that image references have in paths.
std::string escaped(std::string_view text);

// How long one silence of the engine may last.
struct Patience {
  Milliseconds answer{120'000};      // after a question
  Milliseconds transfer{1'200'000};  // while an image comes or goes, or a log is read: silence, not duration
  Milliseconds work{3'600'000};      // of slow work, as long as the engine answers to others
};

// Thread-safe. Every call throws EngineError with status 0 and a hint where the engine cannot be reached, Cancelled on
// stop; answers with any status are returned.
class DockerConnection {
 public:
  explicit DockerConnection(Endpoint endpoint, Patience patience = {});

  const Endpoint& endpoint() const { return endpoint_; }
  const Patience& patience() const { return patience_; }
  // Asked of the engine at the first call, and anew where it may be another by now: it was restarted, maybe updated.
  ApiVersion version(std::stop_token stop);
  // How often it was asked: what is known of the engine from before may be out of date.
  int session() const { return session_; }

  net::Response get(const Target& target, std::stop_token stop);
  net::Response post(const Target& target, const std::string& json, std::stop_token stop);
  // Of what may take its time on a host under load, or with much data: a create, a start, a stop. Waits for `longer`
  // than the engine's usual silence, and then as long as the engine answers to others.
  net::Response work(const Target& target, const std::string& json, std::stop_token stop,
                     Milliseconds longer = Milliseconds(0));
  // As work.
  net::Response remove(const Target& target, std::stop_token stop);

  struct Streaming {
    std::string method = "GET";
    net::Headers headers;
    net::Producer body;        // empty: none
    Milliseconds patience{0};  // 0: for ever
  };
  // As net::HttpClient::stream.
  net::Response stream(const Target& target, const Streaming& how, const net::BodySink& sink, std::stop_token stop);
  net::Upgrade upgrade(const Target& target, const std::string& json, std::stop_token stop);

 private:
  template <class Work>
  auto reaching(Work&& work);
  [[noreturn]] void unreachable(const net::StreamError& error, bool connecting) const;
  ApiVersion negotiate(std::stop_token stop);
  // The answer, for which it is waited as long as the engine is there.
  net::Response answer_to(net::Request what, Milliseconds longer, std::stop_token stop);
  bool answers_others(std::stop_token stop);
  net::Response told(net::Response response);
  net::Request request(std::string method, const Target& target, std::stop_token stop);

  struct Known {
    ApiVersion version;
    Ticks asked{};
  };

  const Endpoint endpoint_;
  const Patience patience_;
  std::unique_ptr<net::TlsClient> tls_;
  net::HttpClient client_;
  Guarded<std::optional<Known>> known_;
  std::atomic<bool> is_fresh_ = false;  // a connection was made since the version was asked
  std::atomic<int> session_ = 0;
};

// The engine's own words out of an answer with an error, without the layers of daemons and runtimes around them.
std::string refusal_text(const net::Response& response);
std::string clean_message(std::string message);
// "port 8080 is already in use on this host" where the message means that.
std::optional<std::string> held_port(const std::string& message);
// Throws what the refusal means: NotFound, Conflict or EngineError.
[[noreturn]] void refuse(const net::Response& response);
[[noreturn]] void refuse(int status, const std::string& message);
// Whether the engine says that it did what was asked: by one of the codes that Docker documents for this call. Throws
// EngineError for every other code of success: what answers so has not done it.
bool says_done(const net::Response& response, std::initializer_list<int> codes);
// Of a start: whose trouble it is. `answer`: the engine's own words, uncut. Engines answer 400 or 500 for the same
// cause.
EngineError::Cause cause_of_refused_start(std::string_view answer);
[[noreturn]] void refuse_start(int status, const std::string& message, std::string_view answer);
// The answer's JSON, after refuse() for anything but success.
JsonDocument accepted(const net::Response& response);
// The same where it must be a list, an object: anything else would read like an empty one.
JsonDocument accepted_list(const net::Response& response);
JsonDocument accepted_object(const net::Response& response);

}  // namespace belay::engine
