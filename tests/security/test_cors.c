// SPDX-License-Identifier: Apache-2.0
// The list of allowed origins.
#include "ec_test.h"
#include "security/cors.h"

static void test_lists(void) {
    static const char *const good[] = {"",
                                       " , ",
                                       "*",
                                       "https://a.example",
                                       "https://a.example, http://localhost:5173",
                                       "http://[::1]:8080",
                                       "chrome-extension://abcdefgh"};
    static const char *const bad[] = {"a.example",
                                      "https://",
                                      "https://a.example/",
                                      "https://a.example/x",
                                      "HTTPS://a.example",
                                      "https://A.example",
                                      "https://u@a.example",
                                      "://a",
                                      "null",
                                      "https://*.a.example",
                                      "**"};
    cors_origins origins;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        EC_CHECK_CASE(cors_parse(text_of(good[i]), &origins) == NULL, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EC_CHECK_CASE(cors_parse(text_of(bad[i]), &origins) != NULL, bad[i]);
    }
    EC_CHECK(cors_parse((text){"https://a\0b", 11}, &origins) != NULL);
    char list[9 * (CORS_MAX_ORIGINS + 1) + 1] = "";
    for (int i = 0; i <= CORS_MAX_ORIGINS; i++) {
        EC_CHECK(cors_parse(text_of(list), &origins) == NULL);
        strcat(list, "http://a ");
    }
    EC_CHECK(cors_parse(text_of(list), &origins) != NULL);
}

static void test_origins(void) {
    cors_origins origins;
    EC_CHECK(cors_parse(text_of("https://a.example,http://localhost:5173"), &origins) == NULL);
    EC_CHECK(cors_allows(&origins, text_of("https://a.example")));
    EC_CHECK(cors_allows(&origins, text_of("http://localhost:5173")));
    static const char *const others[] = {"",
                                         "null",
                                         "http://a.example",
                                         "https://a.example.evil.example",
                                         "https://evil-a.example",
                                         "https://a.exampl",
                                         "https://a.example:443",
                                         "http://localhost",
                                         "*"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        EC_CHECK_CASE(!cors_allows(&origins, text_of(others[i])), others[i]);
    }
    EC_CHECK(cors_parse(text_of("*"), &origins) == NULL);
    EC_CHECK(origins.any && cors_allows(&origins, text_of("https://any.example")));
    EC_CHECK(cors_parse(text_of(""), &origins) == NULL);
    EC_CHECK(!cors_allows(&origins, text_of("https://a.example")));
    EC_CHECK(!cors_allows(&origins, text_of("")));
}

int main(void) {
    test_lists();
    test_origins();
    return ec_test_result();
}
