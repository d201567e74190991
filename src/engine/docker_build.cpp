#include "engine/docker_build.h"

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "engine/json.h"

namespace belay::engine {

namespace {

constexpr size_t remembered_lines = 15;
constexpr size_t longest_line = 1000;

// Text without the sequences that colour it or move a cursor: builders and tools write them also where nobody sees
// colours.
std::string without_styles(const std::string& text) {
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\x1b' || at + 1 >= text.size() || text[at + 1] != '[') {
      plain += text[at];
      continue;
    }
    size_t end = at + 2;
    while (end < text.size() && (text[end] < 0x40 || text[end] > 0x7e)) ++end;
    at = end;
  }
  return plain;
}

std::string error_in(JsonView message) {
  const std::string detail = message["errorDetail"]["message"].text();
  return without_styles(detail.empty() ? message["error"].text() : detail);
}

Progress transfer_of(JsonView message) {
  Progress progress;
  progress.id = message["id"].text();
  progress.status = message["status"].text();
  progress.current = message["progressDetail"]["current"].number();
  progress.total = message["progressDetail"]["total"].number();
  for (const std::string_view last :
       {"Pull complete", "Already exists", "Layer already exists", "Pushed", "Mounted from"})
    if (progress.status.starts_with(last)) progress.done = true;
  return progress;
}

// "[2/3] RUN make" → "RUN make", "[stage 2/3] RUN make" → "RUN make".
std::string instruction(const std::string& name) {
  const size_t close = name.find("] ");
  return name.starts_with('[') && close != std::string::npos ? name.substr(close + 2) : name;
}

// BuildKit repeats the command in its message, which the user reads before it anyway.
std::string failure_text(const std::string& message) {
  const size_t code = message.rfind("exit code: ");
  if (code != std::string::npos) return "it ended with exit code " + message.substr(code + 11);
  const size_t classic = message.find("returned a non-zero code: ");
  if (classic != std::string::npos) return "it ended with exit code " + message.substr(classic + 26);
  return clean_message(message);
}

// The classic builder takes a cached step for granted that a removal elsewhere takes away meanwhile.
bool is_about_a_stale_cache(std::string_view message) {
  return message.find("unknown parent image ID") != message.npos ||
         message.find("failed to get digest") != message.npos;
}

}  // namespace

bool is_about_rate(std::string_view message) {
  for (const std::string_view words : {"toomanyrequests", "too many requests", "Too Many Requests", "rate limit"})
    if (message.find(words) != std::string_view::npos) return true;
  return false;
}

void TransferProgress::take(JsonView message) {
  if (const std::string error = error_in(message); !error.empty()) {
    error_ = error;
    return;
  }
  if (sink_ && message["status"]) sink_(transfer_of(message));
}

void TransferProgress::finish() const {
  if (error_.empty()) return;
  const std::string message = without_name(clean_message(error_), image_);
  for (const std::string_view absent : {"not found", "manifest unknown", "does not exist"})
    if (message.find(absent) != std::string::npos) throw NotFound(ErrorCode::image_not_found, message);
  if (is_about_rate(message))
    throw EngineError(429, format("the registry {} wants fewer requests: {}", image_.registry(), message));
  throw EngineError(500, message);
}

void LoadProgress::take(JsonView message) {
  if (const std::string error = error_in(message); !error.empty()) {
    error_ = error;
    return;
  }
  if (const auto output = message["stream"]) {
    const std::string line(trim(output.text()));
    for (const std::string_view mark : {"Loaded image: ", "Loaded image ID: "})
      if (line.starts_with(mark)) loaded_.push_back(line.substr(mark.size()));
  } else if (sink_ && message["status"]) {
    sink_(transfer_of(message));
  }
}

std::vector<std::string> LoadProgress::finish() const {
  if (!error_.empty()) throw EngineError(500, clean_message(error_));
  return loaded_;
}

std::string without_name(std::string message, const ImageRef& image) {
  // Engines write docker.io's own images short or in full, and with the tag or without.
  std::vector<std::string> names;
  for (const auto& name : {image.text(), image.repository})
    for (const std::string_view prefix : {"docker.io/library/", "docker.io/", ""})
      names.push_back(std::string(prefix) + name);
  for (const auto& name : names)
    for (const std::string& mention : {" for " + name, " \"" + name + "\"", ": " + name}) {
      const size_t at = message.find(mention);
      if (at == std::string::npos) continue;
      const size_t end = at + mention.size();
      // "web" is not meant where "website" stands, nor the repository where a tag follows.
      const bool is_whole =
          end == message.size() || message[end] == ' ' || message[end] == ',' || message.substr(end, 2) == ": ";
      if (is_whole) message.erase(at, mention.size());
    }
  return message;
}

void BuildProgress::take(JsonView message) {
  if (const std::string error = error_in(message); !error.empty()) {
    error_ = error;
    return;
  }
  const std::string id = message["id"].text();
  if (id == "moby.buildkit.trace") {
    if (const auto bytes = base64_decoded(message["aux"].text())) take_trace(decode_build_trace(*bytes));
  } else if (const auto image = message["aux"]["ID"]) {
    image_ = image.text();
  } else if (const auto output = message["stream"]) {
    take_output(without_styles(output.text()));
  } else if (message["status"] && sink_) {
    sink_(transfer_of(message));
  }
}

void BuildProgress::take_trace(const BuildTrace& trace) {
  for (const auto& vertex : trace.vertices) {
    Step& step = steps_[vertex.digest];
    step.name = vertex.name;
    // Steps that were only given up because another failed say so with these words.
    if (!vertex.error.empty() && (failing_.empty() || vertex.error.find("context canceled") == std::string::npos))
      failing_ = vertex.digest;
    if (!sink_ || (!vertex.started && !vertex.completed && !vertex.cached) || step.done) continue;
    step.done = vertex.completed || vertex.cached;
    sink_({.id = short_digest(vertex.digest),
           .status = vertex.cached ? step.name + " (cached)" : step.name,
           .current = 0,
           .total = 0,
           .done = step.done,
           .log = {}});
  }
  for (const auto& status : trace.statuses)
    if (sink_)
      sink_({.id = short_digest(status.vertex) + " " + status.id,
             .status = status.id,
             .current = status.current,
             .total = status.total,
             .done = status.completed,
             .log = {}});
  for (const auto& log : trace.logs) {
    Step& step = steps_[log.vertex];
    const std::string text = without_styles(log.text);
    remember(step, text);
    if (sink_)
      sink_(
          {.id = short_digest(log.vertex), .status = step.name, .current = 0, .total = 0, .done = false, .log = text});
  }
}

// The classic builder writes one text, in which lines "Step 2/5 : RUN make" begin the steps.
void BuildProgress::take_output(const std::string& text) {
  if (text.starts_with("Step ")) {
    if (const size_t colon = text.find(" : "); colon != std::string::npos) {
      end_step();
      current_ = text.substr(0, colon);
      steps_[current_].name = trim(std::string_view(text).substr(colon + 3));
      if (sink_)
        sink_({.id = current_, .status = steps_[current_].name, .current = 0, .total = 0, .done = false, .log = {}});
      return;
    }
  }
  if (text.starts_with("Successfully built ") || text.starts_with("Successfully tagged ")) {
    end_step();
    return;
  }
  const std::string_view line = trim(text);
  if (line == "---> Using cache" && !current_.empty()) {
    steps_[current_].name += " (cached)";
    return;
  }
  // Arrows and the names of intermediate containers are the builder's talk about itself. Behind FROM scratch the arrow
  // points at nothing.
  if (line.empty() || line == "--->" || line.starts_with("---> ") ||
      line.starts_with("Removing intermediate container"))
    return;
  if (!current_.empty()) remember(steps_[current_], text);
  if (sink_)
    sink_({.id = current_,
           .status = current_.empty() ? std::string() : steps_[current_].name,
           .current = 0,
           .total = 0,
           .done = false,
           .log = text});
}

void BuildProgress::end_step() {
  if (current_.empty()) return;
  if (sink_)
    sink_({.id = current_, .status = steps_[current_].name, .current = 0, .total = 0, .done = true, .log = {}});
  current_.clear();
}

void BuildProgress::remember(Step& step, std::string_view output) {
  for (const char c : output) {
    if (c != '\n') {
      if (step.open_line.size() < longest_line) step.open_line += c;
      continue;
    }
    step.lines.push_back(std::move(step.open_line));
    step.open_line.clear();
    if (step.lines.size() > remembered_lines) step.lines.pop_front();
  }
}

void BuildProgress::fail(const std::string& message) const {
  const std::string& key = failing_.empty() ? current_ : failing_;
  const auto found = steps_.find(key);
  std::string text = "the build failed: ";
  if (found != steps_.end()) {
    text += printable(instruction(found->second.name)) + ": ";
  }
  text += failure_text(message);
  if (found != steps_.end()) {
    for (const auto& line : found->second.lines) text += "\n  " + printable(line);
    if (!found->second.open_line.empty()) text += "\n  " + printable(found->second.open_line);
  }
  if (is_about_a_stale_cache(message))
    throw EngineError(ErrorCode::build_failed, 0, text, {}, EngineError::Cause::stale_cache);
  throw Error(ErrorCode::build_failed, text);
}

std::string BuildProgress::finish() const {
  if (!error_.empty()) fail(error_);
  if (image_.empty()) throw EngineError(ErrorCode::build_failed, 0, "the engine ended the build without an image");
  return image_;
}

namespace {

std::string ulimits_text(const std::vector<Ulimit>& ulimits) {
  JsonWriter json;
  json.list([&] {
    for (const auto& limit : ulimits)
      json.object([&] {
        json.member("Name", limit.name);
        json.member("Soft", limit.soft);
        json.member("Hard", limit.hard);
      });
  });
  return json.text();
}

Target build_target(const BuildRequest& request, bool buildkit) {
  Target target("/build");
  target.with("dockerfile", request.dockerfile).with("rm", "1").with("forcerm", "1");
  for (const auto& tag : request.tags) target.with("t", tag);
  JsonWriter arguments, all_labels;
  arguments.value(request.arguments);
  all_labels.value(request.labels);
  if (!request.arguments.empty()) target.with("buildargs", arguments.text());
  if (!request.labels.empty()) target.with("labels", all_labels.text());
  target.with_optional("target", request.target)
      .with_optional("platform", request.platform)
      .with_optional("networkmode", request.network);
  JsonWriter caches;
  caches.value(request.cache_from);
  if (!request.cache_from.empty()) target.with("cachefrom", caches.text());
  for (const auto& host : request.extra_hosts) target.with("extrahosts", host);
  if (request.shm_size) target.with("shmsize", std::to_string(request.shm_size->value));
  if (!request.ulimits.empty()) target.with("ulimits", ulimits_text(request.ulimits));
  if (request.no_cache) target.with("nocache", "1");
  if (request.pull) target.with("pull", "1");
  if (buildkit) target.with("version", "2");
  return target;
}

}  // namespace

std::string run_build(DockerConnection& connection, const BuildRequest& request, const std::string& registry_config,
                      const ProgressSink& sink, std::stop_token stop) {
  const bool buildkit = request.builder == Builder::buildkit ||
                        (request.builder == Builder::automatic && connection.version(stop).buildkit);
  BuildProgress progress(sink);
  JsonStream messages([&](JsonView message) { progress.take(message); });
  DockerConnection::Streaming how;
  how.method = "POST";
  how.headers = {{"Content-Type", "application/x-tar"}, {"X-Registry-Config", registry_config}};
  // An engine that refuses early wants no more of the context: what the writer still gives is dropped.
  how.body = [&](const net::UploadSink& upload) {
    bool wanted = true;
    request.write_context([&](std::string_view bytes) { wanted = wanted && upload(bytes); });
  };
  const net::Response answer = connection.stream(
      build_target(request, buildkit), how,
      [&](std::string_view bytes) {
        messages.feed(bytes);
        return true;
      },
      stop);
  if (!answer.ok()) progress.fail(refusal_text(answer));
  return progress.finish();
}

}  // namespace belay::engine
