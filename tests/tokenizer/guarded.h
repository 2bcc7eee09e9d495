// SPDX-License-Identifier: Apache-2.0
// Memory that ends exactly where an inaccessible page begins: one byte too far crashes the test.
#ifndef EC_GUARDED_H
#define EC_GUARDED_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct guarded {
    char *end;        // first byte of the inaccessible page
    size_t capacity;  // bytes that may be used before it
} guarded;

// At least `capacity` bytes; never freed. Needs _DEFAULT_SOURCE.
static inline guarded guarded_new(size_t capacity) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t size = (capacity + page - 1) / page * page;
    char *start =
        mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + size, page, PROT_NONE) != 0) {
        perror("guarded_new");
        exit(2);
    }
    return (guarded){start + size, size};
}

// The last `size` bytes.
static inline void *guarded_last(const guarded *memory, size_t size) {
    if (size > memory->capacity) {
        fprintf(stderr, "guarded_last: %zu bytes asked for\n", size);
        exit(2);
    }
    return memory->end - size;
}

// A copy of data[0..size) that ends at the inaccessible page.
static inline char *guarded_copy(const guarded *memory, const void *data, size_t size) {
    char *copy = guarded_last(memory, size);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

#endif
