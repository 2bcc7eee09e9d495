// SPDX-License-Identifier: Apache-2.0
#include "jwt.h"

#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>
#include <string.h>

#include "strict_json.h"

#define PERMISSION "can_classify"

enum { MAC_BYTES = crypto_auth_hmacsha256_BYTES, DECODED_BYTES = JWT_MAX_TOKEN / 4 * 3 };

// The parts of HEADER.CLAIMS.SIGNATURE.
typedef struct token_parts {
    text header, claims, signature;
    text signed_part;  // HEADER.CLAIMS
} token_parts;

const char *jwt_secret_problem(text secret) {
    return secret.length < JWT_MIN_SECRET ? "is shorter than 32 bytes" : NULL;
}

// ---------------------------------------------------------------------------- form

// What follows "Bearer " in any case (RFC 6750 section 2.1).
static jwt_result find_token(text authorization, text *token) {
    static const char scheme[] = "Bearer";
    const size_t length = sizeof scheme - 1;
    const bool named = authorization.length >= length &&
                       text_equals_any_case((text){authorization.data, length}, scheme);
    if (!named || (authorization.length > length && authorization.data[length] != ' ')) {
        return JWT_MISSING;
    }
    size_t start = length;
    while (start < authorization.length && authorization.data[start] == ' ') {
        start++;
    }
    *token = (text){authorization.data + start, authorization.length - start};
    return token->length > 0 && token->length <= JWT_MAX_TOKEN ? JWT_OK : JWT_INVALID;
}

// Cuts the first part off *rest, at a dot.
static bool next_part(text *rest, text *part) {
    const char *dot = memchr(rest->data, '.', rest->length);
    if (dot == NULL) {
        return false;
    }
    *part = (text){rest->data, (size_t)(dot - rest->data)};
    *rest = (text){dot + 1, rest->length - part->length - 1};
    return true;
}

static bool split(text token, token_parts *parts) {
    text rest = token;
    if (!next_part(&rest, &parts->header) || !next_part(&rest, &parts->claims)) {
        return false;
    }
    // A further dot fails as base64url.
    parts->signature = rest;
    parts->signed_part = (text){token.data, token.length - rest.length - 1};
    return true;
}

// Base64url without padding, without anything to ignore, with no bits left over.
static bool decode(text part, unsigned char *out, size_t capacity, size_t *length) {
    return sodium_base642bin(out, capacity, part.data, part.length, NULL, length, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

static cJSON *read_object(text part) {
    unsigned char json[DECODED_BYTES];
    size_t length = 0;
    ec_json_error error;
    cJSON *object = decode(part, json, sizeof json, &length)
                        ? ec_json_read((const char *)json, length, &error)
                        : NULL;
    if (object != NULL && !cJSON_IsObject(object)) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

// ---------------------------------------------------------------------------- signature

// Tries every secret, whichever fits, so that the time does not tell which.
static bool is_signed(const jwt_settings *settings, const token_parts *parts) {
    unsigned char signature[MAC_BYTES];
    size_t length = 0;
    if (!decode(parts->signature, signature, sizeof signature, &length) || length != MAC_BYTES) {
        return false;
    }
    bool matches = false;
    for (size_t i = 0; i < JWT_SECRETS; i++) {
        const text secret = settings->secrets[i];
        if (jwt_secret_problem(secret) != NULL) {
            continue;
        }
        unsigned char mac[MAC_BYTES];
        crypto_auth_hmacsha256_state state;
        crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret.data, secret.length);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts->signed_part.data,
                                      parts->signed_part.length);
        crypto_auth_hmacsha256_final(&state, mac);
        matches |= sodium_memcmp(mac, signature, MAC_BYTES) == 0;
        sodium_memzero(&state, sizeof state);
        sodium_memzero(mac, sizeof mac);
    }
    return matches;
}

// ---------------------------------------------------------------------------- header, claims

static const cJSON *member(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool is_string(const cJSON *value, const char *wanted) {
    return cJSON_IsString(value) && strcmp(value->valuestring, wanted) == 0;
}

static bool is_header_good(text part) {
    cJSON *header = read_object(part);
    const cJSON *type = member(header, "typ");
    const bool type_good =
        type == NULL ||
        (cJSON_IsString(type) && text_equals_any_case(text_of(type->valuestring), "JWT"));
    // `crit` would ask for extensions to be understood, of which we know none.
    const bool good =
        is_string(member(header, "alg"), "HS256") && type_good && member(header, "crit") == NULL;
    cJSON_Delete(header);
    return good;
}

static jwt_result check_times(const cJSON *claims, int64_t now_s) {
    const double now = (double)now_s;
    const cJSON *expires = member(claims, "exp");
    const cJSON *not_before = member(claims, "nbf");
    if (!cJSON_IsNumber(expires) || (not_before != NULL && !cJSON_IsNumber(not_before))) {
        return JWT_INVALID;
    }
    if (not_before != NULL && now < not_before->valuedouble - JWT_LEEWAY_S) {
        return JWT_INVALID;
    }
    return now >= expires->valuedouble + JWT_LEEWAY_S ? JWT_EXPIRED : JWT_OK;
}

// A string, or an array that has it.
static bool is_or_has(const cJSON *value, const char *wanted) {
    if (!cJSON_IsArray(value)) {
        return is_string(value, wanted);
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, value) {
        if (is_string(item, wanted)) {
            return true;
        }
    }
    return false;
}

static bool is_for_us(const jwt_settings *settings, const cJSON *claims) {
    return (settings->issuer == NULL || is_string(member(claims, "iss"), settings->issuer)) &&
           (settings->audience == NULL || is_or_has(member(claims, "aud"), settings->audience));
}

static bool read_subject(const cJSON *claims, jwt_subject *subject) {
    const cJSON *name = member(claims, "sub");
    const char *string = name == NULL ? "" : cJSON_GetStringValue(name);
    if (string == NULL || strlen(string) > JWT_MAX_SUBJECT) {
        return false;
    }
    memcpy(subject->name, string, strlen(string) + 1);
    return true;
}

// Whether `word` is among the words of a string that are separated by blanks (RFC 8693).
static bool has_word(const char *words, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = words; *at != '\0';) {
        const size_t size = strcspn(at, " ");
        if (size == length && memcmp(at, word, length) == 0) {
            return true;
        }
        at += size;
        at += strspn(at, " ");
    }
    return false;
}

static bool may_classify(const cJSON *claims) {
    const char *scope = cJSON_GetStringValue(member(claims, "scope"));
    const cJSON *permissions = member(claims, "permissions");
    return (scope != NULL && has_word(scope, PERMISSION)) ||
           (cJSON_IsArray(permissions) && is_or_has(permissions, PERMISSION)) ||
           cJSON_IsTrue(member(claims, PERMISSION));
}

static jwt_result check_claims(const jwt_settings *settings, const cJSON *claims, int64_t now_s,
                               jwt_subject *subject) {
    jwt_subject found;
    if (claims == NULL || !is_for_us(settings, claims) || !read_subject(claims, &found)) {
        return JWT_INVALID;
    }
    const jwt_result result = check_times(claims, now_s);
    if (result != JWT_OK) {
        return result;
    }
    *subject = found;
    return may_classify(claims) ? JWT_OK : JWT_FORBIDDEN;
}

// ---------------------------------------------------------------------------- entry points

jwt_result jwt_check(const jwt_settings *settings, text authorization, int64_t now_s,
                     jwt_subject *subject) {
    text token = {"", 0};
    const jwt_result found = find_token(authorization, &token);
    if (found != JWT_OK) {
        return found;
    }
    // JSON is read only once the signature holds: strangers reach nothing but base64 and HMAC.
    token_parts parts;
    if (!split(token, &parts) || !is_signed(settings, &parts) || !is_header_good(parts.header)) {
        return JWT_INVALID;
    }
    cJSON *claims = read_object(parts.claims);
    const jwt_result result = check_claims(settings, claims, now_s, subject);
    cJSON_Delete(claims);
    return result;
}

int jwt_status(jwt_result result) { return result == JWT_FORBIDDEN ? 403 : 401; }

#define CHALLENGE "Bearer realm=\"email-classifier\""

const char *jwt_challenge(jwt_result result) {
    switch (result) {
    case JWT_INVALID:
        return CHALLENGE ", error=\"invalid_token\", error_description=\"The token is not valid\"";
    case JWT_EXPIRED:
        return CHALLENGE ", error=\"invalid_token\", error_description=\"The token has expired\"";
    case JWT_FORBIDDEN:
        return CHALLENGE ", error=\"insufficient_scope\", scope=\"" PERMISSION "\"";
    case JWT_OK:
    case JWT_MISSING:
        break;
    }
    return CHALLENGE;
}

const char *jwt_detail(jwt_result result) {
    switch (result) {
    case JWT_MISSING:
        return "A bearer token is needed in the header Authorization.";
    case JWT_INVALID:
        return "The token is not valid.";
    case JWT_EXPIRED:
        return "The token has expired.";
    case JWT_FORBIDDEN:
        return "The token lacks the permission " PERMISSION ".";
    case JWT_OK:
        break;
    }
    return "The token is good.";
}
