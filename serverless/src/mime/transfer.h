// SPDX-License-Identifier: Apache-2.0
// Encodings that carry bytes through mail (RFC 2045 section 6). Bytes that an encoding does not
// allow are passed over in base64 and kept in quoted-printable, as mail programs do.
#ifndef MIME_TRANSFER_H
#define MIME_TRANSFER_H

#include "buffer.h"

// Adds what quoted-printable text stands for. `in_header`: the Q encoding of RFC 2047, where '_'
// is a blank.
void mime_decode_quoted(text encoded, bool in_header, text_buffer *out);

void mime_decode_base64(text encoded, text_buffer *out);

// Adds the bytes that a body of this Content-Transfer-Encoding stands for: as they are unless it is
// quoted-printable or base64.
void mime_decode_body(text encoding, text body, text_buffer *out);

#endif
