// SPDX-License-Identifier: Apache-2.0
#ifndef UTF8_CHECK_H
#define UTF8_CHECK_H

#include <stddef.h>

// Bytes of the well-formed UTF-8 character at the start of data[0..length): 1 to 4. 0 when there
// is none: overlong forms, surrogates, values above U+10FFFF and cut-off characters included.
size_t utf8_character(const char *data, size_t length);

#endif
