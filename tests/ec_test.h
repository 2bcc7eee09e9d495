// SPDX-License-Identifier: Apache-2.0
// Checks for plain C tests. A test program runs its checks and returns ec_test_result().
#ifndef EC_TEST_H
#define EC_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned long ec_test_passed;
static unsigned long ec_test_failed;

static inline bool ec_test_check(bool ok, const char *file, int line, const char *what) {
    if (ok) {
        ec_test_passed++;
    } else {
        ec_test_failed++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    }
    return ok;
}

// Each counts one check, says where it stands when it fails, and goes on. Value: whether it held.
#define EC_CHECK(condition) ec_test_check((condition), __FILE__, __LINE__, #condition)

#define EC_CHECK_EQUAL(a, b) ec_test_check((a) == (b), __FILE__, __LINE__, #a " == " #b)

#define EC_CHECK_STRING(a, b) ec_test_check(strcmp((a), (b)) == 0, __FILE__, __LINE__, #a " is " #b)

#define EC_CHECK_BYTES(a, b, size) \
    ec_test_check(memcmp((a), (b), (size)) == 0, __FILE__, __LINE__, #a " same bytes as " #b)

// For checks in a loop: says which case it was.
#define EC_CHECK_CASE(condition, name) ec_test_check((condition), __FILE__, __LINE__, (name))

// Prints the sum on one line; the exit code of main.
static inline int ec_test_result(void) {
    printf("%lu passed, %lu failed\n", ec_test_passed, ec_test_failed);
    return ec_test_failed == 0 ? 0 : 1;
}

#endif
