// SPDX-License-Identifier: Apache-2.0
// A host may set any locale: bundles are read and written the same where numbers have a decimal
// comma. Such a locale need not be installed; the linker puts these stand-ins before the C library.
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ec_test.h"
#include "tiny_model.h"

static bool comma;

double __real_strtod(const char *text, char **end);
double __wrap_strtod(const char *text, char **end);
struct lconv *__real_localeconv(void);
struct lconv *__wrap_localeconv(void);
int __wrap_sprintf(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Exchanges the first `from` in text for `to`.
static void exchange(char *text, char from, char to) {
    char *const at = strchr(text, from);
    if (at != NULL) {
        *at = to;
    }
}

double __wrap_strtod(const char *text, char **end) {
    char copy[128];
    if (!comma || strlen(text) >= sizeof copy) {
        return __real_strtod(text, end);
    }
    strcpy(copy, text);
    exchange(copy, '.', '!');
    exchange(copy, ',', '.');
    char *stop = NULL;
    const double value = __real_strtod(copy, &stop);
    *end = (char *)(uintptr_t)text + (stop - copy);
    return value;
}

struct lconv *__wrap_localeconv(void) {
    static char point[] = ",";
    static struct lconv with_comma;
    with_comma = *__real_localeconv();
    with_comma.decimal_point = point;
    return comma ? &with_comma : __real_localeconv();
}

int __wrap_sprintf(char *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsprintf(out, format, arguments);
    va_end(arguments);
    if (comma) {
        exchange(out, '.', ',');
    }
    return length;
}

static const char settings[] = "{\"temperature\":1.5,\"review_threshold\":0.25}";

static void test_load(void) {
    size_t size = 0;
    uint8_t *const bundle = tiny_bundle_new(&tiny_default, 1, settings, &size);
    ec_model *model = NULL;
    comma = true;
    if (EC_CHECK_EQUAL(ec_model_load(bundle, size, &model, NULL), EC_OK)) {
        EC_CHECK(ec_model_get_info(model)->temperature > 1.4f);
        EC_CHECK(ec_model_get_info(model)->review_threshold > 0.2f);
    }
    comma = false;
    ec_model_free(model);
    free(bundle);
}

static void test_convert(void) {
    size_t size = 0;
    uint8_t *const expected = tiny_bundle_new(&tiny_default, 1, settings, &size);
    tiny_directory directory = tiny_directory_new(&tiny_default, 1);
    const ec_convert_input input = tiny_input(&directory, settings);
    uint8_t *const out = calloc(1, size);
    size_t written = 0;
    comma = true;
    EC_CHECK_EQUAL(ec_convert(&input, out, size, &written, NULL), EC_OK);
    comma = false;
    if (EC_CHECK(out != NULL) && EC_CHECK_EQUAL(written, size)) {
        EC_CHECK_BYTES(out, expected, size);
    }
    free(out);
    tiny_directory_free(&directory);
    free(expected);
}

int main(void) {
    test_load();
    test_convert();
    return ec_test_result();
}
