// SPDX-License-Identifier: Apache-2.0
#define _DEFAULT_SOURCE  // struct tcp_info
#include "connections.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

struct client_connection {
    int fd;
    connection_phase phase;
    double deadline_ms;
    uint64_t received;  // bytes that had come when it was last idle
    bool shut;
    client_connection *previous, *next;
};

struct connection_table {
    connection_deadlines deadlines;
    pthread_mutex_t mutex;
    client_connection *first;
    size_t open;
    uint64_t accepted, timed_out;
};

connection_table *connections_new(const connection_deadlines *deadlines) {
    connection_table *table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->deadlines = *deadlines;
        pthread_mutex_init(&table->mutex, NULL);
    }
    return table;
}

void connections_free(connection_table *table) {
    if (table == NULL) {
        return;
    }
    while (table->first != NULL) {
        connections_remove(table, table->first);
    }
    pthread_mutex_destroy(&table->mutex);
    free(table);
}

client_connection *connections_add(connection_table *table, int fd) {
    client_connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->fd = fd;
    c->phase = CONNECTION_HEADERS;
    c->deadline_ms = clock_ms() + table->deadlines.headers_ms;
    pthread_mutex_lock(&table->mutex);
    c->next = table->first;
    if (c->next != NULL) {
        c->next->previous = c;
    }
    table->first = c;
    table->open++;
    table->accepted++;
    pthread_mutex_unlock(&table->mutex);
    return c;
}

void connections_remove(connection_table *table, client_connection *c) {
    pthread_mutex_lock(&table->mutex);
    if (c->previous != NULL) {
        c->previous->next = c->next;
    } else {
        table->first = c->next;
    }
    if (c->next != NULL) {
        c->next->previous = c->previous;
    }
    table->open--;
    pthread_mutex_unlock(&table->mutex);
    free(c);
}

// Bytes ever received on the connection; 0 where the system does not tell, and then what follows an
// answer has the longer deadline of IDLE.
static uint64_t bytes_received(int fd) {
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
}

static double time_for(const connection_deadlines *deadlines, connection_phase phase) {
    switch (phase) {
    case CONNECTION_HEADERS:
        return deadlines->headers_ms;
    case CONNECTION_IDLE:
        return deadlines->idle_ms;
    case CONNECTION_BODY:
        return deadlines->body_ms;
    case CONNECTION_ANSWER:
        return deadlines->answer_ms;
    case CONNECTION_WORKING:
        break;
    }
    return 1e15;
}

void connections_enter(connection_table *table, client_connection *c, connection_phase phase,
                       uint64_t answer_bytes) {
    const double time = time_for(&table->deadlines, phase);
    pthread_mutex_lock(&table->mutex);
    c->phase = phase;
    c->deadline_ms =
        clock_ms() + time + (double)answer_bytes / table->deadlines.answer_bytes_per_ms;
    if (phase == CONNECTION_IDLE) {
        c->received = bytes_received(c->fd);
    }
    pthread_mutex_unlock(&table->mutex);
}

// Nothing of a request has come since the last answer, or ever.
static bool is_idle(const client_connection *c) {
    return (c->phase == CONNECTION_IDLE || c->phase == CONNECTION_HEADERS) &&
           bytes_received(c->fd) == c->received;
}

static void shut(client_connection *c) {
    shutdown(c->fd, SHUT_RDWR);
    c->shut = true;
}

size_t connections_reap(connection_table *table) {
    const double now = clock_ms();
    size_t count = 0;
    pthread_mutex_lock(&table->mutex);
    for (client_connection *c = table->first; c != NULL; c = c->next) {
        if (c->phase == CONNECTION_IDLE && bytes_received(c->fd) > c->received) {
            c->phase = CONNECTION_HEADERS;
            c->deadline_ms = now + table->deadlines.headers_ms;
        }
        if (!c->shut && now > c->deadline_ms) {
            shut(c);
            count++;
        }
    }
    table->timed_out += count;
    pthread_mutex_unlock(&table->mutex);
    return count;
}

void connections_close_idle(connection_table *table) {
    pthread_mutex_lock(&table->mutex);
    for (client_connection *c = table->first; c != NULL; c = c->next) {
        if (!c->shut && is_idle(c)) {
            shut(c);
        }
    }
    pthread_mutex_unlock(&table->mutex);
}

connection_counts connections_count(connection_table *table) {
    pthread_mutex_lock(&table->mutex);
    connection_counts counts = {
        .open = table->open, .accepted = table->accepted, .timed_out = table->timed_out};
    for (const client_connection *c = table->first; c != NULL; c = c->next) {
        counts.busy += c->shut || is_idle(c) ? 0 : 1;
    }
    pthread_mutex_unlock(&table->mutex);
    return counts;
}
