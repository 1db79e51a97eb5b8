#pragma once
#include <stddef.h>

/// Calls of malloc, calloc, realloc and their aligned relatives by the calling thread so far.
size_t allocation_count(void);
