// OpenSSL 3.0's libssl and libcrypto, malloc_usable_size, and functions for what its headers have only as macros. Each of
// them is that macro and nothing else.
#pragma once

#include <malloc.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Options whose macros are shifts.
static const uint64_t pl_ssl_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t pl_ssl_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t pl_ssl_no_ticket = SSL_OP_NO_TICKET;
static const uint64_t pl_ssl_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t pl_ssl_prioritize_chacha = SSL_OP_PRIORITIZE_CHACHA;
static const uint64_t pl_ssl_enable_ktls = SSL_OP_ENABLE_KTLS;

// RFC 2253, with UTF-8 as it is.
static const unsigned long pl_x509_name_rfc2253 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;

static inline long pl_ssl_ctx_set_min_version(SSL_CTX *context, int version) {
  return SSL_CTX_set_min_proto_version(context, version);
}
static inline long pl_ssl_ctx_set_max_version(SSL_CTX *context, int version) {
  return SSL_CTX_set_max_proto_version(context, version);
}
static inline long pl_ssl_ctx_set_mode(SSL_CTX *context, long mode) {
  return SSL_CTX_set_mode(context, mode);
}
static inline long pl_ssl_ctx_clear_mode(SSL_CTX *context, long mode) {
  return SSL_CTX_clear_mode(context, mode);
}
static inline long pl_ssl_ctx_set_session_cache_mode(SSL_CTX *context, long mode) {
  return SSL_CTX_set_session_cache_mode(context, mode);
}
static inline long pl_ssl_ctx_set_read_ahead(SSL_CTX *context, int isOn) {
  return SSL_CTX_set_read_ahead(context, isOn);
}
static inline long pl_ssl_ctx_set_max_cert_list(SSL_CTX *context, long bytes) {
  return SSL_CTX_set_max_cert_list(context, bytes);
}
static inline long pl_ssl_ctx_set_groups(SSL_CTX *context, const char *list) {
  return SSL_CTX_set1_groups_list(context, (char *)list);
}
static inline long pl_ssl_ctx_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
  return SSL_CTX_add1_chain_cert(context, certificate);
}
static inline long pl_ssl_set_server_name(SSL *ssl, const char *name) {
  return SSL_set_tlsext_host_name(ssl, name);
}
static inline int pl_bio_has_ktls_send(BIO *bio) { return BIO_get_ktls_send(bio); }
static inline int pl_bio_has_ktls_receive(BIO *bio) { return BIO_get_ktls_recv(bio); }
static inline long pl_bio_set_memory_eof(BIO *bio, int value) {
  return BIO_set_mem_eof_return(bio, value);
}
// What libssl says where another library refused something that a peer has sent.
static const int pl_err_asn1 = ERR_R_ASN1_LIB;
static const int pl_err_x509 = ERR_R_X509_LIB;
static const int pl_err_ec = ERR_R_EC_LIB;
static const int pl_err_evp = ERR_R_EVP_LIB;
static inline int pl_err_library(unsigned long code) { return ERR_GET_LIB(code); }
static inline int pl_err_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int pl_err_is_system(unsigned long code) { return ERR_SYSTEM_ERROR(code); }
static inline int pl_ssl_is_in_handshake(SSL *ssl) { return SSL_in_init(ssl); }
