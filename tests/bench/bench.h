/* Shared by the bench programs: clock, flags, a small HTTP client, and cnats on epoll.
 *
 * All in the header: each program is one file and one result line of JSON on stdout.  A program that cannot measure says why on stderr
 * and ends with 1; nothing is estimated. */
#ifndef WAY_BENCH_H
#define WAY_BENCH_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <nats/nats.h>

__attribute__((unused, noreturn, format(printf, 1, 2))) static void bench_die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

__attribute__((unused)) static double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --name value, else def. */
__attribute__((unused)) static const char *bench_flag(int argc, char **argv, const char *name, const char *def)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    if (!def)
        bench_die("%s: %s is needed", argv[0], name);
    return def;
}

__attribute__((unused)) static long bench_number(int argc, char **argv, const char *name, const char *def)
{
    char *end;
    long v = strtol(bench_flag(argc, argv, name, def), &end, 10);

    if (*end || v < 0)
        bench_die("%s: %s is not a number", argv[0], name);
    return v;
}

/* ---- HTTP: one blocking keep-alive connection ---- */

typedef struct bench_http {
    int fd;
    char *buf;     /* the last answer; body points into it */
    size_t cap, have;
    const char *body;
    size_t body_len;
    int status;
} bench_http;

__attribute__((unused)) static void bench_http_open(bench_http *h, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int one = 1;

    *h = (bench_http){.fd = socket(AF_INET, SOCK_STREAM, 0), .cap = 1 << 20};
    if (h->fd < 0 || connect(h->fd, (struct sockaddr *)&a, sizeof a) != 0)
        bench_die("127.0.0.1:%d: %s", port, strerror(errno));
    setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    h->buf = malloc(h->cap + 1);
    if (!h->buf)
        bench_die("no memory");
}

__attribute__((unused)) static void bench_http_close(bench_http *h)
{
    close(h->fd);
    free(h->buf);
}

static void bench_send(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            bench_die("send: %s", strerror(errno));
        p += n;
        len -= (size_t)n;
    }
}

static void bench_more(bench_http *h)
{
    ssize_t n;

    if (h->have == h->cap) {
        h->cap *= 2;
        h->buf = realloc(h->buf, h->cap + 1);
        if (!h->buf)
            bench_die("no memory");
    }
    n = recv(h->fd, h->buf + h->have, h->cap - h->have, 0);
    if (n <= 0)
        bench_die("the connection was closed in the middle of an answer");
    h->have += (size_t)n;
    h->buf[h->have] = '\0';
}

/* One request, one answer with a Content-Length. */
__attribute__((unused)) static int bench_http_do(bench_http *h, const char *method, const char *path, const char *token,
                                                 const char *body, size_t len)
{
    char head[2048];
    int n = snprintf(head, sizeof head,
                     "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     method, path, token, len);
    const char *end = NULL, *length;
    size_t want;

    if (n < 0 || (size_t)n >= sizeof head)
        bench_die("the request's head is too long");
    if (len < 16384 && (size_t)n + len < sizeof head) {
        memcpy(head + n, body, len);
        bench_send(h->fd, head, (size_t)n + len);
    } else {
        bench_send(h->fd, head, (size_t)n);
        bench_send(h->fd, body, len);
    }
    h->have = 0;
    h->buf[0] = '\0';
    while (!end) {
        bench_more(h);
        end = strstr(h->buf, "\r\n\r\n");
    }
    length = strcasestr(h->buf, "\r\ncontent-length:");
    h->status = atoi(h->buf + 9);
    if (!length || length > end) {
        if (h->status != 204)
            bench_die("an answer without Content-Length: %.200s", h->buf);
        want = 0;
    } else {
        want = strtoul(length + 17, NULL, 10);
    }
    n = (int)(end + 4 - h->buf);
    while (h->have < (size_t)n + want)
        bench_more(h);
    h->body = h->buf + n;
    h->body_len = want;
    return h->status;
}

/* ---- cnats in event-loop mode: one thread, one write per turn ---- */

typedef struct bench_loop {
    int epoll;
    int fd;
    natsConnection *nc;
    bool reading, writing; /* what cnats asked for */
    uint32_t armed;
    bool lost;
} bench_loop;

static natsStatus bench_attach(void **user, void *loop, natsConnection *nc, natsSock fd)
{
    bench_loop *l = loop;
    struct epoll_event ev = {.events = EPOLLIN};

    l->fd = (int)fd;
    l->nc = nc;
    l->reading = true;
    l->armed = EPOLLIN;
    *user = l;
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->fd, &ev) == 0 ? NATS_OK : NATS_SYS_ERROR;
}

static natsStatus bench_read(void *user, bool add)
{
    ((bench_loop *)user)->reading = add;
    return NATS_OK;
}

static natsStatus bench_write(void *user, bool add)
{
    ((bench_loop *)user)->writing = add;
    return NATS_OK;
}

static natsStatus bench_detach(void *user)
{
    bench_loop *l = user;

    epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->fd, NULL);
    l->lost = true;
    return NATS_OK;
}

#define BENCH_OK(call)                                                                             \
    do {                                                                                           \
        natsStatus s_ = (call);                                                                    \
        if (s_ != NATS_OK)                                                                         \
            bench_die("%s: %s", #call, natsStatus_GetText(s_));                                    \
    } while (0)

__attribute__((unused)) static void bench_loop_open(bench_loop *l, const char *url)
{
    natsOptions *opts = NULL;

    *l = (bench_loop){.epoll = epoll_create1(0)};
    BENCH_OK(natsOptions_Create(&opts));
    BENCH_OK(natsOptions_SetURL(opts, url));
    BENCH_OK(natsOptions_SetEventLoop(opts, l, bench_attach, bench_read, bench_write, bench_detach));
    BENCH_OK(natsOptions_SetSendAsap(opts, true));
    BENCH_OK(natsOptions_SetIOBufSize(opts, 1 << 20));
    BENCH_OK(natsOptions_SetAllowReconnect(opts, false));
    BENCH_OK(natsConnection_Connect(&l->nc, opts));
    natsOptions_Destroy(opts);
}

/* Writes what was published since, waits for something to come, lets cnats parse it. */
__attribute__((unused)) static void bench_loop_turn(bench_loop *l)
{
    struct epoll_event ev;
    uint32_t want;

    if (l->writing)
        natsConnection_ProcessWriteEvent(l->nc);
    want = (l->reading ? (uint32_t)EPOLLIN : 0) | (l->writing ? (uint32_t)EPOLLOUT : 0);
    if (want != l->armed) {
        struct epoll_event arm = {.events = want};

        epoll_ctl(l->epoll, EPOLL_CTL_MOD, l->fd, &arm);
        l->armed = want;
    }
    if (epoll_wait(l->epoll, &ev, 1, 10000) < 1)
        bench_die("nothing came for 10 s");
    if (ev.events & EPOLLOUT)
        natsConnection_ProcessWriteEvent(l->nc);
    if (ev.events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        natsConnection_ProcessReadEvent(l->nc);
    if (l->lost)
        bench_die("nats-server closed the connection");
}

/* ---- JetStream API, blocking, on a plain connection ---- */

/* Fails on an error answer unless its err_code is `may`. */
__attribute__((unused)) static void bench_api(natsConnection *nc, const char *subject, const char *body, const char *may)
{
    natsMsg *msg = NULL;

    BENCH_OK(natsConnection_RequestString(&msg, nc, subject, body, 10000));
    if (strstr(natsMsg_GetData(msg), "\"error\"") && !(may && strstr(natsMsg_GetData(msg), may)))
        bench_die("%s: %s", subject, natsMsg_GetData(msg));
    natsMsg_Destroy(msg);
}

/* A file stream as a station's partition has it; plain: without its republish rule, which nats-server works on for every
 * message even when nobody listens. */
__attribute__((unused)) static void bench_stream_config(const char *name, bool plain, char *out, size_t size)
{
    char live[256] = "";

    if (!plain)
        snprintf(live, sizeof live, ",\"republish\":{\"src\":\"%s.final\",\"dest\":\"way.live.%s\"}", name, name);
    snprintf(out, size,
             "{\"name\":\"%s\",\"subjects\":[\"%s.>\"],\"retention\":\"limits\",\"storage\":\"file\",\"num_replicas\":1,"
             "\"max_age\":3600000000000,\"max_msgs\":-1,\"max_bytes\":-1,\"max_msg_size\":8388608,"
             "\"duplicate_window\":120000000000,\"allow_direct\":true%s}",
             name, name, live);
}

__attribute__((unused)) static void bench_streams(natsConnection *nc, const char *prefix, long n, const char *verb,
                                                 bool plain)
{
    for (long i = 1; i <= n; i++) {
        char name[64], subject[128], body[768] = "";

        snprintf(name, sizeof name, "%s$%ld", prefix, i);
        snprintf(subject, sizeof subject, "$JS.API.STREAM.%s.%s", verb, name);
        if (strcmp(verb, "CREATE") == 0)
            bench_stream_config(name, plain, body, sizeof body);
        bench_api(nc, subject, body, strcmp(verb, "DELETE") == 0 ? "10059" : NULL);
    }
}

#endif
