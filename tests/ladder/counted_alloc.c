// SPDX-License-Identifier: Apache-2.0
#include "counted_alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

// The names that the linker's --wrap gives.
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
void __wrap_free(void *block);

static atomic_long tries, live, until_failure;
static atomic_bool failed;

long counted_alloc_tries(void) { return tries; }

long counted_alloc_live(void) { return live; }

void counted_alloc_fail(long n) {
    until_failure = n;
    failed = false;
}

bool counted_alloc_failed(void) { return failed; }

static bool fails(void) {
    tries++;
    if (until_failure > 0 && atomic_fetch_sub(&until_failure, 1) == 1) {
        failed = true;
        return true;
    }
    return false;
}

static void *counted(void *block) {
    live += block != NULL;
    return block;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : counted(__real_malloc(size)); }

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {
    if (fails()) {
        return ENOMEM;
    }
    const int status = __real_posix_memalign(block, alignment, size);
    live += status == 0;
    return status;
}

void *__wrap_realloc(void *block, size_t size) {
    if (fails()) {
        return NULL;
    }
    void *moved = __real_realloc(block, size);
    live += block == NULL && moved != NULL;
    return moved;
}

void __wrap_free(void *block) {
    live -= block != NULL;
    __real_free(block);
}
