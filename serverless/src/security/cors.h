// SPDX-License-Identifier: Apache-2.0
// Which web pages may read our answers: the list ALLOWED_ORIGINS.
#ifndef SECURITY_CORS_H
#define SECURITY_CORS_H

#include "cli.h"

enum { CORS_MAX_ORIGINS = 32 };

typedef struct cors_origins {
    text origins[CORS_MAX_ORIGINS];  // views of the list
    size_t count;
    bool any;  // the list is "*"
} cors_origins;

// Reads "https://a.example, http://localhost:5173" or "*"; empty: none. The list must outlive
// *allowed. NULL, or what is wrong with it (static storage).
const char *cors_parse(text list, cors_origins *allowed);

// Whether a page of this origin (the value of the header Origin) may read the answer.
bool cors_allows(const cors_origins *allowed, text origin);

#endif
