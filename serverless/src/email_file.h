// SPDX-License-Identifier: Apache-2.0
// A file of one email (mime/mime.h), or a mailbox of several (mime/mbox.h), read one at a time.
#ifndef EMAIL_FILE_H
#define EMAIL_FILE_H

#include "input.h"
#include "mime/mime.h"

// Bytes of one email with its attachments: more than mail servers carry.
enum { EMAIL_FILE_MAX = 64 << 20 };

typedef struct email_file {
    const char *path;
    const char *subject;  // not NULL: all of the file is the message
    bool is_mailbox;
    size_t number;  // of the email read last, from 1
    // Why that one could not be read: a name for programs, the field, a sentence for people.
    const char *problem_code, *problem_field, *problem;
    input_stream input;
    size_t taken;  // bytes of the input that the email read last is made of
    mime_email email;
} email_file;

typedef enum email_file_result {
    EMAIL_FILE_EMAIL,
    EMAIL_FILE_PROBLEM,  // this one cannot be read: see problem; the next one may
    EMAIL_FILE_END,
    EMAIL_FILE_FAILED  // the file cannot be read on, which has been said on stderr
} email_file_result;

// Opens a file, "-" being standard input. False when it cannot be read, which has been said on
// stderr.
bool email_file_open(email_file *file, const char *path, const char *subject);
void email_file_close(email_file *file);

// Reads the next email; its text is the file's until the next call.
email_file_result email_file_next(email_file *file, ec_email *email);

#endif
