// SPDX-License-Identifier: Apache-2.0
// Sentences of a text, and what leaving each out changes.
#include <cJSON.h>
#include <math.h>
#include <stdlib.h>

#include "counted_alloc.h"
#include "ec_test.h"
#include "email_classifier.h"
#include "model.h"
#include "sentences.h"
#include "tiny_model.h"

// ------------------------------------------------------------- sentences

#define LONG_LINE "This line was broken because it was too long to fit where it was"

typedef struct split_case {
    const char *name, *text;
    size_t max;
    const char *parts;  // with | between
} split_case;

static const split_case splits[] = {
    {"one", "No full stop here", 10, "No full stop here"},
    {"blank ends", " \n The end of it all. \t", 10, "The end of it all."},
    {"only blanks", " \n\t ", 10, ""},
    {"empty", "", 10, ""},
    {"marks", "Is this my car or not?  It is my own car! So it goes ... somehow", 10,
     "Is this my car or not?|It is my own car! So it goes ...|somehow"},
    {"number", "It costs 12.50 pounds at www.garage.example every day", 10,
     "It costs 12.50 pounds at www.garage.example every day"},
    {"short ones go on", "Hi. Dr. Smith here, my car is gone. Bye.", 10,
     "Hi. Dr. Smith here, my car is gone.|Bye."},
    {"quotes", "He said \"it is a total loss.\" Then he left (without paying.) Rude", 10,
     "He said \"it is a total loss.\"|Then he left (without paying.)|Rude"},
    {"typographic", "She told me \xE2\x80\x9Cnever again\xE2\x80\xA6\xE2\x80\x9D and that was it",
     10, "She told me \xE2\x80\x9Cnever again\xE2\x80\xA6\xE2\x80\x9D|and that was it"},
    {"short line", "My policy number is 88\nPlease call me back", 10,
     "My policy number is 88|Please call me back"},
    {"wrapped line", LONG_LINE "\nbut it goes on here", 10, LONG_LINE "\nbut it goes on here"},
    {"wrapped, later sentence",
     "A first sentence of the line. The second one goes beyond\nits end. Third", 10,
     "A first sentence of the line.|The second one goes beyond|its end. Third"},
    {"blank line", LONG_LINE "\n\nnew paragraph", 10, LONG_LINE "|new paragraph"},
    {"joined", "One sentence number one. One sentence number two. One sentence number three.", 2,
     "One sentence number one. One sentence number two.|One sentence number three."},
    {"all in one", "One sentence number one. One sentence number two.", 1,
     "One sentence number one. One sentence number two."},
};

static void test_splits(void) {
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        const split_case *c = &splits[i];
        ec_part parts[10];
        char joined[300] = "";
        const size_t count = ec_sentences(c->text, strlen(c->text), c->max, parts);
        for (size_t p = 0; p < count; p++) {
            strcat(joined, p > 0 ? "|" : "");
            strncat(joined, c->text + parts[p].start, parts[p].length);
        }
        if (!EC_CHECK_CASE(strcmp(joined, c->parts) == 0, c->name)) {
            fprintf(stderr, "  got %s\n", joined);
        }
    }
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Whatever the text: in order, at most max, no blanks at the ends, only blanks between.
static bool covers(const char *text, size_t length, size_t max) {
    ec_part parts[EC_MAX_SENTENCES];
    const size_t count = ec_sentences(text, length, max, parts);
    size_t at = 0;
    bool ok = count <= max;
    for (size_t i = 0; i <= count && ok; i++) {
        const size_t next = i < count ? parts[i].start : length;
        ok = next >= at;
        for (; at < next && ok; at++) {
            ok = is_blank(text[at]);
        }
        if (i < count && ok) {
            at += parts[i].length;
            ok = parts[i].length > 0 && at <= length && !is_blank(text[parts[i].start]) &&
                 !is_blank(text[at - 1]);
        }
    }
    return ok;
}

static void test_any_text(void) {
    static const char alphabet[] = "ab. !?\n\t)\"\xE2\x80\xA6\x9D.";
    uint64_t state = 11;
    size_t wrong = 0;
    for (int round = 0; round < 20000; round++) {
        const size_t length = tiny_random(&state) % 300;
        char *text = malloc(length + 1);  // exactly, so that sanitizers see a byte too far
        for (size_t i = 0; i < length; i++) {
            text[i] = alphabet[tiny_random(&state) % (sizeof alphabet - 1)];
        }
        text = realloc(text, length > 0 ? length : 1);
        wrong += !covers(text, length, 1 + tiny_random(&state) % EC_MAX_SENTENCES);
        free(text);
    }
    EC_CHECK_EQUAL(wrong, 0);
}

// ------------------------------------------------------------- explanations

static const char SUBJECT[] = "  theft of a car ";
static const char MESSAGE[] =
    "  I was at home the whole time. It is gone now, sad but so!\n\nPlease call me back at once. "
    "The crash was last year, not now. Bye bye and all the best from me";

static const ec_email EMAIL = {SUBJECT, sizeof SUBJECT - 1, MESSAGE, sizeof MESSAGE - 1};

static ec_classifier *classifier_of(const ec_model *model, const ec_shared *shared) {
    const ec_classifier_options options = {.struct_size = sizeof options, .shared = shared};
    ec_classifier *classifier = NULL;
    EC_CHECK_EQUAL(ec_classifier_new(model, &options, &classifier, NULL), EC_OK);
    return classifier;
}

// Scores of [CLS] subject [SEP] message [SEP] from the bare network.
static void scores_by_hand(const ec_model *model, ec_classifier *classifier, const ec_email *email,
                           float *scores) {
    const ec_model_info *info = ec_model_get_info(model);
    uint32_t ids[512];
    uint8_t types[512];
    const size_t count = ec_model_tokenize(model, email, ids, 512);
    const ec_email subject = {email->subject, email->subject_length, NULL, 0};
    const size_t head = ec_model_tokenize(model, &subject, NULL, 0) - 1;
    for (size_t i = 0; i < count; i++) {
        types[i] = i >= head;
    }
    float logits[EC_MAX_LABELS];
    EC_CHECK_EQUAL(ec_classifier_logits(classifier, ids, types, count, logits, NULL), EC_OK);
    float sum = 0.0f;
    for (uint32_t i = 0; i < info->label_count; i++) {
        scores[i] = expf(logits[i] / info->temperature);
        sum += scores[i];
    }
    for (uint32_t i = 0; i < info->label_count; i++) {
        scores[i] /= sum;
    }
}

// The email without one part, by cutting its text.
static void check_part(const ec_model *model, ec_classifier *classifier, const ec_answer *answer,
                       const ec_sentence *part) {
    char rest[sizeof MESSAGE];
    const size_t end = part->start + part->length;
    memcpy(rest, MESSAGE, part->start);
    memcpy(rest + part->start, MESSAGE + end, EMAIL.message_length - end);
    ec_email email = EMAIL;
    if (part->in_subject) {
        email.subject_length = 0;
    } else {
        email.message = rest;
        email.message_length -= part->length;
    }
    float scores[EC_MAX_LABELS];
    scores_by_hand(model, classifier, &email, scores);
    const float weight = answer->confidence - scores[answer->class_id];
    EC_CHECK(fabsf(part->weight - weight) < 1e-5f);
    EC_CHECK(fabsf(part->confidence_without - scores[part->class_id_without]) < 1e-5f);
    for (uint32_t i = 0; i < answer->score_count; i++) {
        EC_CHECK(scores[i] <= part->confidence_without + 1e-5f);
    }
}

static void test_parts(const ec_model *model) {
    ec_classifier *classifier = classifier_of(model, NULL);
    ec_answer answer;
    ec_answer plain;
    ec_explanation explanation;
    EC_CHECK_EQUAL(ec_classify(classifier, &EMAIL, 0, &plain, NULL), EC_OK);
    EC_CHECK_EQUAL(ec_explain(classifier, &EMAIL, 0, &answer, &explanation, NULL), EC_OK);
    EC_CHECK_EQUAL(answer.class_id, plain.class_id);
    EC_CHECK(fabsf(answer.confidence - plain.confidence) < 1e-6f);
    EC_CHECK_EQUAL(explanation.sentence_count, 6);
    EC_CHECK(explanation.sentences[0].in_subject);
    EC_CHECK_EQUAL(explanation.sentences[0].start, 2);
    EC_CHECK_EQUAL(explanation.sentences[0].length, strlen("theft of a car"));
    EC_CHECK_BYTES(MESSAGE + explanation.sentences[3].start, "Please call me back at once.", 28);
    for (uint32_t i = 0; i < explanation.sentence_count; i++) {
        check_part(model, classifier, &answer, &explanation.sentences[i]);
    }
    EC_CHECK(explanation.runner_up != answer.class_id);
    for (uint32_t i = 0; i < answer.score_count; i++) {
        EC_CHECK(i == answer.class_id || answer.scores[i] <= explanation.runner_up_confidence);
    }
    ec_classifier_free(classifier);
}

static void test_long_email(const ec_model *model) {
    static char message[EC_MESSAGE_MAX];
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = i % 40 == 38 ? '.' : i % 40 == 39 || i % 7 == 0 ? ' ' : 'a';
    }
    const ec_email email = {"long", 4, message, sizeof message};
    ec_classifier *classifier = classifier_of(model, NULL);
    ec_answer answer;
    ec_explanation explanation;
    const long tries = counted_alloc_tries();
    EC_CHECK_EQUAL(ec_explain(classifier, &email, 0, &answer, &explanation, NULL), EC_OK);
    EC_CHECK_EQUAL(counted_alloc_tries(), tries);
    EC_CHECK_EQUAL(explanation.sentence_count, EC_MAX_SENTENCES);
    ec_classifier_free(classifier);
}

#define OWN_TEXT "I was at home the whole time. It is gone now, sad but so!"
#define QUOTE "On Mon, Nov 3, 2025 at 10:12 AM A <a@b.example> wrote:\n> The crash was last year."

// What was left out is reported, and is not read. Places are those of the email as it was given.
static void test_cleaned(const ec_model *model) {
    static const char message[] = " \n" OWN_TEXT "\n\n" QUOTE "\n";
    const ec_email email = {"theft", 5, message, sizeof message - 1};
    const ec_email own = {"theft", 5, OWN_TEXT, sizeof OWN_TEXT - 1};
    ec_classifier *classifier = classifier_of(model, NULL);
    ec_answer answer;
    ec_answer plain;
    ec_explanation explanation;
    const long tries = counted_alloc_tries();
    EC_CHECK_EQUAL(ec_explain(classifier, &email, 0, &answer, &explanation, NULL), EC_OK);
    EC_CHECK_EQUAL(ec_classify(classifier, &own, 0, &plain, NULL), EC_OK);
    EC_CHECK_EQUAL(counted_alloc_tries(), tries);
    EC_CHECK_EQUAL(answer.tokens, plain.tokens);
    EC_CHECK_BYTES(answer.scores, plain.scores, plain.score_count * sizeof *plain.scores);
    EC_CHECK_EQUAL(explanation.left_out_count, 1);
    EC_CHECK_EQUAL(explanation.left_out[0].kind, EC_LEFT_OUT_QUOTED);
    EC_CHECK_EQUAL(explanation.left_out[0].length, sizeof QUOTE - 1);
    EC_CHECK_BYTES(message + explanation.left_out[0].start, QUOTE, sizeof QUOTE - 1);
    EC_CHECK_EQUAL(explanation.sentence_count, 3);
    EC_CHECK_BYTES(message + explanation.sentences[2].start, "It is gone now, sad but so!", 27);
    EC_CHECK_EQUAL(explanation.sentences[2].length, 27);
    ec_classifier_free(classifier);

    const ec_classifier_options whole = {.struct_size = sizeof whole, .whole_messages = true};
    EC_CHECK_EQUAL(ec_classifier_new(model, &whole, &classifier, NULL), EC_OK);
    EC_CHECK_EQUAL(ec_explain(classifier, &email, 0, &answer, &explanation, NULL), EC_OK);
    EC_CHECK(answer.tokens > plain.tokens);
    EC_CHECK_EQUAL(explanation.left_out_count, 0);
    ec_classifier_free(classifier);
}

// HTML: a sentence is where its first and last characters are, references whole.
static void test_cleaned_html(const ec_model *model) {
    static const char message[] =
        "<p>Gone &amp; away for the whole time &eacute;</p><p>Sad &lt;but&gt;";
    const ec_email email = {"theft", 5, message, sizeof message - 1};
    ec_classifier *classifier = classifier_of(model, NULL);
    ec_answer answer;
    ec_explanation explanation;
    EC_CHECK_EQUAL(ec_explain(classifier, &email, 0, &answer, &explanation, NULL), EC_OK);
    EC_CHECK_EQUAL(explanation.sentence_count, 3);
    EC_CHECK_EQUAL(explanation.sentences[1].start, 3);
    EC_CHECK_EQUAL(explanation.sentences[1].length,
                   strlen("Gone &amp; away for the whole time &eacute;"));
    EC_CHECK_EQUAL(explanation.sentences[2].length, strlen("Sad &lt;but&gt;"));
    ec_classifier_free(classifier);
}

// The rules read what the model would.
static void test_cleaned_rules(void) {
    static const char message[] = OWN_TEXT "\n\n" QUOTE;
    const ec_email email = {"hello", 5, message, sizeof message - 1};
    ec_classifier *classifier = classifier_of(NULL, NULL);
    ec_answer answer;
    EC_CHECK_EQUAL(ec_classify(classifier, &email, 0, &answer, NULL), EC_OK);
    EC_CHECK_EQUAL(answer.source, EC_SOURCE_DEFAULT);
    ec_classifier_free(classifier);
}

static void test_without_model(const ec_model *model) {
    ec_classifier *classifier = classifier_of(NULL, NULL);
    ec_answer answer;
    ec_explanation explanation;
    EC_CHECK_EQUAL(ec_explain(classifier, &EMAIL, 0, &answer, &explanation, NULL), EC_OK);
    EC_CHECK_EQUAL(answer.source, EC_SOURCE_RULES);
    EC_CHECK_EQUAL(explanation.sentence_count, 0);
    EC_CHECK_EQUAL(ec_explain(classifier, &EMAIL, 0, &answer, NULL, NULL), EC_ERROR_ARGUMENT);
    ec_classifier_free(classifier);

    ec_breaker breaker;
    ec_breaker_init(&breaker, 1, 1000);
    ec_breaker_failure(&breaker, 0);
    const ec_shared shared = {.breaker = &breaker};
    classifier = classifier_of(model, &shared);
    EC_CHECK_EQUAL(ec_explain(classifier, &EMAIL, 1, &answer, &explanation, NULL), EC_OK);
    EC_CHECK(answer.fallback_used);
    EC_CHECK_EQUAL(explanation.sentence_count, 0);
    ec_classifier_free(classifier);
}

static void test_refused(const ec_model *model) {
    ec_classifier *classifier = classifier_of(model, NULL);
    const ec_email bad = {"x", 1, "short", 5};
    ec_answer answer = {.tokens = 7};
    ec_explanation explanation = {.sentence_count = 7};
    ec_error error;
    EC_CHECK_EQUAL(ec_explain(classifier, &bad, 0, &answer, &explanation, &error),
                   EC_ERROR_TOO_SHORT);
    EC_CHECK_STRING(error.field, "message");
    EC_CHECK_EQUAL(answer.tokens, 7);
    EC_CHECK_EQUAL(explanation.sentence_count, 7);
    ec_classifier_free(classifier);
}

static void test_json(const ec_model *model) {
    ec_classifier *classifier = classifier_of(model, NULL);
    ec_answer answer;
    ec_explanation explanation;
    char text[4000];
    EC_CHECK_EQUAL(ec_explain(classifier, &EMAIL, 0, &answer, &explanation, NULL), EC_OK);
    explanation.sentences[1].weight = -0.25f;
    ec_format_explained(&answer, &explanation, model, 1.0, text, sizeof text);
    cJSON *json = cJSON_ParseWithOpts(text, NULL, true);
    const cJSON *object = cJSON_GetObjectItem(json, "explanation");
    const cJSON *sentences = cJSON_GetObjectItem(object, "sentences");
    EC_CHECK_STRING(cJSON_GetObjectItem(object, "runner_up")->valuestring,
                    ec_model_get_info(model)->labels[explanation.runner_up]);
    EC_CHECK_EQUAL(cJSON_GetArraySize(sentences), 6);
    const cJSON *first = cJSON_GetArrayItem(sentences, 1);
    EC_CHECK_STRING(cJSON_GetObjectItem(first, "field")->valuestring, "message");
    EC_CHECK(cJSON_GetObjectItem(first, "weight")->valuedouble == -0.25);
    EC_CHECK_EQUAL(cJSON_GetObjectItem(first, "start")->valueint, 2);
    EC_CHECK_EQUAL(cJSON_GetObjectItem(first, "end")->valueint, 31);
    EC_CHECK_EQUAL(cJSON_GetArraySize(cJSON_GetObjectItem(object, "left_out")), 0);
    cJSON_Delete(json);
    explanation.left_out_count = 1;
    explanation.left_out[0] = (ec_left_out){EC_LEFT_OUT_BANNER, 2, 40};
    ec_format_explained(&answer, &explanation, model, 1.0, text, sizeof text);
    EC_CHECK(strstr(text, "],\"left_out\":[{\"kind\":\"banner\",\"start\":2,\"end\":42}]}}") !=
             NULL);
    ec_classifier_free(classifier);
}

int main(void) {
    size_t size = 0;
    ec_model *model = NULL;
    tiny_shape shape = tiny_default;
    shape.max_tokens = 512;  // the email in one window
    uint8_t *bundle = tiny_bundle_new(&shape, 3, NULL, &size);
    EC_CHECK_EQUAL(ec_model_load(bundle, size, &model, NULL), EC_OK);
    test_splits();
    test_any_text();
    test_parts(model);
    test_long_email(model);
    test_cleaned(model);
    test_cleaned_html(model);
    test_cleaned_rules();
    test_without_model(model);
    test_refused(model);
    test_json(model);
    ec_model_free(model);
    free(bundle);
    return ec_test_result();
}
