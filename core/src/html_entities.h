// SPDX-License-Identifier: Apache-2.0
// The named character references of HTML 4, and &apos;.
#ifndef EC_HTML_ENTITIES_H
#define EC_HTML_ENTITIES_H

#include <stddef.h>
#include <stdint.h>

enum { EC_HTML_ENTITY_NAME = 8 };  // the longest name

typedef struct ec_html_entity {
    char name[EC_HTML_ENTITY_NAME + 1];
    uint16_t character;
} ec_html_entity;

// In the order of strcmp.
extern const ec_html_entity ec_html_entities[];
extern const size_t ec_html_entity_count;

#endif
