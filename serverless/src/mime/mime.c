// SPDX-License-Identifier: Apache-2.0
#include "mime.h"

#include <string.h>

#include "charset.h"
#include "encoded_word.h"
#include "headers.h"
#include "transfer.h"

// RFC 2046 allows boundaries of 70 characters.
enum { MAX_BOUNDARY = 256, MAX_CHARSET = 64 };

// What a part gave, the better the higher.
typedef enum found_text { FOUND_NONE, FOUND_HTML, FOUND_PLAIN } found_text;

typedef struct mime_reader {
    text_buffer *message;  // the best text so far
    text_buffer bytes, utf8, candidate;
    bool too_deep;  // a part was passed over
} mime_reader;

static found_text read_part(mime_reader *r, text part, unsigned depth, const char *default_type,
                            bool only_plain);

// ---------------------------------------------------------------------------- text parts

static bool is_blank(text characters) {
    for (size_t at = 0; at < characters.length; at++) {
        const char c = characters.data[at];
        const bool no_break_space =
            characters.length - at >= 2 && memcmp(characters.data + at, "\xc2\xa0", 2) == 0;
        if (no_break_space) {
            at++;
        } else if (c != ' ' && (c < '\t' || c > '\r')) {
            return false;
        }
    }
    return true;
}

// Adds text with each CR LF as LF.
static void add_lines(text characters, text_buffer *out) {
    if (!buffer_reserve(out, characters.length + 1)) {
        return;
    }
    char *to = out->data + out->length;
    for (size_t at = 0; at < characters.length; at++) {
        const bool line_end = characters.data[at] == '\r' && at + 1 < characters.length &&
                              characters.data[at + 1] == '\n';
        if (!line_end) {
            *to++ = characters.data[at];
        }
    }
    out->length = (size_t)(to - out->data);
}

// Adds the readable text of an HTML body.
static void add_html(text html, text_buffer *out) {
    if (buffer_reserve(out, html.length + 1)) {
        out->length += ec_html_to_text(html.data, html.length, out->data + out->length);
    }
}

// Makes the text of a part the message, unless it is blank.
static found_text read_text(mime_reader *r, const mime_headers *part, found_text kind) {
    char name[MAX_CHARSET];
    const size_t length = mime_parameter(part->content_type, "charset", name, sizeof name);
    buffer_clear(&r->bytes);
    buffer_clear(&r->utf8);
    buffer_clear(&r->candidate);
    mime_decode_body(mime_value(part->transfer_encoding), part->body, &r->bytes);
    if (r->bytes.length == 0) {
        return FOUND_NONE;
    }
    mime_add_utf8(mime_charset_named((text){name, length}), (text){r->bytes.data, r->bytes.length},
                  &r->utf8);
    const text characters = {r->utf8.data, r->utf8.length};
    if (kind == FOUND_HTML) {
        add_html(characters, &r->candidate);
    } else {
        add_lines(characters, &r->candidate);
    }
    if (is_blank((text){r->candidate.data, r->candidate.length})) {
        return FOUND_NONE;
    }
    const text_buffer best = r->candidate;
    r->candidate = *r->message;
    *r->message = best;
    return kind;
}

// ---------------------------------------------------------------------------- multipart

// The parts of a multipart body, one after the other.
typedef struct part_list {
    text body;
    size_t at;  // behind the boundary line of the next part
    char boundary[MAX_BOUNDARY];
    size_t boundary_length;  // 0: none left
} part_list;

// Whether this line is a boundary; *last says whether it is the last one.
static bool is_boundary(const part_list *list, text line, bool *last) {
    size_t length = list->boundary_length + 2;
    if (line.length < length || memcmp(line.data, "--", 2) != 0 ||
        memcmp(line.data + 2, list->boundary, list->boundary_length) != 0) {
        return false;
    }
    *last = line.length - length >= 2 && memcmp(line.data + length, "--", 2) == 0;
    length += *last ? 2 : 0;
    while (length < line.length && (line.data[length] == ' ' || line.data[length] == '\t')) {
        length++;
    }
    return length == line.length;
}

// Moves behind the next boundary, or to the end. Returns where the text before it ends, the line
// end before a boundary being part of the boundary.
static size_t pass_boundary(part_list *list) {
    const size_t start = list->at;
    while (list->at < list->body.length) {
        const size_t line_start = list->at;
        const text line = mime_line_at(list->body, line_start, &list->at);
        bool last = false;
        if (!is_boundary(list, line, &last)) {
            continue;
        }
        list->boundary_length = last ? 0 : list->boundary_length;
        size_t end = line_start;
        end -= end > start ? 1 : 0;
        end -= end > start && list->body.data[end - 1] == '\r' ? 1 : 0;
        return end;
    }
    list->boundary_length = 0;
    return list->body.length;
}

static void open_parts(part_list *list, const mime_headers *part) {
    list->body = part->body;
    list->at = 0;
    list->boundary_length =
        mime_parameter(part->content_type, "boundary", list->boundary, sizeof list->boundary);
    if (list->boundary_length > 0) {
        pass_boundary(list);
    }
}

static bool next_part(part_list *list, text *part) {
    if (list->boundary_length == 0) {
        return false;
    }
    const size_t start = list->at;
    *part = (text){list->body.data + start, pass_boundary(list) - start};
    return true;
}

// subtype: what follows "multipart/".
static found_text read_multipart(mime_reader *r, const mime_headers *part, text subtype,
                                 unsigned depth, bool only_plain) {
    const bool alternative = text_equals_any_case(subtype, "alternative");
    const char *type = text_equals_any_case(subtype, "digest") ? "message/rfc822" : "text/plain";
    found_text best = FOUND_NONE;
    part_list list;
    text child;
    open_parts(&list, part);
    while (next_part(&list, &child)) {
        // Each part is read once: after HTML only plain text is still of use.
        const found_text found =
            read_part(r, child, depth + 1, type, only_plain || best == FOUND_HTML);
        if (found == FOUND_PLAIN || (found == FOUND_HTML && !alternative)) {
            return found;
        }
        best = found > best ? found : best;
    }
    return best;
}

// ---------------------------------------------------------------------------- parts

// The media type of a part; what is no type counts as text/plain (RFC 2045 section 5.2).
static text media_type(const mime_headers *part, const char *default_type) {
    const text type = mime_value(part->content_type);
    if (part->content_type.data == NULL) {
        return text_of(default_type);
    }
    const bool is_type = type.length > 0 && memchr(type.data, '/', type.length) != NULL;
    return is_type ? type : text_of("text/plain");
}

static found_text read_part(mime_reader *r, text part, unsigned depth, const char *default_type,
                            bool only_plain) {
    static const char multipart[] = "multipart/";
    const size_t prefix = sizeof multipart - 1;
    if (depth > MIME_MAX_DEPTH) {
        r->too_deep = true;
        return FOUND_NONE;
    }
    const mime_headers headers = mime_headers_read(part);
    const text type = media_type(&headers, default_type);
    if (type.length > prefix && text_equals_any_case((text){type.data, prefix}, multipart)) {
        const text subtype = {type.data + prefix, type.length - prefix};
        return read_multipart(r, &headers, subtype, depth, only_plain);
    }
    if (text_equals_any_case(type, "message/rfc822")) {
        return read_part(r, headers.body, depth + 1, "text/plain", only_plain);
    }
    if (text_equals_any_case(mime_value(headers.disposition), "attachment")) {
        return FOUND_NONE;
    }
    if (text_equals_any_case(type, "text/plain")) {
        return read_text(r, &headers, FOUND_PLAIN);
    }
    return text_equals_any_case(type, "text/html") && !only_plain
               ? read_text(r, &headers, FOUND_HTML)
               : FOUND_NONE;
}

static mime_status read_body(text bytes, text_buffer *message) {
    mime_reader reader = {.message = message};
    const found_text found = read_part(&reader, bytes, 0, "text/plain", false);
    const bool failed = reader.bytes.failed || reader.utf8.failed || reader.candidate.failed;
    buffer_free(&reader.bytes);
    buffer_free(&reader.utf8);
    buffer_free(&reader.candidate);
    return failed                ? MIME_NO_MEMORY
           : found != FOUND_NONE ? MIME_OK
           : reader.too_deep     ? MIME_TOO_DEEP
                                 : MIME_NO_TEXT;
}

mime_status mime_read(text bytes, mime_email *email) {
    const mime_headers headers = mime_headers_read(bytes);
    buffer_clear(&email->subject);
    buffer_clear(&email->message);
    if (headers.subject.data == NULL) {
        return MIME_NO_SUBJECT;
    }
    mime_add_header_text(headers.subject, &email->subject);
    mime_status status = MIME_OK;
    if (headers.content_type.data == NULL && headers.transfer_encoding.data == NULL) {
        buffer_add(&email->message, headers.body.data, headers.body.length);
    } else {
        status = read_body(bytes, &email->message);
    }
    if (email->subject.failed || email->message.failed || status == MIME_NO_MEMORY) {
        mime_email_free(email);  // so that the next one starts afresh
        return MIME_NO_MEMORY;
    }
    return status;
}

void mime_email_free(mime_email *email) {
    buffer_free(&email->subject);
    buffer_free(&email->message);
}
