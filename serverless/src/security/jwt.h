// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens (RFC 7519), HS256 only, as bearer tokens (RFC 6750). Pure: no clock, no memory of
// earlier tokens. Nothing here depends on the algorithm that a token claims beyond refusing others.
//
// A token is accepted when its signature is right by one of the secrets, `exp` is there and has not
// passed, `nbf` has when it is there, and `iss` and `aud` are those of the settings. The permission
// can_classify is a word of the string `scope`, an element of the array `permissions`, or a member
// "can_classify": true.
#ifndef SECURITY_JWT_H
#define SECURITY_JWT_H

#include "cli.h"

enum {
    JWT_MIN_SECRET = 32,  // bytes
    JWT_MAX_TOKEN = 8192,
    JWT_MAX_SUBJECT = 255,  // bytes; a longer subject is refused
    JWT_LEEWAY_S = 30,      // how far clocks may differ
    JWT_SECRETS = 2
};

typedef struct jwt_settings {
    text secrets[JWT_SECRETS];  // the present one and, while changing it, the one before; may be
                                // empty from the second on
    const char *issuer;         // NULL: any or none
    const char *audience;       // NULL: any or none
} jwt_settings;

typedef enum jwt_result {
    JWT_OK,
    JWT_MISSING,   // no token: 401
    JWT_INVALID,   // 401
    JWT_EXPIRED,   // 401
    JWT_FORBIDDEN  // a good token without the permission: 403
} jwt_result;

// Whom a good token speaks for.
typedef struct jwt_subject {
    char name[JWT_MAX_SUBJECT + 1];  // empty when the token has none
} jwt_subject;

// Whether a secret may be used: length and no more. NULL when it may, else why not.
const char *jwt_secret_problem(text secret);

// Checks the value of the header Authorization ("Bearer TOKEN"; length 0: there is none) at now_s,
// seconds since 1970. *subject is set for OK and FORBIDDEN only. Any thread.
jwt_result jwt_check(const jwt_settings *settings, text authorization, int64_t now_s,
                     jwt_subject *subject);

// HTTP status, value of WWW-Authenticate and sentence for people of a refusal. Static storage.
int jwt_status(jwt_result result);
const char *jwt_challenge(jwt_result result);
const char *jwt_detail(jwt_result result);

#endif
