#include <algorithm>
#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "crypto/age.h"
#include "crypto/age_header.h"
#include "crypto/age_stanza.h"
#include "crypto/age_stream.h"
#include "crypto/armor.h"

namespace belay::crypto {
namespace {

// The age file itself, out of its armor where it has one.
Input unarmored(Source source) {
  Input input(std::move(source));
  const auto first = input.peek();
  if (!first || (*first != '-' && !is_space(*first))) return input;
  return Input([armor = std::make_shared<Armor>(std::move(input))](std::span<char> room) { return armor->read(room); });
}

std::string kinds_of(const Header& header) {
  std::vector<std::string> kinds;
  for (const Stanza& stanza : header.stanzas) {
    const std::string kind = stanza.kind().substr(0, 40);
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end() && kinds.size() < 5) kinds.push_back(kind);
  }
  return join(kinds, ", ");
}

FileKey unlock_with_passphrase(const Header& header, const AgeKeys& keys) {
  // Who knows the passphrase takes the file for his own: nobody else may have had a key to it.
  if (header.stanzas.size() != 1) refuse_header("it is for a passphrase and for something else");
  if (!keys.passphrase)
    throw Error(ErrorCode::wrong_key, "this age file is protected with a passphrase, and none was given",
                "Give the passphrase, not a key.");
  const auto file_key = unwrap(header.stanzas.front(), keys.passphrase());
  if (!file_key) throw Error(ErrorCode::wrong_key, "the passphrase is wrong");
  return *file_key;
}

FileKey unlock_with_identities(const Header& header, const AgeKeys& keys) {
  for (const Identity& identity : keys.identities)
    for (const Stanza& stanza : header.stanzas)
      if (const auto file_key = unwrap(stanza, identity)) return *file_key;
  const std::string hint = format("It is encrypted for keys of these kinds: {}.", kinds_of(header));
  if (keys.identities.empty())
    throw Error(ErrorCode::wrong_key, "this age file is encrypted for the holder of a key, and none was given", hint);
  throw Error(ErrorCode::wrong_key, "this age file is encrypted for somebody else: none of the given keys opens it",
              hint);
}

FileKey unlock(const Header& header, const AgeKeys& keys) {
  const bool by_passphrase = std::any_of(header.stanzas.begin(), header.stanzas.end(), is_for_passphrase);
  const FileKey file_key = by_passphrase ? unlock_with_passphrase(header, keys) : unlock_with_identities(header, keys);
  check_mac(header, file_key);
  return file_key;
}

Aead begin(Input& input, const AgeKeys& keys) {
  const FileKey file_key = unlock(read_header(input), keys);
  std::array<char, payload_nonce_size> nonce{};
  if (input.fill(nonce) < nonce.size())
    throw Error(ErrorCode::bad_archive, "this age file is cut off after its header");
  return {payload_key(file_key, view(nonce)), Aead::Way::open};
}

}  // namespace

bool looks_encrypted(std::string_view first_bytes) {
  return first_bytes.starts_with(age_magic) || looks_armored(first_bytes);
}

struct AgeReader::State {
  State(Source source, const AgeKeys& keys) : input(unarmored(std::move(source))), aead(begin(input, keys)) {}
  ~State() { wipe(plain.data(), plain.size()); }

  void next_chunk();
  bool open(std::string_view chunk, Place place) { return aead.open(chunk_nonce(number, place), chunk, plain.data()); }
  [[noreturn]] void refuse_last(std::string_view chunk);
  [[noreturn]] void refuse_inside(std::string_view chunk);

  Input input;
  Aead aead;
  // A chunk, and one byte of the next: only that tells whether this one is the last.
  std::vector<char> sealed = std::vector<char>(sealed_chunk_size + 1);
  std::size_t carried = 0;
  std::vector<char> plain = std::vector<char>(chunk_size);
  std::string_view pending;  // within `plain`
  std::uint64_t number = 0;
  enum class At { inside, end, failed } at = At::inside;
};

void AgeReader::State::next_chunk() {
  const std::size_t size = carried + input.fill(std::span(sealed).subspan(carried));
  const Place place = size > sealed_chunk_size ? Place::inside : Place::last;
  const std::string_view chunk(sealed.data(), std::min(size, sealed_chunk_size));
  if (!open(chunk, place)) place == Place::last ? refuse_last(chunk) : refuse_inside(chunk);
  // Nothing needs such a chunk, so that a file has one spelling only.
  if (chunk.size() == tag_size && number > 0)
    throw Error(ErrorCode::bad_archive, "this age file is damaged: its last chunk is empty");
  pending = std::string_view(plain.data(), chunk.size() - tag_size);
  ++number;
  if (place == Place::last) at = At::end;
  carried = size - chunk.size();
  sealed.front() = sealed.back();
}

void AgeReader::State::refuse_last(std::string_view chunk) {
  if (chunk.size() < tag_size || open(chunk, Place::inside))
    throw Error(
        ErrorCode::bad_archive,
        format("this age file is cut off: its end is missing (after {} bytes of content)", number * chunk_size));
  throw Error(ErrorCode::bad_archive,
              format("this age file is damaged, or cut off, in its chunk {}, where it ends", number + 1));
}

void AgeReader::State::refuse_inside(std::string_view chunk) {
  if (open(chunk, Place::last))
    throw Error(ErrorCode::bad_archive, "there is something after the end of this age file");
  throw Error(ErrorCode::bad_archive, format("this age file is damaged in its chunk {} (at {} bytes of content)",
                                             number + 1, number * chunk_size));
}

AgeReader::AgeReader(Source encrypted, const AgeKeys& keys)
    : state_(std::make_unique<State>(std::move(encrypted), keys)) {}
AgeReader::AgeReader(AgeReader&&) noexcept = default;
AgeReader& AgeReader::operator=(AgeReader&&) noexcept = default;
AgeReader::~AgeReader() = default;

std::size_t AgeReader::read(std::span<char> room) {
  State& state = *state_;
  if (state.at == State::At::failed) throw Error(ErrorCode::bad_archive, "this age file could not be read to its end");
  if (state.pending.empty() && state.at == State::At::inside) {
    // Stays so when the next chunk throws.
    state.at = State::At::failed;
    state.next_chunk();
    if (state.at == State::At::failed) state.at = State::At::inside;
  }
  const std::size_t size = std::min(room.size(), state.pending.size());
  std::copy_n(state.pending.begin(), size, room.begin());
  state.pending.remove_prefix(size);
  return size;
}

}  // namespace belay::crypto
