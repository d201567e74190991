// What containers say at their ports.

#include <algorithm>
#include <cerrno>

#include "base/format.h"
#include "engine_memory/memory_universe.h"

namespace belay::engine {

namespace {

// A server that gives one answer to whatever it is asked.
class Conversation final : public net::Stream {
 public:
  Conversation(const Behaviour::Reply& reply, std::function<void(const std::string&)> heard)
      : reply_(reply), heard_(std::move(heard)) {}
  ~Conversation() override {
    if (!request_.empty()) heard_(request_);
  }

  std::size_t read_some(std::span<char> into, Ticks, std::stop_token) override {
    if (answer_.empty()) answer_ = answer_text();
    const std::size_t count = std::min(into.size(), answer_.size() - read_);
    std::copy_n(answer_.begin() + static_cast<std::ptrdiff_t>(read_), count, into.begin());
    read_ += count;
    return count;
  }
  void write_all(std::string_view bytes, Ticks, std::stop_token) override { request_ += bytes; }
  std::size_t write_until_readable(std::string_view bytes, Ticks, std::stop_token) override {
    request_ += bytes;
    return bytes.size();
  }
  void finish_writing(Ticks, std::stop_token) override {}
  bool is_quiet() override { return true; }

 private:
  std::string answer_text() const {
    const std::string body = request_.starts_with("HEAD ") ? "" : reply_.body;
    return format("HTTP/1.1 {} Words\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", reply_.status,
                  reply_.body.size(), body);
  }

  const Behaviour::Reply reply_;
  const std::function<void(const std::string&)> heard_;
  std::string request_, answer_;
  std::size_t read_ = 0;
};

}  // namespace

std::optional<Behaviour::Reply> MemoryEngine::Universe::reply_of_command(const std::string& name,
                                                                         const std::string& command) {
  const auto& stored = container(name);
  const auto reply = stored.behaviour.commands.find(command);
  if (reply == stored.behaviour.commands.end()) return {};
  if (now < stored.lives_from() + reply->second.after) return Behaviour::Reply{.status = 1, .body = "not yet\n"};
  return reply->second;
}

Reached MemoryEngine::reach_port(const std::string& name, std::uint16_t port, Ticks deadline, std::stop_token stop) {
  static_cast<void>(deadline);
  struct Way {
    int error_number = 0;
    Behaviour::Reply reply{};
  };
  wait_for(name, stop);
  const Way way = reach(stop, [&](Universe& universe) -> Way {
    const auto& stored = universe.container(name);
    if (stored.state != ContainerState::running)
      throw Conflict(ErrorCode::not_running, format("the container {} does not run", name));
    if (universe.no_network) return {ENETUNREACH};
    const auto reply = stored.behaviour.ports.find(port);
    const Milliseconds age = std::chrono::duration_cast<Milliseconds>(universe.now - stored.lives_from());
    if (reply == stored.behaviour.ports.end() || age < reply->second.after ||
        (reply->second.until && age >= *reply->second.until))
      return {ECONNREFUSED};
    return {0, reply->second};
  });
  const std::string address = format("10.0.0.2:{}", port);
  if (way.error_number != 0)
    throw net::ConnectError(way.error_number,
                            system_error(format("connecting to {}", address), way.error_number).what());
  return {address, std::make_unique<Conversation>(way.reply, [this, name](const std::string& request) {
            universe_->with([&](Universe& universe) { universe.requests[name].push_back(request); });
          })};
}

void MemoryEngine::has_no_network(bool does) {
  universe_->with([&](Universe& universe) { universe.no_network = does; });
}

std::vector<std::string> MemoryEngine::requests(const std::string& name) const {
  return universe_->with([&](Universe& universe) { return universe.requests[name]; });
}

}  // namespace belay::engine
