// SPDX-License-Identifier: Apache-2.0
// Which rule fires, and the scores of what is answered without a model.
#include "rules.h"

#include <stdlib.h>

#include "ec_test.h"
#include "scores.h"

static const ec_rules RULES = {
    .count = 3,
    .items =
        {
            {.class_id = 3, .confidence = 0.9f, .word_count = 2, .words = {"stolen", "theft"}},
            {.class_id = 1, .confidence = 0.8f, .word_count = 2, .words = {"crash", "ran into"}},
            {.class_id = 4,
             .confidence = 0.7f,
             .word_count = 3,
             .words = {"pare-brise",
                       "vitre cass\xC3\xA9"
                       "e",
                       "\xE7\x8E\xBB\xE7\x92\x83"}},
        },
};

// The class of the rule that fires, or -1.
static int fired(const char *subject, const char *message) {
    const ec_email email = {subject, strlen(subject), message, strlen(message)};
    const ec_rule *rule = ec_rules_match(&RULES, &email);
    return rule != NULL ? (int)rule->class_id : -1;
}

static void test_whole_words(void) {
    EC_CHECK_EQUAL(fired("x", "it was stolen"), 3);
    EC_CHECK_EQUAL(fired("stolen", "x"), 3);
    EC_CHECK_EQUAL(fired("x", "STOLEN!"), 3);
    EC_CHECK_EQUAL(fired("x", "(Crash)"), 1);
    EC_CHECK_EQUAL(fired("x", "crash-test"), 1);
    EC_CHECK_EQUAL(fired("x", "my_crash_report"), 1);
    EC_CHECK_EQUAL(fired("x", "crash's"), 1);
    EC_CHECK_EQUAL(fired("x", "crashed"), -1);
    EC_CHECK_EQUAL(fired("x", "gatecrash"), -1);
    EC_CHECK_EQUAL(fired("x", "crash2"), -1);
    EC_CHECK_EQUAL(fired("x", "2crash"), -1);
    EC_CHECK_EQUAL(fired("x", "crashcrash crash"), 1);
    EC_CHECK_EQUAL(fired("cra", "sh"), -1);
    EC_CHECK_EQUAL(fired("", ""), -1);
}

static void test_other_scripts(void) {
    EC_CHECK_EQUAL(fired("x", "crash\xC3\xA9"), -1);  // a letter follows
    EC_CHECK_EQUAL(fired("x", "\xD1\x8F"
                              "crash"),
                   -1);  // Cyrillic before
    EC_CHECK_EQUAL(fired("x", "\xE8\xBB\x8A"
                              "crash"),
                   -1);                                      // an ideograph is a letter too
    EC_CHECK_EQUAL(fired("x", "crash\xF0\x9F\x92\xA5"), 1);  // an emoji is not
    EC_CHECK_EQUAL(fired("x", "\xE2\x80\x9C"
                              "crash\xE2\x80\x9D"),
                   1);
    EC_CHECK_EQUAL(fired("x", "\xC2\xAB"
                              "crash\xC2\xBB"),
                   1);
    EC_CHECK_EQUAL(fired("x", "cr\xC3\xA0sh"), 1);   // accents fold
    EC_CHECK_EQUAL(fired("x", "cra\xCC\x80sh"), 1);  // combining ones too
    EC_CHECK_EQUAL(fired("x", "cra\xC2\xADsh"), 1);  // soft hyphen
    EC_CHECK_EQUAL(fired("x", "crash\xCC\x80"), 1);
    EC_CHECK_EQUAL(fired("x", "VITRE CASS\xC3\x89"
                              "E"),
                   4);
    EC_CHECK_EQUAL(fired("x", "vitre cassee"), 4);
    EC_CHECK_EQUAL(fired("x", "Pare-Brise"), 4);
    EC_CHECK_EQUAL(fired("x", "\xE7\x8E\xBB\xE7\x92\x83\xE3\x80\x82"), 4);
}

static void test_spaces(void) {
    EC_CHECK_EQUAL(fired("x", "he ran into me"), 1);
    EC_CHECK_EQUAL(fired("x", "he ran \r\n\t\xC2\xA0 into me"), 1);
    EC_CHECK_EQUAL(fired("x", "he ran. into me"), -1);
    EC_CHECK_EQUAL(fired("x", "he raninto me"), -1);
    EC_CHECK_EQUAL(fired("x", "ran"), -1);
    EC_CHECK_EQUAL(fired("x", "ran "), -1);
    EC_CHECK_EQUAL(fired("x", "ran ran into"), 1);
}

// A run of white space takes linear time: quadratic would take hours here.
static void test_long_spaces(void) {
    enum { SPACES = 200000 };
    char *const text = malloc(SPACES + sizeof "ran into");
    if (!EC_CHECK(text != NULL)) {
        return;
    }
    memset(text, ' ', SPACES + sizeof "ran into");
    memcpy(text, "ran", 3);
    memcpy(text + 3 + SPACES, "into", 5);
    EC_CHECK_EQUAL(fired("x", text), 1);
    text[0] = 'R' + 1;
    EC_CHECK_EQUAL(fired("x", text), -1);
    free(text);
}

// The order of the rules decides, not the place in the email.
static void test_order(void) {
    EC_CHECK_EQUAL(fired("crash", "and theft"), 3);
    EC_CHECK_EQUAL(fired("x", "crash, vitre cassee, stolen"), 3);
    EC_CHECK_EQUAL(fired("vitre cassee", "crash"), 1);
}

static void test_builtin(void) {
    EC_CHECK(ec_builtin_rules.count > 0);
    for (uint32_t i = 0; i < ec_builtin_rules.count; i++) {
        const ec_rule *rule = &ec_builtin_rules.items[i];
        EC_CHECK(rule->class_id < ec_builtin_info.label_count);
        EC_CHECK(rule->confidence > 0.0f && rule->confidence <= 1.0f);
        const ec_email email = {"x", 1, rule->words[0], strlen(rule->words[0])};
        const ec_rule *first = ec_rules_match(&ec_builtin_rules, &email);
        EC_CHECK(first != NULL && first <= rule);
    }
    const ec_rules none = {0};
    const ec_email email = {"stolen", 6, "stolen", 6};
    EC_CHECK(ec_rules_match(&none, &email) == NULL);
}

static bool near(float a, float b) { return a - b < 1e-6f && b - a < 1e-6f; }

static float sum(const ec_answer *answer) {
    float total = 0.0f;
    for (uint32_t i = 0; i < answer->score_count; i++) {
        total += answer->scores[i];
    }
    return total;
}

static void test_rule_scores(void) {
    ec_answer answer = {0};
    ec_scores_from_rule(2, 0.9f, 6, &answer);
    EC_CHECK_EQUAL(answer.class_id, 2);
    EC_CHECK_EQUAL(answer.score_count, 6);
    EC_CHECK(near(answer.confidence, 0.9f) && near(answer.scores[2], 0.9f));
    EC_CHECK(near(answer.scores[0], 0.02f) && near(answer.scores[5], 0.02f));
    EC_CHECK(near(sum(&answer), 1.0f));
    ec_scores_of_default(5, 6, &answer);
    EC_CHECK(answer.class_id == 5 && near(answer.confidence, 0.0f) && near(sum(&answer), 0.0f));
}

static void test_softmax(void) {
    ec_answer answer = {0};
    const float logits[3] = {0.0f, 0.6931472f, 0.0f};
    ec_scores_from_logits(logits, 3, 1.0f, &answer);
    EC_CHECK(answer.class_id == 1 && near(answer.confidence, 0.5f));
    EC_CHECK(near(answer.scores[0], 0.25f));
    ec_scores_from_logits(logits, 3, 0.5f, &answer);
    EC_CHECK(near(answer.confidence, 4.0f / 6.0f));
    const float huge[3] = {3e38f, -3e38f, 3e38f};
    ec_scores_from_logits(huge, 3, 0.01f, &answer);
    EC_CHECK(answer.class_id == 0 && near(answer.confidence, 0.5f) && near(sum(&answer), 1.0f));
}

int main(void) {
    test_whole_words();
    test_other_scripts();
    test_spaces();
    test_long_spaces();
    test_order();
    test_builtin();
    test_rule_scores();
    test_softmax();
    return ec_test_result();
}
