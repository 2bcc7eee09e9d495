// SPDX-License-Identifier: Apache-2.0
// Addresses of sockets from text. No name is looked up.
#ifndef SERVER_SOCKET_ADDRESS_H
#define SERVER_SOCKET_ADDRESS_H

#include <sys/socket.h>

#include "cli.h"

typedef struct socket_address {
    struct sockaddr_storage address;
    socklen_t size;
} socket_address;

// False when `host` is no IPv4 or IPv6 address.
bool socket_address_parse(const char *host, uint16_t port, socket_address *out);

#endif
