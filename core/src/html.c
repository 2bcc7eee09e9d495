// SPDX-License-Identifier: Apache-2.0
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "html_entities.h"
#include "utf8.h"
#include "windows_1252.h"

enum { REPLACEMENT = 0xFFFD, LAST_CHARACTER = 0x10FFFF };

// A part of the HTML.
typedef struct text {
    const char *data;
    size_t length;
} text;

typedef struct html_reader {
    text in;
    size_t at;
    char *out;
    uint16_t *origins;  // of out; may be NULL
    size_t out_length;
    unsigned line_ends;  // due before the next visible character, at most 2
    bool blank;          // likewise
    unsigned quotes;     // elements <blockquote> that are open
} html_reader;

// ---------------------------------------------------------------------------- text

static void want_line_ends(html_reader *r, unsigned count) {
    r->line_ends = r->line_ends > count ? r->line_ends : count;
}

static void add_char(html_reader *r, char c, size_t origin) {
    if (r->origins != NULL) {
        r->origins[r->out_length] = (uint16_t)origin;
    }
    r->out[r->out_length++] = c;
}

// Adds the white space that is due before a visible character, and the ">" of a quoted line. Each
// takes no more bytes than the markup that asked for it, so that the text is never the longer.
static void add_white_space(html_reader *r, size_t origin) {
    const bool starts_line = r->out_length == 0 || r->line_ends > 0;
    for (unsigned i = 0; i < r->line_ends && r->out_length > 0; i++) {
        add_char(r, '\n', origin);
    }
    if (starts_line && r->quotes > 0) {
        add_char(r, '>', origin);
    } else if (r->blank && !starts_line) {
        add_char(r, ' ', origin);
    }
    r->line_ends = 0;
    r->blank = false;
}

// Adds visible bytes of the HTML.
static void add_visible(html_reader *r, size_t start, size_t end) {
    add_white_space(r, start);
    for (size_t i = start; i < end; i++) {
        add_char(r, r->in.data[i], i);
    }
}

// Bytes of the white space at data[at], a no-break space included; 0 when there is none.
static size_t blank_at(text in, size_t at) {
    const char c = in.data[at];
    if (c == ' ' || (c >= '\t' && c <= '\r' && c != '\v')) {
        return 1;
    }
    return in.length - at >= 2 && memcmp(in.data + at, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

static void read_text(html_reader *r) {
    const size_t blank = blank_at(r->in, r->at);
    if (blank > 0) {
        r->blank = true;
        r->at += blank;
        return;
    }
    size_t end = r->at + 1;
    while (end < r->in.length && r->in.data[end] != '<' && r->in.data[end] != '&' &&
           blank_at(r->in, end) == 0) {
        end++;
    }
    add_visible(r, r->at, end);
    r->at = end;
}

// ---------------------------------------------------------------------------- references

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static int digit_of(char c, unsigned base) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : is_letter(c) ? (c | 0x20) - 'a' + 10 : -1;
    return digit < (int)base ? digit : -1;
}

static uint32_t allowed(uint32_t character) {
    if (character >= 0x80 && character < 0xA0) {
        return ec_windows_1252((uint8_t)character);  // as the HTML standard wants it
    }
    const bool white = character == '\t' || character == '\n' || character == '\r';
    const bool control = (character < ' ' && !white) || character == 0x7F;
    const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    return control || surrogate || character > LAST_CHARACTER ? REPLACEMENT : character;
}

// Reads "&#123;" or "&#x7b;" at the start of `in`; returns its bytes, 0 when it is none.
static size_t numeric_reference(text in, uint32_t *character) {
    size_t at = 2;
    unsigned base = 10;
    if (at < in.length && (in.data[at] == 'x' || in.data[at] == 'X')) {
        base = 16;
        at++;
    }
    const size_t digits = at;
    uint32_t value = 0;
    for (int digit; at < in.length && (digit = digit_of(in.data[at], base)) >= 0; at++) {
        value = value > LAST_CHARACTER ? value : value * base + (uint32_t)digit;
    }
    if (at == digits) {
        return 0;
    }
    *character = allowed(value);
    return at + (at < in.length && in.data[at] == ';' ? 1 : 0);
}

static int compare_entities(const void *name, const void *entity) {
    return strcmp(name, ((const ec_html_entity *)entity)->name);
}

// Reads "&name;" at the start of `in`. The semicolon may be missing after names of Latin-1.
static size_t named_reference(text in, uint32_t *character) {
    char name[EC_HTML_ENTITY_NAME + 1];
    size_t length = 0;
    while (1 + length < in.length && digit_of(in.data[1 + length], 36) >= 0) {
        if (length == EC_HTML_ENTITY_NAME) {
            return 0;
        }
        name[length] = in.data[1 + length];
        length++;
    }
    name[length] = '\0';
    const ec_html_entity *entity = bsearch(name, ec_html_entities, ec_html_entity_count,
                                           sizeof *ec_html_entities, compare_entities);
    const bool closed = 1 + length < in.length && in.data[1 + length] == ';';
    if (entity == NULL || (!closed && entity->character > 0xFF)) {
        return 0;
    }
    *character = entity->character;
    return 1 + length + closed;
}

// Reads a character reference at the start of `in`, which is '&'; 0 when it is none.
static size_t reference(text in, uint32_t *character) {
    return in.length > 1 && in.data[1] == '#' ? numeric_reference(in, character)
                                              : named_reference(in, character);
}

static void read_reference(html_reader *r) {
    const size_t start = r->at;
    uint32_t character = '&';
    const size_t length = reference((text){r->in.data + start, r->in.length - start}, &character);
    char bytes[4];
    const text decoded = {bytes, ec_utf8_encode(character, bytes)};
    r->at += length > 0 ? length : 1;
    if (blank_at(decoded, 0) > 0) {
        r->blank = true;
        return;
    }
    add_white_space(r, start);
    for (size_t i = 0; i < decoded.length; i++) {
        add_char(r, bytes[i], start);
    }
}

size_t ec_html_unit(const char *html, size_t length) {
    uint32_t character = 0;
    const size_t found = html[0] == '&' ? reference((text){html, length}, &character) : 0;
    return found > 0 ? found : 1;
}

// ---------------------------------------------------------------------------- tags

typedef enum effect {
    NOTHING,
    BLANK,      // a table cell
    LINE,       // begins and ends on lines of its own
    PARAGRAPH,  // with an empty line before and after
    BREAK,
    QUOTE,   // lines as of LINE that begin with ">"
    HIDDEN,  // up to its end tag
} effect;

enum { LONGEST_NAME = 10 };

static effect effect_of(const char *name) {
    static const struct {
        char name[LONGEST_NAME + 1];
        uint8_t effect;
    } elements[] = {
        {"address", LINE}, {"article", LINE}, {"aside", LINE},    {"blockquote", QUOTE},
        {"body", LINE},    {"br", BREAK},     {"center", LINE},   {"dd", LINE},
        {"details", LINE}, {"dialog", LINE},  {"dir", LINE},      {"div", LINE},
        {"dl", LINE},      {"dt", LINE},      {"fieldset", LINE}, {"figcaption", LINE},
        {"figure", LINE},  {"footer", LINE},  {"form", LINE},     {"h1", PARAGRAPH},
        {"h2", PARAGRAPH}, {"h3", PARAGRAPH}, {"h4", PARAGRAPH},  {"h5", PARAGRAPH},
        {"h6", PARAGRAPH}, {"head", LINE},    {"header", LINE},   {"hr", LINE},
        {"html", LINE},    {"legend", LINE},  {"li", LINE},       {"main", LINE},
        {"menu", LINE},    {"nav", LINE},     {"ol", LINE},       {"option", LINE},
        {"p", PARAGRAPH},  {"pre", LINE},     {"script", HIDDEN}, {"section", LINE},
        {"style", HIDDEN}, {"summary", LINE}, {"table", LINE},    {"tbody", LINE},
        {"td", BLANK},     {"tfoot", LINE},   {"th", BLANK},      {"thead", LINE},
        {"title", HIDDEN}, {"tr", LINE},      {"ul", LINE},
    };
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (strcmp(name, elements[i].name) == 0) {
            return (effect)elements[i].effect;
        }
    }
    return NOTHING;
}

// Moves behind the next `end`, or to the end of it all.
static void skip_behind(html_reader *r, size_t from, const char *end) {
    const size_t length = strlen(end);
    size_t at = from < r->in.length ? from : r->in.length;
    while (r->in.length - at >= length && memcmp(r->in.data + at, end, length) != 0) {
        at++;
    }
    r->at = r->in.length - at >= length ? at + length : r->in.length;
}

// Reads the name of a tag, in lower case; one that is too long is of no element we know.
static void read_name(html_reader *r, char name[LONGEST_NAME + 1]) {
    size_t length = 0;
    for (; r->at < r->in.length && digit_of(r->in.data[r->at], 36) >= 0; r->at++) {
        if (length < LONGEST_NAME) {
            const char c = r->in.data[r->at];
            name[length] = (char)(is_letter(c) ? c | 0x20 : c);
        }
        length++;
    }
    name[length <= LONGEST_NAME ? length : 0] = '\0';
}

// Skips attributes and the '>'. A quote counts only where a value begins.
static void skip_attributes(html_reader *r) {
    bool value_begins = false;
    while (r->at < r->in.length) {
        const size_t here = r->at++;
        const char c = r->in.data[here];
        if (c == '>') {
            return;
        }
        if (value_begins && (c == '"' || c == '\'')) {
            skip_behind(r, r->at, c == '"' ? "\"" : "'");
        }
        value_begins = c == '=' || (value_begins && blank_at(r->in, here) > 0);
    }
}

static bool begins_with_name(const char *data, const char *name, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if ((is_letter(data[i]) ? data[i] | 0x20 : data[i]) != name[i]) {
            return false;
        }
    }
    return true;
}

// Moves to the end tag of a hidden element.
static void skip_hidden(html_reader *r, const char *name) {
    const size_t length = strlen(name);
    while (r->at < r->in.length) {
        skip_behind(r, r->at, "</");
        const text rest = {r->in.data + r->at, r->in.length - r->at};
        if (rest.length > length && begins_with_name(rest.data, name, length) &&
            digit_of(rest.data[length], 36) < 0) {
            r->at -= 2;
            return;
        }
    }
}

static void read_tag(html_reader *r, bool is_end) {
    char name[LONGEST_NAME + 1];
    r->at += is_end ? 2 : 1;
    read_name(r, name);
    skip_attributes(r);
    switch (effect_of(name)) {
    case NOTHING:
        break;
    case BLANK:
        r->blank = true;
        break;
    case LINE:
        want_line_ends(r, 1);
        break;
    case PARAGRAPH:
        want_line_ends(r, 2);
        break;
    case BREAK:
        want_line_ends(r, r->line_ends == 0 ? 1 : 2);
        break;
    case QUOTE:
        want_line_ends(r, 1);
        r->quotes += is_end ? 0 : 1;
        r->quotes -= is_end && r->quotes > 0 ? 1 : 0;
        break;
    case HIDDEN:
        if (!is_end) {
            skip_hidden(r, name);
        }
        break;
    }
}

// What a '<' begins.
static void read_markup(html_reader *r) {
    const text rest = {r->in.data + r->at, r->in.length - r->at};
    const char first = rest.length > 1 ? rest.data[1] : '\0';
    if (rest.length >= 4 && memcmp(rest.data, "<!--", 4) == 0) {
        skip_behind(r, r->at + 2, "-->");  // "<!-->" is a whole comment
    } else if (is_letter(first)) {
        read_tag(r, false);
    } else if (first == '/' && rest.length > 2 && is_letter(rest.data[2])) {
        read_tag(r, true);
    } else if (first == '!' || first == '?' || first == '/') {
        skip_behind(r, r->at, ">");
    } else {
        add_visible(r, r->at, r->at + 1);
        r->at++;
    }
}

size_t ec_html_read(const char *html, size_t length, char *out, uint16_t *origins) {
    html_reader reader = {.in = {html, length}, .out = out, .origins = origins};
    while (reader.at < length) {
        const char c = html[reader.at];
        if (c == '<') {
            read_markup(&reader);
        } else if (c == '&') {
            read_reference(&reader);
        } else {
            read_text(&reader);
        }
    }
    return reader.out_length;
}

size_t ec_html_to_text(const char *html, size_t length, char *out) {
    return ec_html_read(html, length, out, NULL);
}

// ---------------------------------------------------------------------------- recognizing

// Whether a tag begins at the start of `in` that mail programs write.
static bool is_mail_tag(text in) {
    static const char *const names[] = {"html", "body", "div",  "p",          "br",
                                        "td",   "span", "font", "blockquote", "table"};
    const size_t at = in.length > 1 && in.data[1] == '/' ? 2 : 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t end = at + strlen(names[i]);
        if (end < in.length && begins_with_name(in.data + at, names[i], end - at) &&
            strchr(" \t\r\n/>", in.data[end]) != NULL && in.data[end] != '\0') {
            return true;
        }
    }
    return false;
}

bool ec_html_is(const char *text_, size_t length) {
    unsigned tags = 0;
    for (size_t i = 0; i < length && tags < 2; i++) {
        tags += text_[i] == '<' && is_mail_tag((text){text_ + i, length - i});
    }
    return tags == 2;
}
