// SPDX-License-Identifier: Apache-2.0
// Cleaning: the first line is the subject, the rest the message. See clean/properties.h.
#include "clean/properties.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ec_cleaned cleaned;
    static ec_cleaned again;
    const char *bytes = size > 0 ? (const char *)data : "";
    const char *line_end = memchr(bytes, '\n', size);
    const size_t subject = line_end != NULL ? (size_t)(line_end - bytes) : size;
    const size_t start = subject < size ? subject + 1 : size;
    const ec_email email = {bytes, subject, bytes + start, size - start};
    const ec_status status = ec_clean(&email, &cleaned, NULL);
    fuzz_check(status == (email.message_length <= sizeof cleaned.text ? EC_OK : EC_ERROR_ARGUMENT));
    if (status == EC_OK) {
        const char *wrong = wrong_cleaning(&email, &cleaned, &again);
        if (wrong != NULL) {
            fprintf(stderr, "%s\n", wrong);
        }
        fuzz_check(wrong == NULL);
    }
    return 0;
}
