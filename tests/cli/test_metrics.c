// SPDX-License-Identifier: Apache-2.0
// The figures of evaluate, against values worked out by hand.
#include <math.h>

#include "ec_test.h"
#include "metrics.h"

typedef struct prediction {
    size_t truth;
    uint32_t answer;
    float confidence;
} prediction;

static bool near(double a, double b) { return fabs(a - b) < 1e-6; }

// Class 3 never occurs; class 2 occurs and is never answered.
static const prediction predictions[] = {
    {0, 0, 1.0f}, {0, 0, 0.5f}, {0, 1, 0.5f}, {1, 1, 0.9f}, {2, 1, 0.0f},
};
enum { COUNT = sizeof predictions / sizeof *predictions, LABELS = 4 };

int main(void) {
    size_t confusion[LABELS * LABELS] = {0};
    metrics m = {.labels = LABELS, .confusion = confusion};
    EC_CHECK(near(metrics_accuracy(&m), 0.0));
    EC_CHECK(near(metrics_macro_f1(&m), 0.0));
    EC_CHECK(near(metrics_calibration_error(&m), 0.0));
    for (size_t i = 0; i < COUNT; i++) {
        ec_answer answer = {.class_id = predictions[i].answer,
                            .confidence = predictions[i].confidence};
        answer.needs_review = answer.confidence < 0.6f;
        answer.tokens = 10;
        metrics_add(&m, predictions[i].truth, &answer);
    }
    EC_CHECK_EQUAL(m.count, 5);
    EC_CHECK_EQUAL(m.sure, 2);
    EC_CHECK_EQUAL(m.sure_right, 2);
    EC_CHECK(near(m.tokens, 50.0));
    EC_CHECK_EQUAL(confusion[0 * LABELS + 1], 1);
    EC_CHECK_EQUAL(confusion[2 * LABELS + 1], 1);
    EC_CHECK(near(metrics_accuracy(&m), 3.0 / 5.0));

    const class_metrics first = metrics_of_class(&m, 0);
    EC_CHECK(near(first.precision, 1.0));
    EC_CHECK(near(first.recall, 2.0 / 3.0));
    EC_CHECK(near(first.f1, 0.8));
    EC_CHECK_EQUAL(first.support, 3);
    const class_metrics second = metrics_of_class(&m, 1);
    EC_CHECK(near(second.precision, 1.0 / 3.0));
    EC_CHECK(near(second.recall, 1.0));
    EC_CHECK(near(second.f1, 0.5));
    EC_CHECK(near(metrics_of_class(&m, 2).f1, 0.0));
    EC_CHECK_EQUAL(metrics_of_class(&m, 3).support, 0);
    // three classes occur
    EC_CHECK(near(metrics_macro_f1(&m), (0.8 + 0.5 + 0.0) / 3.0));
    // bins: {1.0}: 1 of 1 right; {0.5, 0.5}: 1 of 2; {0.9}: 1 of 1, off by 0.1; {0.0}: 0 of 1
    EC_CHECK(near(metrics_calibration_error(&m), 0.1 / 5.0));
    return ec_test_result();
}
