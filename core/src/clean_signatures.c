// SPDX-License-Identifier: Apache-2.0
// Signatures: what stands below "--", and blocks of names, numbers and addresses below a sign-off.
#include "clean_parts.h"

enum {
    SIGNATURE_LINES = 14,
    SIGNATURE_LINE_BYTES = 100,
    PHONE_DIGITS = 7,
    PLAIN_WORDS = 4  // in lower case, that a line below "--" may have
};

static const char *const sign_offs[] = {
    "regards",
    "kind regards",
    "best regards",
    "warm regards",
    "kindest regards",
    "many thanks",
    "with kind regards",
    "with best regards",
    "with regards",
    "thanks",
    "thank you",
    "thanks and regards",
    "thanks & regards",
    "best",
    "best wishes",
    "cheers",
    "sincerely",
    "sincerely yours",
    "yours sincerely",
    "yours faithfully",
    "yours truly",
    "very truly yours",
    "respectfully",
    u8"mit freundlichen grüßen",
    u8"freundliche grüße",
    u8"viele grüße",
    "cordialement",
    "bien cordialement",
    "saludos",
    "un saludo",
    "atentamente",
};
static const char *const small_words[] = {
    "of",    "and",    "the", "for", "at",     "in",    "on",  "de",     "van",    "von",
    "der",   "la",     "tel", "mob", "mobile", "phone", "fax", "office", "direct", "ext",
    "email", "e-mail", "web", "t",   "m",      "e",     "w",   "f",
};

bool ec_is_sign_off(ec_span words) {
    const size_t end = ec_match_any(words, EC_PHRASES(sign_offs));
    const ec_span rest = ec_span_from(words, end);
    return end > 0 &&
           (rest.length == 0 || (rest.length == 1 && (rest.data[0] == ',' || rest.data[0] == '.' ||
                                                      rest.data[0] == '!')));
}

static bool is_dashes(ec_span words) {
    return words.length == 2 && words.data[0] == '-' && words.data[1] == '-';
}

// Words of a line that names, titles, numbers and addresses do not have: those in lower case.
// *contact becomes true when there is an address or a telephone number.
static size_t count_plain_words(ec_span words, bool *contact) {
    size_t digits = 0;
    size_t plain = 0;
    for (size_t at = 0; at < words.length;) {
        size_t end = at;
        bool address = false;
        for (; end < words.length && words.data[end] != ' '; end++) {
            const char c = words.data[end];
            const bool dot =
                c == '.' && end + 1 < words.length && ec_is_letter(words.data[end + 1]);
            digits += ec_is_digit(c);
            address = address || dot || c == '@';
        }
        const ec_span word = {words.data + at, end - at};
        const bool lower_case = word.length > 0 && word.data[0] >= 'a' && word.data[0] <= 'z';
        plain += lower_case && !address && ec_match_any(word, EC_PHRASES(small_words)) == 0;
        *contact = *contact || address;
        at = end + 1;
    }
    *contact = *contact || digits >= PHONE_DIGITS;
    return plain;
}

// The start of the signature that ends at `end`, or `end` when there is none. It ends before an
// empty place of two lines: what follows a part that is left out is not of the same block.
static size_t signature_start(ec_span text, const ec_cuts *cuts, size_t end) {
    size_t at = end;
    size_t most_plain = 0;
    bool contact = false;
    bool after_blank = false;
    while (at > 0 && ec_is_blank(text.data[at - 1])) {
        at--;
    }
    for (unsigned i = 0; i < SIGNATURE_LINES && at > 0; i++) {
        const size_t start = ec_line_start(text, at - 1, SIGNATURE_LINE_BYTES);
        const ec_line line = ec_line_at(text, start);
        const ec_span words = ec_line_text(text, &line);
        const bool blank = ec_line_is_blank(&line);
        const bool whole = start == 0 || text.data[start - 1] == '\n';
        if (!whole || ec_cuts_end(cuts, start) > 0 || (blank && after_blank)) {
            break;
        }
        if (is_dashes(words) && most_plain <= PLAIN_WORDS) {
            return start;
        }
        if (ec_is_sign_off(words)) {
            return contact && most_plain == 0 ? line.next : end;
        }
        const size_t plain = count_plain_words(words, &contact);
        most_plain = plain > most_plain ? plain : most_plain;
        after_blank = blank;
        at = start;
    }
    return end;
}

void ec_find_signatures(ec_span text, ec_cuts *cuts) {
    const ec_cuts found = *cuts;
    for (uint32_t i = 0; i <= found.count; i++) {
        const size_t end = i < found.count ? found.items[i].start : text.length;
        size_t start = end;
        for (size_t next; (next = signature_start(text, cuts, start)) < start;) {
            start = next;
        }
        if (start < end) {
            ec_cuts_add(cuts, EC_LEFT_OUT_SIGNATURE, start, end);
        }
    }
}
