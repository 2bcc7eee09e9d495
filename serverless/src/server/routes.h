// SPDX-License-Identifier: Apache-2.0
// The paths that the server answers.
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "exchange.h"

// The route of a path, or NULL; *index is the one it is counted under.
const route *route_find(const char *path, size_t *index);

// Names to count by; the last two are the files of the page, and everything else.
const char *const *route_names(size_t *count);
const char *route_name(size_t index);
size_t route_index_of_page(void);

#endif
