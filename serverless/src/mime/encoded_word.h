// SPDX-License-Identifier: Apache-2.0
// RFC 2047: "=?charset?Q?text?=" and "=?charset?B?text?=" in header fields.
#ifndef MIME_ENCODED_WORD_H
#define MIME_ENCODED_WORD_H

#include "buffer.h"

// Adds a field's value, unfolded, its encoded words decoded wherever they stand; white space
// between two of them is no text. Neighbours of one charset are decoded as one, for programs that
// cut within a character. Everything else is added as it is.
void mime_add_header_text(text value, text_buffer *out);

#endif
