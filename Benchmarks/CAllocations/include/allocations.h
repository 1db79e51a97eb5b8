#pragma once
#include <stddef.h>
#include <stdint.h>

/// Calls of malloc, calloc, realloc and their aligned relatives by the calling thread so far.
size_t allocation_count(void);
/// Nanoseconds of the monotonic clock.
unsigned long long nanoseconds_now(void);
/// Nanoseconds of processor time that the process has had.
unsigned long long processor_nanoseconds(void);
/// Resident memory of the process in bytes; what is free is given back to the system first.
size_t resident_bytes(void);
/// Returns what it is given; the compiler does not know that.
long passed_on(long value);
