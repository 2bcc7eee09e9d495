// SPDX-License-Identifier: Apache-2.0
#include "utf8_check.h"

#include <stdbool.h>
#include <stdint.h>

size_t utf8_character(const char *data, size_t length) {
    if (length == 0) {
        return 0;
    }
    const unsigned char *bytes = (const unsigned char *)data;
    if (bytes[0] < 0x80) {
        return 1;
    }
    const size_t size = bytes[0] < 0xc2 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (size == 0 || size > length || bytes[0] > 0xf4) {
        return 0;
    }
    uint32_t value = bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    const uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < least || value > 0x10ffff || surrogate ? 0 : size;
}
