// SPDX-License-Identifier: Apache-2.0
// The named character references of HTML 4, and &apos;.
#ifndef MIME_HTML_ENTITIES_H
#define MIME_HTML_ENTITIES_H

#include <stddef.h>
#include <stdint.h>

enum { HTML_ENTITY_NAME = 8 };  // the longest name

typedef struct html_entity {
    char name[HTML_ENTITY_NAME + 1];
    uint16_t character;
} html_entity;

// In the order of strcmp.
extern const html_entity html_entities[];
extern const size_t html_entity_count;

#endif
