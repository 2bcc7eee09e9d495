// SPDX-License-Identifier: Apache-2.0
#include "documents.h"

#include <string.h>

#include "answer_headers.h"
#include "assets.h"

typedef struct document {
    const char *path, *type;
    const unsigned char *data;
    const size_t *length;
} document;

// assets.h is made from serverless/assets by embed.cmake.
static const document documents[] = {
    {"/openapi.json", "application/json", asset_openapi_json, &asset_openapi_json_length},
    {"/docs", "text/html; charset=utf-8", asset_docs_html, &asset_docs_html_length},
    {"/docs.css", "text/css; charset=utf-8", asset_docs_css, &asset_docs_css_length},
    {"/docs.js", "text/javascript; charset=utf-8", asset_docs_js, &asset_docs_js_length},
};

static bool add(struct MHD_Response *response, const char *name, const char *value) {
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

enum MHD_Result documents_answer(exchange *x) {
    size_t i = 0;
    while (strcmp(documents[i].path, x->path) != 0) {
        i++;
    }
    const document *d = &documents[i];
    struct MHD_Response *response = MHD_create_response_from_buffer_static(*d->length, d->data);
    if (response != NULL && (!add(response, MHD_HTTP_HEADER_CONTENT_TYPE, d->type) ||
                             !add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache") ||
                             !add(response, "Content-Security-Policy", PAGE_POLICY))) {
        MHD_destroy_response(response);
        response = NULL;
    }
    return exchange_queue(x, MHD_HTTP_OK, response, *d->length);
}
