// SPDX-License-Identifier: Apache-2.0
// Explanations: how the answer changes when a part of the email is left out.
#include "classifier.h"
#include "clean.h"
#include "error.h"
#include "scores.h"
#include "sentences.h"

#include <math.h>

// The next likely label after the answer's.
static void find_runner_up(const ec_answer *answer, ec_explanation *explanation) {
    explanation->runner_up = answer->class_id;
    for (uint32_t i = 0; i < answer->score_count; i++) {
        const bool first = explanation->runner_up == answer->class_id;
        if (i != answer->class_id &&
            (first || answer->scores[i] > answer->scores[explanation->runner_up])) {
            explanation->runner_up = i;
        }
    }
    explanation->runner_up_confidence =
        explanation->runner_up != answer->class_id ? answer->scores[explanation->runner_up] : 0.0f;
}

// What cleaning left out of a trimmed email, with offsets in the email as it was given.
static void list_left_out(const ec_email *email, const ec_email *trimmed, const ec_cleaned *cleaned,
                          ec_explanation *explanation) {
    const size_t offset = (size_t)(trimmed->message - email->message);
    explanation->left_out_count = cleaned->left_out_count;
    for (uint32_t i = 0; i < cleaned->left_out_count; i++) {
        explanation->left_out[i] = cleaned->left_out[i];
        explanation->left_out[i].start += offset;
    }
}

// The parts of what was read of a trimmed email, with offsets in the email as it was given.
// `cleaned` may be NULL.
static void find_sentences(const ec_email *email, const ec_email *trimmed,
                           const ec_cleaned *cleaned, const ec_part *parts, size_t count,
                           ec_explanation *explanation) {
    explanation->sentences[0] = (ec_sentence){
        .in_subject = true,
        .start = (size_t)(trimmed->subject - email->subject),
        .length = trimmed->subject_length,
    };
    const size_t offset = (size_t)(trimmed->message - email->message);
    for (size_t i = 0; i < count; i++) {
        size_t start = parts[i].start;
        size_t length = parts[i].length;
        if (cleaned != NULL) {
            ec_cleaned_origin(cleaned, trimmed, &start, &length);
        }
        explanation->sentences[i + 1] = (ec_sentence){.start = offset + start, .length = length};
    }
    explanation->sentence_count = (uint32_t)count + 1;
}

// How many parts to split a message of so many bytes into. Each costs a forward pass, so a typical
// email has few, and more than those only when they are long enough to be worth it.
static size_t most_parts(size_t length) {
    enum { TYPICAL = 5, WORTH = 120 };  // parts; bytes of a part
    const size_t worth = length / WORTH;
    const size_t most = worth < EC_MAX_SENTENCES - 1 ? worth : EC_MAX_SENTENCES - 1;
    return most > TYPICAL ? most : TYPICAL;
}

// What the answer would be with these logits.
static void weigh(const ec_model_info *info, const float *logits, const ec_answer *answer,
                  ec_sentence *sentence) {
    ec_answer without;
    ec_scores_from_logits(logits, info->label_count, info->temperature, &without);
    sentence->class_id_without = without.class_id;
    sentence->confidence_without = without.confidence;
    sentence->weight = answer->scores[answer->class_id] - without.scores[answer->class_id];
}

// Fills sentences[] by reading the trimmed email again without each; none when a pass failed.
static void explain_email(ec_classifier *classifier, const ec_email *email, const ec_email *trimmed,
                          const ec_answer *answer, ec_explanation *explanation) {
    const ec_model_info *info = classifier->ladder.info;
    float *const logits = classifier->ladder.logits;
    ec_cleaned *const cleaned = classifier->ladder.cleaned;
    ec_part parts[EC_MAX_SENTENCES - 1];
    ec_email read = *trimmed;
    if (cleaned != NULL) {
        read = ec_cleaned_email(trimmed, cleaned);
        list_left_out(email, trimmed, cleaned, explanation);
    }
    if (answer->fallback_used || classifier->reader == NULL) {
        return;
    }
    const size_t count =
        ec_sentences(read.message, read.message_length, most_parts(read.message_length), parts);
    if (!ec_reader_leave_out(classifier->reader, &read, parts, count, logits)) {
        return;  // the answer stands, without its reasons
    }
    find_sentences(email, trimmed, cleaned, parts, count, explanation);
    for (size_t i = 0; i <= count; i++) {
        weigh(info, logits + i * info->label_count, answer, &explanation->sentences[i]);
    }
}

ec_status ec_explain(ec_classifier *classifier, const ec_email *email, uint64_t now_ms,
                     ec_answer *answer, ec_explanation *explanation, ec_error *error) {
    if (explanation == NULL) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "explanation", 0,
                       "The explanation is a null pointer.");
    }
    EC_RETURN_IF_ERROR(ec_classify(classifier, email, now_ms, answer, error));
    ec_email trimmed;
    EC_RETURN_IF_ERROR(ec_email_trim(email, classifier->ladder.policy, &trimmed, error));
    find_runner_up(answer, explanation);
    explanation->sentence_count = 0;
    explanation->left_out_count = 0;
    explain_email(classifier, email, &trimmed, answer, explanation);
    return EC_OK;
}
