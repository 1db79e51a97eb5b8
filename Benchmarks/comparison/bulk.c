// Both ends of large transfers: they neither read what they receive nor make what they send, so that
// the relay between them is what is waited for.
//
//   bulk serve HTTP-PORT TLS-PORT
//   bulk drive UID ADDRESS PORT up|down STREAMS SECONDS http HOST
//   bulk drive UID ADDRESS PORT up|down STREAMS SECONDS tls HELLO-FILE
//
// Over HTTP each stream asks for, or posts, 16 MiB at a time over one connection. As TLS it sends the
// ClientHello of the file, one record with a letter for the direction, and bytes until the time is
// over: to whom passes it through, a TLS connection. Each stream is a process of its own.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 << 10, BODY = 16 << 20, HEAD = 16 << 10, STREAMS = 64 };

static char chunk[CHUNK];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

// Takes bytes away without copying them; 0 at the end of the stream.
static ssize_t discard(int peer, size_t most, int flags) {
  return recv(peer, NULL, most, MSG_TRUNC | flags);
}

static int discard_exactly(int peer, size_t count) {
  while (count > 0) {
    ssize_t got = discard(peer, count < 1 << 20 ? count : 1 << 20, 0);
    if (got <= 0) return -1;
    count -= (size_t)got;
  }
  return 0;
}

static int send_exactly(int peer, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t sent = send(peer, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return -1;
    bytes += sent;
    count -= (size_t)sent;
  }
  return 0;
}

static int send_body(int peer) {
  for (size_t left = BODY; left > 0; left -= CHUNK)
    if (send_exactly(peer, chunk, CHUNK) < 0) return -1;
  return 0;
}

// Reads a message's head and nothing behind it; its length, or 0 at the end of the stream.
static size_t read_head(int peer, char *head) {
  size_t length = 0;
  while (length < HEAD - 1) {
    ssize_t seen = recv(peer, head + length, HEAD - 1 - length, MSG_PEEK);
    if (seen <= 0) return 0;
    head[length + (size_t)seen] = 0;
    char *end = strstr(length > 3 ? head + length - 3 : head, "\r\n\r\n");
    size_t taken = end ? (size_t)(end + 4 - head) - length : (size_t)seen;
    if (recv(peer, head + length, taken, MSG_WAITALL) != (ssize_t)taken) return 0;
    length += taken;
    if (end) {
      head[length] = 0;
      return length;
    }
  }
  return 0;
}

static void serve_http(int peer) {
  static char head[HEAD];
  char answer[128];
  while (read_head(peer, head) > 0) {
    int uploads = strncmp(head, "POST ", 5) == 0;
    if (uploads && discard_exactly(peer, BODY) < 0) return;
    int length = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                          uploads ? 0 : BODY);
    if (send_exactly(peer, answer, (size_t)length) < 0) return;
    if (!uploads && send_body(peer) < 0) return;
  }
}

static void serve_tls(int peer) {
  unsigned char record[6];
  for (;;) {
    if (recv(peer, record, 5, MSG_WAITALL) != 5) return;
    if (record[0] == 23) break;
    if (discard_exactly(peer, (size_t)record[3] << 8 | record[4]) < 0) return;
  }
  if (recv(peer, record, 1, MSG_WAITALL) != 1) return;
  if (record[0] == 'u') {
    while (discard(peer, 1 << 20, 0) > 0) {}
    return;
  }
  // Until the other end has finished.
  do {
    if (send_exactly(peer, chunk, CHUNK) < 0) return;
  } while (discard(peer, 1, MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

static void serve(int port, void (*answer)(int)) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&any, sizeof any) < 0 || listen(listener, 128) < 0)
    fail("listen");
  for (;;) {
    int peer = accept(listener, NULL, NULL);
    if (peer < 0) fail("accept");
    if (fork() == 0) {
      close(listener);
      answer(peer);
      _exit(0);
    }
    close(peer);
  }
}

// What one stream did; the parent reads it once the stream has ended.
struct account {
  unsigned long long bytes, requests;
};

static void drive_http(int peer, const char *host, int up, double until, struct account *account) {
  static char head[HEAD];
  char request[256];
  int length = snprintf(
      request, sizeof request,
      up ? "POST /bulk HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
         : "GET /bulk HTTP/1.1\r\nHost: %s\r\n\r\n", host, BODY);
  do {
    if (send_exactly(peer, request, (size_t)length) < 0) fail("send");
    if (up && send_body(peer) < 0) fail("send");
    if (read_head(peer, head) == 0 || strncmp(head, "HTTP/1.1 200", 12) != 0) fail("answer");
    if (!up && discard_exactly(peer, BODY) < 0) fail("receive");
    account->bytes += BODY;
    account->requests += 1;
  } while (now() < until);
}

static void drive_tls(int peer, const char *hello, int up, double until, struct account *account) {
  FILE *file = fopen(hello, "rb");
  if (!file) fail(hello);
  size_t length = fread(chunk, 1, CHUNK, file);
  memcpy(chunk + length, up ? "\27\3\3\0\1u" : "\27\3\3\0\1d", 6);
  if (send_exactly(peer, chunk, length + 6) < 0) fail("send");
  account->requests = 1;
  while (now() < until) {
    ssize_t moved = up ? send(peer, chunk, CHUNK, MSG_NOSIGNAL) : discard(peer, 1 << 20, 0);
    if (moved <= 0) fail("transfer");
    account->bytes += (unsigned long long)moved;
  }
  // What is under way arrives before the account is closed.
  shutdown(peer, SHUT_WR);
  for (ssize_t got; (got = discard(peer, 1 << 20, 0)) > 0;) account->bytes += (unsigned long long)got;
}

static void drive(char **arguments) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[2]))};
  inet_pton(AF_INET, arguments[1], &to.sin_addr);
  int up = strcmp(arguments[3], "up") == 0, streams = atoi(arguments[4]), failed = 0, status;
  int tls = strcmp(arguments[6], "tls") == 0;
  struct account *accounts = mmap(NULL, STREAMS * sizeof *accounts, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (streams > STREAMS || accounts == MAP_FAILED) fail("streams");
  // The socket's owner chooses the proxy.
  if (seteuid((uid_t)atoi(arguments[0])) < 0) fail("seteuid");
  double began = now(), until = began + atof(arguments[5]);
  for (int stream = 0; stream < streams; stream++) {
    if (fork() != 0) continue;
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(peer, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
    (tls ? drive_tls : drive_http)(peer, arguments[7], up, until, &accounts[stream]);
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

int main(int count, char **arguments) {
  memset(chunk, 'x', sizeof chunk);
  if (count == 4 && strcmp(arguments[1], "serve") == 0) {
    signal(SIGCHLD, SIG_IGN);
    if (fork() == 0) serve(atoi(arguments[2]), serve_http);
    serve(atoi(arguments[3]), serve_tls);
  }
  if (count != 10 || strcmp(arguments[1], "drive") != 0) {
    fprintf(stderr, "bulk: see the head of bulk.c for what it takes\n");
    return 2;
  }
  drive(arguments + 2);
}
