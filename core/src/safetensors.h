// SPDX-License-Identifier: Apache-2.0
// Reader of a safetensors image: our own bundles, and the weights of Hugging Face models.
//
//     8 bytes           N bytes                        the rest
//     N, little endian  {"__metadata__":{"key":"text"},
//                        "name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}, ...}
//                                                      tensor data, no byte unused or used twice
#ifndef EC_SAFETENSORS_H
#define EC_SAFETENSORS_H

#include "email_classifier.h"

enum {
    EC_SAFETENSORS_PREFIX = 8,             // bytes before the header
    EC_SAFETENSORS_HEADER_MAX = 16 << 20,  // bytes
    EC_TENSOR_RANK_MAX = 8
};

typedef enum ec_dtype {
    EC_DTYPE_F32 = 0,
    EC_DTYPE_I8,
    EC_DTYPE_U8,
    EC_DTYPE_F16,
    EC_DTYPE_BF16,
    EC_DTYPE_OTHER  // known to safetensors, not used here
} ec_dtype;

typedef struct ec_tensor {
    const char *name;  // belongs to the file
    ec_dtype dtype;
    uint32_t rank;
    uint64_t shape[EC_TENSOR_RANK_MAX];  // [rank]
    const uint8_t *data;                 // in the image, no alignment
    size_t size;                         // bytes; shape and dtype agree with it
    size_t offset;                       // of data in the image
} ec_tensor;

// A checked header. Immutable.
typedef struct ec_safetensors ec_safetensors;

// Reads the header of image[0..size), checking everything. The image is borrowed until freed.
// `field` (static storage) names the file in errors, whose offset is a byte of it.
// Errors: NO_MEMORY, BUNDLE.
ec_status ec_safetensors_open(const void *image, size_t size, const char *field,
                              ec_safetensors **file, ec_error *error);
void ec_safetensors_free(ec_safetensors *file);

// The tensors by name: index 0 to count - 1 in the order of strcmp.
size_t ec_safetensors_count(const ec_safetensors *file);
const ec_tensor *ec_safetensors_at(const ec_safetensors *file, size_t index);

// The tensor of this name, or NULL.
const ec_tensor *ec_safetensors_find(const ec_safetensors *file, const char *name);

// The string of this key in __metadata__, or NULL. Belongs to the file.
const char *ec_safetensors_metadata(const ec_safetensors *file, const char *key);
size_t ec_safetensors_metadata_count(const ec_safetensors *file);

// All tensor data, to the end of the image.
const uint8_t *ec_safetensors_data(const ec_safetensors *file, size_t *size);

// Copies a name that came out of a file for an error message: printable ASCII, cut when long.
void ec_safetensors_show_name(const char *name, char shown[48]);

#endif
