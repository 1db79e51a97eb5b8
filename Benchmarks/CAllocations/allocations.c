// Stands before the C library's allocator and counts, by thread, what is asked of it. Linked into a
// benchmark, or preloaded into a program that knows nothing of it.
#define _GNU_SOURCE
#include "allocations.h"
#include "ledger.h"
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// A library's thread-local variables are else allocated at their first use: by malloc.
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

static struct ledger own;
static struct ledger *ledger = &own;
static atomic_uint rows;
static atomic_flag stacks_taken = ATOMIC_FLAG_INIT;
THREAD_LOCAL struct ledger_thread *row;
// Set while the unwinder runs, which may allocate itself.
THREAD_LOCAL int is_unwinding;

__attribute__((constructor)) static void open_ledger(void) {
  const char *path = getenv("PORTARIUM_ALLOCATIONS");
  if (!path) return;
  // The unwinder's own set-up is nobody's allocation.
  void *frame;
  backtrace(&frame, 1);
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *place = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (place == MAP_FAILED) return;
  row = NULL;
  atomic_store(&rows, 0);
  ledger = place;
}

static struct ledger_thread *own_row(void) {
  if (row) return row;
  unsigned number = atomic_fetch_add(&rows, 1);
  // Threads beyond the table share its last row, whose counts are then a lower bound.
  row = &ledger->threads[number < LEDGER_THREADS ? number : LEDGER_THREADS - 1];
  row->id = (uint64_t)gettid();
  return row;
}

// Two frames are the counter's own.
static void keep_stack(size_t size) {
  void *frames[LEDGER_FRAMES + 2];
  is_unwinding = 1;
  int depth = backtrace(frames, LEDGER_FRAMES + 2) - 2;
  is_unwinding = 0;
  if (depth <= 0) return;
  size_t length = (size_t)depth * sizeof frames[0];
  while (atomic_flag_test_and_set(&stacks_taken)) {}
  uint64_t index = 0;
  for (; index < ledger->stack_count; index++) {
    struct ledger_stack *known = &ledger->stacks[index];
    if (known->thread == row->id && known->depth == (uint64_t)depth &&
        memcmp(known->frames, frames + 2, length) == 0)
      break;
  }
  if (index < LEDGER_STACKS) {
    struct ledger_stack *stack = &ledger->stacks[index];
    if (index == ledger->stack_count) {
      stack->thread = row->id;
      stack->depth = (uint64_t)depth;
      memcpy(stack->frames, frames + 2, length);
      ledger->stack_count++;
    }
    stack->allocations++;
    stack->bytes += size;
  }
  atomic_flag_clear(&stacks_taken);
}

// Never inlined: `keep_stack` leaves out its frame.
__attribute__((noinline)) static void note(size_t size) {
  if (is_unwinding) return;
  struct ledger_thread *mine = own_row();
  mine->allocations++;
  mine->bytes += size;
  if (ledger->keeps_stacks) keep_stack(size);
}

size_t allocation_count(void) { return own_row()->allocations; }

void *malloc(size_t size) {
  note(size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  note(number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  note(size);
  return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note(size);
  return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
  note(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **place, size_t alignment, size_t size) {
  note(size);
  *place = __libc_memalign(alignment, size);
  return *place ? 0 : ENOMEM;
}

void free(void *place) {
  if (place && !is_unwinding) own_row()->releases++;
  __libc_free(place);
}
