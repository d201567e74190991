// Files of containers and whole images as tar streams.

#include <algorithm>
#include <filesystem>

#include "archive/tar_writer.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "engine/docker_build.h"
#include "engine/docker_engine.h"

namespace belay::engine {

namespace {

// Passes a tar stream on and watches how it ends. An engine that fails in the middle has long said 200: it just stops,
// with a proper end of the answer, or with its complaint as JSON instead of the two empty blocks that end a tar.
class TarStream {
 public:
  explicit TarStream(const Sink& sink) : sink_(sink) {}

  void take(std::string_view bytes) {
    sink_(bytes);
    const std::string_view last = bytes.substr(bytes.size() - std::min(bytes.size(), end_size));
    end_.erase(0, end_.size() - std::min(end_.size(), end_size - last.size()));
    end_ += last;
  }

  void finish(std::string_view what) const {
    if (end_.size() == end_size && end_.find_first_not_of('\0') == std::string::npos) return;
    throw EngineError(500, format("the engine broke {} off{}", what, complaint()));
  }

 private:
  static constexpr size_t end_size = 1024;

  std::string complaint() const {
    const size_t at = end_.find(R"({"errorDetail")");
    if (at == std::string::npos) return "";
    try {
      const auto document = JsonDocument::parse(end_.substr(at));
      return ": " + clean_message(document.root()["errorDetail"]["message"].text());
    } catch (const EngineError&) {
      return "";
    }
  }

  const Sink& sink_;
  std::string end_;  // the last bytes
};

// Thrown through the writer of an upload that the engine wants no more of. No Error: whoever makes the stream has
// nothing to say about it.
struct Unwanted {};

// An upload of what `write` gives. Where the engine has refused, its refusal counts, not what becomes of the writer.
net::Producer upload_of(const StreamWriter& write) {
  return [&write](const net::UploadSink& upload) {
    bool wanted = true;
    try {
      write([&](std::string_view bytes) {
        wanted = wanted && upload(bytes);
        if (!wanted) throw Unwanted();
      });
    } catch (...) {
      if (wanted) throw;
    }
  };
}

const net::Headers tar_content{{"Content-Type", "application/x-tar"}};

}  // namespace

// How long no byte may come or go: a volume whose server is away holds such a call for ever.
DockerConnection::Streaming DockerEngine::patient() const {
  DockerConnection::Streaming how;
  how.patience = connection_.patience().transfer;
  return how;
}

void DockerEngine::read_archive(const std::string& container, const std::string& path, const Sink& sink,
                                std::stop_token stop) {
  TarStream tar(sink);
  Target target = container_target(container, "/archive", stop);
  const auto response = connection_.stream(
      target.with("path", path), patient(),
      [&](std::string_view bytes) {
        tar.take(bytes);
        return true;
      },
      stop);
  if (!response.ok()) refuse_archive(response, container, path);
  tar.finish(format("the archive of {} in {}", path, container));
}

void DockerEngine::write_archive(const std::string& container, const std::string& folder, const StreamWriter& write,
                                 std::stop_token stop) {
  // Without copyUIDGID, whose name misleads: it gives everything to the user that the container runs as.
  Target target = container_target(container, "/archive", stop);
  DockerConnection::Streaming how = patient();
  how.method = "PUT";
  how.headers = tar_content;
  how.body = upload_of(write);
  const auto response =
      connection_.stream(target.with("path", folder), how, [](std::string_view) { return true; }, stop);
  if (!response.ok()) refuse_archive(response, container, folder);
}

// Docker has no call for it. But it removes what is in the place of an entry before it makes that, unless both are
// folders, and a link to itself can then not be made: the call fails, and the path is gone. Whether it is, is looked
// at.
void DockerEngine::remove_path(const std::string& container, const std::string& path, std::stop_token stop) {
  const std::filesystem::path whole(path);
  archive::TarEntry entry;
  entry.kind = archive::TarEntry::Kind::hard_link;
  entry.name = entry.target = whole.filename().string();
  std::optional<EngineError> refusal;
  try {
    write_archive(
        container, whole.parent_path().string(),
        [&](const Sink& sink) {
          archive::TarWriter tar(sink);
          tar.begin(entry);
          tar.finish();
        },
        stop);
  } catch (const EngineError& error) {
    refusal = error;
  } catch (const NotFound& error) {
    if (error.code() == ErrorCode::container_not_found) throw;
    return;  // not even the folder above
  }
  Target target = container_target(container, "/archive", stop);
  const auto there =
      connection_.stream(target.with("path", path), patient(), [](std::string_view) { return false; }, stop);
  if (there.status == 404) return;
  if (refusal) throw *refusal;
  throw EngineError(500, format("{} stays in container {}", path, container));
}

void DockerEngine::refuse_archive(const net::Response& response, const std::string& container,
                                  const std::string& path) {
  const std::string message = refusal_text(response);
  if (response.status == 404 && message.find("No such container") != std::string::npos)
    throw NotFound(ErrorCode::container_not_found, format("there is no container {}", container));
  if (response.status == 404) throw NotFound(format("there is no {} in container {}", path, container));
  refuse(response.status, message);
}

void DockerEngine::save_images(const std::vector<std::string>& references, const Sink& sink, std::stop_token stop) {
  TarStream tar(sink);
  Target target("/images/get");
  for (const auto& reference : references) target.with("names", image_name(reference));
  const auto response = connection_.stream(
      target, patient(),
      [&](std::string_view bytes) {
        tar.take(bytes);
        return true;
      },
      stop);
  if (response.status == 404)
    throw NotFound(ErrorCode::image_not_found,
                   format("this engine does not have the image {}", join(references, " or ")));
  if (!response.ok()) refuse(response);
  tar.finish("the images' archive");
}

std::vector<std::string> DockerEngine::load_images(const StreamWriter& write, const ProgressSink& progress,
                                                   std::stop_token stop) {
  LoadProgress loading(progress);
  JsonStream messages([&](JsonView message) { loading.take(message); });
  DockerConnection::Streaming how = patient();
  how.method = "POST";
  how.headers = tar_content;
  how.body = upload_of(write);
  Target target("/images/load");
  const auto response = connection_.stream(
      target.with("quiet", "0"), how,
      [&](std::string_view bytes) {
        messages.feed(bytes);
        return true;
      },
      stop);
  if (!response.ok()) refuse(response);
  return loading.finish();
}

}  // namespace belay::engine
