#pragma once
#include <stdint.h>

/// Where allocations are counted. In a program that the counter is preloaded into it lies in the file
/// that PORTARIUM_ALLOCATIONS names, and `heap/ledger.py` reads it: both have the same layout.

enum { LEDGER_THREADS = 64, LEDGER_STACKS = 512, LEDGER_FRAMES = 27 };

struct ledger_thread {
  uint64_t id;  // as the kernel numbers it; 0 where the row is free
  uint64_t allocations;
  uint64_t bytes;  // asked for
  uint64_t releases;
};

struct ledger_stack {
  uint64_t thread;
  uint64_t allocations;
  uint64_t bytes;
  uint64_t depth;
  uint64_t frames[LEDGER_FRAMES];  // return addresses, the innermost first
};

struct ledger {
  uint64_t keeps_stacks;  // the reader sets it
  uint64_t stack_count;
  struct ledger_thread threads[LEDGER_THREADS];
  struct ledger_stack stacks[LEDGER_STACKS];
};
