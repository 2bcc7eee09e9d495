// SPDX-License-Identifier: Apache-2.0
// Takes a bundle apart and puts it together again, with a digest that is right for what it holds.
#ifndef BUNDLE_EDIT_H
#define BUNDLE_EDIT_H

#include <cJSON.h>

#include "email_classifier.h"

typedef struct edit {
    cJSON *header;
    uint8_t *data;
    size_t data_size;
} edit;

edit edit_open(const uint8_t *image, size_t size);

// The tensor's entry, and its first byte of data.
cJSON *edit_tensor(const edit *e, const char *name);
uint8_t *edit_data(const edit *e, const char *name);

// Replaces a string of __metadata__.
void edit_metadata(edit *e, const char *key, const char *value);

// The image with a new digest, to be freed; *e is used up.
uint8_t *edit_close(edit *e, size_t *size);

// An image of this header text and data, to be freed.
uint8_t *image_new(const char *header, size_t header_length, const uint8_t *data, size_t data_size,
                   size_t *size);

// Loads the image from memory of its own size and frees the model; the status, and the error.
ec_status try_load(const uint8_t *image, size_t size, ec_error *error);

#endif
