// SPDX-License-Identifier: Apache-2.0
// An email as a text file: a line "Subject: ...", further header lines, an empty line, the message.
#ifndef EMAIL_FILE_H
#define EMAIL_FILE_H

#include "cli.h"

// Finds subject and message in the text of such a file; both point into it. Header lines may be
// folded, in any order, and end in LF or CR LF. A line that is no header line also ends them.
// False when there is no Subject among them.
bool email_file_split(text file, ec_email *email);

// The email in `file`, with this subject when it is not NULL: the file is then all message.
bool email_file_read(text file, const char *subject, ec_email *email);

#endif
