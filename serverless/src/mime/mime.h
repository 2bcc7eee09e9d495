// SPDX-License-Identifier: Apache-2.0
// Subject and text of an email as mail programs store it: RFC 5322 headers, RFC 2045 to 2047 MIME.
//
//     bytes --> headers --> subject: RFC 2047 encoded words -----------------------------> UTF-8
//                   |
//                   +--> parts --> the one to read --> quoted-printable --> charset --> HTML
//                                                      or base64            to UTF-8    to text
//
// Our own, since the known C library (GMime) needs GLib, which would be many times this program and
// does not link statically. Made for hostile bytes: each is looked at a bounded number of times,
// parts nest at most MIME_MAX_DEPTH deep, and what comes out is at most three times what came in.
//
// Which part is read: of multipart/alternative text/plain, else text/html; of any other multipart
// the first that can be read. A forwarded email (message/rfc822) is read as its text; attachments
// and blank parts are passed over. Charsets: charset.h.
#ifndef MIME_H
#define MIME_H

#include "buffer.h"

enum { MIME_MAX_DEPTH = 16 };

typedef enum mime_status {
    MIME_OK = 0,
    MIME_NO_SUBJECT,  // there is no header field of that name
    MIME_NO_TEXT,     // no part is text/plain or text/html
    MIME_TOO_DEEP,    // nor any part down to MIME_MAX_DEPTH
    MIME_NO_MEMORY
} mime_status;

// All zero before the first use; reuse it for the next email.
typedef struct mime_email {
    text_buffer subject;  // unfolded and decoded
    text_buffer message;
} mime_email;

// Reads one email. Without Content-Type and Content-Transfer-Encoding the message is every byte
// after the headers, as it is; with one of them it is UTF-8 with LF as line end. Line ends may be
// LF or CR LF. A line that is no header field ends the headers, as an empty one does.
// Anything but MIME_OK leaves *email without meaning, to be reused or freed. Any thread.
mime_status mime_read(text bytes, mime_email *email);

void mime_email_free(mime_email *email);

#endif
