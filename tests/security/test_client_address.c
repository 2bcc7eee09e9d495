// SPDX-License-Identifier: Apache-2.0
// Addresses, networks, and the client behind proxies.
#include "ec_test.h"
#include "security/client_address.h"

static ip_address ip(const char *value) {
    ip_address address = {{0}};
    EC_CHECK_CASE(ip_parse(text_of(value), &address), value);
    return address;
}

static void test_addresses(void) {
    static const char *const good[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::1", "::1"},
        {"2001:DB8::A", "2001:db8::a"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"::", "::"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    };
    static const char *const bad[] = {
        "",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.4 ",
        " 1.2.3.4",
        "01.2.3.4",
        "0x1.2.3.4",
        "1.2.3.4/8",
        ":::",
        "1::2::3",
        "fe80::1%eth0",
        "[::1]",
        "localhost",
        "12345::",
        "1.2.3.-4",
        "1:2:3:4:5:6:7:8:9",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const ip_address address = ip(good[i][0]);
        char out[IP_TEXT_BYTES];
        ip_format(&address, out);
        EC_CHECK_STRING(out, good[i][1]);
    }
    ip_address address;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EC_CHECK_CASE(!ip_parse(text_of(bad[i]), &address), bad[i]);
    }
    EC_CHECK(!ip_parse((text){"1.2.3.4\0x", 9}, &address));
}

static void test_lists(void) {
    static const char *const good[] = {
        "",          " ",   "10.0.0.0/8", "::1", " 10.0.0.0/8 , 2001:db8::/32,192.0.2.1 ",
        "0.0.0.0/0", "::/0"};
    static const char *const bad[] = {"x",       "10.0.0.0/33", "::/129",      "10.0.0.0/",
                                      "10/8",    ",",           "::1,,::2",    "10.0.0.0/-1",
                                      "::1 ::2", "10.0.0.0/8x", "1.2.3.4/0008"};
    trusted_proxies proxies;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        EC_CHECK_CASE(trusted_proxies_parse(text_of(good[i]), &proxies) == NULL, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EC_CHECK_CASE(trusted_proxies_parse(text_of(bad[i]), &proxies) != NULL, bad[i]);
    }
    char list[6 * (IP_MAX_NETWORKS + 1) + 1] = "";
    for (int i = 0; i <= IP_MAX_NETWORKS; i++) {
        EC_CHECK_EQUAL(trusted_proxies_parse(text_of(list), &proxies) == NULL, true);
        strcat(list, i == 0 ? "::1" : ",::1");
    }
    EC_CHECK(trusted_proxies_parse(text_of(list), &proxies) != NULL);
}

static void test_client(void) {
    static const struct {
        const char *peer, *forwarded, *client;
    } cases[] = {
        // Who is no proxy is the client, whatever he says.
        {"203.0.113.9", "198.51.100.7", "203.0.113.9"},
        {"203.0.113.9", "", "203.0.113.9"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.7", "198.51.100.7"},
        {"::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"},
        // What the client wrote himself stands to the left.
        {"10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"},
        {"10.0.0.1", "10.0.0.5, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
        {"10.0.0.1", "198.51.100.7,10.0.0.3,\t10.0.0.2 ", "198.51.100.7"},
        {"2001:db8::1", "2001:db8:0:1::2", "2001:db8:0:1::2"},
        {"2001:db8::1", "3fff::7", "3fff::7"},
        // All of them trusted: the first.
        {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
        // Ports.
        {"10.0.0.1", "198.51.100.7:4711", "198.51.100.7"},
        {"10.0.0.1", "[3fff::7]:4711", "3fff::7"},
        {"10.0.0.1", "[3fff::7]", "3fff::7"},
        // No address: the hop that reported it.
        {"10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", "198.51.100.7,", "10.0.0.1"},
        {"10.0.0.1", ",", "10.0.0.1"},
        {"10.0.0.1", "_hidden", "10.0.0.1"},
        {"10.0.0.1", "[", "10.0.0.1"},
        {"10.0.0.1", "[]", "10.0.0.1"},
        {"10.0.0.1", ":", "10.0.0.1"},
        // The edge of a network that does not end at a byte: 172.16.0.0/12.
        {"172.31.255.255", "198.51.100.7", "198.51.100.7"},
        {"172.32.0.0", "198.51.100.7", "172.32.0.0"},
        {"172.15.255.255", "198.51.100.7", "172.15.255.255"},
    };
    trusted_proxies proxies;
    EC_CHECK(trusted_proxies_parse(text_of("10.0.0.0/8, 172.16.0.0/12, 2001:db8::/64"), &proxies) ==
             NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ip_address peer = ip(cases[i].peer);
        const ip_address client = client_address(&proxies, &peer, text_of(cases[i].forwarded));
        char out[IP_TEXT_BYTES];
        ip_format(&client, out);
        EC_CHECK_CASE(strcmp(out, cases[i].client) == 0, cases[i].forwarded);
    }
    const trusted_proxies everybody = {{{{{0}}, 0}}, 1};
    const ip_address peer = ip("203.0.113.9");
    const ip_address client = client_address(&everybody, &peer, text_of("1.1.1.1, 2.2.2.2"));
    const ip_address first = ip("1.1.1.1");
    EC_CHECK_BYTES(&client, &first, sizeof client);
}

static void test_keys(void) {
    static const char *const cases[][2] = {{"192.0.2.1", "192.0.2.1"},
                                           {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
                                           {"2001:db8:1:2::9", "2001:db8:1:2::/64"},
                                           {"2001:db8:1:3::9", "2001:db8:1:3::/64"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ip_address address = ip(cases[i][0]);
        char key[IP_KEY_BYTES];
        client_key(&address, key);
        EC_CHECK_STRING(key, cases[i][1]);
    }
}

int main(void) {
    test_addresses();
    test_lists();
    test_client();
    test_keys();
    return ec_test_result();
}
