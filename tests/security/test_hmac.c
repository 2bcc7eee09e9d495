// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA256 as it is built here, against Wycheproof (its file is the argument) and RFC 4231.
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>
#include <stdlib.h>

#include "ec_test.h"
#include "strict_json.h"

enum { LARGEST = 1 << 16, MAC_BYTES = crypto_auth_hmacsha256_BYTES };

typedef struct bytes {
    unsigned char data[LARGEST / 2];
    size_t length;
} bytes;

static bytes from_hex(const cJSON *object, const char *name) {
    bytes out = {.length = 0};
    const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    if (hex == NULL ||
        sodium_hex2bin(out.data, sizeof out.data, hex, strlen(hex), NULL, &out.length, NULL) != 0) {
        abort();
    }
    return out;
}

static void compute(const bytes *key, const bytes *message, unsigned char mac[MAC_BYTES]) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key->data, key->length);
    crypto_auth_hmacsha256_update(&state, message->data, message->length);
    crypto_auth_hmacsha256_final(&state, mac);
}

static void test_wycheproof_case(const cJSON *test) {
    const bytes key = from_hex(test, "key");
    const bytes message = from_hex(test, "msg");
    const bytes tag = from_hex(test, "tag");
    const char *result = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(test, "result"));
    const char *comment = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(test, "comment"));
    unsigned char mac[MAC_BYTES];
    compute(&key, &message, mac);
    const bool same = tag.length <= MAC_BYTES && sodium_memcmp(mac, tag.data, tag.length) == 0;
    EC_CHECK_CASE(same == (strcmp(result, "valid") == 0), comment);
}

static void test_wycheproof(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        printf("skipped: no Wycheproof in %s\n", path);
        return;
    }
    enum { FILE_BYTES = 1 << 20 };
    char *json = malloc(FILE_BYTES);
    const size_t length = json != NULL ? fread(json, 1, FILE_BYTES, file) : 0;
    fclose(file);
    ec_json_error error = {0, "", false};
    cJSON *tree = ec_json_read(json, length, &error);
    EC_CHECK_CASE(tree != NULL, error.message);
    size_t tests = 0;
    const cJSON *group = NULL;
    cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(tree, "testGroups")) {
        const cJSON *test = NULL;
        cJSON_ArrayForEach(test, cJSON_GetObjectItemCaseSensitive(group, "tests")) {
            test_wycheproof_case(test);
            tests++;
        }
    }
    EC_CHECK(tests >= 170);
    cJSON_Delete(tree);
    free(json);
}

// RFC 4231, test case 2.
static void test_rfc(void) {
    const bytes key = {"Jefe", 4};
    const bytes message = {"what do ya want for nothing?", 28};
    static const unsigned char expected[MAC_BYTES] = {
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
        0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
        0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    unsigned char mac[MAC_BYTES];
    compute(&key, &message, mac);
    EC_CHECK_BYTES(mac, expected, MAC_BYTES);
}

int main(int argc, char **argv) {
    test_rfc();
    test_wycheproof(argc > 1 ? argv[1] : "");
    return ec_test_result();
}
