// SPDX-License-Identifier: Apache-2.0
#include "http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange.h"
#include "socket_address.h"

enum { BACKLOG = 1024, CONNECTION_MEMORY = 32 << 10, DISCIPLINE = 2 };

struct http_listener {
    struct MHD_Daemon *daemon;
    int fd;
    unsigned port;
};

// ---------------------------------------------------------------------------- socket

// A listening socket, or -1, said on stderr.
static int open_socket(const server_config *config) {
    const int on = 1;
    socket_address a;
    if (!socket_address_parse(config->host, (uint16_t)config->port, &a)) {
        cli_error("HOST %s: expected an IP address, as 127.0.0.1 or ::", config->host);
        return -1;
    }
    const int fd = socket(a.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)&a.address, a.size) == 0 && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    cli_error("%s port %u: %s", config->host, config->port, strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static unsigned port_of(int fd) {
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &size);
    // The port is at the same place in both families.
    const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
    return ntohs(in->sin_port);
}

// ---------------------------------------------------------------------------- libmicrohttpd

static void notify_connection(void *cls, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode what) {
    server *s = cls;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context != NULL) {
            connections_remove(s->connections, *context);
        }
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = connections_add(s->connections, info->connect_fd);
}

// libmicrohttpd's own messages may hold parts of a request.
static void log_nothing(void *cls, const char *format, va_list arguments) {
    (void)cls;
    (void)format;
    (void)arguments;
}

static struct MHD_Daemon *start_daemon(server *s, int fd) {
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_handle, s, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CLIENT_DISCIPLINE_LVL, (int)DISCIPLINE,
        MHD_OPTION_CONNECTION_LIMIT, s->config.max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, notify_connection, s,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, s, MHD_OPTION_END);
}

http_listener *http_start(server *s) {
    http_listener *listener = calloc(1, sizeof *listener);
    const int fd = listener != NULL ? open_socket(&s->config) : -1;
    if (fd < 0) {
        free(listener);
        return NULL;
    }
    listener->fd = fd;
    listener->port = port_of(fd);
    listener->daemon = start_daemon(s, fd);
    if (listener->daemon == NULL) {
        cli_error("cannot start the HTTP server: %s", strerror(errno));
        close(fd);
        free(listener);
        return NULL;
    }
    return listener;
}

unsigned http_port(const http_listener *listener) { return listener->port; }

// Connections that the system has accepted for us already would be cut off by closing the socket.
static void accept_waiting(http_listener *listener) {
    for (;;) {
        struct sockaddr_storage peer = {0};
        socklen_t size = sizeof peer;
        const int fd = accept(listener->fd, (struct sockaddr *)&peer, &size);
        if (fd < 0) {
            return;
        }
        MHD_add_connection(listener->daemon, fd, (const struct sockaddr *)&peer, size);
    }
}

void http_stop_accepting(http_listener *listener) {
    if (MHD_quiesce_daemon(listener->daemon) != MHD_INVALID_SOCKET) {
        accept_waiting(listener);
        close(listener->fd);
    }
}

void http_free(http_listener *listener) {
    if (listener != NULL) {
        MHD_stop_daemon(listener->daemon);
        free(listener);
    }
}
