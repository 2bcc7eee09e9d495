// SPDX-License-Identifier: Apache-2.0
#include "edit.h"

#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "sha256.h"

static void *checked(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

edit edit_open(const uint8_t *image, size_t size) {
    size_t length = 0;
    for (size_t i = 8; i > 0; i--) {
        length = length << 8 | image[i - 1];
    }
    edit e = {.data_size = size - 8 - length};
    e.header = checked(cJSON_ParseWithLength((const char *)image + 8, length));
    e.data = checked(malloc(e.data_size + 64));
    memcpy(e.data, image + 8 + length, e.data_size);
    return e;
}

cJSON *edit_tensor(const edit *e, const char *name) {
    return checked(cJSON_GetObjectItemCaseSensitive(e->header, name));
}

uint8_t *edit_data(const edit *e, const char *name) {
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(edit_tensor(e, name), "data_offsets");
    return e->data + (size_t)offsets->child->valuedouble;
}

void edit_metadata(edit *e, const char *key, const char *value) {
    cJSON *const metadata = edit_tensor(e, "__metadata__");
    cJSON_ReplaceItemInObjectCaseSensitive(metadata, key, cJSON_CreateString(value));
}

static const char *text_of(const edit *e, const char *key) {
    const cJSON *metadata = edit_tensor(e, "__metadata__");
    return checked(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, key)));
}

uint8_t *edit_close(edit *e, size_t *size) {
    const ec_bundle_texts texts = {text_of(e, "config"), text_of(e, "labels"),
                                   text_of(e, "settings")};
    uint8_t digest[EC_SHA256_SIZE];
    char hex[2 * EC_SHA256_SIZE + 1];
    ec_bundle_digest(e->data, e->data_size, &texts, digest);
    ec_sha256_hex(digest, hex);
    edit_metadata(e, "sha256", hex);
    char *const text = checked(cJSON_PrintUnformatted(e->header));
    uint8_t *const image = image_new(text, strlen(text), e->data, e->data_size, size);
    cJSON_free(text);
    cJSON_Delete(e->header);
    free(e->data);
    return image;
}

uint8_t *image_new(const char *header, size_t header_length, const uint8_t *data, size_t data_size,
                   size_t *size) {
    *size = 8 + header_length + data_size;
    uint8_t *const image = checked(malloc(*size));
    for (unsigned i = 0; i < 8; i++) {
        image[i] = (uint8_t)((uint64_t)header_length >> (8 * i));
    }
    memcpy(image + 8, header, header_length);
    if (data_size > 0) {
        memcpy(image + 8 + header_length, data, data_size);
    }
    return image;
}

ec_status try_load(const uint8_t *image, size_t size, ec_error *error) {
    uint8_t *const copy = checked(malloc(size > 0 ? size : 1));
    memcpy(copy, image, size);
    ec_model *model = NULL;
    const ec_status status = ec_model_load(copy, size, &model, error);
    ec_model_free(model);
    free(copy);
    return status;
}
