// SPDX-License-Identifier: Apache-2.0
// Cleaning a message: which of its parts the model reads.
#include "clean.h"

#include <string.h>

#include "clean_parts.h"
#include "email.h"
#include "error.h"
#include "html.h"

enum {
    LETTERS_THAT_STAY = 10,  // of the whole message, or nothing is left out
    MAX_ROUNDS = 16          // each unwraps quoted mail by one level
};

const char *ec_left_out_name(ec_left_out_kind kind) {
    static const char *const names[] = {"quoted", "signature", "disclaimer", "banner", "header"};
    return kind <= EC_LEFT_OUT_HEADER ? names[kind] : "unknown";
}

// ------------------------------------------------------------- parts

void ec_cuts_add(ec_cuts *cuts, ec_left_out_kind kind, size_t start, size_t end) {
    if (cuts->count == EC_MAX_LEFT_OUT) {
        cuts->too_many = true;
        return;
    }
    uint32_t at = cuts->count++;
    for (; at > 0 && cuts->items[at - 1].start > start; at--) {
        cuts->items[at] = cuts->items[at - 1];
    }
    cuts->items[at] = (ec_left_out){kind, start, end - start};
}

size_t ec_cuts_end(const ec_cuts *cuts, size_t at) {
    for (uint32_t i = 0; i < cuts->count; i++) {
        const ec_left_out *part = &cuts->items[i];
        if (at >= part->start && at - part->start < part->length) {
            return part->start + part->length;
        }
    }
    return 0;
}

size_t ec_cuts_next(const ec_cuts *cuts, size_t at, size_t otherwise) {
    for (uint32_t i = 0; i < cuts->count; i++) {
        if (cuts->items[i].start >= at) {
            return cuts->items[i].start;
        }
    }
    return otherwise;
}

// ------------------------------------------------------------- planning

static void drop_quoted(ec_cuts *cuts) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < cuts->count; i++) {
        if (cuts->items[i].kind != EC_LEFT_OUT_QUOTED) {
            cuts->items[kept++] = cuts->items[i];
        }
    }
    cuts->count = kept;
}

// What one round of cleaning does.
typedef struct plan {
    ec_cuts left_out;
    ec_cuts unwrapped;  // quoted mail that loses its marks
} plan;

static plan make_plan(const ec_email *email, ec_span text) {
    ec_quotes quotes;
    ec_find_quotes(text, &quotes);
    plan p = {.left_out = quotes.quoted};
    ec_find_notices(text, &p.left_out);
    ec_find_signatures(text, &p.left_out);
    const ec_verdict v = ec_judge_quotes(email, text, &quotes, &p.left_out);
    if (v != EC_QUOTES_LEAVE_OUT) {
        drop_quoted(&p.left_out);
    }
    for (uint32_t i = 0; i < quotes.intros.count && v == EC_QUOTES_UNWRAP; i++) {
        const ec_left_out *intro = &quotes.intros.items[i];
        ec_cuts_add(&p.left_out, intro->kind, intro->start, intro->start + intro->length);
    }
    p.unwrapped.count = 0;
    if (v == EC_QUOTES_UNWRAP) {
        p.unwrapped = quotes.quoted;
    }
    const bool too_many = p.left_out.too_many || (v == EC_QUOTES_UNWRAP && quotes.intros.too_many);
    if (too_many || ec_count_letters(text, &p.left_out) < LETTERS_THAT_STAY) {
        p.left_out.count = p.unwrapped.count = 0;
    }
    return p;
}

// ------------------------------------------------------------- text

// Sets the text of *cleaned to that of the message, without its markup.
static void read_message(const ec_email *email, ec_cleaned *cleaned) {
    const ec_cuts none = {.count = 0};
    const size_t length = email->message_length;
    cleaned->is_html = ec_html_is(email->message, length);
    if (cleaned->is_html) {
        cleaned->length = ec_html_read(email->message, length, cleaned->text, cleaned->origins);
        const ec_span text = {cleaned->text, cleaned->length};
        cleaned->is_html = ec_count_letters(text, &none) >= LETTERS_THAT_STAY;
    }
    if (!cleaned->is_html) {
        cleaned->length = length;
        for (size_t i = 0; i < length; i++) {
            cleaned->text[i] = email->message[i];
            cleaned->origins[i] = (uint16_t)i;
        }
    }
}

static void add_byte(ec_cleaned *cleaned, char c, uint16_t origin) {
    cleaned->text[cleaned->length] = c;
    cleaned->origins[cleaned->length++] = origin;
}

// Moves text[start..end) behind what has been kept so far, with two empty lines between; a part
// that was left out is no shorter than those.
static void keep(ec_cleaned *cleaned, size_t start, size_t end) {
    while (start < end && ec_is_blank(cleaned->text[start])) {
        start++;
    }
    while (start < end && ec_is_blank(cleaned->text[end - 1])) {
        end--;
    }
    for (unsigned i = 0; i < 3 && cleaned->length > 0 && start < end; i++) {
        add_byte(cleaned, '\n', cleaned->origins[start]);
    }
    for (size_t i = start; i < end; i++) {
        add_byte(cleaned, cleaned->text[i], cleaned->origins[i]);
    }
}

static void leave_out(ec_cleaned *cleaned, const ec_cuts *cuts) {
    const size_t length = cleaned->length;
    size_t start = 0;
    cleaned->length = 0;
    for (uint32_t i = 0; i < cuts->count; i++) {
        keep(cleaned, start, cuts->items[i].start);
        start = cuts->items[i].start + cuts->items[i].length;
    }
    keep(cleaned, start, length);
}

// Turns the first ">" of each line of the quoted mail, and the blank after it, into blanks.
static bool unmark(ec_cleaned *cleaned, const ec_cuts *quoted) {
    bool changed = false;
    for (size_t at = 0; at < cleaned->length;) {
        const ec_line line = ec_line_at((ec_span){cleaned->text, cleaned->length}, at);
        if (!ec_line_is_blank(&line) && cleaned->text[line.start] == '>' &&
            ec_cuts_end(quoted, at) > 0) {
            cleaned->text[line.start] = ' ';
            changed = true;
        }
        at = line.next;
    }
    return changed;
}

void ec_cleaned_origin(const ec_cleaned *cleaned, const ec_email *email, size_t *start,
                       size_t *length) {
    const size_t last = cleaned->origins[*start + *length - 1];
    const size_t unit =
        cleaned->is_html ? ec_html_unit(email->message + last, email->message_length - last) : 1;
    *start = cleaned->origins[*start];
    *length = last + unit - *start;
}

// Adds a part to the list; what lies inside it no longer counts by itself.
static void list_part(ec_cleaned *cleaned, ec_left_out part) {
    uint32_t kept = 0;
    uint32_t before = 0;
    for (uint32_t i = 0; i < cleaned->left_out_count; i++) {
        const ec_left_out old = cleaned->left_out[i];
        if (old.start < part.start || old.start >= part.start + part.length) {
            cleaned->left_out[kept++] = old;
            before += old.start < part.start;
        }
    }
    for (uint32_t i = kept; i > before; i--) {
        cleaned->left_out[i] = cleaned->left_out[i - 1];
    }
    cleaned->left_out[before] = part;
    cleaned->left_out_count = kept + 1;
}

// Lists the parts as they lie in the message.
static void list_left_out(const ec_email *email, const ec_cuts *cuts, ec_cleaned *cleaned) {
    for (uint32_t i = 0; i < cuts->count; i++) {
        ec_left_out part = cuts->items[i];
        size_t end = part.start + part.length;
        while (ec_is_blank(cleaned->text[part.start])) {
            part.start++;
        }
        while (ec_is_blank(cleaned->text[end - 1])) {
            end--;
        }
        part.length = end - part.start;
        ec_cleaned_origin(cleaned, email, &part.start, &part.length);
        list_part(cleaned, part);
    }
}

// Cleans the text as far as one reading shows; whether that changed it.
static bool clean_once(const ec_email *email, ec_cleaned *cleaned) {
    const plan p = make_plan(email, (ec_span){cleaned->text, cleaned->length});
    if (p.left_out.count > EC_MAX_LEFT_OUT - cleaned->left_out_count) {
        return false;
    }
    list_left_out(email, &p.left_out, cleaned);
    const bool unmarked = unmark(cleaned, &p.unwrapped);
    leave_out(cleaned, &p.left_out);
    return p.left_out.count > 0 || unmarked;
}

ec_status ec_clean(const ec_email *email, ec_cleaned *cleaned, ec_error *error) {
    if (email != NULL && email->subject == NULL && email->subject_length > 0) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "subject", 0, "The subject is a null pointer.");
    }
    if (email == NULL || cleaned == NULL || email->message_length > EC_MESSAGE_MAX_BYTES ||
        (email->message == NULL && email->message_length > 0)) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "message", 0,
                       "A null pointer, or a message of more than %d bytes.",
                       (int)EC_MESSAGE_MAX_BYTES);
    }
    read_message(email, cleaned);
    cleaned->left_out_count = 0;
    for (unsigned i = 0; i < MAX_ROUNDS && clean_once(email, cleaned); i++) {
    }
    return EC_OK;
}

ec_email ec_cleaned_email(const ec_email *email, ec_cleaned *cleaned) {
    if (ec_clean(email, cleaned, NULL) != EC_OK) {
        return *email;
    }
    ec_email out = *email;
    out.message = cleaned->text;
    out.message_length = cleaned->length;
    return out;
}
