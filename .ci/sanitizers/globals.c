// Shows AddressSanitizer's search for leaks what globals hold.
//
// A global is never freed, and what it points to is no leak. But where it is an enum with several
// payloads, Swift keeps the case in the upper bits of the pointer, which then looks like none. Linked
// into sanitized programs, this function stands before the runtime's own, which initializes globals, and
// has what is allocated meanwhile taken for reachable.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>

// compiler-rt/include/sanitizer/lsan_interface.h
void __lsan_disable(void);
void __lsan_enable(void);

typedef void once_function(intptr_t *token, void (*initialize)(void *), void *context);

once_function swift_once;

void swift_once(intptr_t *token, void (*initialize)(void *), void *context) {
  // Whichever thread looks first, they all find the same.
  static _Atomic(once_function *) runtimes_own;
  once_function *once = atomic_load_explicit(&runtimes_own, memory_order_relaxed);
  if (!once) {
    once = (once_function *)dlsym(RTLD_NEXT, "swift_once");
    atomic_store_explicit(&runtimes_own, once, memory_order_relaxed);
  }
  __lsan_disable();
  once(token, initialize, context);
  __lsan_enable();
}
