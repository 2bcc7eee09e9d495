// SPDX-License-Identifier: Apache-2.0
#include "socket_address.h"

#include <arpa/inet.h>
#include <string.h>

bool socket_address_parse(const char *host, uint16_t port, socket_address *out) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    *out = (socket_address){.size = 0};
    if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
        memcpy(&out->address, &in, sizeof in);
        out->size = sizeof in;
    } else if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1) {
        memcpy(&out->address, &in6, sizeof in6);
        out->size = sizeof in6;
    }
    return out->size > 0;
}
