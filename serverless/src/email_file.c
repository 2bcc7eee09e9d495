// SPDX-License-Identifier: Apache-2.0
#include "email_file.h"

#include <string.h>

#include "mime/mbox.h"

static text text_of_buffer(const text_buffer *buffer) {
    return (text){buffer->data != NULL ? buffer->data : "", buffer->length};
}

// What has been read and not yet taken.
static text pending(const email_file *file) {
    const input_stream *input = &file->input;
    return input->data != NULL ? (text){input->data + input->start, input->end - input->start}
                               : (text){"", 0};
}

static bool too_large(const email_file *file) {
    cli_error("%s: larger than %d bytes", file->input.name, EMAIL_FILE_MAX);
    return false;
}

static bool fill(email_file *file) {
    const fill_result result = input_fill(&file->input);
    return result == FILL_FULL ? too_large(file) : result == FILL_OK;
}

bool email_file_open(email_file *file, const char *path, const char *subject) {
    *file = (email_file){.path = path, .subject = subject};
    if (!input_open(&file->input, path, EMAIL_FILE_MAX + 1)) {
        return false;
    }
    while (!file->input.at_end && pending(file).length < MBOX_START_LENGTH) {
        if (!fill(file)) {
            email_file_close(file);
            return false;
        }
    }
    file->is_mailbox = subject == NULL && mbox_begins(pending(file));
    return true;
}

void email_file_close(email_file *file) {
    mime_email_free(&file->email);
    input_close(&file->input);
}

// Reads until the whole of the next email is pending; its length in *length.
static bool read_next(email_file *file, size_t *length) {
    size_t at = 0;
    while (!file->is_mailbox || !mbox_find_next(pending(file), &at)) {
        if (file->input.at_end) {
            at = pending(file).length;
            break;
        }
        if (!fill(file)) {
            return false;
        }
    }
    *length = at;
    return at <= EMAIL_FILE_MAX || too_large(file);
}

// The email in data[0..length), which begins with the mailbox's own line.
static text unwrap(char *data, size_t length) {
    const char *end = memchr(data, '\n', length);
    const size_t start = end != NULL ? (size_t)(end - data) + 1 : length;
    return (text){data + start, mbox_unquote(data + start, length - start)};
}

static email_file_result problem(email_file *file, const char *code, const char *field,
                                 const char *message) {
    file->problem_code = code;
    file->problem_field = field;
    file->problem = message;
    return EMAIL_FILE_PROBLEM;
}

static email_file_result decode(email_file *file, text bytes, ec_email *email) {
    switch (mime_read(bytes, &file->email)) {
    case MIME_NO_SUBJECT:
        return problem(file, "missing", "subject",
                       file->is_mailbox
                           ? "is missing"
                           : "is missing: begin the file with 'Subject: ...', or use --subject");
    case MIME_NO_TEXT:
        return problem(file, "missing", "message",
                       "is missing: the email has no plain text and no HTML to read");
    case MIME_TOO_DEEP:
        return problem(file, "too_deep", "message",
                       "is missing: the email's parts are nested too deep");
    case MIME_NO_MEMORY:
        return problem(file, "no_memory", "message", "no memory");
    case MIME_OK:
        break;
    }
    const text subject = text_of_buffer(&file->email.subject);
    const text message = text_of_buffer(&file->email.message);
    *email = (ec_email){subject.data, subject.length, message.data, message.length};
    return EMAIL_FILE_EMAIL;
}

email_file_result email_file_next(email_file *file, ec_email *email) {
    file->input.start += file->taken;
    file->taken = 0;
    size_t length = 0;
    if (!read_next(file, &length)) {
        return EMAIL_FILE_FAILED;
    }
    if (length == 0 && file->number > 0) {
        return EMAIL_FILE_END;
    }
    file->number++;
    file->taken = length;
    const text bytes = pending(file);
    if (file->subject != NULL) {
        *email = (ec_email){file->subject, strlen(file->subject), bytes.data, bytes.length};
        return EMAIL_FILE_EMAIL;
    }
    return decode(file,
                  file->is_mailbox ? unwrap(file->input.data + file->input.start, length) : bytes,
                  email);
}
