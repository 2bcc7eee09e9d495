// SPDX-License-Identifier: Apache-2.0
// The text of HTML, as a reader would see it without layout.
#ifndef EC_HTML_H
#define EC_HTML_H

#include "email_classifier.h"

// Whether the text is HTML: it has two tags that mail programs write and people do not.
bool ec_html_is(const char *text, size_t length);

// As ec_html_to_text. origins[i], unless origins is NULL, receives where in the HTML byte i of the
// text stands, or the character reference that it was; length is then at most 65,535.
size_t ec_html_read(const char *html, size_t length, char *text, uint16_t *origins);

// Bytes of what a reader sees as one: a character reference at the start of the HTML, else 1 byte.
size_t ec_html_unit(const char *html, size_t length);

#endif
