// SPDX-License-Identifier: Apache-2.0
#include "routes.h"

#include <string.h>

#include "api/request.h"
#include "classification.h"
#include "documents.h"
#include "page.h"
#include "status.h"

static const route routes[] = {
    {"/", false, 0, page_answer},
    {"/classify", true, API_MAX_BODY, classify_single},
    {"/classify-batch", true, API_MAX_BATCH_BODY, classify_batch},
    {"/health", false, 0, status_health},
    {"/live", false, 0, status_live},
    {"/ready", false, 0, status_ready},
    {"/metrics", false, 0, status_metrics},
    {"/model-info", false, 0, status_model_info},
    {"/openapi.json", false, 0, documents_answer},
    {"/docs", false, 0, documents_answer},
    {"/docs.css", false, 0, documents_answer},
    {"/docs.js", false, 0, documents_answer},
};
enum { ROUTE_COUNT = sizeof routes / sizeof *routes };

static const char *const names[] = {
    "/",        "/classify",   "/classify-batch", "/health", "/live",     "/ready",
    "/metrics", "/model-info", "/openapi.json",   "/docs",   "/docs.css", "/docs.js",
    "page",     "other"};
enum { NAME_COUNT = sizeof names / sizeof *names };
_Static_assert(NAME_COUNT == ROUTE_COUNT + 2, "a name for each route, and two more");

const route *route_find(const char *path, size_t *index) {
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (strcmp(path, routes[i].path) == 0) {
            *index = i;
            return &routes[i];
        }
    }
    *index = NAME_COUNT - 1;
    return NULL;
}

const char *const *route_names(size_t *count) {
    *count = NAME_COUNT;
    return names;
}

const char *route_name(size_t index) { return names[index]; }

size_t route_index_of_page(void) { return NAME_COUNT - 2; }
