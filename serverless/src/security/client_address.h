// SPDX-License-Identifier: Apache-2.0
// Who sent a request: the peer of the connection, or what trusted proxies say in X-Forwarded-For.
#ifndef SECURITY_CLIENT_ADDRESS_H
#define SECURITY_CLIENT_ADDRESS_H

#include "cli.h"

// An IPv6 address; IPv4 as ::ffff:a.b.c.d.
typedef struct ip_address {
    uint8_t bytes[16];
} ip_address;

enum { IP_TEXT_BYTES = 46, IP_MAX_NETWORKS = 64, IP_KEY_BYTES = 64 };

typedef struct ip_network {
    ip_address address;
    unsigned prefix;  // bits, 0 to 128
} ip_network;

typedef struct trusted_proxies {
    ip_network networks[IP_MAX_NETWORKS];
    size_t count;
} trusted_proxies;

// Reads a bare IPv4 or IPv6 address.
bool ip_parse(text value, ip_address *address);

// Writes it as people do, IPv4 as a.b.c.d, ending in NUL.
void ip_format(const ip_address *address, char out[IP_TEXT_BYTES]);

// Reads "10.0.0.0/8, ::1, 2001:db8::/32"; empty: none. NULL, or what is wrong with the list (static
// storage).
const char *trusted_proxies_parse(text list, trusted_proxies *proxies);

// The client: the peer when it is not a trusted proxy, else the rightmost address of `forwarded`
// that is not one. `forwarded` is the value of X-Forwarded-For, several joined by commas in their
// order. An entry that is no address ends the search: the hop that reported it is the client.
ip_address client_address(const trusted_proxies *proxies, const ip_address *peer, text forwarded);

// The key to limit this client by: an IPv4 address, or the /64 that an IPv6 client owns.
void client_key(const ip_address *address, char out[IP_KEY_BYTES]);

#endif
