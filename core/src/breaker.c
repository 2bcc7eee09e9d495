// SPDX-License-Identifier: Apache-2.0
#include "email_classifier.h"

void ec_breaker_init(ec_breaker *breaker, uint32_t failure_threshold, uint64_t recovery_ms) {
    *breaker = (ec_breaker){
        .failure_threshold = failure_threshold != 0 ? failure_threshold : EC_BREAKER_FAILURES,
        .recovery_ms = recovery_ms != 0 ? recovery_ms : EC_BREAKER_RECOVERY_MS,
        .state = EC_BREAKER_CLOSED,
    };
}

static void open_breaker(ec_breaker *breaker, uint64_t now_ms) {
    breaker->state = EC_BREAKER_OPEN;
    breaker->opened_at_ms = now_ms;
    breaker->times_opened++;
}

bool ec_breaker_allow(ec_breaker *breaker, uint64_t now_ms) {
    if (breaker->state == EC_BREAKER_CLOSED) {
        return true;
    }
    // A thread may have read its clock just before another one opened the breaker.
    const bool recovered =
        now_ms >= breaker->opened_at_ms && now_ms - breaker->opened_at_ms >= breaker->recovery_ms;
    if (breaker->state == EC_BREAKER_HALF_OPEN || !recovered) {
        return false;
    }
    breaker->state = EC_BREAKER_HALF_OPEN;
    return true;
}

// While the breaker is open only calls begun before it opened can still report; they say nothing
// about whether the model has recovered.

void ec_breaker_success(ec_breaker *breaker) {
    if (breaker->state != EC_BREAKER_OPEN) {
        breaker->state = EC_BREAKER_CLOSED;
        breaker->failures = 0;
    }
}

void ec_breaker_failure(ec_breaker *breaker, uint64_t now_ms) {
    if (breaker->state == EC_BREAKER_OPEN) {
        return;
    }
    if (breaker->failures < UINT32_MAX) {
        breaker->failures++;
    }
    if (breaker->state == EC_BREAKER_HALF_OPEN || breaker->failures >= breaker->failure_threshold) {
        open_breaker(breaker, now_ms);
    }
}

const char *ec_breaker_state_name(ec_breaker_state state) {
    switch (state) {
    case EC_BREAKER_CLOSED:
        return "closed";
    case EC_BREAKER_OPEN:
        return "open";
    case EC_BREAKER_HALF_OPEN:
        return "half_open";
    }
    return "unknown";
}
