// SPDX-License-Identifier: Apache-2.0
#include "windows.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SPECIAL_TOKENS = 3 };

static uint32_t min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }

ec_windows ec_windows_split(const ec_window_form *form, const uint32_t *subject,
                            size_t subject_count, const uint32_t *message, size_t message_count) {
    const uint32_t max_tokens = form->max_tokens;
    const uint32_t subject_max = max_tokens / 2 - 2;
    const uint32_t subject_tokens =
        subject_count < subject_max ? (uint32_t)subject_count : subject_max;
    const uint32_t message_tokens = (uint32_t)message_count;
    const uint32_t room = max_tokens - SPECIAL_TOKENS - subject_tokens;
    const uint32_t stride = min_u32(EC_WINDOW_STRIDE, max_tokens / 4);
    ec_windows windows = {
        .subject = subject,
        .message = message,
        .subject_count = subject_tokens,
        .message_count = message_tokens,
        .part = min_u32(message_tokens, room),
        .count = 1,
        .form = *form,
    };
    if (message_tokens > room) {
        const uint32_t step = room - stride;
        windows.count = (message_tokens - stride + step - 1) / step;
    }
    return windows;
}

uint32_t ec_windows_tokens(const ec_windows *windows) {
    return SPECIAL_TOKENS + windows->subject_count + windows->part;
}

// Where in the message window `index` starts: evenly spread, a half rounded up.
static uint32_t window_start(const ec_windows *windows, uint32_t index) {
    if (windows->count == 1) {
        return 0;
    }
    const uint64_t last = windows->message_count - windows->part;
    const uint64_t gaps = windows->count - 1;
    return (uint32_t)((2 * index * last + gaps) / (2 * gaps));
}

void ec_windows_get(const ec_windows *windows, uint32_t index, uint32_t *ids, uint8_t *types) {
    const uint32_t head = windows->subject_count + 2;
    const uint32_t start = window_start(windows, index);
    ids[0] = windows->form.special.cls;
    memcpy(ids + 1, windows->subject, windows->subject_count * sizeof *ids);
    ids[head - 1] = windows->form.special.sep;
    memcpy(ids + head, windows->message + start, windows->part * sizeof *ids);
    ids[head + windows->part] = windows->form.special.sep;
    memset(types, 0, head);
    memset(types + head, windows->form.message_type, windows->part + 1);
}

// ------------------------------------------------------------- combining

static double log_sum_exp(const float *logits, uint32_t count) {
    float highest = logits[0];
    for (uint32_t i = 1; i < count; i++) {
        highest = logits[i] > highest ? logits[i] : highest;
    }
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += exp((double)logits[i] - (double)highest);
    }
    return (double)highest + log(sum);
}

void ec_combine_start(float *state, uint32_t label_count, uint32_t other) {
    for (uint32_t i = 0; i < label_count; i++) {
        state[i] = i == other ? INFINITY : -INFINITY;
    }
}

void ec_combine_add(float *state, const float *logits, uint32_t label_count, uint32_t other) {
    const double total = log_sum_exp(logits, label_count);
    for (uint32_t i = 0; i < label_count; i++) {
        const float value = (float)((double)logits[i] - total);
        const bool further = i == other ? value < state[i] : value > state[i];
        if (!isfinite(value)) {
            state[i] = NAN;  // nothing replaces it, as no comparison holds
        } else if (further) {
            state[i] = value;
        }
    }
}
