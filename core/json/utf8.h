// SPDX-License-Identifier: Apache-2.0
// UTF-8, one character at a time.
#ifndef EC_UTF8_H
#define EC_UTF8_H

#include <stddef.h>
#include <stdint.h>

// What ec_utf8_decode gives for bytes that are no character; it is above every code point.
#define EC_UTF8_INVALID UINT32_MAX

// Second byte of a sequence: its smallest value excludes overlong forms, its largest excludes
// surrogates and code points above 0x10FFFF.
static inline uint8_t ec_utf8_second_min(uint8_t lead) {
    return lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
}

static inline uint8_t ec_utf8_second_max(uint8_t lead) {
    return lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
}

// Decodes the character at bytes[0..length), length > 0, into *c and returns the bytes it takes,
// 1 to 4. Bytes that are not UTF-8 give EC_UTF8_INVALID and the length of their maximal subpart:
// as many bytes as Python's bytes.decode(errors="replace") turns into one U+FFFD.
// Reads no byte at or after bytes + length.
static inline size_t ec_utf8_decode(const char *bytes, size_t length, uint32_t *c) {
    const uint8_t lead = (uint8_t)bytes[0];
    if (lead < 0x80) {
        *c = lead;
        return 1;
    }
    *c = EC_UTF8_INVALID;
    if (lead < 0xC2 || lead > 0xF4) {
        return 1;
    }
    const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t value = lead & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (i >= length) {
            return i;
        }
        const uint8_t byte = (uint8_t)bytes[i];
        const uint8_t min = i == 1 ? ec_utf8_second_min(lead) : 0x80;
        const uint8_t max = i == 1 ? ec_utf8_second_max(lead) : 0xBF;
        if (byte < min || byte > max) {
            return i;
        }
        value = value << 6 | (byte & 0x3Fu);
    }
    *c = value;
    return size;
}

// Writes code point c (at most 0x10FFFF) as 1 to 4 bytes into out and returns their number.
static inline size_t ec_utf8_encode(uint32_t c, char out[4]) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    const size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)((0xF00u >> size & 0xF0) | c);
    return size;
}

#endif
