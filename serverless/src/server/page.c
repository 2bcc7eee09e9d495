// SPDX-License-Identifier: Apache-2.0
#include "page.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "answer_headers.h"

// Whether what follows a coding gives it the weight 0, as ";q=0" or "; q=0.00".
static bool is_refused(text parameters) {
    char weight[16] = "";
    size_t length = 0;
    for (size_t i = 0; i < parameters.length && length < sizeof weight - 1; i++) {
        if (parameters.data[i] != ' ') {
            weight[length++] = parameters.data[i];
        }
    }
    return strncmp(weight, ";q=0", 4) == 0 && strspn(weight + 4, ".0") == length - 4;
}

// Whether a header is a list that has this word, perhaps with parameters, and not refused by them.
static bool has_word(text list, const char *word) {
    const size_t length = strlen(word);
    size_t at = 0;
    while (at < list.length) {
        const char *comma = memchr(list.data + at, ',', list.length - at);
        const size_t end = comma != NULL ? (size_t)(comma - list.data) : list.length;
        while (at < end && list.data[at] == ' ') {
            at++;
        }
        const char after = at + length < end ? list.data[at + length] : ',';
        if (end - at >= length && memcmp(list.data + at, word, length) == 0 &&
            (after == ',' || after == ';' || after == ' ')) {
            return !is_refused((text){list.data + at + length, end - at - length});
        }
        at = end + 1;
    }
    return false;
}

// If-None-Match; a proxy that compresses makes a tag weak (W/).
static bool is_known(text known, const char *tag) {
    char weak[STATIC_TAG_BYTES + 2];
    snprintf(weak, sizeof weak, "W/%s", tag);
    return has_word(known, tag) || has_word(known, weak) || has_word(known, "*");
}

static bool add(struct MHD_Response *response, const char *name, const char *value) {
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

// Clients ask each time whether a file has changed, which an ETag answers in a few bytes.
static bool add_headers(struct MHD_Response *response, const static_file *file,
                        const static_variant *variant) {
    return add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache") &&
           add(response, MHD_HTTP_HEADER_ETAG, variant->tag) &&
           add(response, "Content-Security-Policy", PAGE_POLICY) &&
           (file->gzip.path == NULL || add(response, MHD_HTTP_HEADER_VARY, "Accept-Encoding")) &&
           (variant != &file->gzip || add(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip"));
}

static enum MHD_Result send_file(exchange *x, const static_file *file,
                                 const static_variant *variant) {
    const text known = exchange_header(x, MHD_HTTP_HEADER_IF_NONE_MATCH);
    const bool unchanged = is_known(known, variant->tag);
    const int fd = unchanged ? -1 : static_variant_open(variant);
    if (!unchanged && fd < 0) {
        api_problem_set(&x->problem, MHD_HTTP_NOT_FOUND,
                        "The file has changed; the server must be restarted to show it.");
        return exchange_send_problem(x);
    }
    struct MHD_Response *response = unchanged ? MHD_create_response_empty(MHD_RF_NONE)
                                              : MHD_create_response_from_fd64(variant->size, fd);
    if (response == NULL && fd >= 0) {
        close(fd);
    }
    if (response != NULL &&
        (!add_headers(response, file, variant) ||
         (!unchanged && !add(response, MHD_HTTP_HEADER_CONTENT_TYPE, file->type)))) {
        MHD_destroy_response(response);
        response = NULL;
    }
    return exchange_queue(x, unchanged ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response,
                          unchanged ? 0 : variant->size);
}

enum MHD_Result page_answer(exchange *x) {
    const static_file *file = x->file;
    if (file == NULL) {
        static const char text_without_page[] =
            "email-classifier is running. It has no web page here; see /docs for its API.\n";
        return exchange_send_static(x, "text/plain; charset=utf-8", text_without_page,
                                    sizeof text_without_page - 1);
    }
    const bool gzip = file->gzip.path != NULL &&
                      has_word(exchange_header(x, MHD_HTTP_HEADER_ACCEPT_ENCODING), "gzip");
    return send_file(x, file, gzip ? &file->gzip : &file->plain);
}
