// SPDX-License-Identifier: Apache-2.0
// The text of an HTML body, as a reader would see it without layout.
#ifndef MIME_HTML_H
#define MIME_HTML_H

#include "buffer.h"

// Adds the text of `html`, UTF-8, to an empty *out: no tags, comments, scripts, styles and titles;
// character references decoded; white space, no-break spaces included, collapsed to one blank. A
// block element or <br> is a line end, a paragraph or two <br> an empty line, a table cell a
// blank. Malformed HTML loses at most what a browser would hide.
void mime_html_to_text(text html, text_buffer *out);

#endif
