// SPDX-License-Identifier: Apache-2.0
#include "client_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t ipv4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_ipv4(const ip_address *address) {
    return memcmp(address->bytes, ipv4_prefix, sizeof ipv4_prefix) == 0;
}

bool ip_parse(text value, ip_address *address) {
    char string[IP_TEXT_BYTES];
    if (value.length >= sizeof string || memchr(value.data, '\0', value.length) != NULL) {
        return false;
    }
    memcpy(string, value.data, value.length);
    string[value.length] = '\0';
    uint8_t bytes[16];
    if (inet_pton(AF_INET6, string, bytes) == 1) {
        memcpy(address->bytes, bytes, sizeof bytes);
        return true;
    }
    if (inet_pton(AF_INET, string, bytes) != 1) {
        return false;
    }
    memcpy(address->bytes, ipv4_prefix, sizeof ipv4_prefix);
    memcpy(address->bytes + sizeof ipv4_prefix, bytes, 4);
    return true;
}

void ip_format(const ip_address *address, char out[IP_TEXT_BYTES]) {
    if (is_ipv4(address)) {
        inet_ntop(AF_INET, address->bytes + sizeof ipv4_prefix, out, IP_TEXT_BYTES);
    } else {
        inet_ntop(AF_INET6, address->bytes, out, IP_TEXT_BYTES);
    }
}

// ---------------------------------------------------------------------------- lists

// A number of 1 to 3 digits, at most `max`.
static bool parse_prefix(text value, unsigned max, unsigned *prefix) {
    unsigned number = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(value.data[i] - '0');
    }
    *prefix = number;
    return value.length >= 1 && value.length <= 3 && number <= max;
}

static bool parse_network(text value, ip_network *network) {
    const char *slash = value.length > 0 ? memchr(value.data, '/', value.length) : NULL;
    const size_t length = slash != NULL ? (size_t)(slash - value.data) : value.length;
    if (!ip_parse((text){value.data, length}, &network->address)) {
        return false;
    }
    network->prefix = 128;
    if (slash == NULL) {
        return true;
    }
    const unsigned fixed = is_ipv4(&network->address) ? 96 : 0;
    unsigned prefix = 0;
    if (!parse_prefix((text){slash + 1, value.length - length - 1}, 128 - fixed, &prefix)) {
        return false;
    }
    network->prefix = fixed + prefix;
    return true;
}

const char *trusted_proxies_parse(text list, trusted_proxies *proxies) {
    trusted_proxies found = {.count = 0};
    text rest = text_trim(list);
    while (rest.length > 0) {
        const char *comma = memchr(rest.data, ',', rest.length);
        const size_t length = comma != NULL ? (size_t)(comma - rest.data) : rest.length;
        if (found.count == IP_MAX_NETWORKS) {
            return "has more than 64 entries";
        }
        if (!parse_network(text_trim((text){rest.data, length}), &found.networks[found.count++])) {
            return "has an entry that is no address or network such as 10.0.0.0/8";
        }
        const size_t used = length + (comma != NULL);
        rest = (text){rest.data + used, rest.length - used};
    }
    *proxies = found;
    return NULL;
}

// ---------------------------------------------------------------------------- the client

static bool is_inside(const ip_network *network, const ip_address *address) {
    const unsigned whole = network->prefix / 8;
    const unsigned bits = network->prefix % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0) {
        return false;
    }
    const unsigned shift = 8 - bits;
    return bits == 0 || network->address.bytes[whole] >> shift == address->bytes[whole] >> shift;
}

static bool is_trusted(const trusted_proxies *proxies, const ip_address *address) {
    for (size_t i = 0; i < proxies->count; i++) {
        if (is_inside(&proxies->networks[i], address)) {
            return true;
        }
    }
    return false;
}

// An entry of X-Forwarded-For: an address, which some proxies write with a port: a.b.c.d:port,
// [v6]:port. The port does not matter.
static bool parse_hop(text entry, ip_address *address) {
    const text value = text_trim(entry);
    if (ip_parse(value, address)) {
        return true;
    }
    const bool bracketed = value.length > 0 && value.data[0] == '[';
    const char *end =
        value.length > 0 ? memchr(value.data, bracketed ? ']' : ':', value.length) : NULL;
    if (end == NULL) {
        return false;
    }
    const char *start = value.data + bracketed;
    return ip_parse((text){start, (size_t)(end - start)}, address);
}

ip_address client_address(const trusted_proxies *proxies, const ip_address *peer, text forwarded) {
    ip_address client = *peer;
    size_t end = forwarded.length;
    bool more = end > 0;
    while (more && is_trusted(proxies, &client)) {
        size_t start = end;
        while (start > 0 && forwarded.data[start - 1] != ',') {
            start--;
        }
        ip_address hop;
        if (!parse_hop((text){forwarded.data + start, end - start}, &hop)) {
            break;
        }
        client = hop;
        more = start > 0;
        end = more ? start - 1 : 0;
    }
    return client;
}

void client_key(const ip_address *address, char out[IP_KEY_BYTES]) {
    char string[IP_TEXT_BYTES];
    if (is_ipv4(address)) {
        ip_format(address, string);
        snprintf(out, IP_KEY_BYTES, "%s", string);
        return;
    }
    ip_address network = *address;
    memset(network.bytes + 8, 0, 8);
    ip_format(&network, string);
    snprintf(out, IP_KEY_BYTES, "%s/64", string);
}
