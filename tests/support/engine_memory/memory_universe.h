#pragma once
// The world inside MemoryEngine: its things, their rules, and their course over time. Private to memory*.cpp.
//
// Nothing runs in the background: whoever looks or acts first calls pass_to(now), which lets every container live up
// to that moment (exit, restart, turn healthy) as its behaviour says.

#include <cstdint>
#include <map>
#include <set>

#include "engine_memory/memory.h"

namespace belay::engine {

// 64 hexadecimal digits that depend on nothing but `seed`.
std::string hex_name(std::string_view seed);
std::string image_id(const std::string& reference, const std::string& version);
// "web" → "web:latest"; the default registry's name is left out, as the engine shows references.
std::string full_reference(const std::string& reference);

// Not thread-safe: MemoryEngine guards it.
struct MemoryEngine::Universe {
  struct Recipe {
    ImageConfig config;
    Behaviour behaviour;
  };
  struct StoredImage {
    Recipe recipe;
    Time created{};
    std::set<std::string> digests;
  };
  struct Offer {
    std::string id;
    Recipe recipe;
  };
  struct PlannedBuild {
    std::string version;
    Recipe recipe;
  };
  struct StoredVolume {
    labels::Labels labels;
    Time created{};
    std::string driver = "local";
    std::map<std::string, std::string> options{};
    bool used = false;  // by a container, ever
  };
  // What a container's path stands for.
  struct Place {
    fs::path path;
    bool read_only = false;
  };
  struct StoredNetwork {
    Network shown;
    int serial = 0;  // tells a network from a later one of the same name
  };
  struct Joined {
    NetworkLink link;
    // The network's serial once the container has really joined it: a later network of the same name is not it.
    std::optional<int> serial;
  };
  struct LogLine {
    Time time{};
    std::string text;  // with its line end
  };
  struct StoredContainer {
    std::string image, image_id;
    int serial = 0;
    Time created{};
    Service service;
    labels::Labels labels;
    RestartPolicy restart;
    std::vector<Mount> mounts;
    std::vector<Joined> networks;

    ContainerState state = ContainerState::created;
    Behaviour behaviour;  // of the image when the container was last started
    Health health = Health::none;
    std::vector<PortBinding> published;  // held while it is up
    std::optional<Time> started, finished;
    Time paused{};                 // when, while it is
    Milliseconds stood_still{};    // by pauses since its start
    Time next_start{};             // while restarting
    Milliseconds restart_delay{};  // before the next automatic start
    int exit_code = 0, restart_count = 0;
    bool stopped_by_hand = false;
    std::string error;
    std::vector<LogLine> log;
    std::optional<int> own_files;  // what was written into its own file system: a folder of this number
    std::vector<UnkeptSetting> unkept;

    bool is_up() const {
      return state == ContainerState::running || state == ContainerState::restarting || state == ContainerState::paused;
    }
    // From when on its behaviour counts: what it would do some time after its start, pauses put off.
    Time lives_from() const { return *started + stood_still; }
  };

  std::map<std::string, StoredContainer> containers;  // by name
  std::map<std::string, StoredImage> images;          // by id
  std::map<std::string, std::string> tags;            // full reference → id
  std::map<std::string, StoredVolume> volumes;
  std::map<std::string, StoredNetwork> networks{{"bridge", {{"bridge", "bridge", {}}, 1}},
                                                {"host", {{"host", "host", {}}, 2}},
                                                {"none", {{"none", "null", {}}, 3}}};
  std::set<std::string> all_volumes;                     // every name there ever was
  fs::path data_root;                                    // of volumes; empty: they are not within reach
  std::shared_ptr<TemporaryFolder> hidden_files;         // of volumes out of reach, made at need
  std::map<std::string, Offer> registry;                 // by full reference: "web:1", and "web@sha256:…" for ever
  std::map<std::string, std::string> registry_lies;      // digests, by full reference
  std::map<std::string, EngineError> registry_failures;  // by host
  std::map<std::string, Login> logins;                   // by host
  Milliseconds registry_time{0};
  int registry_questions = 0;
  std::optional<PlannedBuild> next_build;
  std::optional<std::string> next_build_failure;
  int last_serial = 3;  // of containers, networks, anonymous volumes and builds
  int calls = 0;
  std::optional<int> calls_until_crash;
  bool answer_is_lost = false;                      // the call that crashes has its effect first
  std::map<std::string, EngineError> cannot_start;  // by container
  std::set<std::string> hanging;                    // containers
  std::map<std::string, bool> late;                 // by container: whether a start of it has begun
  bool no_network = false;
  std::map<std::string, std::vector<std::string>> requests;  // by container
  struct PlannedFailure {
    int calls_until = 0;
    EngineError how;
    bool has_its_effect = false;
  };
  std::optional<PlannedFailure> failure;
  std::vector<std::string> changes;
  std::vector<Event> events;
  Time now{};

  // The beginning of every call. False: it may have its effect, but its answer is lost in a crash.
  [[nodiscard]] bool enter(Time time);
  // The failure that this call, which has been entered, is to end with.
  std::optional<PlannedFailure> failure_of_this_call();
  void pass_to(Time time);
  void record(Time time, const std::string& type, const std::string& action, const std::string& name,
              std::map<std::string, std::string> attributes = {});

  // Containers. The ones by name throw NotFound.
  StoredContainer& container(const std::string& name);
  void create(const ContainerRequest& request);
  void start(const std::string& name);
  void stop(const std::string& name);
  void pause(const std::string& name);
  void unpause(const std::string& name);
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& name);
  void set_policy(const std::string& name, const RestartPolicy& policy);
  void signal(const std::string& name, const std::string& signal);
  void update(const std::string& name, const Resources& resources);
  void connect(const std::string& name, const NetworkLink& link);
  void disconnect(const std::string& name, const std::string& network);
  // The container's process ends; the restart policy has its say.
  void end(const std::string& name, StoredContainer& container, Time time, int exit_code);
  void restart_engine();
  // nullopt: the image says nothing of it.
  std::optional<Behaviour::Reply> reply_of_command(const std::string& name, const std::string& command);
  std::optional<HealthCheck> health_check(const StoredContainer& container) const;
  Container listed(const std::string& name, const StoredContainer& container) const;
  ContainerDetail inspected(const std::string& name, const StoredContainer& container) const;

  // Volumes and networks.
  void add_volume(const VolumeRequest& request);
  void remove_volume(const std::string& name);
  void make_volume(const std::string& name, const StoredVolume& volume);
  void drop_volume(const std::string& name);
  // Where the engine says that the volume is.
  fs::path mount_point(const std::string& volume) const;
  // Where its files really are: elsewhere for a volume that would have to be mounted first.
  fs::path content_folder(const std::string& volume);
  ByteCount volume_size(const std::string& name);
  // nullopt for a path that is in none of its mounts. Whether anything is there is another question.
  std::optional<Place> place_in_mount(const std::string& container, const fs::path& path);
  // What an archive of the path is made from. Throws NotFound.
  struct ArchiveSource {
    fs::path path;
    std::string name;  // of its first entry
  };
  ArchiveSource archive_source(const std::string& container, const std::string& path);
  fs::path own_file(const std::string& name, const std::string& path);
  void unpack(const std::string& container, const std::string& folder, std::string_view tar);
  void remove_path(const std::string& name, const std::string& path);
  void add_network(const NetworkRequest& request);
  void remove_network(const std::string& name);

  // Images.
  void store_image(const std::string& id, const Recipe& recipe);
  std::optional<std::string> find_image(const std::string& reference) const;  // its id
  Image image(const std::string& id) const;
  std::vector<std::string> tags_of(const std::string& id) const;
  void tag(const std::string& image_name, const std::string& reference);
  std::string commit(const CommitRequest& request);
  ImageRemoval remove_image(const UnwantedImage& image);
  void remove_link(const std::string& name, const std::string& alias);
  // The registry has it under this reference from now on. The digest.
  std::string offer(const std::string& reference, const Offer& offer);
  RegistryImage registry_image(const std::string& reference);
  void pull(const std::string& reference);
  void push(const std::string& reference);
  std::string build(const BuildRequest& request);
  // Images as text that any MemoryEngine loads.
  std::string saved(const std::vector<std::string>& references) const;
  std::vector<std::string> load(std::string_view saved);

 private:
  void live(const std::string& name, StoredContainer& container);
  void turn_health(const std::string& name, StoredContainer& container, Time until);
  void begin(const std::string& name, StoredContainer& container, Time time);
  std::vector<Mount> mounts_for(const ContainerRequest& request, const ImageConfig& image);
  std::string add_anonymous_volume(const std::string& container_name, const std::string& target);
  void join_networks(StoredContainer& container);
  std::vector<PortBinding> free_ports(const StoredContainer& container) const;
  const std::string* user_of(const std::string& image_id) const;  // name of a container of this image
  void untag(const std::string& reference);
  void drop_image(const std::string& id);
};

}  // namespace belay::engine
