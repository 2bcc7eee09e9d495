// SPDX-License-Identifier: Apache-2.0
// probe: asks a running server how it is, for health checks of containers that have no curl.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "socket_address.h"

const char *const help_probe =
    "usage: email-classifier probe [ADDRESS:PORT] [PATH]\n"
    "\n"
    "Asks a running server, within two seconds, and exits with 0 when it answers 200. For the\n"
    "health check of a container.\n"
    "\n"
    "  ADDRESS:PORT  default 127.0.0.1 and the port in the variable PORT, else 8080\n"
    "  PATH          default /health, which answers 200 also without a model; /ready does not\n"
    "\n"
    "examples:\n"
    "  email-classifier probe\n"
    "  email-classifier probe 127.0.0.1:9000 /ready\n"
    "\n"
    "exit status: 0 answered 200, 1 not, 2 wrong usage\n";

enum { TIMEOUT_S = 2, PART_BYTES = 256 };

// "127.0.0.1:8080" or "[::1]:8080"
static bool read_target(const char *value, socket_address *target) {
    char host[PART_BYTES];
    const char *colon = strrchr(value, ':');
    const size_t length = colon != NULL ? (size_t)(colon - value) : 0;
    if (length == 0 || length >= sizeof host) {
        return false;
    }
    const bool bracketed = value[0] == '[' && value[length - 1] == ']' && length > 2;
    snprintf(host, sizeof host, "%.*s", (int)(bracketed ? length - 2 : length),
             value + (bracketed ? 1 : 0));
    char *end = NULL;
    const unsigned long port = strtoul(colon + 1, &end, 10);
    return colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && port <= UINT16_MAX &&
           socket_address_parse(host, (uint16_t)port, target);
}

static int connect_to(const socket_address *target) {
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    const int fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0 ||
                    connect(fd, (const struct sockaddr *)&target->address, target->size) != 0)) {
        const int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

// The status of the answer; 0 when there is none, errno tells why.
static int ask(int fd, const char *path) {
    char request[2 * PART_BYTES];
    char answer[16] = "";  // HTTP/1.1 200
    const int length =
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (length < 0 || (size_t)length >= sizeof request) {
        errno = ENAMETOOLONG;
        return 0;
    }
    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
        return 0;
    }
    size_t got = 0;
    while (got < 12) {
        const ssize_t more = recv(fd, answer + got, 12 - got, 0);
        if (more <= 0) {
            errno = more == 0 ? ECONNRESET : errno;
            return 0;
        }
        got += (size_t)more;
    }
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

int command_probe(int argc, char **argv) {
    const char *port = getenv("PORT");
    const char *path = argc > 2 ? argv[2] : "/health";
    char usual[PART_BYTES];
    snprintf(usual, sizeof usual, "127.0.0.1:%s", port != NULL && *port != '\0' ? port : "8080");
    const char *place = argc > 1 ? argv[1] : usual;
    socket_address target;
    if (argc > 3 || !read_target(place, &target) || path[0] != '/') {
        cli_error("%s: expected ADDRESS:PORT and a path that begins with /", place);
        return options_usage(argv[0]);
    }
    const int fd = connect_to(&target);
    const int status = fd >= 0 ? ask(fd, path) : 0;
    if (status == 0) {
        cli_error("%s: %s", place, strerror(errno));
    } else if (status != 200) {
        cli_error("%s answered %d", path, status);
    }
    if (fd >= 0) {
        close(fd);
    }
    return status == 200 ? CLI_OK : CLI_FAILED;
}
