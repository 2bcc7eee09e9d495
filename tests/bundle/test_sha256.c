// SPDX-License-Identifier: Apache-2.0
// SHA-256 against the vectors of NIST, and its two implementations against each other.
#include <stdlib.h>

#include "ec_test.h"
#include "sha256.h"

static void check(const char *text, size_t repeats, const char *expected) {
    ec_sha256 s;
    uint8_t digest[EC_SHA256_SIZE];
    char hex[2 * EC_SHA256_SIZE + 1];
    ec_sha256_init(&s);
    for (size_t i = 0; i < repeats; i++) {
        ec_sha256_update(&s, text, strlen(text));
    }
    ec_sha256_final(&s, digest);
    ec_sha256_hex(digest, hex);
    EC_CHECK_STRING(hex, expected);
}

static void hash(const uint8_t *data, size_t size, size_t step, uint8_t *digest) {
    ec_sha256 s;
    ec_sha256_init(&s);
    for (size_t i = 0; i < size; i += step) {
        ec_sha256_update(&s, data + i, size - i < step ? size - i : step);
    }
    ec_sha256_final(&s, digest);
}

// One bulk update uses the processor's instructions, where it has them; many small ones do not.
static void test_bulk(void) {
    enum { SIZE = 5 * EC_SHA256_BULK };
    uint8_t *const data = malloc(SIZE);
    if (!EC_CHECK(data != NULL)) {
        return;
    }
    for (size_t i = 0; i < SIZE; i++) {
        data[i] = (uint8_t)(i * i >> 5 ^ i);
    }
    for (size_t start = 0; start < 70; start++) {
        const size_t size = SIZE - 3 * start;
        uint8_t bulk[EC_SHA256_SIZE];
        uint8_t small[EC_SHA256_SIZE];
        hash(data + start, size - start, size, bulk);
        hash(data + start, size - start, 1 + start * 13, small);
        EC_CHECK_BYTES(bulk, small, sizeof bulk);
    }
    free(data);
}

int main(void) {
    check("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
          "lmnopqrsmnopqrstnopqrstu",
          1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    check("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    test_bulk();
    return ec_test_result();
}
