// SPDX-License-Identifier: Apache-2.0
#include "metrics.h"

#include <math.h>

static double ratio(size_t part, size_t whole) {
    return whole > 0 ? (double)part / (double)whole : 0.0;
}

void metrics_add(metrics *m, size_t truth, const ec_answer *answer) {
    const bool right = truth == answer->class_id;
    m->confusion[truth * m->labels + answer->class_id]++;
    m->count++;
    m->right += right;
    m->sure += !answer->needs_review;
    m->sure_right += right && !answer->needs_review;
    m->tokens += answer->tokens;
    size_t bin = (size_t)(answer->confidence * (float)METRICS_BINS);
    bin = bin < METRICS_BINS ? bin : METRICS_BINS - 1;
    m->bin_count[bin]++;
    m->bin_right[bin] += right;
    m->bin_confidence[bin] += (double)answer->confidence;
}

static size_t predicted(const metrics *m, size_t label) {
    size_t sum = 0;
    for (size_t truth = 0; truth < m->labels; truth++) {
        sum += m->confusion[truth * m->labels + label];
    }
    return sum;
}

class_metrics metrics_of_class(const metrics *m, size_t label) {
    class_metrics result = {0};
    for (size_t i = 0; i < m->labels; i++) {
        result.support += m->confusion[label * m->labels + i];
    }
    const size_t hits = m->confusion[label * m->labels + label];
    result.precision = ratio(hits, predicted(m, label));
    result.recall = ratio(hits, result.support);
    result.f1 = ratio(2 * hits, predicted(m, label) + result.support);
    return result;
}

double metrics_accuracy(const metrics *m) { return ratio(m->right, m->count); }

double metrics_macro_f1(const metrics *m) {
    double sum = 0.0;
    size_t classes = 0;
    for (size_t label = 0; label < m->labels; label++) {
        const class_metrics result = metrics_of_class(m, label);
        if (result.support + predicted(m, label) > 0) {
            sum += result.f1;
            classes++;
        }
    }
    return classes > 0 ? sum / (double)classes : 0.0;
}

double metrics_calibration_error(const metrics *m) {
    double error = 0.0;
    for (size_t i = 0; i < METRICS_BINS; i++) {
        error += fabs(m->bin_confidence[i] - (double)m->bin_right[i]);
    }
    return m->count > 0 ? error / (double)m->count : 0.0;
}
