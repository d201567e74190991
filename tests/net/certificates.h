#pragma once
// Keys and certificates made for one test.

#include <memory>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string>

#include "base/files.h"

namespace belay::net::test {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using ServerContext = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;

// A certificate and its key, in memory and as PEM files.
struct Identity {
  Key key;
  Certificate certificate;
  fs::path certificate_file, key_file;
};

class Authority {
 public:
  Authority();
  // `alternative_names` as in openssl.cnf: "DNS:localhost,IP:127.0.0.1".
  Identity issue(const std::string& name, const std::string& alternative_names) const;
  const fs::path& file() const { return root_.certificate_file; }
  X509* certificate() const { return root_.certificate.get(); }

 private:
  Identity make(const std::string& name, const std::string& alternative_names, const Identity* issuer) const;

  TemporaryFolder folder_;
  Identity root_;
};

// Shows `identity`; demands a certificate of `clients` where it is set.
ServerContext server_context(const Identity& identity, const Authority* clients = nullptr);

}  // namespace belay::net::test
