#pragma once
#include <stddef.h>

/// Calls of malloc, calloc, realloc and aligned_alloc so far. One thread.
size_t allocation_count(void);
/// Nanoseconds of the monotonic clock.
unsigned long long nanoseconds_now(void);
/// Nanoseconds of processor time that the process has had.
unsigned long long processor_nanoseconds(void);
/// Resident memory of the process in bytes; what is free is given back to the system first.
size_t resident_bytes(void);
