// SPDX-License-Identifier: Apache-2.0
#include "email.h"

#include <string.h>

#include "error.h"
#include "sha256.h"
#include "utf8.h"

// ------------------------------------------------------------- characters

// Unicode's property White_Space.
static bool is_white_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

static bool is_control(uint32_t c) {
    return c < 0x20 ? c != '\t' && c != '\n' && c != '\r' : c >= 0x7F && c <= 0x9F;
}

static bool is_noncharacter(uint32_t c) {
    return (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

static bool is_text(uint32_t c) { return !is_control(c) && !is_noncharacter(c); }

static bool is_strict(uint32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           is_white_space(c) || (c != 0 && c < 0x80 && strchr("-_.,!?", (int)c) != NULL);
}

// ------------------------------------------------------------- one field

// A field's text and its limits.
typedef struct field {
    const char *name;
    const char *text;
    size_t length;
    size_t min, max;  // characters
    bool strict;
} field;

// What one pass over a field finds.
typedef struct scan {
    size_t start, end;  // the text without white space at its ends
    size_t characters;  // of it
    size_t not_text;    // offset of the first character the text policy forbids, or NONE
    size_t not_strict;  // of the first that the strict policy forbids, or NONE
    size_t bad_byte;    // of the first byte that is not UTF-8, or NONE
} scan;

#define NONE SIZE_MAX

static size_t first_of(size_t earlier, size_t at, bool allowed) {
    return earlier == NONE && !allowed ? at : earlier;
}

// White space is only known to be at the end when the text is over, so its characters and faults
// count once a visible character follows.
static scan scan_text(const char *text, size_t length) {
    scan found = {.not_text = NONE, .not_strict = NONE, .bad_byte = NONE};
    size_t characters = 0;
    size_t not_text = NONE;
    size_t c_length = 0;
    for (size_t at = 0; at < length; at += c_length) {
        uint32_t c = 0;
        c_length = ec_utf8_decode(text + at, length - at, &c);
        if (c == EC_UTF8_INVALID) {
            found.bad_byte = at;
            return found;
        }
        const bool white = is_white_space(c);
        if (white && characters == 0) {
            continue;
        }
        found.start = characters++ == 0 ? at : found.start;
        not_text = first_of(not_text, at, is_text(c));
        if (!white) {
            found.end = at + c_length;
            found.characters = characters;
            found.not_text = not_text;
            found.not_strict = first_of(found.not_strict, at, is_strict(c));
        }
    }
    return found;
}

static ec_status check_length(const field *f, const scan *found, ec_error *error) {
    if (found->characters == 0) {
        return ec_fail(error, EC_ERROR_TOO_SHORT, f->name, 0,
                       "The %s is empty; it needs at least %zu character%s.", f->name, f->min,
                       f->min == 1 ? "" : "s");
    }
    if (found->characters < f->min) {
        return ec_fail(error, EC_ERROR_TOO_SHORT, f->name, 0,
                       "The %s has %zu character%s; it needs at least %zu.", f->name,
                       found->characters, found->characters == 1 ? "" : "s", f->min);
    }
    if (found->characters > f->max) {
        return ec_fail(error, EC_ERROR_TOO_LONG, f->name, 0,
                       "The %s has %zu characters; at most %zu are allowed.", f->name,
                       found->characters, f->max);
    }
    return EC_OK;
}

static ec_status check_characters(const field *f, const scan *found, ec_error *error) {
    if (found->not_text != NONE) {
        return ec_fail(error, EC_ERROR_CHARACTER, f->name, found->not_text,
                       "The %s holds a character at byte %zu that is not text; "
                       "of control characters only tab and line ends are allowed.",
                       f->name, found->not_text);
    }
    if (f->strict && found->not_strict != NONE) {
        return ec_fail(error, EC_ERROR_CHARACTER, f->name, found->not_strict,
                       "The %s may hold only a-z, A-Z, 0-9, white space and - _ . , ! ? "
                       "but has another character at byte %zu.",
                       f->name, found->not_strict);
    }
    return EC_OK;
}

static ec_status trim_field(const field *f, const char **text, size_t *length, ec_error *error) {
    if (f->text == NULL && f->length > 0) {
        return ec_fail(error, EC_ERROR_ARGUMENT, f->name, 0, "The %s is a null pointer.", f->name);
    }
    const scan found = scan_text(f->text, f->length);
    if (found.bad_byte != NONE) {
        return ec_fail(error, EC_ERROR_UTF8, f->name, found.bad_byte,
                       "The %s is not valid UTF-8 at byte %zu.", f->name, found.bad_byte);
    }
    EC_RETURN_IF_ERROR(check_length(f, &found, error));
    EC_RETURN_IF_ERROR(check_characters(f, &found, error));
    *text = f->text + found.start;
    *length = found.end - found.start;
    return EC_OK;
}

// ------------------------------------------------------------- an email

ec_status ec_email_trim(const ec_email *email, ec_policy policy, ec_email *trimmed,
                        ec_error *error) {
    if (email == NULL || (policy != EC_POLICY_TEXT && policy != EC_POLICY_STRICT)) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "email", 0,
                       "The email is a null pointer or the policy is unknown.");
    }
    const field subject = {"subject", email->subject, email->subject_length,
                           1,         EC_SUBJECT_MAX, policy == EC_POLICY_STRICT};
    const field message = {"message",      email->message, email->message_length,
                           EC_MESSAGE_MIN, EC_MESSAGE_MAX, false};
    ec_email out = {0};
    EC_RETURN_IF_ERROR(trim_field(&subject, &out.subject, &out.subject_length, error));
    EC_RETURN_IF_ERROR(trim_field(&message, &out.message, &out.message_length, error));
    *trimmed = out;
    return EC_OK;
}

ec_status ec_validate(const ec_email *email, ec_policy policy, ec_error *error) {
    ec_email trimmed;
    return ec_email_trim(email, policy, &trimmed, error);
}

// ------------------------------------------------------------- key

static void hash_number(ec_sha256 *hash, uint64_t number) {
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
    ec_sha256_update(hash, bytes, sizeof bytes);
}

ec_email_key ec_email_hash(const ec_email *trimmed, const uint8_t model_digest[32]) {
    ec_email_key key;
    ec_sha256 hash;
    ec_sha256_init(&hash);
    ec_sha256_update(&hash, model_digest, 32);
    // The length keeps apart emails that differ only in where the subject ends.
    hash_number(&hash, trimmed->subject_length);
    ec_sha256_update(&hash, trimmed->subject, trimmed->subject_length);
    ec_sha256_update(&hash, trimmed->message, trimmed->message_length);
    ec_sha256_final(&hash, key.bytes);
    return key;
}
