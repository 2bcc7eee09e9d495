// SPDX-License-Identifier: Apache-2.0
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

ec_status ec_fail(ec_error *error, ec_status status, const char *field, size_t offset,
                  const char *format, ...) {
    if (error != NULL) {
        error->status = status;
        error->field = field;
        error->offset = offset;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

const char *ec_status_name(ec_status status) {
    switch (status) {
    case EC_OK:
        return "ok";
    case EC_ERROR_ARGUMENT:
        return "argument";
    case EC_ERROR_NO_MEMORY:
        return "no_memory";
    case EC_ERROR_UTF8:
        return "utf8";
    case EC_ERROR_TOO_SHORT:
        return "too_short";
    case EC_ERROR_TOO_LONG:
        return "too_long";
    case EC_ERROR_CHARACTER:
        return "character";
    case EC_ERROR_BUNDLE:
        return "bundle";
    case EC_ERROR_DIGEST:
        return "digest";
    case EC_ERROR_UNSUPPORTED:
        return "unsupported";
    case EC_ERROR_INFERENCE:
        return "inference";
    }
    return "unknown";
}
