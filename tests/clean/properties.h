// SPDX-License-Identifier: Apache-2.0
// What is true of cleaning whatever the message is.
#ifndef CLEAN_PROPERTIES_H
#define CLEAN_PROPERTIES_H

#include <stdbool.h>
#include <string.h>

#include "email_classifier.h"
#include "utf8.h"

// Whether a character starts at bytes[at], or the text ends there.
static inline bool is_boundary(const char *bytes, size_t length, size_t at) {
    return at == length || ((unsigned char)bytes[at] & 0xC0) != 0x80;
}

static inline bool is_utf8(const char *bytes, size_t length) {
    uint32_t character = 0;
    for (size_t at = 0; at < length && character != EC_UTF8_INVALID;) {
        at += ec_utf8_decode(bytes + at, length - at, &character);
    }
    return character != EC_UTF8_INVALID;
}

// An ASCII letter, or what may start another one.
static inline bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0xC3;
}

static inline bool has_word(const char *text, size_t length) {
    size_t letters = 0;
    for (size_t i = 0; i < length; i++) {
        letters += is_letter(text[i]);
    }
    return letters > 0;
}

// The parts are in order, apart from each other, inside the message and on character boundaries.
static inline const char *wrong_parts(const char *message, size_t length, const ec_cleaned *c) {
    const bool valid = is_utf8(message, length);
    size_t end = 0;
    if (c->left_out_count > EC_MAX_LEFT_OUT) {
        return "too many parts";
    }
    for (uint32_t i = 0; i < c->left_out_count; i++) {
        const ec_left_out *part = &c->left_out[i];
        if (part->start < end || part->length == 0 || part->start + part->length > length) {
            return "parts overlap or leave the message";
        }
        end = part->start + part->length;
        if (valid &&
            (!is_boundary(message, length, part->start) || !is_boundary(message, length, end))) {
            return "a part cuts a character";
        }
        if (strcmp(ec_left_out_name(part->kind), "unknown") == 0) {
            return "a part is of no kind";
        }
    }
    return NULL;
}

static inline bool is_left_out(const ec_cleaned *c, size_t at) {
    for (uint32_t i = 0; i < c->left_out_count; i++) {
        if (at >= c->left_out[i].start && at < c->left_out[i].start + c->left_out[i].length) {
            return true;
        }
    }
    return false;
}

// The text is what the parts leave, in order, with no byte that the message lacks but line ends.
static inline const char *wrong_text(const char *message, size_t length, const ec_cleaned *c) {
    size_t next = 0;
    for (size_t i = 0; i < c->length; i++) {
        const size_t origin = c->origins[i];
        const bool backwards = i > 0 && origin < c->origins[i - 1];
        if (origin >= length || backwards || is_left_out(c, origin)) {
            return "a byte comes from where it cannot";
        }
        const bool added = strchr(" \n", c->text[i]) != NULL && message[origin] != c->text[i];
        if (c->is_html || added) {
            continue;
        }
        if (c->text[i] != message[origin] || origin < next) {
            return "a byte is none of the message's, or comes twice";
        }
        for (size_t skipped = next; skipped < origin; skipped++) {
            if (strchr(" \t\n\v\f\r>", message[skipped]) == NULL && !is_left_out(c, skipped)) {
                return "something is missing that was not left out";
            }
        }
        next = origin + 1;
    }
    return NULL;
}

// Whether mail may be quoted in quoted mail so often that cleaning leaves some of it as it is.
static inline bool is_deep(const ec_email *email, const ec_cleaned *c) {
    unsigned marks = 0;
    for (size_t i = 0; i < email->message_length && marks < 12; i++) {
        marks = email->message[i] == '>' ? marks + 1 : email->message[i] == ' ' ? marks : 0;
    }
    return marks == 12 || c->left_out_count >= 12;
}

// NULL, or what is wrong with `c`, which the message of `email` was cleaned to.
static inline const char *wrong_cleaning(const ec_email *email, const ec_cleaned *c,
                                         ec_cleaned *again) {
    const size_t length = email->message_length;
    const char *wrong = wrong_parts(email->message, length, c);
    wrong = wrong != NULL ? wrong : wrong_text(email->message, length, c);
    if (wrong != NULL) {
        return wrong;
    }
    if (has_word(email->message, length) && !c->is_html && !has_word(c->text, c->length)) {
        return "all words are gone";
    }
    ec_email cleaned = *email;
    cleaned.message = c->text;
    cleaned.message_length = c->length;
    if (ec_clean(&cleaned, again, NULL) != EC_OK) {
        return "cannot be cleaned again";
    }
    // HTML can show text that is HTML once more.
    if (!again->is_html && !is_deep(email, c) &&
        (again->length != c->length || memcmp(again->text, c->text, c->length) != 0)) {
        return "cleaning again changes it";
    }
    return NULL;
}

#endif
