// SPDX-License-Identifier: Apache-2.0
// One way to fail: fill the caller's record, return the status.
#ifndef EC_ERROR_H
#define EC_ERROR_H

#include "email_classifier.h"

// Fills *error (may be NULL) and returns status. `field` must be static storage; `format` is
// printf's with %s, %zu, %u and %d only, and never gets any text of an email.
#if defined(__GNUC__)
__attribute__((format(printf, 5, 6)))
#endif
ec_status
ec_fail(ec_error *error, ec_status status, const char *field, size_t offset, const char *format,
        ...);

// Returns from the calling function when `expression` is not EC_OK.
#define EC_RETURN_IF_ERROR(expression)             \
    do {                                           \
        const ec_status ec_status_ = (expression); \
        if (ec_status_ != EC_OK) {                 \
            return ec_status_;                     \
        }                                          \
    } while (0)

#endif
