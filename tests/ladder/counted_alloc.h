// SPDX-License-Identifier: Apache-2.0
// Allocation under control, for programs linked with --wrap for malloc, calloc, realloc,
// aligned_alloc, posix_memalign and free: counts what is allocated and lets the n-th try fail.
#ifndef COUNTED_ALLOC_H
#define COUNTED_ALLOC_H

#include <stdbool.h>

// Allocations tried since the program began.
long counted_alloc_tries(void);

// Blocks that are allocated and not yet freed.
long counted_alloc_live(void);

// Lets the n-th allocation from now on fail, once; 0: none.
void counted_alloc_fail(long n);

// Whether that failure has come to pass.
bool counted_alloc_failed(void);

#endif
