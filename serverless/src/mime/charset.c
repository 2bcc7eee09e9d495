// SPDX-License-Identifier: Apache-2.0
#include "charset.h"

#include "utf8.h"
#include "windows_1252.h"

enum { REPLACEMENT = 0xFFFD };

mime_charset mime_charset_named(text name) {
    static const struct {
        const char *name;
        mime_charset charset;
    } names[] = {
        {"utf-8", MIME_UTF_8},
        {"utf8", MIME_UTF_8},
        {"us-ascii", MIME_UTF_8},
        {"ascii", MIME_UTF_8},
        {"windows-1252", MIME_WINDOWS_1252},
        {"cp1252", MIME_WINDOWS_1252},
        {"iso-8859-1", MIME_WINDOWS_1252},
        {"iso8859-1", MIME_WINDOWS_1252},
        {"iso_8859-1", MIME_WINDOWS_1252},
        {"latin1", MIME_WINDOWS_1252},
        {"iso-8859-15", MIME_ISO_8859_15},
        {"iso8859-15", MIME_ISO_8859_15},
        {"iso_8859-15", MIME_ISO_8859_15},
        {"latin-9", MIME_ISO_8859_15},
    };
    if (name.length == 0) {
        return MIME_UTF_8;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_equals_any_case(name, names[i].name)) {
            return names[i].charset;
        }
    }
    return MIME_UNKNOWN;
}

static uint32_t iso_8859_15(uint8_t byte) {
    switch (byte) {
    case 0xA4:
        return 0x20AC;
    case 0xA6:
        return 0x0160;
    case 0xA8:
        return 0x0161;
    case 0xB4:
        return 0x017D;
    case 0xB8:
        return 0x017E;
    case 0xBC:
        return 0x0152;
    case 0xBD:
        return 0x0153;
    case 0xBE:
        return 0x0178;
    default:
        return ec_windows_1252(byte);
    }
}

static uint32_t character_of(mime_charset charset, uint8_t byte) {
    switch (charset) {
    case MIME_WINDOWS_1252:
        return ec_windows_1252(byte);
    case MIME_ISO_8859_15:
        return iso_8859_15(byte);
    default:
        return REPLACEMENT;
    }
}

static void add_character(uint32_t character, text_buffer *out) {
    char bytes[4];
    buffer_add(out, bytes, ec_utf8_encode(character, bytes));
}

void mime_add_utf8(mime_charset charset, text bytes, text_buffer *out) {
    size_t plain = 0;  // start of what is the same in UTF-8
    for (size_t at = 0; at < bytes.length;) {
        uint32_t character = (uint8_t)bytes.data[at];
        size_t length = 1;
        if (character >= 0x80 && charset == MIME_UTF_8) {
            length = ec_utf8_decode(bytes.data + at, bytes.length - at, &character);
        }
        if (character < 0x80 || (charset == MIME_UTF_8 && character != EC_UTF8_INVALID)) {
            at += length;
            continue;
        }
        buffer_add(out, bytes.data + plain, at - plain);
        add_character(
            charset == MIME_UTF_8 ? REPLACEMENT : character_of(charset, (uint8_t)character), out);
        at += length;
        plain = at;
    }
    buffer_add(out, bytes.data + plain, bytes.length - plain);
}
