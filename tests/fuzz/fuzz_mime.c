// SPDX-License-Identifier: Apache-2.0
// The reader of real emails: what comes out of MIME is UTF-8, bounded by what went in, and the same
// when it is read again. A mailbox falls into emails that cover it, however slowly it comes.
#include "fuzz.h"
#include "mime/headers.h"
#include "mime/mbox.h"
#include "mime/mime.h"
#include "utf8.h"

static bool is_utf8(const text_buffer *bytes) {
    uint32_t character = 0;
    for (size_t at = 0; at < bytes->length;) {
        at += ec_utf8_decode(bytes->data + at, bytes->length - at, &character);
        if (character == EC_UTF8_INVALID) {
            return false;
        }
    }
    return true;
}

static bool same(const text_buffer *a, const text_buffer *b) {
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static void read_email(text bytes) {
    mime_email email = {0};
    mime_email again = {0};
    const mime_status status = mime_read(bytes, &email);
    fuzz_check(status != MIME_NO_MEMORY);
    fuzz_check(email.subject.length <= 3 * bytes.length);
    fuzz_check(email.message.length <= 3 * bytes.length);
    const mime_headers headers = mime_headers_read(bytes);
    const bool is_mime =
        headers.content_type.data != NULL || headers.transfer_encoding.data != NULL;
    if (status == MIME_OK && is_mime) {
        fuzz_check(is_utf8(&email.message) && email.message.length > 0);
    } else if (status == MIME_OK) {
        fuzz_check(email.message.length == headers.body.length);
    }
    fuzz_check(mime_read(bytes, &again) == status);
    fuzz_check(same(&email.subject, &again.subject) && same(&email.message, &again.message));
    mime_email_free(&email);
    mime_email_free(&again);
}

// Every start that is found in a part of the mailbox is found in all of it, and no other.
static void split_mailbox(text bytes) {
    size_t slow = 0;
    size_t at = 0;
    for (size_t length = 0; length <= bytes.length; length++) {
        while (mbox_find_next((text){bytes.data, length}, &slow)) {
            fuzz_check(mbox_find_next(bytes, &at) && at == slow);
            fuzz_check(mbox_begins((text){bytes.data + at, bytes.length - at}));
        }
    }
    fuzz_check(!mbox_find_next(bytes, &at));
}

static void unquote(text bytes) {
    text_buffer copy = {0};
    buffer_add(&copy, bytes.data, bytes.length);
    fuzz_check(mbox_unquote(copy.data, copy.length) <= bytes.length);
    buffer_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const text bytes = {size > 0 ? (const char *)data : "", size};
    read_email(bytes);
    if (size > 0) {
        split_mailbox(bytes);
        unquote(bytes);
    }
    return 0;
}
