#pragma once
// How a file key is wrapped for each kind of recipient, and unwrapped again.

#include "crypto/age.h"
#include "crypto/age_header.h"

namespace belay::crypto {

Stanza wrap(const FileKey& file_key, const Recipient& recipient);
Stanza wrap(const FileKey& file_key, const Passphrase& passphrase);

// nullopt when the stanza is for somebody else, or of a kind that Belay does not know. Throws Error when it is for a
// key of this kind and not written by the rules.
std::optional<FileKey> unwrap(const Stanza& stanza, const Identity& identity);
// nullopt when the passphrase is wrong.
std::optional<FileKey> unwrap(const Stanza& stanza, const Passphrase& passphrase);
bool is_for_passphrase(const Stanza& stanza);

}  // namespace belay::crypto
