// SPDX-License-Identifier: Apache-2.0
#include "classifier.h"

#include <math.h>
#include <stdlib.h>

#include "cache.h"
#include "error.h"

// ------------------------------------------------------------- making

static ec_status check_options(const ec_model *model, const ec_classifier_options *options,
                               ec_error *error) {
    const ec_model_info *info = ec_model_get_info(model);
    const ec_shared *shared = options->shared;
    if (options->struct_size != sizeof *options) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "options", 0,
                       "The options' struct_size is %zu and not %zu.", options->struct_size,
                       sizeof *options);
    }
    if (options->policy != EC_POLICY_TEXT && options->policy != EC_POLICY_STRICT) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "options", 0, "The policy is unknown.");
    }
    if (isnan(options->review_threshold)) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "options", 0,
                       "The review threshold is not a number.");
    }
    if (shared != NULL && (shared->lock == NULL) != (shared->unlock == NULL)) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "options", 0,
                       "Lock and unlock must be given together.");
    }
    if (shared != NULL && shared->cache != NULL &&
        ec_cache_label_count(shared->cache) < info->label_count) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "options", 0,
                       "The cache is for %u labels but the model has %u.",
                       (unsigned)ec_cache_label_count(shared->cache), (unsigned)info->label_count);
    }
    return EC_OK;
}

static void fill_ladder(ec_ladder *ladder, const ec_model *model,
                        const ec_classifier_options *options) {
    ladder->info = ec_model_get_info(model);
    ladder->rules = model != NULL ? &model->rules : &ec_builtin_rules;
    ladder->model_digest = model != NULL ? model->digest : NULL;
    ladder->policy = options->policy;
    ladder->review_threshold = options->review_threshold != 0.0f ? options->review_threshold
                                                                 : ladder->info->review_threshold;
    if (options->shared != NULL) {
        ladder->shared = *options->shared;
    }
}

static ec_status add_reader(ec_classifier *classifier, const ec_model *model,
                            const ec_classifier_options *options, ec_error *error) {
    // More tokens than this cannot be used by EC_MAX_BATCH windows.
    const uint64_t most = (uint64_t)EC_MAX_BATCH * model->info.max_tokens;
    const uint32_t wanted = options->max_batch_tokens;
    const uint32_t tokens = wanted < most ? wanted : (uint32_t)most;
    EC_RETURN_IF_ERROR(ec_reader_new(model, tokens, options->threadpool, classifier->ladder.cleaned,
                                     &classifier->reader, error));
    ec_reader_watch(classifier->reader, options->on_pass, options->on_pass_context);
    classifier->max_tokens = model->info.max_tokens;
    classifier->ladder.predictor = (ec_predictor){ec_reader_predict, classifier->reader};
    return EC_OK;
}

ec_status ec_classifier_new(const ec_model *model, const ec_classifier_options *options,
                            ec_classifier **out, ec_error *error) {
    const ec_classifier_options defaults = {.struct_size = sizeof defaults};
    const ec_classifier_options *chosen = options != NULL ? options : &defaults;
    if (out == NULL) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "classifier", 0,
                       "There is no place for the classifier's pointer.");
    }
    EC_RETURN_IF_ERROR(check_options(model, chosen, error));
    ec_classifier *classifier = calloc(1, sizeof *classifier);
    if (classifier == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "classifier", 0,
                       "There is no memory for a classifier.");
    }
    fill_ladder(&classifier->ladder, model, chosen);
    classifier->ladder.cleaned = chosen->whole_messages ? NULL : &classifier->cleaned;
    const ec_status status = model != NULL ? add_reader(classifier, model, chosen, error) : EC_OK;
    if (status != EC_OK) {
        ec_classifier_free(classifier);
        return status;
    }
    *out = classifier;
    return EC_OK;
}

void ec_classifier_free(ec_classifier *classifier) {
    if (classifier != NULL) {
        ec_reader_free(classifier->reader);
        free(classifier);
    }
}

// ------------------------------------------------------------- classifying

ec_status ec_classify(ec_classifier *classifier, const ec_email *email, uint64_t now_ms,
                      ec_answer *answer, ec_error *error) {
    if (classifier == NULL || email == NULL || answer == NULL) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "email", 0,
                       "The classifier, the email or the answer is a null pointer.");
    }
    ec_status status = EC_OK;
    ec_ladder_answer(&classifier->ladder, email, 1, now_ms, answer, &status, error);
    return status;
}

ec_status ec_classify_batch(ec_classifier *classifier, const ec_email *emails, size_t count,
                            uint64_t now_ms, ec_answer *answers, ec_status *statuses,
                            ec_error *errors) {
    if (classifier == NULL || emails == NULL || answers == NULL || statuses == NULL || count == 0 ||
        count > EC_MAX_BATCH) {
        // The first record is all the room there is to say why.
        return ec_fail(errors, EC_ERROR_ARGUMENT, "emails", 0,
                       "A batch has 1 to %d emails, with answers and statuses.", EC_MAX_BATCH);
    }
    ec_ladder_answer(&classifier->ladder, emails, count, now_ms, answers, statuses, errors);
    return EC_OK;
}

// ------------------------------------------------------------- tools

// Ids written so far and how many there are in all.
typedef struct id_list {
    uint32_t *ids;
    size_t capacity, count;
} id_list;

static void add_id(id_list *list, uint32_t id) {
    if (list->count < list->capacity) {
        list->ids[list->count] = id;
    }
    list->count++;
}

static void add_text(id_list *list, const ec_vocab *vocab, const char *text, size_t length) {
    const size_t room = list->count < list->capacity ? list->capacity - list->count : 0;
    uint32_t *ids = room > 0 ? list->ids + list->count : NULL;
    list->count += ec_tokenize(vocab, text, length, ids, room);
}

size_t ec_model_tokenize(const ec_model *model, const ec_email *email, uint32_t *ids,
                         size_t capacity) {
    if (model == NULL || email == NULL) {
        return 0;
    }
    const ec_special_ids special = ec_vocab_special_ids(model->vocab);
    id_list list = {ids, ids != NULL ? capacity : 0, 0};
    add_id(&list, special.cls);
    add_text(&list, model->vocab, email->subject, email->subject_length);
    add_id(&list, special.sep);
    add_text(&list, model->vocab, email->message, email->message_length);
    add_id(&list, special.sep);
    return list.count;
}

const char *ec_model_piece(const ec_model *model, uint32_t id, size_t *length) {
    size_t unused = 0;
    size_t *out = length != NULL ? length : &unused;
    *out = 0;
    return model != NULL ? ec_vocab_piece(model->vocab, id, out) : NULL;
}

ec_status ec_classifier_logits(ec_classifier *classifier, const uint32_t *ids,
                               const uint8_t *token_type_ids, size_t count, float *logits,
                               ec_error *error) {
    if (classifier == NULL || classifier->reader == NULL || ids == NULL || token_type_ids == NULL ||
        logits == NULL) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "ids", 0,
                       "A null pointer, or a classifier without a model.");
    }
    if (count == 0 || count > classifier->max_tokens) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "ids", 0,
                       "A sequence has 1 to %u tokens, not %zu.", (unsigned)classifier->max_tokens,
                       count);
    }
    const ec_sequence sequence = {ids, token_type_ids, (uint32_t)count};
    return ec_encoder_run(ec_reader_encoder(classifier->reader), &sequence, 1, logits, error);
}
