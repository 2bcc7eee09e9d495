// SPDX-License-Identifier: Apache-2.0
// Marshalling between JavaScript and the core; no logic that the native hosts lack.
#include <stdlib.h>

#include "email_classifier.h"

// A model with its classifier, as JavaScript holds them.
typedef struct ec_wasm {
    ec_model *model;
    ec_classifier *classifier;
} ec_wasm;

int ec_wasm_abi(void);
ec_wasm *ec_wasm_new(const void *image, size_t size, ec_error *error);
void ec_wasm_free(ec_wasm *self);
size_t ec_wasm_error_size(void);
const char *ec_wasm_error_message(const ec_error *error);
const char *ec_wasm_error_field(const ec_error *error);
ec_status ec_wasm_classify(ec_wasm *self, const ec_email *email, double now_ms, char *json,
                           size_t capacity, ec_error *error);
ec_status ec_wasm_logits(ec_wasm *self, const uint32_t *ids, const uint8_t *types, size_t count,
                         float *logits, ec_error *error);

// The version of this calling convention, so that a page never pairs a script with another module.
int ec_wasm_abi(void) { return 1; }

// Borrows the image until ec_wasm_free. NULL on failure.
ec_wasm *ec_wasm_new(const void *image, size_t size, ec_error *error) {
    ec_wasm *self = calloc(1, sizeof *self);
    if (self == NULL) {
        *error = (ec_error){EC_ERROR_NO_MEMORY, "model", 0, "no memory for the model"};
        return NULL;
    }
    if (ec_model_load(image, size, &self->model, error) != EC_OK ||
        ec_classifier_new(self->model, NULL, &self->classifier, error) != EC_OK) {
        ec_wasm_free(self);
        return NULL;
    }
    return self;
}

void ec_wasm_free(ec_wasm *self) {
    if (self != NULL) {
        ec_classifier_free(self->classifier);
        ec_model_free(self->model);
        free(self);
    }
}

size_t ec_wasm_error_size(void) { return sizeof(ec_error); }

const char *ec_wasm_error_message(const ec_error *error) { return error->message; }

const char *ec_wasm_error_field(const ec_error *error) { return error->field; }

// The answer as JSON, NUL-terminated, in json[0..capacity).
ec_status ec_wasm_classify(ec_wasm *self, const ec_email *email, double now_ms, char *json,
                           size_t capacity, ec_error *error) {
    ec_answer answer;
    const ec_status status = ec_classify(self->classifier, email, (uint64_t)now_ms, &answer, error);
    if (status == EC_OK) {
        ec_format_answer(&answer, self->model, -1, json, capacity);
    }
    return status;
}

ec_status ec_wasm_logits(ec_wasm *self, const uint32_t *ids, const uint8_t *types, size_t count,
                         float *logits, ec_error *error) {
    return ec_classifier_logits(self->classifier, ids, types, count, logits, error);
}
