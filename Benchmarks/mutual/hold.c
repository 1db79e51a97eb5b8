// Holds mTLS connections that wait: hold ADDRESS PORT CREDENTIALS REQUEST-FILE
//
// For each number on its standard input it opens or closes connections until there are so many, and
// says `held NUMBER`. Each has had one answer.

#include "peer.h"

enum { ANSWER = 32 << 10, MOST = 10000 };

static char request[4096], answer[ANSWER];

static void ask(SSL *peer, int length) {
  size_t received = 0, expected = 0;
  if (SSL_do_handshake(peer) != 1 || SSL_write(peer, request, length) != length) fail("ask");
  while (expected == 0 || received < expected) {
    int got = SSL_read(peer, answer + received, (int)(ANSWER - 1 - received));
    if (got <= 0) fail("receive");
    received += (size_t)got;
    answer[received] = 0;
    expected = answer_length(answer);
  }
}

int main(int count, char **arguments) {
  static SSL *held[MOST];
  char line[64];
  int have = 0;
  if (count != 5) {
    fprintf(stderr, "hold: see the head of hold.c for what it takes\n");
    return 2;
  }
  struct sockaddr_in to = address(arguments[1], arguments[2]);
  SSL_CTX *ours = context(arguments[3]);
  FILE *file = fopen(arguments[4], "rb");
  if (!file) fail(arguments[4]);
  int length = (int)fread(request, 1, sizeof request, file);
  while (fgets(line, sizeof line, stdin)) {
    int wanted = atoi(line);
    if (wanted > MOST) fail(line);
    while (have > wanted) {
      SSL_shutdown(held[--have]);
      end(held[have]);
    }
    while (have < wanted) {
      held[have] = begin(ours, &to, 0);
      ask(held[have++], length);
    }
    printf("held %d\n", wanted);
    fflush(stdout);
  }
}
