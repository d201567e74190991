#pragma once
// OpenSSH's ed25519 keys as keys for age: Ed25519 signs, X25519 agrees on secrets, and both live on the same curve.

#include "crypto/age.h"

namespace belay::crypto {

// "ssh-ed25519 AAAA… comment". Throws Error for anything else.
Recipient ssh_recipient(std::string_view line);
// The text of a private key file. Throws Error, which never quotes it.
Identity ssh_identity(std::string_view text);

}  // namespace belay::crypto
