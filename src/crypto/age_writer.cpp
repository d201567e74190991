#include <algorithm>
#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "crypto/age.h"
#include "crypto/age_header.h"
#include "crypto/age_stanza.h"
#include "crypto/age_stream.h"

namespace belay::crypto {

struct AgeWriter::State {
  State(Aead aead_, Sink out_) : aead(std::move(aead_)), out(std::move(out_)) { plain.reserve(chunk_size); }
  ~State() { wipe(plain.data(), plain.size()); }

  void seal(std::string_view chunk, Place place) {
    aead.seal(chunk_nonce(number++, place), chunk, sealed.data());
    out({sealed.data(), chunk.size() + tag_size});
  }

  Aead aead;
  Sink out;
  std::string plain;  // of the chunk that is not full yet, or full and perhaps the last
  std::vector<char> sealed = std::vector<char>(sealed_chunk_size);
  std::uint64_t number = 0;
  bool finished = false;
};

namespace {

// Their stanzas take an eighth of what read_header takes for a header.
constexpr std::size_t most_recipients = 1000;

// Writes what comes before the first chunk; `wrap_all` makes the stanzas from the new file's key.
template <class WrapAll>
Aead begin(const Sink& out, const WrapAll& wrap_all) {
  FileKey file_key;
  fill_random(file_key.bytes);
  std::array<unsigned char, payload_nonce_size> nonce{};
  fill_random(nonce);
  const std::string header = header_text(wrap_all(file_key), file_key);
  out(header);
  out(view(nonce));
  return {payload_key(file_key, view(nonce)), Aead::Way::seal};
}

}  // namespace

AgeWriter::AgeWriter(const std::vector<Recipient>& recipients, Sink out) {
  // A header without any would be no age file.
  if (recipients.empty()) throw Error(ErrorCode::bad_key, "there is no public key to encrypt for");
  if (recipients.size() > most_recipients)
    throw Error(ErrorCode::wrong_key, format("a file can be encrypted for {} public keys at most, not {}",
                                             most_recipients, recipients.size()));
  Aead aead = begin(out, [&](const FileKey& file_key) {
    std::vector<Stanza> stanzas;
    for (const Recipient& recipient : recipients) stanzas.push_back(wrap(file_key, recipient));
    return stanzas;
  });
  state_ = std::make_unique<State>(std::move(aead), std::move(out));
}

AgeWriter::AgeWriter(const Passphrase& passphrase, Sink out) {
  Aead aead = begin(out, [&](const FileKey& file_key) { return std::vector<Stanza>{wrap(file_key, passphrase)}; });
  state_ = std::make_unique<State>(std::move(aead), std::move(out));
}

AgeWriter::AgeWriter(AgeWriter&&) noexcept = default;
AgeWriter& AgeWriter::operator=(AgeWriter&&) noexcept = default;
AgeWriter::~AgeWriter() = default;

void AgeWriter::write(std::string_view bytes) {
  State& state = *state_;
  if (state.finished) throw Error(ErrorCode::internal, "an age file that is finished takes no more bytes");
  while (!bytes.empty()) {
    // A full chunk is sealed once it is known not to be the last.
    if (state.plain.size() == chunk_size) {
      state.seal(state.plain, Place::inside);
      state.plain.clear();
    }
    if (state.plain.empty() && bytes.size() > chunk_size) {
      state.seal(bytes.substr(0, chunk_size), Place::inside);
      bytes.remove_prefix(chunk_size);
      continue;
    }
    const std::size_t size = std::min(chunk_size - state.plain.size(), bytes.size());
    state.plain.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

void AgeWriter::finish() {
  State& state = *state_;
  if (state.finished) throw Error(ErrorCode::internal, "an age file can be finished only once");
  state.finished = true;
  state.seal(state.plain, Place::last);
}

}  // namespace belay::crypto
