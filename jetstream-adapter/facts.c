/* Facts: one TCP connection, one line, closed again before nats-server's auth timeout can mind. */
#include "jetstream-adapter/facts.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/json.h"

enum { INFO_MAX = 64 * 1024, VERSION_PART_MAX = 1000000 };

bool way_facts_version(const char *text, way_server_info *out)
{
    int32_t part[3] = {0, 0, 0};
    const char *p = text;

    if (*p == 'v')
        p++;
    for (int i = 0; i < 3; i++) {
        if (*p < '0' || *p > '9')
            return false;
        while (*p >= '0' && *p <= '9') {
            part[i] = part[i] * 10 + (*p++ - '0');
            if (part[i] > VERSION_PART_MAX)
                return false;
        }
        if (i < 2) {
            if (*p != '.')
                return false;
            p++;
        }
    }
    snprintf(out->version, sizeof out->version, "%s", text);
    out->major = part[0];
    out->minor = part[1];
    out->patch = part[2];
    return true;
}

static int32_t distinct(const cJSON *urls)
{
    int32_t n = 0;

    for (const cJSON *u = urls->child; u; u = u->next) {
        const cJSON *before = urls->child;

        if (!cJSON_IsString(u))
            continue;
        while (before != u && !(cJSON_IsString(before) && strcmp(before->valuestring, u->valuestring) == 0))
            before = before->next;
        if (before == u)
            n++;
    }
    return n;
}

way_code way_facts_parse(const char *text, size_t len, way_server_info *out, way_err *e)
{
    cJSON *json = NULL;
    const cJSON *urls = NULL;
    const char *version = NULL, *cluster = NULL;
    way_server_info s = {.servers = 1};
    way_code rc = way_json_parse(text, len, INFO_MAX, &json, e);

    if (rc == WAY_OK)
        rc = way_json_get_str(json, "version", sizeof s.version - 1, &version, e);
    if (rc == WAY_OK)
        rc = way_json_get_str(json, "cluster", 255, &cluster, e);
    if (rc == WAY_OK)
        rc = way_json_get_int(json, "max_payload", 0, INT32_MAX, &s.max_payload, e);
    if (rc == WAY_OK)
        rc = way_json_get_array(json, "connect_urls", &urls, e);
    if (rc == WAY_OK && (!version || !way_facts_version(version, &s)))
        rc = way_fail(e, WAY_E_UNAVAILABLE, "nats-server's INFO has no version");
    if (rc == WAY_OK) {
        if (cluster && *cluster)
            s.servers = urls ? distinct(urls) : 0;
        *out = s;
    }
    cJSON_Delete(json);
    return rc;
}

/* "nats://user:pass@host:port" -> host, port.  IPv6 in brackets. */
static bool split(const char *url, char *host, size_t host_size, char *port, size_t port_size)
{
    const char *p = strstr(url, "://"), *at, *end, *colon;

    p = p ? p + 3 : url;
    at = strrchr(p, '@');
    if (at)
        p = at + 1;
    if (*p == '[') {
        p++;
        end = strchr(p, ']');
        colon = end && end[1] == ':' ? end + 1 : NULL;
    } else {
        end = p + strcspn(p, ":/");
        colon = *end == ':' ? end : NULL;
    }
    if (!end || end == p || (size_t)(end - p) >= host_size)
        return false;
    snprintf(host, host_size, "%.*s", (int)(end - p), p);
    if (colon)
        snprintf(port, port_size, "%.*s", (int)strspn(colon + 1, "0123456789"), colon + 1);
    else
        snprintf(port, port_size, "4222");
    return true;
}

static bool wait_for(int fd, short events, int64_t deadline_ms)
{
    struct pollfd p = {.fd = fd, .events = events};

    for (;;) {
        int64_t left = deadline_ms - way_mono_ms();
        int n = poll(&p, 1, left < 0 ? 0 : (int)(left < 60000 ? left : 60000));

        if (n > 0)
            return true;
        if ((n < 0 && errno != EINTR) || (n == 0 && left <= 0))
            return false;
    }
}

static int dial(const struct addrinfo *list, int64_t deadline_ms)
{
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
        int error = 0;
        socklen_t size = sizeof error;

        if (fd < 0)
            continue;
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
            return fd;
        if (errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline_ms) &&
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
            return fd;
        close(fd);
    }
    return -1;
}

/* Up to the line's end; 0: none came. */
static size_t read_line(int fd, char *buf, size_t size, int64_t deadline_ms)
{
    size_t have = 0;

    while (have < size && wait_for(fd, POLLIN, deadline_ms)) {
        ssize_t n = recv(fd, buf + have, size - have, 0);
        char *end;

        if (n <= 0)
            return 0;
        end = memchr(buf + have, '\n', (size_t)n);
        have += (size_t)n;
        if (end)
            return (size_t)(end - buf);
    }
    return 0;
}

way_code way_facts_read(const char *url, int64_t deadline_ms, way_server_info *out, way_err *e)
{
    char host[256], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    char *line = NULL;
    size_t len;
    way_code rc;
    int fd = -1;

    if (!split(url, host, sizeof host, port, sizeof port))
        return way_fail(e, WAY_E_INTERNAL, "nats-server's address is not understood");
    if (getaddrinfo(host, port, &hints, &list) != 0)
        return way_fail(e, WAY_E_UNAVAILABLE, "nats-server %s: no such host", host);
    fd = dial(list, deadline_ms);
    freeaddrinfo(list);
    if (fd < 0)
        return way_fail(e, WAY_E_UNAVAILABLE, "nats-server %s:%s does not accept connections", host, port);
    line = malloc(INFO_MAX);
    len = line ? read_line(fd, line, INFO_MAX, deadline_ms) : 0;
    close(fd);
    if (len < 5 || memcmp(line, "INFO ", 5) != 0)
        rc = way_fail(e, WAY_E_UNAVAILABLE, "nats-server %s:%s sends no INFO", host, port);
    else
        rc = way_facts_parse(line + 5, len - 5, out, e);
    free(line);
    return rc;
}
