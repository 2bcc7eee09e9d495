// SPDX-License-Identifier: Apache-2.0
// Bearer tokens. After '!' comes a header and, on the next line, claims, which are signed here so
// that they are read; anything else is the value of Authorization, which nobody has signed.
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>

#include "fuzz.h"
#include "security/jwt.h"

#define SECRET "0123456789abcdef0123456789abcdef"

enum { BYTES = 4 * JWT_MAX_TOKEN };

static void add_base64(char *out, const char *data, size_t length) {
    const size_t used = strlen(out);
    sodium_bin2base64(out + used, BYTES - used, (const unsigned char *)data, length,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static text sign(const char *data, size_t size, char out[BYTES]) {
    const char *line = memchr(data, '\n', size);
    const size_t header = line != NULL ? (size_t)(line - data) : size;
    const size_t skip = header + (line != NULL);
    strcpy(out, "Bearer ");
    add_base64(out, data, header);
    strcat(out, ".");
    add_base64(out, data + skip, size - skip);
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)out + 7, strlen(out) - 7);
    crypto_auth_hmacsha256_final(&state, mac);
    strcat(out, ".");
    add_base64(out, (const char *)mac, sizeof mac);
    return text_of(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char token[BYTES];
    const jwt_settings settings = {.secrets = {text_of(SECRET), {"", 0}}, .audience = "us"};
    const char *bytes = (const char *)data;
    const bool is_signed = size > 0 && bytes[0] == '!' && size < JWT_MAX_TOKEN;
    const text value = is_signed ? sign(bytes + 1, size - 1, token) : (text){bytes, size};
    jwt_subject subject = {"untouched"};
    const jwt_result result = jwt_check(&settings, value, 1000, &subject);
    if (result == JWT_OK || result == JWT_FORBIDDEN) {
        fuzz_check(is_signed);
        fuzz_check(strlen(subject.name) <= JWT_MAX_SUBJECT);
    } else {
        fuzz_check(strcmp(subject.name, "untouched") == 0);
    }
    return 0;
}
