// SPDX-License-Identifier: Apache-2.0
#include "email_file.h"

#include <string.h>

// The line at data[at..), without its end; *next is where the following one starts.
static text line_at(text file, size_t at, size_t *next) {
    const char *start = file.data + at;
    const char *end = memchr(start, '\n', file.length - at);
    size_t length = end != NULL ? (size_t)(end - start) : file.length - at;
    *next = at + length + (end != NULL ? 1 : 0);
    if (length > 0 && start[length - 1] == '\r') {
        length--;
    }
    return (text){start, length};
}

// Length of the name in "Name: value", 0 when the line is no header line.
static size_t header_name(text line) {
    const char *colon = line.length > 0 ? memchr(line.data, ':', line.length) : NULL;
    const size_t length = colon != NULL ? (size_t)(colon - line.data) : 0;
    for (size_t i = 0; i < length; i++) {
        if (line.data[i] <= ' ' || line.data[i] > '~') {
            return 0;
        }
    }
    return length;
}

bool email_file_split(text file, ec_email *email) {
    text subject = {NULL, 0};
    bool in_subject = false;
    size_t at = 0;
    while (at < file.length) {
        size_t next = 0;
        const text line = line_at(file, at, &next);
        const size_t name = header_name(line);
        const bool folded = at > 0 && line.length > 0 && (*line.data == ' ' || *line.data == '\t');
        if (line.length == 0) {
            at = next;
            break;
        }
        if (folded && in_subject) {
            subject.length = (size_t)(line.data + line.length - subject.data);
        } else if (!folded && name == 0) {
            break;
        } else if (!folded) {
            in_subject =
                subject.data == NULL && text_equals_any_case((text){line.data, name}, "subject");
            if (in_subject) {
                subject = (text){line.data + name + 1, line.length - name - 1};
            }
        }
        at = next;
    }
    if (subject.data == NULL) {
        return false;
    }
    *email = (ec_email){subject.data, subject.length, file.data + at, file.length - at};
    return true;
}

bool email_file_read(text file, const char *subject, ec_email *email) {
    if (subject == NULL) {
        return email_file_split(file, email);
    }
    *email = (ec_email){subject, strlen(subject), file.data, file.length};
    return true;
}
