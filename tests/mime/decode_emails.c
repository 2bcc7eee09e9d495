// SPDX-License-Identifier: Apache-2.0
// What mime_read makes of emails, for compare.py. Standard input: emails, each after its length (8
// bytes, little-endian). Standard output: a line of JSON for each.
#include <stdio.h>

#include "mime/mime.h"

static bool read_bytes(text_buffer *bytes, size_t length) {
    buffer_clear(bytes);
    bytes->length = buffer_reserve(bytes, length + 1) ? fread(bytes->data, 1, length, stdin) : 0;
    return !bytes->failed && bytes->length == length;
}

static bool read_length(size_t *length) {
    unsigned char bytes[8];
    *length = 0;
    if (fread(bytes, 1, sizeof bytes, stdin) != sizeof bytes) {
        return false;
    }
    for (unsigned i = 0; i < sizeof bytes; i++) {
        *length |= (size_t)bytes[i] << (8 * i);
    }
    return true;
}

int main(void) {
    text_buffer bytes = {0};
    text_buffer line = {0};
    mime_email email = {0};
    size_t length = 0;
    bool ok = true;
    while (ok && read_length(&length)) {
        ok = read_bytes(&bytes, length);
        const mime_status status = mime_read((text){bytes.data, bytes.length}, &email);
        buffer_clear(&line);
        buffer_printf(&line, "{\"status\":%d,\"subject\":", (int)status);
        buffer_add_json_string(&line, (text){email.subject.data, email.subject.length});
        buffer_add_string(&line, ",\"message\":");
        buffer_add_json_string(&line, (text){email.message.data, email.message.length});
        buffer_add_string(&line, "}\n");
        ok = ok && fwrite(line.data, 1, line.length, stdout) == line.length;
    }
    ok = ok && !line.failed && feof(stdin) != 0;
    mime_email_free(&email);
    buffer_free(&line);
    buffer_free(&bytes);
    return ok ? 0 : 1;
}
