// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), with the processor's own instructions where it has them.
//
// A plain value on the caller's stack; nothing is allocated and nothing can fail.
#ifndef EC_SHA256_H
#define EC_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum {
    EC_SHA256_SIZE = 32,
    EC_SHA256_BLOCK = 64,
    // Updates of at least this many bytes ask the processor for its SHA instructions. Shorter ones
    // do not: the question itself can cost microseconds inside a virtual machine.
    EC_SHA256_BULK = 16384
};

typedef struct ec_sha256 {
    uint32_t state[8];
    uint64_t length;                 // bytes taken in
    uint8_t block[EC_SHA256_BLOCK];  // the last length % EC_SHA256_BLOCK of them
} ec_sha256;

void ec_sha256_init(ec_sha256 *s);

// Takes in data[0..size); data may be NULL when size is 0, and needs no alignment.
void ec_sha256_update(ec_sha256 *s, const void *data, size_t size);

// The digest of all bytes taken in. *s must be initialized again before further use.
void ec_sha256_final(ec_sha256 *s, uint8_t digest[EC_SHA256_SIZE]);

// digest as 64 lower-case hexadecimal digits and a NUL.
void ec_sha256_hex(const uint8_t digest[EC_SHA256_SIZE], char hex[2 * EC_SHA256_SIZE + 1]);

#endif
