// SPDX-License-Identifier: Apache-2.0
// Addresses, lists of networks and origins, X-Forwarded-For and rates. The first byte chooses.
#include "fuzz.h"
#include "security/client_address.h"
#include "security/cors.h"
#include "security/rate_limit.h"

static void check_address(text value) {
    ip_address address;
    if (!ip_parse(value, &address)) {
        return;
    }
    char out[IP_TEXT_BYTES];
    char key[IP_KEY_BYTES];
    ip_address again;
    ip_format(&address, out);
    fuzz_check(ip_parse(text_of(out), &again));
    fuzz_check(memcmp(&address, &again, sizeof address) == 0);
    client_key(&address, key);
    fuzz_check(strlen(key) >= 2);
}

// Whoever is no proxy stays the client, and a client found is no proxy unless all are.
static void check_forwarded(text value) {
    trusted_proxies proxies;
    const ip_address stranger = {{1}};
    const ip_address proxy = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
    fuzz_check(trusted_proxies_parse(text_of("10.0.0.0/8"), &proxies) == NULL);
    ip_address client = client_address(&proxies, &stranger, value);
    fuzz_check(memcmp(&client, &stranger, sizeof client) == 0);
    client = client_address(&proxies, &proxy, value);
    const ip_address again = client_address(&proxies, &client, (text){"", 0});
    fuzz_check(memcmp(&client, &again, sizeof client) == 0);
}

static void check_rate(text value) {
    static const uint8_t seed[RATE_SEED_BYTES] = {1};
    rate parsed;
    if (!rate_parse(value, &parsed)) {
        return;
    }
    fuzz_check(parsed.limit <= RATE_MAX_LIMIT);
    rate_limiter *limiter = rate_limiter_new(parsed, seed);
    fuzz_check(limiter != NULL);
    const rate_decision first = rate_limiter_take(limiter, value, 1, 1000);
    fuzz_check(first.allowed && !first.never && first.retry_after_s == 0);
    const rate_decision all = rate_limiter_take(limiter, value, RATE_MAX_LIMIT, 1000);
    fuzz_check(all.allowed == (parsed.limit == 0));
    rate_limiter_free(limiter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const text value = {(const char *)data + 1, size - 1};
    trusted_proxies proxies;
    cors_origins origins;
    switch (data[0]) {
    case 'a':
        check_address(value);
        break;
    case 'f':
        check_forwarded(value);
        break;
    case 'r':
        check_rate(value);
        break;
    case 'o':
        if (cors_parse(value, &origins) == NULL && origins.count > 0) {
            fuzz_check(cors_allows(&origins, origins.origins[0]));
        }
        break;
    default:
        if (trusted_proxies_parse(value, &proxies) == NULL) {
            fuzz_check(proxies.count <= IP_MAX_NETWORKS);
        }
        break;
    }
    return 0;
}
