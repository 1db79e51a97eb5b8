// What the load generators of the mTLS comparison have in common: the client's side of the handshake
// that is measured, the same with every proxy. TLS 1.3, X25519, AES-128-GCM, a client certificate, no
// resumption.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// How often a proxy invited to resume, which costs it something; nobody comes back to.
static unsigned long tickets;

static void fail(const char *what) {
  perror(what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static inline double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int count_ticket(SSL *peer, SSL_SESSION *session) {
  (void)peer, (void)session;
  tickets++;
  return 0;
}

// `credentials`: what the files with the certificate and the key are called before .crt and .key.
// Whether the proxy's certificate can be trusted is asked before anything is measured, not here: what
// that costs the client says nothing of the proxy.
static SSL_CTX *context(const char *credentials) {
  char certificate[512], key[512];
  snprintf(certificate, sizeof certificate, "%s.crt", credentials);
  snprintf(key, sizeof key, "%s.key", credentials);
  SSL_CTX *made = SSL_CTX_new(TLS_client_method());
  if (!made || SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(made, "TLS_AES_128_GCM_SHA256") != 1 ||
      SSL_CTX_set1_groups_list(made, "X25519") != 1 ||
      SSL_CTX_use_certificate_chain_file(made, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(made, key, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_set_alpn_protos(made, (const unsigned char *)"\10http/1.1", 9) != 0)
    fail(credentials);
  SSL_CTX_set_verify(made, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(made, count_ticket);
  SSL_CTX_set_read_ahead(made, 1);
  // A proxy that ends a connection without saying so at the TLS level has ended it.
  SSL_CTX_set_options(made, SSL_OP_IGNORE_UNEXPECTED_EOF);
  signal(SIGPIPE, SIG_IGN);
  return made;
}

static struct sockaddr_in address(const char *host, const char *port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1) fail(host);
  return to;
}

// A session with a socket that begins to connect; `flags` as of socket(2).
static SSL *begin(SSL_CTX *context, const struct sockaddr_in *to, int flags) {
  int on = 1, descriptor = socket(AF_INET, SOCK_STREAM | flags, 0);
  SSL *peer = SSL_new(context);
  if (descriptor < 0 || !peer || SSL_set_fd(peer, descriptor) != 1) fail("socket");
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(descriptor, (const struct sockaddr *)to, sizeof *to) < 0 && flags == 0)
    fail("connect");
  SSL_set_connect_state(peer);
  return peer;
}

static inline void end(SSL *peer) {
  int descriptor = SSL_get_fd(peer);
  SSL_free(peer);
  close(descriptor);
}

// The length of an answer that begins with `bytes`: 0 where its head has not all come yet.
static size_t answer_length(const char *bytes) {
  const char *end = strstr(bytes, "\r\n\r\n"), *length;
  if (!end) return 0;
  length = strcasestr(bytes, "\r\ncontent-length:");
  if (strncmp(bytes, "HTTP/1.1 200", 12) != 0 || !length || length > end) {
    fprintf(stderr, "answered %.60s\n", bytes);
    exit(1);
  }
  return (size_t)(end + 4 - bytes) + strtoul(length + 17, NULL, 10);
}
