// SPDX-License-Identifier: Apache-2.0
// Every transition of the breaker, with a clock of our own.
#include "email_classifier.h"

#include "ec_test.h"

static ec_breaker opened(uint64_t now) {
    ec_breaker breaker;
    ec_breaker_init(&breaker, 3, 100);
    for (int i = 0; i < 3; i++) {
        ec_breaker_failure(&breaker, now);
    }
    return breaker;
}

static void test_defaults(void) {
    ec_breaker breaker;
    memset(&breaker, 0xAA, sizeof breaker);
    ec_breaker_init(&breaker, 0, 0);
    EC_CHECK_EQUAL(breaker.failure_threshold, 5);
    EC_CHECK_EQUAL(breaker.recovery_ms, 60000);
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_CLOSED);
    EC_CHECK_EQUAL(breaker.failures, 0);
    EC_CHECK_EQUAL(breaker.times_opened, 0);
}

static void test_opens_after_failures_in_a_row(void) {
    ec_breaker breaker;
    ec_breaker_init(&breaker, 3, 100);
    ec_breaker_failure(&breaker, 1);
    ec_breaker_failure(&breaker, 2);
    ec_breaker_success(&breaker);
    ec_breaker_failure(&breaker, 3);
    ec_breaker_failure(&breaker, 4);
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_CLOSED);
    EC_CHECK(ec_breaker_allow(&breaker, 4));
    ec_breaker_failure(&breaker, 5);
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_OPEN);
    EC_CHECK_EQUAL(breaker.opened_at_ms, 5);
    EC_CHECK_EQUAL(breaker.times_opened, 1);
}

static void test_one_trial_after_recovery(void) {
    ec_breaker breaker = opened(1000);
    EC_CHECK(!ec_breaker_allow(&breaker, 1000));
    EC_CHECK(!ec_breaker_allow(&breaker, 1099));
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_OPEN);
    EC_CHECK(ec_breaker_allow(&breaker, 1100));
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_HALF_OPEN);
    EC_CHECK(!ec_breaker_allow(&breaker, 1100));
    EC_CHECK(!ec_breaker_allow(&breaker, 999999));
}

static void test_trial_succeeds(void) {
    ec_breaker breaker = opened(0);
    EC_CHECK(ec_breaker_allow(&breaker, 100));
    ec_breaker_success(&breaker);
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_CLOSED);
    EC_CHECK_EQUAL(breaker.failures, 0);
    ec_breaker_failure(&breaker, 101);
    ec_breaker_failure(&breaker, 102);
    EC_CHECK(ec_breaker_allow(&breaker, 103));
}

static void test_trial_fails(void) {
    ec_breaker breaker = opened(0);
    EC_CHECK(ec_breaker_allow(&breaker, 150));
    ec_breaker_failure(&breaker, 160);
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_OPEN);
    EC_CHECK_EQUAL(breaker.times_opened, 2);
    EC_CHECK(!ec_breaker_allow(&breaker, 259));
    EC_CHECK(ec_breaker_allow(&breaker, 260));
}

// Calls that began before the breaker opened report late.
static void test_late_reports_change_nothing(void) {
    ec_breaker breaker = opened(1000);
    ec_breaker_failure(&breaker, 1050);
    ec_breaker_success(&breaker);
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_OPEN);
    EC_CHECK_EQUAL(breaker.times_opened, 1);
    EC_CHECK(ec_breaker_allow(&breaker, 1100));
}

static void test_clock_edges(void) {
    ec_breaker breaker = opened(1000);
    EC_CHECK(!ec_breaker_allow(&breaker, 999));  // another thread's slightly older reading
    EC_CHECK(!ec_breaker_allow(&breaker, 0));
    breaker = opened(UINT64_MAX - 10);
    EC_CHECK(!ec_breaker_allow(&breaker, UINT64_MAX));
    breaker = opened(0);
    EC_CHECK(ec_breaker_allow(&breaker, UINT64_MAX));
}

static void test_names(void) {
    EC_CHECK_STRING(ec_breaker_state_name(EC_BREAKER_CLOSED), "closed");
    EC_CHECK_STRING(ec_breaker_state_name(EC_BREAKER_OPEN), "open");
    EC_CHECK_STRING(ec_breaker_state_name(EC_BREAKER_HALF_OPEN), "half_open");
}

int main(void) {
    test_defaults();
    test_opens_after_failures_in_a_row();
    test_one_trial_after_recovery();
    test_trial_succeeds();
    test_trial_fails();
    test_late_reports_change_nothing();
    test_clock_edges();
    test_names();
    return ec_test_result();
}
