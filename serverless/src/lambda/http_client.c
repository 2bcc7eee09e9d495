// SPDX-License-Identifier: Apache-2.0
#include "lambda/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "security/client_address.h"

// ---------------------------------------------------------------------------- connection

static bool parse_port(text value, in_port_t *port) {
    unsigned number = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || number > 65535) {
            return false;
        }
        number = number * 10 + (unsigned)(value.data[i] - '0');
    }
    *port = htons((in_port_t)number);
    return number >= 1 && number <= 65535;
}

bool http_client_init(http_client *client, const char *endpoint, int stop_fd) {
    memset(client, 0, sizeof *client);
    client->socket = -1;
    client->stop_fd = stop_fd;
    client->address.sin6_family = AF_INET6;
    const char *colon = strrchr(endpoint, ':');
    if (colon == NULL || strlen(endpoint) >= sizeof client->authority) {
        return false;
    }
    strcpy(client->authority, endpoint);
    text host = {endpoint, (size_t)(colon - endpoint)};
    if (text_equals_any_case(host, "localhost")) {
        host = text_of("127.0.0.1");
    } else if (host.length > 2 && host.data[0] == '[' && host.data[host.length - 1] == ']') {
        host = (text){host.data + 1, host.length - 2};
    }
    ip_address address;
    if (!ip_parse(host, &address) || !parse_port(text_of(colon + 1), &client->address.sin6_port)) {
        return false;
    }
    memcpy(&client->address.sin6_addr, address.bytes, sizeof address.bytes);
    return true;
}

static void disconnect(http_client *client) {
    if (client->socket >= 0) {
        close(client->socket);
    }
    client->socket = -1;
    client->start = client->end = 0;
}

void http_client_free(http_client *client) {
    disconnect(client);
    buffer_free(&client->head);
    buffer_free(&client->body);
}

// An IPv4 address by IPv4, since machines without IPv6 have no mapped addresses either.
static bool connect_socket(http_client *client) {
    const struct sockaddr_in6 *address = &client->address;
    const struct sockaddr *target = (const struct sockaddr *)address;
    socklen_t length = sizeof *address;
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = address->sin6_port};
    if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
        memcpy(&ipv4.sin_addr, address->sin6_addr.s6_addr + 12, 4);
        target = (const struct sockaddr *)&ipv4;
        length = sizeof ipv4;
    }
    client->socket = socket(target->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->socket >= 0 && connect(client->socket, target, length) == 0) {
        return true;
    }
    disconnect(client);
    return false;
}

// ---------------------------------------------------------------------------- sending

static bool send_all(int socket, struct iovec *parts, size_t count) {
    while (count > 0) {
        const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return false;
        }
        while (count > 0 && (size_t)sent >= parts->iov_len) {
            sent -= (ssize_t)parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + sent;
            parts->iov_len -= (size_t)sent;
        }
    }
    return true;
}

static bool send_request(http_client *client, const char *path, const char *headers, text body) {
    char head[1024];
    int length =
        snprintf(head, sizeof head,
                 "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: " CLI_NAME "/" EC_VERSION "\r\n",
                 headers != NULL ? "POST" : "GET", path, client->authority);
    if (headers != NULL && length < (int)sizeof head) {
        length += snprintf(head + length, sizeof head - (size_t)length, "%sContent-Length: %zu\r\n",
                           headers, body.length);
    }
    if (length + 2 >= (int)sizeof head) {
        return false;
    }
    memcpy(head + length, "\r\n", 2);
    // sendmsg does not write to what it sends.
    union {
        const char *in;
        void *out;
    } data = {body.data};
    struct iovec parts[2] = {{head, (size_t)length + 2}, {data.out, body.length}};
    return send_all(client->socket, parts, 2);
}

// ---------------------------------------------------------------------------- receiving

// Waits for the socket or for the order to stop.
static http_result wait_readable(const http_client *client, int stop_fd) {
    struct pollfd fds[2] = {{.fd = client->socket, .events = POLLIN},
                            {.fd = stop_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0) {
        if (errno != EINTR) {
            return HTTP_UNREACHABLE;
        }
    }
    // What has arrived is to be answered first.
    return fds[0].revents == 0 && fds[1].revents != 0 ? HTTP_STOPPED : HTTP_OK;
}

// Reads up to `capacity` bytes; 0 at the end of the connection or on an error.
static size_t receive(const http_client *client, char *data, size_t capacity) {
    ssize_t got;
    do {
        got = recv(client->socket, data, capacity, 0);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

static bool fill(http_client *client) {
    client->start = 0;
    client->end = receive(client, client->read, sizeof client->read);
    return client->end > 0;
}

// Adds a line to *out, its CR LF left out.
static http_result read_line(http_client *client, text_buffer *out, size_t max) {
    const size_t begin = out->length;
    for (;;) {
        if (client->start == client->end && !fill(client)) {
            return HTTP_UNREACHABLE;
        }
        const char *data = client->read + client->start;
        const size_t pending = client->end - client->start;
        const char *lf = memchr(data, '\n', pending);
        const size_t length = lf != NULL ? (size_t)(lf - data) + 1 : pending;
        buffer_add(out, data, length);
        client->start += length;
        if (out->failed || out->length > max) {
            return out->failed ? HTTP_NO_MEMORY : HTTP_MALFORMED;
        }
        if (lf != NULL) {
            break;
        }
    }
    const size_t length = out->length - begin;
    if (length < 2 || out->data[out->length - 2] != '\r' ||
        memchr(out->data + begin, '\0', length) != NULL ||
        memchr(out->data + begin, '\r', length - 2) != NULL) {
        return HTTP_MALFORMED;
    }
    out->length -= 2;
    return HTTP_OK;
}

static http_result read_bytes(http_client *client, size_t length) {
    text_buffer *body = &client->body;
    if (length > HTTP_MAX_BODY - body->length) {
        return HTTP_MALFORMED;
    }
    if (!buffer_reserve(body, length)) {
        return HTTP_NO_MEMORY;
    }
    const size_t pending = client->end - client->start;
    const size_t take = pending < length ? pending : length;
    buffer_add(body, client->read + client->start, take);
    client->start += take;
    for (size_t missing = length - take; missing > 0;) {
        const size_t got = receive(client, body->data + body->length, missing);
        if (got == 0) {
            return HTTP_UNREACHABLE;
        }
        body->length += got;
        missing -= got;
    }
    return HTTP_OK;
}

// ---------------------------------------------------------------------------- responses

// Steps through the lines of the head, which end in '\n' there.
static bool next_line(const text_buffer *head, size_t *at, text *line) {
    if (*at >= head->length) {
        return false;
    }
    const char *start = head->data + *at;
    const char *end = memchr(start, '\n', head->length - *at);
    *line = (text){start, (size_t)(end - start)};
    *at += line->length + 1;
    return true;
}

// "name: value", without white space around the value.
static bool split_header(text line, text *name, text *value) {
    const char *colon = memchr(line.data, ':', line.length);
    if (colon == NULL || colon == line.data || line.data[0] == ' ' || line.data[0] == '\t' ||
        colon[-1] == ' ' || colon[-1] == '\t') {
        return false;
    }
    *name = (text){line.data, (size_t)(colon - line.data)};
    *value = text_trim((text){colon + 1, line.length - name->length - 1});
    return true;
}

static size_t count_headers(const http_client *client, const char *wanted, text *found) {
    size_t count = 0;
    size_t at = 0;
    text line, name, value;
    while (next_line(&client->head, &at, &line)) {
        if (split_header(line, &name, &value) && text_equals_any_case(name, wanted)) {
            *found = count++ == 0 ? value : *found;
        }
    }
    return count;
}

text http_header(const http_client *client, const char *name) {
    text value = {"", 0};
    count_headers(client, name, &value);
    return value;
}

// "HTTP/1.1 200 OK", the reason being optional.
static bool parse_status(text line, int *status) {
    const size_t prefix = strlen("HTTP/1.1 ");
    if (line.length < prefix + 3 || memcmp(line.data, "HTTP/1.", 7) != 0 ||
        line.data[prefix - 1] != ' ' ||
        (line.length > prefix + 3 && line.data[prefix + 3] != ' ')) {
        return false;
    }
    int number = 0;
    for (size_t i = prefix; i < prefix + 3; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            return false;
        }
        number = number * 10 + (line.data[i] - '0');
    }
    *status = number;
    return number >= 200;  // we ask for no interim response
}

static http_result read_head(http_client *client) {
    text_buffer *head = &client->head;
    buffer_clear(head);
    for (;;) {
        const size_t start = head->length;
        const http_result result = read_line(client, head, HTTP_MAX_HEAD);
        const text line = {head->data + start, result == HTTP_OK ? head->length - start : 0};
        if (result != HTTP_OK) {
            return result;
        }
        if (line.length == 0) {
            return start > 0 ? HTTP_OK : HTTP_MALFORMED;
        }
        text name, value;
        if (start == 0 ? !parse_status(line, &client->status)
                       : !split_header(line, &name, &value)) {
            return HTTP_MALFORMED;
        }
        buffer_add(head, "\n", 1);
    }
}

// A size in base 10 or 16 of at most HTTP_MAX_BODY.
static bool parse_size(text value, unsigned base, size_t *size) {
    size_t number = 0;
    for (size_t i = 0; i < value.length; i++) {
        const char c = value.data[i];
        const char lower = (char)(c | 0x20);
        const bool digit = c >= '0' && c <= '9';
        if (!digit && !(base == 16 && lower >= 'a' && lower <= 'f')) {
            return false;
        }
        number = number * base + (size_t)(digit ? c - '0' : lower - 'a' + 10);
        if (number > HTTP_MAX_BODY) {
            return false;
        }
    }
    *size = number;
    return value.length > 0;
}

// Chunks without extensions, and no trailer.
static http_result read_chunks(http_client *client) {
    text_buffer line = {0};
    http_result result = HTTP_OK;
    size_t size = 1;
    while (result == HTTP_OK && size > 0) {
        buffer_clear(&line);
        result = read_line(client, &line, 32);
        if (result == HTTP_OK && !parse_size((text){line.data, line.length}, 16, &size)) {
            result = HTTP_MALFORMED;
        }
        if (result == HTTP_OK) {
            result = read_bytes(client, size);
        }
        buffer_clear(&line);
        if (result == HTTP_OK) {
            result = read_line(client, &line, 32);
        }
        if (result == HTTP_OK && line.length > 0) {
            result = HTTP_MALFORMED;
        }
    }
    buffer_free(&line);
    return result;
}

static http_result read_body(http_client *client) {
    text length = {"", 0};
    text coding = {"", 0};
    const size_t lengths = count_headers(client, "Content-Length", &length);
    const size_t codings = count_headers(client, "Transfer-Encoding", &coding);
    buffer_clear(&client->body);
    if (codings == 1 && lengths == 0 && text_equals_any_case(coding, "chunked")) {
        return read_chunks(client);
    }
    size_t size = 0;
    if (codings > 0 || lengths > 1 || (lengths == 1 && !parse_size(length, 10, &size)) ||
        (lengths == 0 && client->status != 204)) {
        return HTTP_MALFORMED;
    }
    return read_bytes(client, size);
}

// ---------------------------------------------------------------------------- exchanges

// A GET without headers, a POST with them. *silent: nothing of a response came.
static http_result try_exchange(http_client *client, const char *path, const char *headers,
                                text body, bool *silent) {
    *silent = true;
    if ((client->socket < 0 && !connect_socket(client)) ||
        !send_request(client, path, headers, body)) {
        return HTTP_UNREACHABLE;
    }
    // Work that is done is delivered, whatever signal has come.
    http_result result = wait_readable(client, headers == NULL ? client->stop_fd : -1);
    if (result == HTTP_OK && !fill(client)) {
        return HTTP_UNREACHABLE;
    }
    *silent = false;
    result = result == HTTP_OK ? read_head(client) : result;
    return result == HTTP_OK ? read_body(client) : result;
}

static http_result exchange(http_client *client, const char *path, const char *headers, text body) {
    const bool was_open = client->socket >= 0;
    bool silent = false;
    http_result result = try_exchange(client, path, headers, body, &silent);
    if (result == HTTP_UNREACHABLE && was_open && silent) {
        // The other side had closed the idle connection.
        disconnect(client);
        result = try_exchange(client, path, headers, body, &silent);
    }
    const bool keep = result == HTTP_OK && client->start == client->end &&
                      !text_equals_any_case(http_header(client, "Connection"), "close");
    if (!keep) {
        disconnect(client);
    }
    return result;
}

http_result http_get(http_client *client, const char *path) {
    return exchange(client, path, NULL, (text){"", 0});
}

http_result http_post(http_client *client, const char *path, const char *headers, text body) {
    return exchange(client, path, headers, body);
}

const char *http_result_text(http_result result) {
    switch (result) {
    case HTTP_UNREACHABLE:
        return "cannot be reached, or cut the connection";
    case HTTP_MALFORMED:
        return "sent no proper HTTP response";
    case HTTP_NO_MEMORY:
        return "sent more than there is memory for";
    case HTTP_STOPPED:
        return "was left because of a signal";
    case HTTP_OK:
        break;
    }
    return "answered";
}
