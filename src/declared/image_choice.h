#pragma once
// Which image each service of a declared app should run: the one that is here, or news from the registry that its
// policy lets through. Private to declared.

#include <functional>

#include "change/context.h"
#include "declared/registry_backoff.h"
#include "model/declaration.h"
#include "model/wait.h"

namespace belay::declared {

// What is here, as one list of images shows it.
class LocalImages {
 public:
  explicit LocalImages(std::vector<Image> images);
  // nullptr: nothing here is called so.
  const Image* find(const std::string& reference) const;
  const Image* by_id(const std::string& id) const;

 private:
  std::vector<Image> images_;
  std::map<std::string, size_t> by_name_;  // ids, tags and digests
};

// "repository@sha256:…", or the digest alone: the digest.
inline std::string bare_digest(const std::string& text) {
  return text.substr(text.find('@') + 1);
}

struct ImageChoice {
  std::string reference;               // what the choice is about, with the tag that a pattern chose
  std::string id;                      // of the image that is here; empty: it has to be pulled
  std::string pull;                    // the reference to pull; empty: nothing
  std::string digest;                  // "repository@sha256:…" where one is known
  std::string waits_for;               // a sentence: why something newer is not taken yet
  std::optional<Wait> wait;            // the same for `belay why`
  std::string trouble;                 // why the registry could not be asked
  bool asked = false;                  // the registry was asked, and answered
  std::optional<Milliseconds> period;  // the registry is asked no more often
  bool quarantined = false;
  std::optional<ImageBuild> build;  // it is to be built, under `reference`; then nothing is pulled

  bool is_to_be_made() const { return !pull.empty() || build; }
};

// By the services' names; replicas of one service have the same.
using ImageChoices = std::map<std::string, ImageChoice>;
// Those that have to be pulled or built, each reference once.
std::vector<ImageChoice> to_be_made(const ImageChoices& choices);

// What the services wait for, together; nullopt: none of them does.
std::optional<Wait> wait_of_all(const ImageChoices& choices);

// The tags that a registry has of an image's repository, in any order.
using ListTags = std::function<std::vector<std::string>(const ImageRef& image, std::stop_token stop)>;

// Asks the registry where the policy and `ask` say so and it does not rest; remembers in the state when each digest was
// first seen. Never throws for what a registry does: then the choice is what is here, with `trouble`. Throws NotFound
// where an image is missing that must not be pulled.
ImageChoices choose_images(change::Context& context, const Declaration& declared, const App* app,
                           const LocalImages& local, bool ask, const ListTags& list_tags, RegistryBackoff& rest,
                           std::stop_token stop);

}  // namespace belay::declared
