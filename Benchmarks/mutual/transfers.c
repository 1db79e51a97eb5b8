// Large transfers through a proxy that terminates mTLS:
//
//   transfers ADDRESS PORT CREDENTIALS up|down STREAMS SECONDS HOST
//
// Each stream is a process with one connection, over which it asks for, or posts, 16 MiB at a time.
// The server is `bulk serve`, which neither reads what it receives nor makes what it sends.

#include "peer.h"

#include <sys/mman.h>
#include <sys/wait.h>

enum { CHUNK = 256 << 10, BODY = 16 << 20, STREAMS = 64 };

static char chunk[CHUNK + 1];

// What one stream did; the parent reads it once the stream has ended.
struct account {
  unsigned long long bytes, requests;
};

static void send_all(SSL *peer, const char *bytes, int count) {
  if (SSL_write(peer, bytes, count) != count) fail("send");
}

// Reads one answer and throws it away.
static void hear(SSL *peer) {
  size_t received = 0, expected = 0;
  while (expected == 0 || received < expected) {
    int got = SSL_read(peer, chunk, CHUNK);
    if (got <= 0) fail("receive");
    if (expected == 0) {  // a head comes as a whole
      chunk[got] = 0;
      expected = answer_length(chunk);
      if (expected == 0) fail("the answer's head");
    }
    received += (size_t)got;
  }
}

static void drive(SSL *peer, const char *host, int up, double until, struct account *account) {
  static char body[CHUNK];
  char request[256];
  memset(body, 'x', sizeof body);
  int length = snprintf(
      request, sizeof request,
      up ? "POST /bulk HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
         : "GET /bulk HTTP/1.1\r\nHost: %s\r\n\r\n", host, BODY);
  do {
    send_all(peer, request, length);
    if (up)
      for (int left = BODY; left > 0; left -= CHUNK) send_all(peer, body, CHUNK);
    hear(peer);
    account->bytes += BODY;
    account->requests += 1;
  } while (now() < until);
}

int main(int count, char **arguments) {
  int streams = count == 8 ? atoi(arguments[5]) : 0, failed = 0, status;
  if (streams < 1 || streams > STREAMS) {
    fprintf(stderr, "transfers: see the head of transfers.c for what it takes\n");
    return 2;
  }
  struct sockaddr_in to = address(arguments[1], arguments[2]);
  SSL_CTX *ours = context(arguments[3]);
  SSL_CTX_set_default_read_buffer_len(ours, CHUNK);  // more records with each call
  struct account *accounts = mmap(NULL, STREAMS * sizeof *accounts, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (accounts == MAP_FAILED) fail("mmap");
  double began = now(), until = began + atof(arguments[6]);
  for (int stream = 0; stream < streams; stream++) {
    if (fork() != 0) continue;
    SSL *peer = begin(ours, &to, 0);
    if (SSL_do_handshake(peer) != 1) fail("handshake");
    drive(peer, arguments[7], strcmp(arguments[4], "up") == 0, until, &accounts[stream]);
    _exit(0);
  }
  while (wait(&status) > 0) failed += status != 0;
  struct account sum = {0};
  for (int stream = 0; stream < streams; stream++) {
    sum.bytes += accounts[stream].bytes;
    sum.requests += accounts[stream].requests;
  }
  printf("{\"requests\": %llu, \"bytes\": %llu, \"seconds\": %.6f, \"errors\": %d}\n", sum.requests,
         sum.bytes, now() - began, failed);
}
