// SPDX-License-Identifier: Apache-2.0
// Mailboxes of several emails in one file (RFC 4155): each begins with a line "From sender date" at
// the start of the file or after an empty line, and lines of the email that begin so have a '>' in
// front, by the rule of the kind "mboxrd".
#ifndef MIME_MBOX_H
#define MIME_MBOX_H

#include "cli.h"

enum { MBOX_START_LENGTH = 5 };

// Whether data begins with a line "From ", MBOX_START_LENGTH bytes.
bool mbox_begins(text data);

// Finds the next "From " line of a mailbox of which data is what has been read so far. *at is where
// to look from; when it returns false, more must be read first and *at is where to go on. When it
// returns true, *at is where the line starts.
bool mbox_find_next(text data, size_t *at);

// Takes one '>' from each line of the email data[0..length) that is quoted, in place; returns the
// new length.
size_t mbox_unquote(char *data, size_t length);

#endif
