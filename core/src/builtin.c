// SPDX-License-Identifier: Apache-2.0
// What answers when there is no model: labels, thresholds and key-word rules.
#include "model.h"

enum { CAR_BREAKDOWN, CAR_CRASH, CAR_RENEWAL, CAR_THEFT, CAR_WINDSHIELD, OTHER, LABEL_COUNT };

static const char *const labels[LABEL_COUNT] = {
    [CAR_BREAKDOWN] = "CarBreakdown",   [CAR_CRASH] = "CarCrash",
    [CAR_RENEWAL] = "CarRenewal",       [CAR_THEFT] = "CarTheft",
    [CAR_WINDSHIELD] = "CarWindshield", [OTHER] = "Other",
};

const ec_model_info ec_builtin_info = {
    .name = "built-in rules",
    .version = EC_VERSION,
    .digest = "0000000000000000000000000000000000000000000000000000000000000000",
    .metadata = "{}",
    .labels = labels,
    .label_count = LABEL_COUNT,
    .default_class_id = OTHER,
    .temperature = 1.0f,
    .review_threshold = 0.9f,
};

const ec_rules ec_builtin_rules = {
    .count = 5,
    .items =
        {
            {CAR_THEFT, 0.5f, 2, {"stolen", "theft"}},
            {CAR_CRASH, 0.5f, 3, {"crash", "accident", "collision"}},
            {CAR_WINDSHIELD, 0.5f, 3, {"windshield", "glass", "crack"}},
            {CAR_BREAKDOWN, 0.5f, 3, {"broke", "failure", "dead"}},
            {CAR_RENEWAL, 0.5f, 3, {"renew", "insurance", "registration"}},
        },
};
