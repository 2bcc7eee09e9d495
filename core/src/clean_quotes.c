// SPDX-License-Identifier: Apache-2.0
// Quoted mail, as Gmail, Outlook, Apple Mail, Thunderbird and their like mark it.
#include <string.h>

#include "clean_parts.h"

enum {
    ATTRIBUTION_LINES = 3,    // of "On ... wrote:", which mail programs wrap
    ATTRIBUTION_BYTES = 300,  // of it in all
    HEADER_LINES = 8          // among which From, Sent, To and Subject must be
};

// ------------------------------------------------------------- marked lines

static bool is_marked(ec_span text, size_t at) {
    const ec_line line = ec_line_at(text, at);
    return !ec_line_is_blank(&line) && text.data[line.start] == '>';
}

// The end of the lines marked with ">" from `at` on, single blank lines between them included.
static size_t marked_end(ec_span text, size_t at) {
    size_t end = at;
    while (at < text.length && is_marked(text, at)) {
        end = ec_line_at(text, at).next;
        at = ec_skip_blank_line(text, end);
    }
    return end;
}

// ------------------------------------------------------------- unmarked quotes

// Text between lines such as "-----Original Message-----", and "Begin forwarded message:".
static const char *const original_titles[] = {
    "original message",  "original appointment", "previous message", u8"ursprüngliche nachricht",
    "originalnachricht", "message d'origine",    "mensaje original",
};
static const char *const forwarded_titles[] = {
    "forwarded",           "forwarded message", "weitergeleitete nachricht",
    u8"message transféré", "mensaje reenviado",
};
static const char *const forwarded_lines[] = {
    "begin forwarded message:",
    "anfang der weitergeleiteten nachricht:",
    u8"début du message transféré :",
    "inicio del mensaje reenviado:",
};
static const char *const end_titles[] = {"end", "ende", "fin"};

// What follows the rule at the start of a line such as "---- title ----"; empty for other lines.
static ec_span title_of(ec_span line) {
    size_t start = 0;
    while (start < line.length && (line.data[start] == '-' || line.data[start] == '_' ||
                                   line.data[start] == '=' || line.data[start] == '*')) {
        start++;
    }
    if (start < 2) {
        return (ec_span){line.data, 0};
    }
    while (start < line.length && line.data[start] == ' ') {
        start++;
    }
    return ec_span_from(line, start);
}

// Whether the line is one such as "----- End of forwarded message -----".
static bool ends_quote(ec_span line) {
    return ec_match_any(title_of(line), EC_PHRASES(end_titles)) > 0;
}

// The end of a quote that begins before `at` and whose lines are not marked: the end of the text,
// unless a line says that it ends.
static size_t open_end(ec_span text, size_t at, ec_quotes *quotes) {
    while (at < text.length) {
        const ec_line line = ec_line_at(text, at);
        if (ends_quote(ec_line_text(text, &line))) {
            ec_cuts_add(&quotes->intros, EC_LEFT_OUT_HEADER, at, line.next);
            return line.next;
        }
        at = line.next;
    }
    return at;
}

typedef enum header {
    HEADER_NONE = 0,
    HEADER_FROM = 1,
    HEADER_DATE = 2,
    HEADER_TO = 4,
    HEADER_SUBJECT = 8,
    HEADER_OTHER = 16
} header;

static const struct {
    const char *name;
    header header;
} header_names[] = {
    {"from", HEADER_FROM},
    {"von", HEADER_FROM},
    {"de", HEADER_FROM},
    {"sent", HEADER_DATE},
    {"date", HEADER_DATE},
    {"gesendet", HEADER_DATE},
    {"datum", HEADER_DATE},
    {u8"envoyé", HEADER_DATE},
    {"enviado", HEADER_DATE},
    {"fecha", HEADER_DATE},
    {"to", HEADER_TO},
    {"an", HEADER_TO},
    {u8"à", HEADER_TO},
    {u8"À", HEADER_TO},
    {"para", HEADER_TO},
    {"subject", HEADER_SUBJECT},
    {"betreff", HEADER_SUBJECT},
    {"objet", HEADER_SUBJECT},
    {"asunto", HEADER_SUBJECT},
    {"cc", HEADER_OTHER},
    {"bcc", HEADER_OTHER},
    {"reply-to", HEADER_OTHER},
    {"importance", HEADER_OTHER},
    {"attachments", HEADER_OTHER},
    {"kopie", HEADER_OTHER},
};

static header header_of(ec_span line) {
    // Outlook's bold names come as "*From:*".
    const size_t star = line.length > 0 && line.data[0] == '*' ? 1 : 0;
    const ec_span text = ec_span_from(line, star);
    for (size_t i = 0; i < sizeof header_names / sizeof *header_names; i++) {
        size_t end = ec_match(text, header_names[i].name);
        if (end == 0) {
            continue;
        }
        end += ec_match(ec_span_from(text, end), " ");
        end += ec_match(ec_span_from(text, end), "\xC2\xA0");
        if (end < text.length && text.data[end] == ':') {
            return header_names[i].header;
        }
    }
    return HEADER_NONE;
}

// Whether a line could be the rest of a list of addresses.
static bool has_addresses(ec_span line) {
    return line.length > 0 && line.data[0] != '>' &&
           (memchr(line.data, '@', line.length) != NULL || line.data[line.length - 1] == ';');
}

// Whether the header lines of an email begin at `at`: From, and two of date, To and Subject.
static bool is_header_block(ec_span text, size_t at) {
    unsigned found = 0;
    for (unsigned i = 0; i < HEADER_LINES && at < text.length; i++) {
        const ec_line line = ec_line_at(text, at);
        const ec_span words = ec_line_text(text, &line);
        const header name = header_of(words);
        if (i == 0 ? name != HEADER_FROM : name == HEADER_NONE && !has_addresses(words)) {
            break;
        }
        found |= name;
        at = line.next;
    }
    const unsigned others =
        ((found & HEADER_DATE) != 0) + ((found & HEADER_TO) != 0) + ((found & HEADER_SUBJECT) != 0);
    return (found & HEADER_FROM) != 0 && others >= 2;
}

// A line of underscores, as Outlook puts above the headers.
static bool is_rule(ec_span line) {
    size_t at = 0;
    while (at < line.length && line.data[at] == '_') {
        at++;
    }
    return at >= 8 && at == line.length;
}

// Adds the header lines at `at` to the introductions, but not the subject, which says something.
// Returns their end.
static size_t add_headers(ec_span text, size_t at, ec_quotes *quotes) {
    size_t start = at;
    for (unsigned i = 0; i < HEADER_LINES && at < text.length; i++) {
        const ec_line line = ec_line_at(text, at);
        const ec_span words = ec_line_text(text, &line);
        const header name = header_of(words);
        if (name == HEADER_NONE && !(i > 0 && has_addresses(words))) {
            break;
        }
        if (name == HEADER_SUBJECT && start < at) {
            ec_cuts_add(&quotes->intros, EC_LEFT_OUT_HEADER, start, at);
        }
        at = line.next;
        start = name == HEADER_SUBJECT ? at : start;
    }
    if (start < at) {
        ec_cuts_add(&quotes->intros, EC_LEFT_OUT_HEADER, start, at);
    }
    return at;
}

// The end of the lines at `at` that introduce mail which goes on to the end of the text, or 0.
static size_t introduction_end(ec_span text, size_t at, ec_quotes *quotes) {
    const ec_line line = ec_line_at(text, at);
    const ec_span words = ec_line_text(text, &line);
    const ec_span title = title_of(words);
    const bool forwarded = ec_match_any(title, EC_PHRASES(forwarded_titles)) > 0 ||
                           ec_match_any(words, EC_PHRASES(forwarded_lines)) > 0;
    const size_t next = ec_skip_blank_line(text, line.next);
    const bool heads = next < text.length && is_header_block(text, next);
    quotes->forwarded = quotes->forwarded || forwarded;
    if (forwarded || ec_match_any(title, EC_PHRASES(original_titles)) > 0 ||
        (heads && is_rule(words))) {
        ec_cuts_add(&quotes->intros, EC_LEFT_OUT_HEADER, at, line.next);
        return add_headers(text, next, quotes);
    }
    return is_header_block(text, at) ? add_headers(text, at, quotes) : 0;
}

// ------------------------------------------------------------- "On ... wrote:"

static const char *const wrote[] = {
    "wrote:", "writes:", "schrieb:", u8"a écrit :", u8"a écrit:", u8"escribió:"};
static const char *const wrote_first[] = {"schrieb", u8"escribió"};
static const char *const day_words[] = {"on", "am", "le", "el"};

static bool is_attribution(ec_span words) {
    return ec_ends_with_any(words, EC_PHRASES(wrote)) ||
           (words.data[words.length - 1] == ':' && ec_find_any(words, EC_PHRASES(wrote_first)));
}

// The end of an attribution whose first line starts at `at`; 0 when there is none.
static size_t attribution_end(ec_span text, size_t at) {
    const ec_line first = ec_line_at(text, at);
    const bool has_day = ec_match_any(ec_line_text(text, &first), EC_PHRASES(day_words)) > 0;
    for (unsigned i = 0; i < (has_day ? ATTRIBUTION_LINES : 1) && at < text.length; i++) {
        const ec_line line = ec_line_at(text, at);
        const ec_span words = {text.data + first.start, line.end - first.start};
        if (ec_line_is_blank(&line) || words.length > ATTRIBUTION_BYTES) {
            break;
        }
        if (is_attribution(words)) {
            return line.next;
        }
        at = line.next;
    }
    return 0;
}

// Whether an attribution has what mail programs write into it and people do not: an address, or the
// time of day.
static bool is_by_program(ec_span words) {
    for (size_t i = 0; i < words.length; i++) {
        const bool time = i > 0 && i + 2 < words.length && words.data[i] == ':' &&
                          ec_is_digit(words.data[i - 1]) && ec_is_digit(words.data[i + 1]) &&
                          ec_is_digit(words.data[i + 2]);
        if (time || words.data[i] == '@') {
            return true;
        }
    }
    return false;
}

// ------------------------------------------------------------- quotes

// The end of the mail that the lines before `at` introduce: of the marked lines that follow, or an
// open end.
static size_t introduced_end(ec_span text, size_t at, ec_quotes *quotes) {
    const size_t next = ec_skip_blank_line(text, at);
    return next < text.length && is_marked(text, next) ? marked_end(text, next)
                                                       : open_end(text, at, quotes);
}

// The end of the quote that the line at `at` begins; 0 when it begins none.
static size_t quote_end(ec_span text, size_t at, ec_quotes *quotes) {
    if (is_marked(text, at)) {
        return marked_end(text, at);
    }
    const size_t attributed = attribution_end(text, at);
    const size_t next = ec_skip_blank_line(text, attributed);
    const bool marked = attributed > 0 && next < text.length && is_marked(text, next);
    const ec_span words = {text.data + at, attributed > 0 ? attributed - at : 0};
    if (marked || is_by_program(words)) {
        ec_cuts_add(&quotes->intros, EC_LEFT_OUT_HEADER, at, attributed);
        return introduced_end(text, attributed, quotes);
    }
    const size_t introduced = introduction_end(text, at, quotes);
    return introduced > 0 ? introduced_end(text, introduced, quotes) : 0;
}

void ec_find_quotes(ec_span text, ec_quotes *quotes) {
    *quotes = (ec_quotes){.forwarded = false};
    for (size_t at = 0; at < text.length;) {
        const size_t end = quote_end(text, at, quotes);
        if (end > 0) {
            ec_cuts_add(&quotes->quoted, EC_LEFT_OUT_QUOTED, at, end);
        }
        at = end > 0 ? end : ec_line_at(text, at).next;
    }
}
