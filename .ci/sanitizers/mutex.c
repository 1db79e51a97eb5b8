// Shows ThreadSanitizer what Swift's Mutex does where two threads want it at once.
//
// Where nobody else holds or wants the mutex, locking is compiled into the program, and the sanitizer
// sees it. Otherwise it is a call into libswiftSynchronization, which isn't built with the sanitizer, and
// from there one into the kernel (futex(2), FUTEX_LOCK_PI): everything that two threads do with the lock
// held then looks like a race. Linked into sanitized programs, these functions stand before the
// library's own, and say that each lock comes after the unlock before it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

// compiler-rt/include/sanitizer/tsan_interface.h
void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

// Methods of Synchronization._MutexHandle; the interface of the module has them.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void lock_slow_function(uint32_t thread, SELF);
typedef SWIFT bool try_lock_slow_function(SELF);
typedef SWIFT void unlock_slow_function(SELF);

lock_slow_function lock_slow __asm__(LOCK_SLOW);
try_lock_slow_function try_lock_slow __asm__(TRY_LOCK_SLOW);
unlock_slow_function unlock_slow __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF) {
  ((lock_slow_function *)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, self);
  __tsan_acquire(self);
}

SWIFT bool try_lock_slow(SELF) {
  bool locked = ((try_lock_slow_function *)dlsym(RTLD_NEXT, TRY_LOCK_SLOW))(self);
  if (locked) __tsan_acquire(self);
  return locked;
}

SWIFT void unlock_slow(SELF) {
  __tsan_release(self);
  ((unlock_slow_function *)dlsym(RTLD_NEXT, UNLOCK_SLOW))(self);
}
