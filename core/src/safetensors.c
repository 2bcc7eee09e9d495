// SPDX-License-Identifier: Apache-2.0
#include "safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json.h"

struct ec_safetensors {
    cJSON *header;  // owns all names
    const cJSON *metadata;
    const uint8_t *data;
    size_t data_size;
    size_t count;
    ec_tensor *tensors;  // [count]
};

typedef struct dtype_entry {
    const char *name;
    ec_dtype dtype;
    uint32_t size;  // bytes of one element
} dtype_entry;

static const dtype_entry dtypes[] = {
    {"F32", EC_DTYPE_F32, 4},    {"I8", EC_DTYPE_I8, 1},         {"U8", EC_DTYPE_U8, 1},
    {"F16", EC_DTYPE_F16, 2},    {"BF16", EC_DTYPE_BF16, 2},     {"F64", EC_DTYPE_OTHER, 8},
    {"I64", EC_DTYPE_OTHER, 8},  {"U64", EC_DTYPE_OTHER, 8},     {"I32", EC_DTYPE_OTHER, 4},
    {"U32", EC_DTYPE_OTHER, 4},  {"I16", EC_DTYPE_OTHER, 2},     {"U16", EC_DTYPE_OTHER, 2},
    {"BOOL", EC_DTYPE_OTHER, 1}, {"F8_E5M2", EC_DTYPE_OTHER, 1}, {"F8_E4M3", EC_DTYPE_OTHER, 1},
};

// Where errors of one file are reported.
typedef struct report {
    const char *field;
    ec_error *error;
} report;

static ec_status refuse_tensor(const report *r, const char *name, const char *problem) {
    char shown[48];
    ec_safetensors_show_name(name, shown);
    return ec_fail(r->error, EC_ERROR_BUNDLE, r->field, EC_SAFETENSORS_PREFIX, "tensor %s %s",
                   shown, problem);
}

// ------------------------------------------------------------- one tensor

static const dtype_entry *find_dtype(const char *name) {
    for (size_t i = 0; name != NULL && i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            return &dtypes[i];
        }
    }
    return NULL;
}

// Reads the shape and multiplies it into *bytes, which starts as the size of one element.
static bool read_shape(const cJSON *shape, ec_tensor *tensor, uint64_t *bytes) {
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, shape) {
        uint64_t extent = 0;
        if (tensor->rank == EC_TENSOR_RANK_MAX || !ec_json_is_whole(item, &extent) ||
            (extent != 0 && *bytes > UINT64_MAX / extent)) {
            return false;
        }
        tensor->shape[tensor->rank++] = extent;
        *bytes *= extent;
    }
    return cJSON_IsArray(shape);
}

static bool read_offsets(const cJSON *offsets, uint64_t *begin, uint64_t *end) {
    return cJSON_IsArray(offsets) && cJSON_GetArraySize(offsets) == 2 &&
           ec_json_is_whole(offsets->child, begin) && ec_json_is_whole(offsets->child->next, end) &&
           *begin <= *end;
}

static ec_status read_tensor(const ec_safetensors *file, const cJSON *item, size_t data_offset,
                             const report *r, ec_tensor *tensor) {
    *tensor = (ec_tensor){.name = item->string};
    const dtype_entry *dtype = find_dtype(ec_json_string(item, "dtype"));
    if (!cJSON_IsObject(item) || cJSON_GetArraySize(item) != 3 || dtype == NULL) {
        return refuse_tensor(r, item->string, "needs a known dtype, a shape and data_offsets");
    }
    uint64_t bytes = dtype->size;
    if (!read_shape(cJSON_GetObjectItemCaseSensitive(item, "shape"), tensor, &bytes)) {
        return refuse_tensor(r, item->string, "has an impossible shape");
    }
    uint64_t begin = 0;
    uint64_t end = 0;
    if (!read_offsets(cJSON_GetObjectItemCaseSensitive(item, "data_offsets"), &begin, &end) ||
        end > file->data_size) {
        return refuse_tensor(r, item->string, "has data_offsets outside the file");
    }
    if (end - begin != bytes) {
        return refuse_tensor(r, item->string, "has data_offsets that do not fit its shape");
    }
    tensor->dtype = dtype->dtype;
    tensor->data = file->data + begin;
    tensor->size = (size_t)bytes;
    tensor->offset = data_offset + (size_t)begin;
    return EC_OK;
}

// ------------------------------------------------------------- all tensors

static int compare_offsets(const void *a, const void *b) {
    const ec_tensor *x = a;
    const ec_tensor *y = b;
    if (x->offset != y->offset) {
        return x->offset < y->offset ? -1 : 1;
    }
    return (x->size > y->size) - (x->size < y->size);
}

static int compare_names(const void *a, const void *b) {
    const ec_tensor *x = a;
    const ec_tensor *y = b;
    return strcmp(x->name, y->name);
}

// Whether the tensors cover the data exactly once.
static ec_status check_cover(ec_safetensors *file, size_t data_offset, const report *r) {
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_offsets);
    size_t end = data_offset;
    for (size_t i = 0; i < file->count; i++) {
        const ec_tensor *tensor = &file->tensors[i];
        if (tensor->offset != end) {
            return refuse_tensor(r, tensor->name,
                                 tensor->offset < end ? "overlaps another" : "follows a hole");
        }
        end += tensor->size;
    }
    if (end != data_offset + file->data_size) {
        return ec_fail(r->error, EC_ERROR_BUNDLE, r->field, end, "bytes follow the last tensor");
    }
    return EC_OK;
}

static ec_status read_metadata(ec_safetensors *file, const report *r) {
    file->metadata = cJSON_GetObjectItemCaseSensitive(file->header, "__metadata__");
    bool ok = file->metadata == NULL || cJSON_IsObject(file->metadata);
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, file->metadata) { ok = ok && cJSON_IsString(item); }
    return ok ? EC_OK
              : ec_fail(r->error, EC_ERROR_BUNDLE, r->field, EC_SAFETENSORS_PREFIX,
                        "__metadata__ must map names to strings");
}

static ec_status read_tensors(ec_safetensors *file, size_t data_offset, const report *r) {
    if (!cJSON_IsObject(file->header)) {
        return ec_fail(r->error, EC_ERROR_BUNDLE, r->field, EC_SAFETENSORS_PREFIX,
                       "the header is no JSON object");
    }
    EC_RETURN_IF_ERROR(read_metadata(file, r));
    const size_t members = (size_t)cJSON_GetArraySize(file->header);
    file->tensors = calloc(members + 1, sizeof *file->tensors);
    if (file->tensors == NULL) {
        return ec_fail(r->error, EC_ERROR_NO_MEMORY, r->field, 0, "no memory for %zu tensors",
                       members);
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, file->header) {
        if (item != file->metadata) {
            ec_tensor *const tensor = &file->tensors[file->count++];
            EC_RETURN_IF_ERROR(read_tensor(file, item, data_offset, r, tensor));
        }
    }
    EC_RETURN_IF_ERROR(check_cover(file, data_offset, r));
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_names);
    return EC_OK;
}

// ------------------------------------------------------------- file

static ec_status read_length(const uint8_t *image, size_t size, const report *r, size_t *length) {
    if (size < EC_SAFETENSORS_PREFIX) {
        return ec_fail(r->error, EC_ERROR_BUNDLE, r->field, size,
                       "%zu bytes are too short for a safetensors file", size);
    }
    uint64_t value = 0;
    for (size_t i = EC_SAFETENSORS_PREFIX; i > 0; i--) {
        value = value << 8 | image[i - 1];
    }
    if (value > EC_SAFETENSORS_HEADER_MAX) {
        return ec_fail(r->error, EC_ERROR_BUNDLE, r->field, 0,
                       "not a safetensors file: its header would be over %u bytes",
                       (unsigned)EC_SAFETENSORS_HEADER_MAX);
    }
    if (value > size - EC_SAFETENSORS_PREFIX) {
        return ec_fail(r->error, EC_ERROR_BUNDLE, r->field, size,
                       "the file ends inside its header, after %zu bytes", size);
    }
    *length = (size_t)value;
    return EC_OK;
}

ec_status ec_safetensors_open(const void *image, size_t size, const char *field,
                              ec_safetensors **out, ec_error *error) {
    const report r = {field, error};
    const uint8_t *const bytes = image;
    size_t length = 0;
    EC_RETURN_IF_ERROR(read_length(bytes, size, &r, &length));
    ec_safetensors *const file = calloc(1, sizeof *file);
    if (file == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, field, 0, "no memory to read the file");
    }
    const size_t data_offset = EC_SAFETENSORS_PREFIX + length;
    file->data = bytes + data_offset;
    file->data_size = size - data_offset;
    ec_status status = ec_json_parse((const char *)bytes + EC_SAFETENSORS_PREFIX, length, field,
                                     &file->header, error);
    if (status == EC_OK) {
        status = read_tensors(file, data_offset, &r);
    }
    if (status != EC_OK) {
        ec_safetensors_free(file);
        return status;
    }
    *out = file;
    return EC_OK;
}

void ec_safetensors_free(ec_safetensors *file) {
    if (file != NULL) {
        cJSON_Delete(file->header);
        free(file->tensors);
        free(file);
    }
}

size_t ec_safetensors_count(const ec_safetensors *file) { return file->count; }

const ec_tensor *ec_safetensors_at(const ec_safetensors *file, size_t index) {
    return &file->tensors[index];
}

const ec_tensor *ec_safetensors_find(const ec_safetensors *file, const char *name) {
    const ec_tensor wanted = {.name = name};
    return bsearch(&wanted, file->tensors, file->count, sizeof wanted, compare_names);
}

const char *ec_safetensors_metadata(const ec_safetensors *file, const char *key) {
    return ec_json_string(file->metadata, key);
}

size_t ec_safetensors_metadata_count(const ec_safetensors *file) {
    return (size_t)cJSON_GetArraySize(file->metadata);
}

const uint8_t *ec_safetensors_data(const ec_safetensors *file, size_t *size) {
    *size = file->data_size;
    return file->data;
}

void ec_safetensors_show_name(const char *name, char shown[48]) {
    size_t i = 0;
    for (; i < 47 && name[i] != '\0'; i++) {
        shown[i] = name[i] > ' ' && name[i] < 0x7F ? name[i] : '?';
    }
    shown[i] = '\0';
}
