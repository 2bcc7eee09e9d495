// SPDX-License-Identifier: Apache-2.0
// Quoted mail, as Gmail, Outlook, Apple Mail, Thunderbird and their like mark it.
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

// The end of the lines marked with ">" from `at` on, blank lines between them included.
static size_t marked_end(ec_span text, size_t at) {
    size_t end = at;
    while (at < text.length && is_marked(text, at)) {
        end = ec_line_at(text, at).next;
        at = ec_skip_blank_lines(text, end);
    }
    return end;
}

// ------------------------------------------------------------- unmarked quotes

// Text between lines such as "-----Original Message-----", and "Begin forwarded message:".
static const char *const original_titles[] = {
    "original message",  "original appointment",
    "previous message",  "urspr\xC3\xBCngliche nachricht",
    "originalnachricht", "message d'origine",
    "mensaje original",
};
static const char *const forwarded_titles[] = {
    "forwarded",
    "forwarded message",
    "weitergeleitete nachricht",
    "message transf\xC3\xA9r\xC3\xA9",
    "mensaje reenviado",
};
static const char *const forwarded_lines[] = {
    "begin forwarded message:",
    "anfang der weitergeleiteten nachricht:",
    "d\xC3\xA9"
    "but du message transf\xC3\xA9r\xC3\xA9 :",
    "inicio del mensaje reenviado:",
};
static const char *const end_titles[] = {"end", "end of forwarded message", "ende", "fin"};

// What stands between the rules of a line of the form "---- title ----"; empty for other lines.
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

static bool ends_quote(ec_span line) {
    const ec_span title = title_of(line);
    const size_t end = ec_match_any(title, EC_PHRASES(end_titles));
    return end > 0 && (end == title.length || title_of(ec_span_from(title, end)).length == 0);
}

// The end of a quote that begins before `at` and whose lines are not marked: the end of the text,
// unless a line says that it ends.
static size_t open_end(ec_span text, size_t at) {
    while (at < text.length) {
        const ec_line line = ec_line_at(text, at);
        at = line.next;
        if (ends_quote(ec_line_text(text, &line))) {
            break;
        }
    }
    return at;
}

typedef enum header {
    HEADER_NONE = 0,
    HEADER_FROM = 1,
    HEADER_DATE = 2,
    HEADER_TO = 4,
    HEADER_SUBJECT = 8
} header;

static header header_of(ec_span line) {
    static const struct {
        const char *name;
        header header;
    } names[] = {
        {"from", HEADER_FROM},       {"von", HEADER_FROM},
        {"de", HEADER_FROM},         {"sent", HEADER_DATE},
        {"date", HEADER_DATE},       {"gesendet", HEADER_DATE},
        {"datum", HEADER_DATE},      {"envoy\xC3\xA9", HEADER_DATE},
        {"enviado", HEADER_DATE},    {"fecha", HEADER_DATE},
        {"to", HEADER_TO},           {"an", HEADER_TO},
        {"\xC3\xA0", HEADER_TO},     {"\xC3\x80", HEADER_TO},
        {"para", HEADER_TO},         {"subject", HEADER_SUBJECT},
        {"betreff", HEADER_SUBJECT}, {"objet", HEADER_SUBJECT},
        {"asunto", HEADER_SUBJECT},
    };
    // Outlook's bold names come as "*From:*".
    const size_t star = line.length > 0 && line.data[0] == '*' ? 1 : 0;
    const ec_span text = ec_span_from(line, star);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t end = ec_match(text, names[i].name);
        if (end == 0) {
            continue;
        }
        end += ec_match(ec_span_from(text, end), " ");
        end += ec_match(ec_span_from(text, end), "\xC2\xA0");
        if (end < text.length && text.data[end] == ':') {
            return names[i].header;
        }
    }
    return HEADER_NONE;
}

// Whether the header lines of an email begin at `at`: From, and two of date, To and Subject.
static bool is_header_block(ec_span text, size_t at) {
    unsigned found = 0;
    for (unsigned i = 0; i < HEADER_LINES && at < text.length; i++) {
        const ec_line line = ec_line_at(text, at);
        const header name = header_of(ec_line_text(text, &line));
        if (ec_line_is_blank(&line) || (i == 0 && name != HEADER_FROM)) {
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

// Whether the line at `at` introduces mail that goes on to the end of the text.
static bool opens_quote(ec_span text, size_t at, bool *forwarded) {
    const ec_line line = ec_line_at(text, at);
    const ec_span words = ec_line_text(text, &line);
    const ec_span title = title_of(words);
    if (ec_match_any(title, EC_PHRASES(forwarded_titles)) > 0 ||
        ec_match_any(words, EC_PHRASES(forwarded_lines)) > 0) {
        *forwarded = true;
        return true;
    }
    if (is_rule(words)) {
        const size_t next = ec_skip_blank_lines(text, line.next);
        return next < text.length && is_header_block(text, next);
    }
    return ec_match_any(title, EC_PHRASES(original_titles)) > 0 || is_header_block(text, at);
}

// ------------------------------------------------------------- "On ... wrote:"

static const char *const wrote[] = {"wrote:",
                                    "writes:",
                                    "schrieb:",
                                    "a \xC3\xA9"
                                    "crit :",
                                    "a \xC3\xA9"
                                    "crit:",
                                    "escribi\xC3\xB3:"};
static const char *const wrote_first[] = {"schrieb", "escribi\xC3\xB3"};
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

// The end of the quote that the line at `at` begins; 0 when it begins none.
static size_t quote_end(ec_span text, size_t at, bool *forwarded) {
    if (is_marked(text, at)) {
        return marked_end(text, at);
    }
    const size_t attributed = attribution_end(text, at);
    if (attributed > 0) {
        const size_t next = ec_skip_blank_lines(text, attributed);
        if (next < text.length && is_marked(text, next)) {
            return marked_end(text, next);
        }
        return is_by_program((ec_span){text.data + at, attributed - at})
                   ? open_end(text, attributed)
                   : 0;
    }
    return opens_quote(text, at, forwarded) ? open_end(text, ec_line_at(text, at).next) : 0;
}

void ec_find_quotes(ec_span text, ec_cuts *cuts, bool *forwarded) {
    *forwarded = false;
    for (size_t at = 0; at < text.length;) {
        const size_t end = quote_end(text, at, forwarded);
        if (end > 0) {
            ec_cuts_add(cuts, EC_LEFT_OUT_QUOTED, at, end);
        }
        at = end > 0 ? end : ec_line_at(text, at).next;
    }
}
