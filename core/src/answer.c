// SPDX-License-Identifier: Apache-2.0
#include "email_classifier.h"

#include <math.h>

const char *ec_source_name(ec_source source) {
    switch (source) {
    case EC_SOURCE_MODEL:
        return "model";
    case EC_SOURCE_CACHE:
        return "cache";
    case EC_SOURCE_RULES:
        return "rules";
    case EC_SOURCE_DEFAULT:
        return "default";
    }
    return "unknown";
}

// ------------------------------------------------------------- writer

// Text going into out[0..capacity); what does not fit only counts.
typedef struct writer {
    char *out;
    size_t capacity, length;
} writer;

static void put_char(writer *w, char c) {
    if (w->length + 1 < w->capacity) {
        w->out[w->length] = c;
    }
    w->length++;
}

static void put(writer *w, const char *text) {
    for (; *text != '\0'; text++) {
        put_char(w, *text);
    }
}

static void put_string(writer *w, const char *text) {
    static const char hex[] = "0123456789abcdef";
    put_char(w, '"');
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7F) {
            put(w, "\\u00");
            put_char(w, hex[c >> 4]);
            put_char(w, hex[c & 0xF]);
        } else {
            if (c == '"' || c == '\\') {
                put_char(w, '\\');
            }
            put_char(w, *text);
        }
    }
    put_char(w, '"');
}

// `value` with at least `digits` digits.
static void put_integer(writer *w, uint64_t value, int digits) {
    char reversed[20];
    int count = 0;
    for (; value > 0 || count < digits; value /= 10) {
        reversed[count++] = (char)('0' + value % 10);
    }
    while (count > 0) {
        put_char(w, reversed[--count]);
    }
}

// A number of 0 or more with `decimals` decimals, independent of any locale. What is not a number
// is written as 0, and what is too large for it as the largest.
static void put_fixed(writer *w, double value, int decimals) {
    uint64_t unit = 1;
    for (int i = 0; i < decimals; i++) {
        unit *= 10;
    }
    const double scaled = fmin(fmax(value, 0.0) * (double)unit + 0.5, 9.0e18);
    const uint64_t fixed = (uint64_t)scaled;
    put_integer(w, fixed / unit, 1);
    put_char(w, '.');
    put_integer(w, fixed % unit, decimals);
}

static void put_bool(writer *w, bool value) { put(w, value ? "true" : "false"); }

// ------------------------------------------------------------- answer

enum { SCORE_DECIMALS = 4, TIME_DECIMALS = 2 };

static void put_scores(writer *w, const ec_answer *answer, const ec_model_info *info) {
    put(w, ",\"scores\":{");
    for (uint32_t i = 0; i < answer->score_count && i < info->label_count; i++) {
        put(w, i > 0 ? "," : "");
        put_string(w, info->labels[i]);
        put_char(w, ':');
        put_fixed(w, (double)answer->scores[i], SCORE_DECIMALS);
    }
    put_char(w, '}');
}

static void put_answer(writer *w, const ec_answer *answer, const ec_model_info *info) {
    put(w, "{\"label\":");
    put_string(w, answer->label);
    put(w, ",\"confidence\":");
    put_fixed(w, (double)answer->confidence, SCORE_DECIMALS);
    put(w, ",\"class_id\":");
    put_integer(w, answer->class_id, 1);
    put_scores(w, answer, info);
    put(w, ",\"source\":");
    put_string(w, ec_source_name(answer->source));
    put(w, ",\"fallback_used\":");
    put_bool(w, answer->fallback_used);
    put(w, ",\"needs_review\":");
    put_bool(w, answer->needs_review);
    put(w, ",\"model_version\":");
    put_string(w, info->version);
    put(w, ",\"tokens\":");
    put_integer(w, answer->tokens, 1);
    put(w, ",\"windows\":");
    put_integer(w, answer->windows, 1);
    put(w, ",\"truncated\":");
    put_bool(w, answer->truncated);
}

// A number from -1 to 1.
static void put_change(writer *w, float value) {
    put(w, value < 0 ? "-" : "");
    put_fixed(w, fabs((double)value), SCORE_DECIMALS);
}

static void put_sentence(writer *w, const ec_sentence *sentence, const ec_model_info *info) {
    put(w, "{\"field\":");
    put_string(w, sentence->in_subject ? "subject" : "message");
    put(w, ",\"start\":");
    put_integer(w, sentence->start, 1);
    put(w, ",\"end\":");
    put_integer(w, sentence->start + sentence->length, 1);
    put(w, ",\"weight\":");
    put_change(w, sentence->weight);
    put(w, ",\"label_without\":");
    put_string(w, info->labels[sentence->class_id_without]);
    put(w, ",\"confidence_without\":");
    put_fixed(w, (double)sentence->confidence_without, SCORE_DECIMALS);
    put_char(w, '}');
}

static void put_left_out(writer *w, const ec_left_out *part) {
    put(w, "{\"kind\":");
    put_string(w, ec_left_out_name(part->kind));
    put(w, ",\"start\":");
    put_integer(w, part->start, 1);
    put(w, ",\"end\":");
    put_integer(w, part->start + part->length, 1);
    put_char(w, '}');
}

static void put_explanation(writer *w, const ec_explanation *explanation,
                            const ec_model_info *info) {
    put(w, ",\"explanation\":{\"runner_up\":");
    put_string(w, info->labels[explanation->runner_up]);
    put(w, ",\"runner_up_confidence\":");
    put_fixed(w, (double)explanation->runner_up_confidence, SCORE_DECIMALS);
    put(w, ",\"sentences\":[");
    for (uint32_t i = 0; i < explanation->sentence_count; i++) {
        put(w, i > 0 ? "," : "");
        put_sentence(w, &explanation->sentences[i], info);
    }
    put(w, "],\"left_out\":[");
    for (uint32_t i = 0; i < explanation->left_out_count; i++) {
        put(w, i > 0 ? "," : "");
        put_left_out(w, &explanation->left_out[i]);
    }
    put(w, "]}");
}

size_t ec_format_explained(const ec_answer *answer, const ec_explanation *explanation,
                           const ec_model *model, double processing_time_ms, char *out,
                           size_t capacity) {
    const ec_model_info *info = ec_model_get_info(model);
    writer w = {out, out != NULL ? capacity : 0, 0};
    put_answer(&w, answer, info);
    if (processing_time_ms >= 0) {
        put(&w, ",\"processing_time_ms\":");
        put_fixed(&w, processing_time_ms, TIME_DECIMALS);
    }
    if (explanation != NULL) {
        put_explanation(&w, explanation, info);
    }
    put_char(&w, '}');
    if (w.capacity > 0) {
        w.out[w.length < w.capacity ? w.length : w.capacity - 1] = '\0';
    }
    return w.length;
}

size_t ec_format_answer(const ec_answer *answer, const ec_model *model, double processing_time_ms,
                        char *out, size_t capacity) {
    return ec_format_explained(answer, NULL, model, processing_time_ms, out, capacity);
}
