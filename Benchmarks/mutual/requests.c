// Handshakes and requests through a proxy that terminates mTLS:
//
//   requests ADDRESS PORT CREDENTIALS handshakes AT-ONCE SECONDS
//   requests ADDRESS PORT CREDENTIALS new|kept AT-ONCE SECONDS REQUEST-FILE
//
// `kept` sends the next request over a connection when the answer is there. `new` closes the connection
// after one answer, `handshakes` after none: it says that it will send nothing, and waits until the
// proxy, which has then read the client's certificate, has nothing to send either. Every closed
// connection is followed by another, so that there are always as many as AT-ONCE.

#include "peer.h"

#include <errno.h>
#include <sys/epoll.h>

enum { ANSWER = 32 << 10, EVENTS = 64, MOST = 1024 };
enum step { CONNECTING, SHAKING, HEARING, LEAVING };
enum kind { HANDSHAKES, NEW, KEPT };

struct connection {
  SSL *peer;
  enum step step;
  size_t received;
  char answer[ANSWER];
};

static struct connection all[MOST];
static struct sockaddr_in to;
static SSL_CTX *ours;
static enum kind kind;
static char request[4096];
static size_t request_length;
static int poller;
static unsigned long done, errors;

static void listen_to(struct connection *one, uint32_t events, int how) {
  struct epoll_event event = {.events = events, .data.ptr = one};
  if (epoll_ctl(poller, how, SSL_get_fd(one->peer), &event) < 0) fail("epoll_ctl");
}

static void open_one(struct connection *one) {
  one->peer = begin(ours, &to, SOCK_NONBLOCK);
  one->step = CONNECTING;
  one->received = 0;
  listen_to(one, EPOLLOUT, EPOLL_CTL_ADD);
}

static void replace(struct connection *one, int failed) {
  if (failed) {
    errors++;
    if (errors < 5) ERR_print_errors_fp(stderr);
    ERR_clear_error();
  }
  end(one->peer);
  open_one(one);
}

static int waits(struct connection *one, int outcome) {
  return SSL_get_error(one->peer, outcome) == SSL_ERROR_WANT_READ;
}

static void ask(struct connection *one) {
  one->step = HEARING;
  one->received = 0;
  // It is small: where there is no room for it, something else is wrong.
  if (SSL_write(one->peer, request, (int)request_length) != (int)request_length)
    replace(one, 1);
}

static void shake(struct connection *one) {
  int outcome = SSL_do_handshake(one->peer);
  if (outcome != 1) {
    if (!waits(one, outcome)) replace(one, 1);
    else if (one->step == CONNECTING) listen_to(one, EPOLLIN, EPOLL_CTL_MOD);
    one->step = SHAKING;
    return;
  }
  if (kind != HANDSHAKES) return ask(one);
  one->step = LEAVING;
  SSL_shutdown(one->peer);
  shutdown(SSL_get_fd(one->peer), SHUT_WR);
}

static void hear(struct connection *one) {
  for (;;) {
    int got = SSL_read(one->peer, one->answer + one->received, (int)(ANSWER - 1 - one->received));
    if (got <= 0) {
      if (!waits(one, got)) replace(one, 1);
      return;
    }
    one->received += (size_t)got;
    one->answer[one->received] = 0;
    size_t expected = answer_length(one->answer);
    if (expected == 0 || one->received < expected) continue;
    done++;
    if (kind == KEPT) return ask(one);
    SSL_shutdown(one->peer);
    return replace(one, 0);
  }
}

// The proxy has nothing to say either; where it did not admit the client, there is an alert instead.
static void leave(struct connection *one) {
  char byte;
  int got = SSL_read(one->peer, &byte, 1), error = SSL_get_error(one->peer, got);
  if (error == SSL_ERROR_WANT_READ || got > 0) return;
  done += error == SSL_ERROR_ZERO_RETURN;
  replace(one, error != SSL_ERROR_ZERO_RETURN);
}

static void turn(struct connection *one) {
  ERR_clear_error();
  switch (one->step) {
    case CONNECTING:
    case SHAKING: return shake(one);
    case HEARING: return hear(one);
    case LEAVING: return leave(one);
  }
}

static void read_request(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  request_length = fread(request, 1, sizeof request, file);
  fclose(file);
}

int main(int count, char **arguments) {
  const char *kinds[] = {"handshakes", "new", "kept"};
  int at_once = count > 6 ? atoi(arguments[5]) : 0;
  kind = HANDSHAKES;
  for (int each = 0; count > 6 && each < 3; each++)
    if (strcmp(arguments[4], kinds[each]) == 0) kind = (enum kind)each;
  if (at_once < 1 || at_once > MOST || count != (kind == HANDSHAKES ? 7 : 8)) {
    fprintf(stderr, "requests: see the head of requests.c for what it takes\n");
    return 2;
  }
  to = address(arguments[1], arguments[2]);
  ours = context(arguments[3]);
  poller = epoll_create1(0);
  if (kind != HANDSHAKES) read_request(arguments[7]);
  for (int each = 0; each < at_once; each++) open_one(&all[each]);
  double began = now(), until = began + atof(arguments[6]);
  while (now() < until) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poller, events, EVENTS, 1000);
    for (int each = 0; each < ready; each++) turn(events[each].data.ptr);
  }
  printf("{\"requests\": %lu, \"seconds\": %.6f, \"errors\": %lu, \"tickets\": %lu}\n", done,
         now() - began, errors, tickets);
}
