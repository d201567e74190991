#pragma once
// From Ed25519 (RFC 8032) to X25519 (RFC 7748).

#include "crypto/primitives.h"

namespace belay::crypto {

// The public key that belongs to an Ed25519 private key (its "seed").
Point ed25519_public(const Key& seed);
// The same point in the other curve's coordinates; nullopt when these bytes are no point other than the neutral one.
std::optional<Point> montgomery_point(const Point& ed25519);
// What multiplies, from an Ed25519 private key.
Key montgomery_scalar(const Key& seed);

}  // namespace belay::crypto
