#include "certificates.h"

#include <functional>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace belay::net::test {

namespace {

void write_pem(const fs::path& path, const std::function<int(BIO*)>& write) {
  std::unique_ptr<BIO, int (*)(BIO*)> file(BIO_new_file(path.c_str(), "w"), BIO_free);
  if (!file || write(file.get()) != 1) throw std::runtime_error("writing " + path.string());
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) throw std::runtime_error("extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Authority::Authority() : root_(make("test authority", "", nullptr)) {}

Identity Authority::issue(const std::string& name, const std::string& alternative_names) const {
  return make(name, alternative_names, &root_);
}

Identity Authority::make(const std::string& name, const std::string& alternative_names, const Identity* issuer) const {
  Identity made{Key(EVP_EC_gen("P-256"), EVP_PKEY_free), Certificate(X509_new(), X509_free),
                folder_.path() / (name + ".pem"), folder_.path() / (name + ".key")};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* signer = issuer == nullptr ? certificate : issuer->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  add_extension(certificate, signer, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (!alternative_names.empty()) add_extension(certificate, signer, NID_subject_alt_name, alternative_names);
  if (X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256()) == 0)
    throw std::runtime_error("signing");
  write_pem(made.certificate_file, [&](BIO* file) { return PEM_write_bio_X509(file, certificate); });
  write_pem(made.key_file, [&](BIO* file) {
    return PEM_write_bio_PrivateKey(file, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return made;
}

ServerContext server_context(const Identity& identity, const Authority* clients) {
  ServerContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), identity.certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
  if (clients != nullptr) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), clients->certificate());
  }
  return context;
}

}  // namespace belay::net::test
