// SPDX-License-Identifier: Apache-2.0
// Which emails are permitted, what is trimmed, what errors say, and what the key depends on.
#include "email.h"

#include <stdlib.h>

#include "ec_test.h"

#define GOOD_MESSAGE "My car does not start."
#define TEXT(literal) (literal), sizeof(literal) - 1

static ec_email email_of(const char *subject, size_t subject_length, const char *message,
                         size_t message_length) {
    return (ec_email){subject, subject_length, message, message_length};
}

typedef struct subject_case {
    const char *text;
    size_t length;
    ec_policy policy;
    ec_status status;
    size_t offset;
} subject_case;

static const subject_case SUBJECTS[] = {
    {TEXT("Hi"), EC_POLICY_TEXT, EC_OK, 0},
    {TEXT(""), EC_POLICY_TEXT, EC_ERROR_TOO_SHORT, 0},
    {TEXT(" \t\r\n\xC2\x85\xC2\xA0\xE3\x80\x80\xE2\x80\xA8"), EC_POLICY_TEXT, EC_ERROR_TOO_SHORT,
     0},
    {NULL, 0, EC_POLICY_TEXT, EC_ERROR_TOO_SHORT, 0},
    {NULL, 1, EC_POLICY_TEXT, EC_ERROR_ARGUMENT, 0},
    {TEXT("x"), (ec_policy)7, EC_ERROR_ARGUMENT, 0},
    // Bytes that are no UTF-8: stray, overlong, surrogate, above the last, cut off, in white space.
    {TEXT("ab\x80"), EC_POLICY_TEXT, EC_ERROR_UTF8, 2},
    {TEXT("\xC0\xAF"), EC_POLICY_TEXT, EC_ERROR_UTF8, 0},
    {TEXT("a\xED\xA0\x80"), EC_POLICY_TEXT, EC_ERROR_UTF8, 1},
    {TEXT("\xF4\x90\x80\x80"), EC_POLICY_TEXT, EC_ERROR_UTF8, 0},
    {TEXT("abc\xE2\x82"), EC_POLICY_TEXT, EC_ERROR_UTF8, 3},
    {TEXT("abc   \xFF"), EC_POLICY_TEXT, EC_ERROR_UTF8, 6},
    {TEXT("\x01 \xFF"), EC_POLICY_TEXT, EC_ERROR_UTF8, 2},
    // Controls and noncharacters; not at the ends, where some are white space.
    {TEXT("a\0b"), EC_POLICY_TEXT, EC_ERROR_CHARACTER, 1},
    {TEXT("  a\x1B[31m"), EC_POLICY_TEXT, EC_ERROR_CHARACTER, 3},
    {TEXT("a\x7F"), EC_POLICY_TEXT, EC_ERROR_CHARACTER, 1},
    {TEXT("a\x0B"
          "b"),
     EC_POLICY_TEXT, EC_ERROR_CHARACTER, 1},
    {TEXT("a\x0B"), EC_POLICY_TEXT, EC_OK, 0},
    {TEXT("a\xC2\x85"
          "b"),
     EC_POLICY_TEXT, EC_ERROR_CHARACTER, 1},
    {TEXT("a\xC2\x9F"), EC_POLICY_TEXT, EC_ERROR_CHARACTER, 1},
    {TEXT("a\xEF\xB7\x90"), EC_POLICY_TEXT, EC_ERROR_CHARACTER, 1},
    {TEXT("a\xEF\xBF\xBF"), EC_POLICY_TEXT, EC_ERROR_CHARACTER, 1},
    {TEXT("a\xF4\x8F\xBF\xBE"), EC_POLICY_TEXT, EC_ERROR_CHARACTER, 1},
    {TEXT("\x01"), EC_POLICY_TEXT, EC_ERROR_CHARACTER, 0},
    // Tab, line ends, U+FFFD, zero width, private use, emoji, any script.
    {TEXT("a\tb\r\nc"), EC_POLICY_TEXT, EC_OK, 0},
    {TEXT("\xEF\xBF\xBD \xE2\x80\x8D \xEE\x80\x80 \xF0\x9F\x9A\x97 \xD1\x8F \xE8\xBB\x8A"),
     EC_POLICY_TEXT, EC_OK, 0},
    // The strict policy.
    {TEXT("Policy no. 12-3_b, really?!"), EC_POLICY_STRICT, EC_OK, 0},
    {TEXT("a\xC2\xA0"
          "b\tc"),
     EC_POLICY_STRICT, EC_OK, 0},
    {TEXT("my car's"), EC_POLICY_STRICT, EC_ERROR_CHARACTER, 6},
    {TEXT("caf\xC3\xA9"), EC_POLICY_STRICT, EC_ERROR_CHARACTER, 3},
    {TEXT("a/b"), EC_POLICY_STRICT, EC_ERROR_CHARACTER, 1},
};

static void test_subjects(void) {
    for (size_t i = 0; i < sizeof SUBJECTS / sizeof *SUBJECTS; i++) {
        const subject_case *c = &SUBJECTS[i];
        const ec_email email = email_of(c->text, c->length, TEXT(GOOD_MESSAGE));
        ec_error error = {.status = EC_OK, .field = "untouched"};
        char name[40];
        snprintf(name, sizeof name, "subject case %zu", i);
        EC_CHECK_CASE(ec_validate(&email, c->policy, &error) == c->status, name);
        EC_CHECK_CASE(error.status == c->status && error.offset == c->offset, name);
        EC_CHECK_CASE(ec_validate(&email, c->policy, NULL) == c->status, name);
        if (c->status == EC_OK) {
            EC_CHECK_CASE(strcmp(error.field, "untouched") == 0, name);
        }
    }
}

// `count` copies of a character of `size` bytes, between two ideographic spaces.
static ec_status validate_repeated(const char *character, size_t count, bool in_subject,
                                   ec_error *error) {
    const size_t size = strlen(character);
    const size_t length = size * count + 6;
    char *text = malloc(length);
    memcpy(text, "\xE3\x80\x80", 3);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + 3 + i * size, character, size);
    }
    memcpy(text + length - 3, "\xE3\x80\x80", 3);
    const ec_email email = in_subject ? email_of(text, length, TEXT(GOOD_MESSAGE))
                                      : email_of(TEXT("Hi"), text, length);
    const ec_status status = ec_validate(&email, EC_POLICY_TEXT, error);
    free(text);
    return status;
}

static void test_limits(void) {
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE8\xBB\x8A", "\xF0\x9F\x9A\x97"};
    for (size_t i = 0; i < 4; i++) {
        const char *c = characters[i];
        EC_CHECK_EQUAL(validate_repeated(c, 1, true, NULL), EC_OK);
        EC_CHECK_EQUAL(validate_repeated(c, 200, true, NULL), EC_OK);
        EC_CHECK_EQUAL(validate_repeated(c, 201, true, NULL), EC_ERROR_TOO_LONG);
        EC_CHECK_EQUAL(validate_repeated(c, 9, false, NULL), EC_ERROR_TOO_SHORT);
        EC_CHECK_EQUAL(validate_repeated(c, 10, false, NULL), EC_OK);
        EC_CHECK_EQUAL(validate_repeated(c, 5000, false, NULL), EC_OK);
        EC_CHECK_EQUAL(validate_repeated(c, 5001, false, NULL), EC_ERROR_TOO_LONG);
    }
}

static void test_sentences(void) {
    ec_error error;
    validate_repeated("a", 201, true, &error);
    EC_CHECK_STRING(error.field, "subject");
    EC_CHECK_STRING(error.message, "The subject has 201 characters; at most 200 are allowed.");
    validate_repeated("a", 1, false, &error);
    EC_CHECK_STRING(error.field, "message");
    EC_CHECK_STRING(error.message, "The message has 1 character; it needs at least 10.");
    validate_repeated("a", 0, true, &error);
    EC_CHECK_STRING(error.message, "The subject is empty; it needs at least 1 character.");
    validate_repeated("\x02", 12, false, &error);
    EC_CHECK_STRING(error.field, "message");
    EC_CHECK_EQUAL(error.offset, 3);
    validate_repeated("\x02", 1, true, &error);
    EC_CHECK(strchr(error.message, 2) == NULL);
    validate_repeated("\xEF\xBF\xBE", 1, true, &error);
    EC_CHECK_STRING(error.message, "The subject holds a character at byte 3 that is not text; of "
                                   "control characters only tab and line ends are allowed.");
    const ec_email strict = email_of(TEXT("Zq\xC3\xA9Zq"), TEXT(GOOD_MESSAGE));
    EC_CHECK_EQUAL(ec_validate(&strict, EC_POLICY_STRICT, &error), EC_ERROR_CHARACTER);
    EC_CHECK(strstr(error.message, "Zq") == NULL);
    EC_CHECK(strlen(error.message) < sizeof error.message - 1);
}

static void test_message_may_hold_anything_under_strict(void) {
    const ec_email email = email_of(TEXT("Hi"), TEXT("caf\xC3\xA9 & co. don't (ever)"));
    EC_CHECK_EQUAL(ec_validate(&email, EC_POLICY_STRICT, NULL), EC_OK);
}

static void test_trim(void) {
    ec_email trimmed = {0};
    const ec_email email = email_of(TEXT(" \xC2\xA0Hi there\x0B "), TEXT("\r\n" GOOD_MESSAGE "\n"));
    EC_CHECK_EQUAL(ec_email_trim(&email, EC_POLICY_TEXT, &trimmed, NULL), EC_OK);
    EC_CHECK(trimmed.subject_length == 8 && memcmp(trimmed.subject, "Hi there", 8) == 0);
    EC_CHECK_EQUAL(trimmed.message, email.message + 2);
    EC_CHECK_EQUAL(trimmed.message_length, sizeof GOOD_MESSAGE - 1);
    ec_email untouched = {.subject_length = 77};
    const ec_email bad = email_of(TEXT("Hi"), TEXT("short"));
    EC_CHECK_EQUAL(ec_email_trim(&bad, EC_POLICY_TEXT, &untouched, NULL), EC_ERROR_TOO_SHORT);
    EC_CHECK_EQUAL(untouched.subject_length, 77);
    EC_CHECK_EQUAL(ec_validate(NULL, EC_POLICY_TEXT, NULL), EC_ERROR_ARGUMENT);
}

static bool same_key(const ec_email_key *a, const ec_email_key *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static void test_key(void) {
    uint8_t digest[32] = {1};
    const ec_email email = email_of(TEXT("ab"), TEXT("cdefghijkl"));
    const ec_email moved = email_of(TEXT("abc"), TEXT("defghijkl"));
    const ec_email other = email_of(TEXT("ab"), TEXT("cdefghijkm"));
    const ec_email_key key = ec_email_hash(&email, digest);
    ec_email_key different = ec_email_hash(&email, digest);
    EC_CHECK(same_key(&key, &different));
    different = ec_email_hash(&moved, digest);
    EC_CHECK(!same_key(&key, &different));
    different = ec_email_hash(&other, digest);
    EC_CHECK(!same_key(&key, &different));
    digest[31] = 1;
    different = ec_email_hash(&email, digest);
    EC_CHECK(!same_key(&key, &different));
}

int main(void) {
    test_subjects();
    test_limits();
    test_sentences();
    test_message_may_hold_anything_under_strict();
    test_trim();
    test_key();
    return ec_test_result();
}
