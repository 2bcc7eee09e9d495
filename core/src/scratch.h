// SPDX-License-Identifier: Apache-2.0
// Scratch memory: one allocation, cut into aligned pieces.
#ifndef EC_SCRATCH_H
#define EC_SCRATCH_H

#include <stddef.h>

enum { EC_SCRATCH_ALIGNMENT = 64 };

// Hands out the next aligned piece of memory; with memory NULL it only counts.
static inline void *ec_carve(char *memory, size_t *used, size_t bytes) {
    void *piece = memory == NULL ? NULL : memory + *used;
    *used += (bytes + EC_SCRATCH_ALIGNMENT - 1) / EC_SCRATCH_ALIGNMENT * EC_SCRATCH_ALIGNMENT;
    return piece;
}

#endif
