// The latency of one request at a time, through several proxies at once:
//
//   quiet ADDRESS PORT SECONDS REQUEST-FILE UID ...
//
// Each uid has one connection, which stays; its owner chooses the proxy. The connections take turns of
// fifty requests, so that what disturbs the machine disturbs all of them alike. The next request
// is sent when the answer is there. For each uid in its order the outcome has the requests, and the
// nanoseconds from before the sending to the last byte of the answer, by percentiles.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TURN = 50, LANES = 16, MOST = 1 << 20 };

struct lane {
  int peer;
  size_t answer;  // bytes of an answer: all are alike
  size_t count;
  uint32_t *took;
};

static char request[4096], answer[65536];
static size_t request_length;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

// How long the answer is, by its head, which has come as a whole with the first segment.
static size_t announced(ssize_t got) {
  answer[got] = 0;
  char *end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "\r\ncontent-length:");
  if (strncmp(answer, "HTTP/1.1 200", 12) != 0 || !end || !length) {
    fprintf(stderr, "answered %.60s\n", answer);
    exit(1);
  }
  return (size_t)(end + 4 - answer) + strtoul(length + 17, NULL, 10);
}

static void ask(struct lane *lane) {
  uint64_t began = now();
  if (send(lane->peer, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length)
    fail("send");
  size_t received = 0, expected = 1;
  while (received < expected) {
    ssize_t got = recv(lane->peer, answer + received, sizeof answer - 1 - received, 0);
    if (got <= 0) fail("receive");
    if (received == 0) expected = announced(got);
    received += (size_t)got;
  }
  if (lane->count < MOST) lane->took[lane->count++] = (uint32_t)(now() - began);
}

static int open_as(uid_t owner, const struct sockaddr_in *to) {
  int on = 1;
  if (seteuid(owner) < 0) fail("seteuid");
  int peer = socket(AF_INET, SOCK_STREAM, 0);
  if (seteuid(0) < 0) fail("seteuid");
  setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(peer, (const struct sockaddr *)to, sizeof *to) < 0) fail("connect");
  return peer;
}

static int ascending(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return left < right ? -1 : left > right;
}

static void say(struct lane *lane, int first) {
  qsort(lane->took, lane->count, sizeof *lane->took, ascending);
  printf("%s{\"requests\": %zu, \"percentiles\": {", first ? "" : ", ", lane->count);
  for (int tenth = 10; tenth <= 999; tenth += tenth < 990 ? 10 : 1)
    printf("%s\"%g\": %u", tenth == 10 ? "" : ", ", tenth / 10.0,
           lane->took[lane->count * (size_t)tenth / 1000]);
  printf("}}");
}

int main(int count, char **arguments) {
  static struct lane lanes[LANES];
  int first = 5, others = count - first;
  if (others < 1 || others > LANES) {
    fprintf(stderr, "quiet: see the head of quiet.c for what it takes\n");
    return 2;
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[2]))};
  inet_pton(AF_INET, arguments[1], &to.sin_addr);
  FILE *file = fopen(arguments[4], "rb");
  if (!file) fail(arguments[4]);
  request_length = fread(request, 1, sizeof request, file);
  for (int number = 0; number < others; number++) {
    struct lane *lane = &lanes[number];
    lane->took = malloc(MOST * sizeof *lane->took);
    lane->peer = open_as((uid_t)atoi(arguments[first + number]), &to);
    for (int warming = 0; warming < TURN; warming++) ask(lane);
    lane->count = 0;
  }
  uint64_t until = now() + (uint64_t)(atof(arguments[3]) * 1e9);
  while (now() < until)
    for (int number = 0; number < others; number++)
      for (int turn = 0; turn < TURN; turn++) ask(&lanes[number]);
  printf("[");
  for (int number = 0; number < others; number++) say(&lanes[number], number == 0);
  printf("]\n");
}
