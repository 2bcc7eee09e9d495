// SPDX-License-Identifier: Apache-2.0
// Memory that ends where the next page cannot be read, so that reading one byte too far crashes.
#ifndef GUARD_PAGE_H
#define GUARD_PAGE_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct guard_page {
    char *memory;
    size_t size;
} guard_page;

// A copy of data[0..length) that ends at the guard page. Aborts when there is no memory.
static inline const char *guard_page_copy(guard_page *page, const char *data, size_t length) {
    const size_t unit = (size_t)sysconf(_SC_PAGESIZE);
    const size_t body = (length + unit - 1) / unit * unit;
    page->size = body + unit;
    page->memory =
        mmap(NULL, page->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page->memory == MAP_FAILED || mprotect(page->memory + body, unit, PROT_NONE) != 0) {
        abort();
    }
    char *copy = page->memory + body - length;
    if (length > 0) {
        memcpy(copy, data, length);
    }
    return copy;
}

static inline void guard_page_free(guard_page *page) { munmap(page->memory, page->size); }

#endif
