// SPDX-License-Identifier: Apache-2.0
// Tokens: good ones, each claim at its limits, and what attackers send.
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>
#include <stdlib.h>

#include "ec_test.h"
#include "guard_page.h"
#include "security/jwt.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define OLD_SECRET "the secret before, which is still good"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define GOOD "{\"sub\":\"ann\",\"exp\":2000,\"scope\":\"can_classify\"}"

enum { NOW = 1000, TOKEN_BYTES = 1 << 15 };

static void add_base64(char *out, const unsigned char *data, size_t length) {
    const size_t used = strlen(out);
    sodium_bin2base64(out + used, TOKEN_BYTES - used, data, length,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

// "Bearer " and a token of this header and these claims, signed with the secret.
static char *make_token(const char *header, const char *claims, size_t claims_length,
                        const char *secret) {
    char *out = calloc(1, TOKEN_BYTES);
    if (out == NULL) {
        abort();
    }
    strcpy(out, "Bearer ");
    add_base64(out, (const unsigned char *)header, strlen(header));
    strcat(out, ".");
    add_base64(out, (const unsigned char *)claims, claims_length);
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)out + 7, strlen(out) - 7);
    crypto_auth_hmacsha256_final(&state, mac);
    strcat(out, ".");
    add_base64(out, mac, sizeof mac);
    return out;
}

static jwt_settings settings_of(const char *issuer, const char *audience) {
    return (jwt_settings){{text_of(SECRET), text_of(OLD_SECRET)}, issuer, audience};
}

// Checks a header value that ends at a page that cannot be read.
static jwt_result check(const jwt_settings *settings, const char *value, jwt_subject *subject) {
    guard_page page;
    const size_t length = strlen(value);
    const char *copy = guard_page_copy(&page, value, length);
    const jwt_result result = jwt_check(settings, (text){copy, length}, NOW, subject);
    guard_page_free(&page);
    return result;
}

static jwt_result check_claims(const jwt_settings *settings, const char *claims) {
    char *token = make_token(HEADER, claims, strlen(claims), SECRET);
    jwt_subject subject;
    const jwt_result result = check(settings, token, &subject);
    free(token);
    return result;
}

static jwt_result check_header(const char *header) {
    const jwt_settings settings = settings_of(NULL, NULL);
    char *token = make_token(header, GOOD, strlen(GOOD), SECRET);
    jwt_subject subject;
    const jwt_result result = check(&settings, token, &subject);
    free(token);
    return result;
}

// ---------------------------------------------------------------------------- claims

typedef struct claims_case {
    const char *claims;
    jwt_result result;
} claims_case;

#define SCOPE "\"scope\":\"can_classify\""

static const claims_case plain_cases[] = {
    {GOOD, JWT_OK},
    {"{\"exp\":2000," SCOPE "}", JWT_OK},
    {"{\"exp\":2000.5," SCOPE "}", JWT_OK},
    {"{\"exp\":1e3," SCOPE "}", JWT_OK},  // within the leeway
    {"{\"exp\":971," SCOPE "}", JWT_OK},  // the leeway's last second
    {"{\"exp\":970," SCOPE "}", JWT_EXPIRED},
    {"{\"exp\":-1," SCOPE "}", JWT_EXPIRED},
    {"{\"exp\":0," SCOPE "}", JWT_EXPIRED},
    {"{" SCOPE "}", JWT_INVALID},
    {"{\"exp\":\"2000\"," SCOPE "}", JWT_INVALID},
    {"{\"exp\":null," SCOPE "}", JWT_INVALID},
    {"{\"exp\":true," SCOPE "}", JWT_INVALID},
    {"{\"exp\":[2000]," SCOPE "}", JWT_INVALID},
    {"{\"exp\":1e400," SCOPE "}", JWT_INVALID},
    {"{\"exp\":1e308," SCOPE "}", JWT_OK},
    {"{\"EXP\":2000," SCOPE "}", JWT_INVALID},
    {"{\"exp\":2000,\"exp\":3000," SCOPE "}", JWT_INVALID},
    {"{\"exp\":2000,\"\\u0065xp\":3000," SCOPE "}", JWT_INVALID},
    {"{\"exp\":2000,\"nbf\":1030," SCOPE "}", JWT_OK},
    {"{\"exp\":2000,\"nbf\":1031," SCOPE "}", JWT_INVALID},
    {"{\"exp\":2000,\"nbf\":\"0\"," SCOPE "}", JWT_INVALID},
    {"{\"exp\":2000,\"nbf\":1e400," SCOPE "}", JWT_INVALID},
    {"{\"exp\":2000,\"sub\":7," SCOPE "}", JWT_INVALID},
    {"{\"exp\":2000,\"sub\":\"a\\u0000b\"," SCOPE "}", JWT_INVALID},
    {"{\"exp\":2000}", JWT_FORBIDDEN},
    {"{\"exp\":2000,\"scope\":\"can_classify_all\"}", JWT_FORBIDDEN},
    {"{\"exp\":2000,\"scope\":\"read CAN_CLASSIFY\"}", JWT_FORBIDDEN},
    {"{\"exp\":2000,\"scope\":\"read  can_classify write\"}", JWT_OK},
    {"{\"exp\":2000,\"scope\":[\"can_classify\"]}", JWT_FORBIDDEN},
    {"{\"exp\":2000,\"permissions\":[\"x\",\"can_classify\"]}", JWT_OK},
    {"{\"exp\":2000,\"permissions\":[[\"can_classify\"],1,null]}", JWT_FORBIDDEN},
    {"{\"exp\":2000,\"permissions\":\"can_classify\"}", JWT_FORBIDDEN},
    {"{\"exp\":2000,\"can_classify\":true}", JWT_OK},
    {"{\"exp\":2000,\"can_classify\":false}", JWT_FORBIDDEN},
    {"{\"exp\":2000,\"can_classify\":\"true\"}", JWT_FORBIDDEN},
    {"{\"exp\":970}", JWT_EXPIRED},  // before the permission
    {"[\"exp\",2000]", JWT_INVALID},
    {"\"claims\"", JWT_INVALID},
    {"", JWT_INVALID},
    {GOOD " ", JWT_OK},
    {GOOD GOOD, JWT_INVALID},
    {"{\"exp\":2000," SCOPE ",\"x\":\"\xff\"}", JWT_INVALID},
};

static const claims_case bound_cases[] = {
    {"{\"exp\":2000," SCOPE ",\"iss\":\"us\",\"aud\":\"email\"}", JWT_OK},
    {"{\"exp\":2000," SCOPE ",\"iss\":\"us\",\"aud\":[\"a\",\"email\"]}", JWT_OK},
    {"{\"exp\":2000," SCOPE ",\"iss\":\"us\"}", JWT_INVALID},
    {"{\"exp\":2000," SCOPE ",\"aud\":\"email\"}", JWT_INVALID},
    {"{\"exp\":2000," SCOPE ",\"iss\":\"US\",\"aud\":\"email\"}", JWT_INVALID},
    {"{\"exp\":2000," SCOPE ",\"iss\":[\"us\"],\"aud\":\"email\"}", JWT_INVALID},
    {"{\"exp\":2000," SCOPE ",\"iss\":\"us\",\"aud\":[]}", JWT_INVALID},
    {"{\"exp\":2000," SCOPE ",\"iss\":\"us\",\"aud\":[[\"email\"]]}", JWT_INVALID},
    {"{\"exp\":2000," SCOPE ",\"iss\":\"us\",\"aud\":\"email \"}", JWT_INVALID},
};

static void test_claims(void) {
    const jwt_settings plain = settings_of(NULL, NULL);
    for (size_t i = 0; i < sizeof plain_cases / sizeof *plain_cases; i++) {
        EC_CHECK_CASE(check_claims(&plain, plain_cases[i].claims) == plain_cases[i].result,
                      plain_cases[i].claims);
    }
    const jwt_settings bound = settings_of("us", "email");
    for (size_t i = 0; i < sizeof bound_cases / sizeof *bound_cases; i++) {
        EC_CHECK_CASE(check_claims(&bound, bound_cases[i].claims) == bound_cases[i].result,
                      bound_cases[i].claims);
    }
}

static void test_subject(void) {
    const jwt_settings settings = settings_of(NULL, NULL);
    for (size_t length = JWT_MAX_SUBJECT; length <= JWT_MAX_SUBJECT + 1; length++) {
        char name[JWT_MAX_SUBJECT + 2] = "";
        memset(name, 'n', length);
        char claims[512];
        snprintf(claims, sizeof claims, "{\"exp\":2000,\"sub\":\"%s\"," SCOPE "}", name);
        char *token = make_token(HEADER, claims, strlen(claims), SECRET);
        jwt_subject subject = {"?"};
        const bool fits = length == JWT_MAX_SUBJECT;
        EC_CHECK_EQUAL(check(&settings, token, &subject), fits ? JWT_OK : JWT_INVALID);
        EC_CHECK_STRING(subject.name, fits ? name : "?");
        free(token);
    }
}

// ---------------------------------------------------------------------------- attacks

static void test_headers(void) {
    static const char *const bad[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"NONE\"}",
        "{\"alg\":\"\"}",
        "{\"alg\":\"HS512\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":\"hs256\"}",
        "{\"alg\":\"HS256 \"}",
        "{\"alg\":[\"HS256\"]}",
        "{\"alg\":null}",
        "{\"typ\":\"JWT\"}",
        "{}",
        "{\"alg\":\"none\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"alg\":\"none\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWE\"}",
        "{\"alg\":\"HS256\",\"typ\":1}",
        "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
        "[\"HS256\"]",
        "HS256",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EC_CHECK_CASE(check_header(bad[i]) == JWT_INVALID, bad[i]);
    }
    EC_CHECK_EQUAL(check_header("{\"alg\":\"HS256\"}"), JWT_OK);
    EC_CHECK_EQUAL(check_header("{\"typ\":\"jwt\",\"kid\":\"../x\",\"alg\":\"HS256\"}"), JWT_OK);
}

// Every byte of a good token matters, and so does everything around it.
static void test_changed_bytes(void) {
    const jwt_settings settings = settings_of(NULL, NULL);
    char *token = make_token(HEADER, GOOD, strlen(GOOD), SECRET);
    jwt_subject subject;
    for (size_t i = 7; token[i] != '\0'; i++) {
        for (int bit = 0; bit < 8; bit++) {
            token[i] = (char)(token[i] ^ 1 << bit);
            EC_CHECK(check(&settings, token, &subject) != JWT_OK);
            token[i] = (char)(token[i] ^ 1 << bit);
        }
    }
    const size_t length = strlen(token);
    for (size_t cut = 0; cut < length; cut++) {
        guard_page page;
        const char *copy = guard_page_copy(&page, token, cut);
        EC_CHECK(jwt_check(&settings, (text){copy, cut}, NOW, &subject) != JWT_OK);
        guard_page_free(&page);
    }
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_OK);
    EC_CHECK_STRING(subject.name, "ann");
    free(token);
}

// The same signature in other writings.
static void test_writing(void) {
    const jwt_settings settings = settings_of(NULL, NULL);
    static const char *const ends[] = {"=", "==", ".", " ", "\n", ".e30", "A", "%3D"};
    char *token = make_token(HEADER, GOOD, strlen(GOOD), SECRET);
    jwt_subject subject;
    const size_t length = strlen(token);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        strcpy(token + length, ends[i]);
        EC_CHECK_CASE(check(&settings, token, &subject) == JWT_INVALID, ends[i]);
    }
    token[length] = '\0';
    // 43 characters hold 258 bits: the last two must be zero.
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char last = token[length - 1];
    const size_t value = (size_t)(strchr(alphabet, last) - alphabet);
    token[length - 1] = alphabet[value | 1];
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    token[length - 1] = last;
    *strrchr(token, '.') = '\0';
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    strcat(token, ".");  // an empty signature
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    free(token);
}

static void test_schemes(void) {
    static const claims_case cases[] = {
        {"", JWT_MISSING},           {"Basic YTpi", JWT_MISSING}, {"Bear", JWT_MISSING},
        {"Bearerx", JWT_MISSING},    {"Bearer", JWT_INVALID},     {"Bearer ", JWT_INVALID},
        {"Bearer .", JWT_INVALID},   {"Bearer ..", JWT_INVALID},  {"Bearer a.b.c", JWT_INVALID},
        {"Bearer ....", JWT_INVALID}};
    const jwt_settings settings = settings_of(NULL, NULL);
    jwt_subject subject;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        EC_CHECK_CASE(check(&settings, cases[i].claims, &subject) == cases[i].result,
                      cases[i].claims);
    }
    char *token = make_token(HEADER, GOOD, strlen(GOOD), SECRET);
    memcpy(token, "bEARER", 6);
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_OK);
    token[7] = '\0';
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    free(token);
}

// A token of exactly the largest size is read, one byte more is not.
static void test_size(void) {
    const jwt_settings settings = settings_of(NULL, NULL);
    char *claims = calloc(1, JWT_MAX_TOKEN);
    jwt_subject subject;
    size_t largest_good = 0;
    for (size_t filling = 5900; filling < 6200; filling++) {
        const int start = snprintf(claims, JWT_MAX_TOKEN, "{\"exp\":2000," SCOPE ",\"x\":\"");
        memset(claims + start, 'x', filling);
        strcpy(claims + start + filling, "\"}");
        char *token = make_token(HEADER, claims, strlen(claims), SECRET);
        const size_t length = strlen(token) - strlen("Bearer ");
        const bool good = check(&settings, token, &subject) == JWT_OK;
        EC_CHECK_EQUAL(good, length <= JWT_MAX_TOKEN);
        largest_good = good ? length : largest_good;
        free(token);
    }
    EC_CHECK(largest_good >= JWT_MAX_TOKEN - 1);
    free(claims);
}

static void test_nul(void) {
    static const char claims[] = "{\"exp\":2000," SCOPE "}\0{\"exp\":1}";
    const jwt_settings settings = settings_of(NULL, NULL);
    char *token = make_token(HEADER, claims, sizeof claims - 1, SECRET);
    jwt_subject subject;
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    const size_t length = strlen(token);
    token[length] = '\0';
    EC_CHECK_EQUAL(jwt_check(&settings, (text){token, length + 1}, NOW, &subject), JWT_INVALID);
    free(token);
}

// ---------------------------------------------------------------------------- secrets, answers

static void test_secrets(void) {
    jwt_settings settings = settings_of(NULL, NULL);
    jwt_subject subject;
    char *token = make_token(HEADER, GOOD, strlen(GOOD), OLD_SECRET);
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_OK);
    settings.secrets[1] = (text){"", 0};
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    free(token);
    // No secret, or a short one, lets nobody in.
    token = make_token(HEADER, GOOD, strlen(GOOD), "");
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    settings.secrets[0] = (text){"", 0};
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    free(token);
    token = make_token(HEADER, GOOD, strlen(GOOD), "0123456789abcdef0123456789abcde");
    settings.secrets[0] = text_of("0123456789abcdef0123456789abcde");
    EC_CHECK_EQUAL(check(&settings, token, &subject), JWT_INVALID);
    EC_CHECK(jwt_secret_problem(settings.secrets[0]) != NULL);
    EC_CHECK(jwt_secret_problem(text_of(SECRET)) == NULL);
    free(token);
}

static void test_refusals(void) {
    EC_CHECK_EQUAL(jwt_status(JWT_MISSING), 401);
    EC_CHECK_EQUAL(jwt_status(JWT_INVALID), 401);
    EC_CHECK_EQUAL(jwt_status(JWT_EXPIRED), 401);
    EC_CHECK_EQUAL(jwt_status(JWT_FORBIDDEN), 403);
    // RFC 6750 section 3.1: no error code when there was no token
    EC_CHECK_STRING(jwt_challenge(JWT_MISSING), "Bearer realm=\"email-classifier\"");
    EC_CHECK(strstr(jwt_challenge(JWT_INVALID), "error=\"invalid_token\"") != NULL);
    EC_CHECK(strstr(jwt_challenge(JWT_EXPIRED), "error=\"invalid_token\"") != NULL);
    EC_CHECK(strstr(jwt_challenge(JWT_FORBIDDEN), "error=\"insufficient_scope\"") != NULL);
    EC_CHECK(strstr(jwt_detail(JWT_EXPIRED), "expired") != NULL);
    EC_CHECK(strstr(jwt_detail(JWT_FORBIDDEN), "can_classify") != NULL);
}

int main(void) {
    test_claims();
    test_subject();
    test_headers();
    test_changed_bytes();
    test_writing();
    test_schemes();
    test_size();
    test_nul();
    test_secrets();
    test_refusals();
    return ec_test_result();
}
