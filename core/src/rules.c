// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

#include <string.h>

#include "unicode.h"
#include "utf8.h"

// ------------------------------------------------------------- folded characters

// Reads a text character by character as rules compare it: lower case, without accents, any white
// space as one space. Copies are cheap: a copy is a place to come back to.
typedef struct reader {
    const char *text;
    size_t length;
    uint32_t folded[EC_FOLD_MAX];  // of the character read last
    uint32_t count, next;          // of folded
} reader;

#define END UINT32_MAX

static bool is_space(uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static uint32_t ascii_lower(uint32_t c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

// Whether the class is one that a reader leaves out.
static bool is_skipped(ec_char_class class) {
    return class == EC_CHAR_REMOVED || class == EC_CHAR_MARK || class == EC_CHAR_MARK_BARRIER;
}

// Decodes one character of the text into folded; none when it is left out.
static void fold_next(reader *r) {
    uint32_t c = 0;
    const size_t size = ec_utf8_decode(r->text, r->length, &c);
    r->text += size;
    r->length -= size;
    r->next = 0;
    r->count = 1;
    if (c < 0x80) {
        r->folded[0] = is_space(c) ? ' ' : ascii_lower(c);
        return;
    }
    const ec_char_class class = ec_unicode_class(c);
    if (class == EC_CHAR_SPACE) {
        r->folded[0] = ' ';
    } else if (is_skipped(class)) {
        r->count = 0;
    } else {
        r->count = (uint32_t)ec_unicode_fold(c, r->folded);
    }
}

static uint32_t read_char(reader *r) {
    while (r->next == r->count) {
        if (r->length == 0) {
            return END;
        }
        fold_next(r);
    }
    return r->folded[r->next++];
}

static void skip_spaces(reader *r) {
    reader after = *r;
    while (read_char(&after) == ' ') {
        *r = after;
    }
}

// ------------------------------------------------------------- words

// Symbols and emoji, which the tokenizer's classes do not tell from letters.
static bool is_symbol(uint32_t c) {
    return (c >= 0xA0 && c <= 0xBF && c != 0xAA && c != 0xB5 && c != 0xBA) || c == 0xD7 ||
           c == 0xF7 || (c >= 0x2000 && c <= 0x20FF) || (c >= 0x2190 && c <= 0x2BFF) ||
           (c >= 0xFFE0 && c <= 0xFFFF) || (c >= 0x1F000 && c <= 0x1FBFF);
}

static bool is_letter_or_digit(uint32_t c) {
    if (c < 0x80) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    }
    if (c == END || is_symbol(c)) {
        return false;
    }
    const ec_char_class class = ec_unicode_class(c);
    return class == EC_CHAR_LETTER || class == EC_CHAR_CJK || class == EC_CHAR_COMBINING;
}

// Whether the text from here on begins with the word, whole. Skips spaces only once the word has
// one too: looking to the end of every run from each of its places would take quadratic time.
static bool begins_with(reader text, const char *word) {
    reader expected = {.text = word, .length = strlen(word)};
    uint32_t c = read_char(&expected);
    if (c == END) {
        return false;
    }
    for (; c != END; c = read_char(&expected)) {
        if (read_char(&text) != c) {
            return false;
        }
        if (c == ' ') {
            skip_spaces(&expected);
            skip_spaces(&text);
        }
    }
    return !is_letter_or_digit(read_char(&text));
}

static bool begins_with_any(reader text, const ec_rule *rule) {
    for (uint32_t i = 0; i < rule->word_count; i++) {
        if (begins_with(text, rule->words[i])) {
            return true;
        }
    }
    return false;
}

// The first of rules[0..best) with a word in the text, or else `best`.
static uint32_t match_text(const ec_rules *rules, const char *text, size_t length, uint32_t best) {
    reader at = {.text = text, .length = length};
    uint32_t before = END;
    uint32_t c = 0;
    do {
        for (uint32_t i = 0; i < best && !is_letter_or_digit(before); i++) {
            best = begins_with_any(at, &rules->items[i]) ? i : best;
        }
        c = read_char(&at);
        before = c;
    } while (c != END);
    return best;
}

const ec_rule *ec_rules_match(const ec_rules *rules, const ec_email *email) {
    uint32_t best = match_text(rules, email->subject, email->subject_length, rules->count);
    best = match_text(rules, email->message, email->message_length, best);
    return best < rules->count ? &rules->items[best] : NULL;
}
