// SPDX-License-Identifier: Apache-2.0
// Character sets to UTF-8: UTF-8 and with it US-ASCII, windows-1252, ISO-8859-1, ISO-8859-15.
//
// Of any other charset the ASCII characters are kept and every further byte becomes U+FFFD. The
// converters of iconv are files that glibc loads at run time, which a static program in an empty
// container does not have.
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include "buffer.h"

typedef enum mime_charset {
    MIME_UTF_8,         // also what names none, since ASCII is part of it
    MIME_WINDOWS_1252,  // also ISO-8859-1, which has controls where windows-1252 has characters
    MIME_ISO_8859_15,   // its controls likewise
    MIME_UNKNOWN
} mime_charset;

mime_charset mime_charset_named(text name);

// Adds bytes of this charset as UTF-8, U+FFFD in place of what is none of its characters.
void mime_add_utf8(mime_charset charset, text bytes, text_buffer *out);

#endif
