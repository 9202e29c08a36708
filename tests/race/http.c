/* HTTP/1.1 on a real socket: what a client sees for whole, split, pipelined, oversized, unfinished and wrong requests.
 * One island with a table of routes of its own; no servers. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "gateway/http.h"

enum { WAIT_MS = 10000, IDLE_MS = 400, CONNECTIONS = 20, EXCHANGES = 8 };

/* ---- routes ---- */

static size_t large(way_exchange *x, way_err *e)
{
    (void)x;
    (void)e;
    return 64u << 20;
}

static size_t refused(way_exchange *x, way_err *e)
{
    way_fail(e, WAY_E_GONE, "%s went away", way_x_param(x, 0));
    return 0;
}

static bool add_header(void *arg, const char *name, const char *value)
{
    way_buf_printf(arg, "[%s=%s]", name, value);
    return true;
}

/* Says what it got: length and sum of the body, path parts, type, message headers. */
static void echo_run(way_exchange *x)
{
    size_t len;
    const char *body = way_x_body(x, &len);
    unsigned sum = 0;
    way_buf b;

    for (size_t i = 0; i < len; i++)
        sum += (unsigned char)body[i];
    way_buf_init(&b, 0);
    way_buf_printf(&b, "%s|%s|%zu|%u|%s|", way_x_param(x, 0), way_x_param(x, 1), len, sum, way_x_content_type(x));
    way_x_message_headers(x, add_header, &b);
    way_x_reply(x, 200, "text/plain", &b);
}

static void big_run(way_exchange *x)
{
    char text[32] = "0";
    way_err e;
    way_buf b;

    (void)way_x_query(x, "n", text, sizeof text, &e);
    way_buf_init(&b, 0);
    for (long n = atol(text); n > 0; n--)
        way_buf_char(&b, 'x');
    way_x_reply(x, 200, "text/plain", &b);
}

typedef struct upload {
    way_exchange *x;
    ev_timer later;
    struct ev_loop *loop;
    size_t len;
    int pauses;
} upload;

static void upload_ended(void *state)
{
    upload *u = state;

    ev_timer_stop(u->loop, &u->later);
    free(u);
}

static void go_on(struct ev_loop *loop, ev_timer *w, int revents)
{
    upload *u = w->data;

    (void)loop;
    (void)revents;
    way_x_pause_body(u->x, false);
}

static void upload_run(way_exchange *x)
{
    upload *u = way_xcalloc(1, sizeof *u);

    u->x = x;
    u->loop = way_island_get(way_x_island(x))->loop;
    ev_timer_init(&u->later, go_on, 0.01, 0);
    u->later.data = u;
    way_x_set_state(x, u, upload_ended);
}

static void upload_chunk(way_exchange *x, const char *data, size_t len)
{
    upload *u = way_x_state(x);
    way_err e;

    if (memchr(data, '!', len) != NULL) {
        way_fail(&e, WAY_E_INVAL, "a bang");
        way_x_fail(x, &e);
        return;
    }
    u->len += len;
    if (++u->pauses <= 20) {
        way_x_pause_body(x, true);
        ev_timer_set(&u->later, 0.005, 0);
        ev_timer_start(u->loop, &u->later);
    }
}

static void upload_end(way_exchange *x)
{
    upload *u = way_x_state(x);
    char text[32];

    way_x_reply_bytes(x, 200, "text/plain", text, (size_t)snprintf(text, sizeof text, "%zu", u->len));
}

static void never_run(way_exchange *x)
{
    (void)x;
}

#define FREE .doors = WAY_DOOR_API, .flags = WAY_ROUTE_OPEN | WAY_ROUTE_ALWAYS
const way_route way_routes[] = {
    {.method = WAY_GET, .pattern = "/echo/{a}", FREE, .run = echo_run},
    {.method = WAY_POST, .pattern = "/echo/{a}", FREE, .run = echo_run, .max_body = large},
    {.method = WAY_PATCH, .pattern = "/echo/{a}", FREE, .run = echo_run},
    {.method = WAY_PUT, .pattern = "/echo/{a}", FREE, .run = echo_run},
    {.method = WAY_DELETE, .pattern = "/echo/{a}", FREE, .run = echo_run},
    {.method = WAY_POST, .pattern = "/echo/{a}/{b}:verb", FREE, .run = echo_run},
    {.method = WAY_POST, .pattern = "/gone/{a}", FREE, .run = echo_run, .max_body = refused},
    {.method = WAY_GET, .pattern = "/big", FREE, .run = big_run},
    {.method = WAY_GET, .pattern = "/never", FREE, .run = never_run},
    {.method = WAY_POST, .pattern = "/upload", .doors = WAY_DOOR_API,
     .flags = WAY_ROUTE_OPEN | WAY_ROUTE_ALWAYS | WAY_ROUTE_STREAM, .run = upload_run, .chunk = upload_chunk,
     .end = upload_end},
    {.method = WAY_GET, .pattern = "/private", .doors = WAY_DOOR_API, .run = never_run},
};
const size_t way_route_count = WAY_COUNT(way_routes);

/* ---- a client ---- */

static int port, failures;

#define CHECK(cond, ...)                                        \
    do {                                                        \
        if (!(cond)) {                                          \
            failures++;                                         \
            fprintf(stderr, "line %d: %s: ", __LINE__, #cond);  \
            fprintf(stderr, __VA_ARGS__);                       \
            fprintf(stderr, "\n");                              \
        }                                                       \
    } while (0)

typedef struct client {
    int fd;
    char *in;
    size_t len;
    bool closed;
} client;

static client dial(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    client c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    WAY_ASSERT(connect(c.fd, (struct sockaddr *)&a, sizeof a) == 0);
    return c;
}

static void hang_up(client *c)
{
    close(c->fd);
    free(c->in);
}

/* false: the server has closed, which a refusal of a large body may do. */
static bool say(client *c, const void *data, size_t len)
{
    size_t sent = 0;

    while (sent < len) {
        ssize_t n = send(c->fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

static bool more(client *c, int wait_ms)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    ssize_t n;

    if (c->closed || poll(&p, 1, wait_ms) <= 0)
        return false;
    c->in = way_xrealloc(c->in, c->len + 65537);
    n = recv(c->fd, c->in + c->len, 65536, 0);
    if (n <= 0) {
        c->closed = true;
        return false;
    }
    c->len += (size_t)n;
    c->in[c->len] = '\0';
    return true;
}

/* Takes one answer off the front: its status, 0 none; body (owned) may be NULL. */
static int take(client *c, bool no_body, char **body, size_t *body_len)
{
    char *end, *length;
    size_t head, want;
    int status;

    while (c->in == NULL || (end = memmem(c->in, c->len, "\r\n\r\n", 4)) == NULL)
        if (!more(c, WAIT_MS))
            return 0;
    head = (size_t)(end - c->in) + 4;
    status = atoi(c->in + 9);
    *end = '\0';
    length = strcasestr(c->in, "content-length: ");
    want = length != NULL && !no_body ? strtoull(length + 16, NULL, 10) : 0;
    while (c->len < head + want)
        if (!more(c, WAIT_MS))
            return 0;
    if (body != NULL) {
        *body = way_xmalloc(want + 1);
        memcpy(*body, c->in + head, want);
        (*body)[want] = '\0';
        *body_len = want;
    }
    memmove(c->in, c->in + head + want, c->len - head - want);
    c->len -= head + want;
    return status;
}

static bool is_closed(client *c)
{
    while (more(c, WAIT_MS))
        ;
    return c->closed;
}

/* ---- tests ---- */

static void one_request_each(void)
{
    static const struct { const char *request; int status; bool closes; const char *says; } row[] = {
        {"GET /echo/a HTTP/1.1\r\nHost: h\r\n\r\n", 200, false, "a||0|0||"},
        {"GET /echo/a%20%2Fb HTTP/1.1\r\nHost: h\r\n\r\n", 200, false, "a /b||0|0||"},
        {"GET /echo/%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400, false, "escape"},
        {"GET /echo/a HTTP/1.0\r\n\r\n", 200, true, "a|"},
        {"GET /echo/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200, true, "a|"},
        {"POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Type: Text/Plain; x=y\r\nWay-Header-Ab: 1\r\n"
         "way-header-c: 2\r\nWay-Header-: no\r\n\r\nabc", 200, false, "a||3|294|text/plain|[Ab=1][c=2]"},
        {"POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 200, false, "a||0|0||"},
        {"POST /echo/a HTTP/1.1\r\nHost: h\r\n\r\n", 200, false, "a||0|0||"},
        {"PATCH /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na", 200, false, "a||1|97||"},
        {"PUT /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na", 200, false, "a||1|97||"},
        {"DELETE /echo/a HTTP/1.1\r\nHost: h\r\n\r\n", 200, false, "a||0|0||"},
        {"POST /echo/a/b%3Averb HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 200, false, "a|b|0"},
        {"OPTIONS /echo/a HTTP/1.1\r\nHost: h\r\n\r\n", 405, false, "GET, POST, PATCH, PUT, DELETE"},
        {"GET /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 404, false, "not_found"},
        {"GET /private HTTP/1.1\r\nHost: h\r\n\r\n", 503, false, "unavailable"},
        {"POST /gone/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 410, false, "x went away"},
        {"GET /echo/a HTTP/1.1\r\n\r\n", 400, true, "Host"},
        {"GET /echo/a HTTP/3\r\nHost: h\r\n\r\n", 400, true, "HTTP/1.1"},
        {"POST /echo/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 411, true, "Content-Length"},
        {"POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 67108865\r\n\r\n", 413, true, "67108864"},
        {"POST /echo/a/b:verb HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n", 413, true, "99999999999"},
    };

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        client c = dial();
        char *body = NULL;
        size_t len = 0;
        int status;

        say(&c, row[i].request, strlen(row[i].request));
        status = take(&c, false, &body, &len);
        CHECK(status == row[i].status, "%s: %d", row[i].request, status);
        CHECK(body != NULL && strstr(body, row[i].says) != NULL, "%s: %s", row[i].request, body);
        free(body);
        if (row[i].closes) {
            CHECK(is_closed(&c), "%s", row[i].request);
        } else { /* the same connection serves the next */
            say(&c, row[0].request, strlen(row[0].request));
            CHECK(take(&c, false, NULL, NULL) == 200, "%s, then another", row[i].request);
        }
        hang_up(&c);
    }
}

static void heads_too_large(void)
{
    for (int fields = 0; fields < 2; fields++) {
        client c = dial();
        char *text = way_xmalloc(40000);
        size_t n = (size_t)sprintf(text, "GET /echo/a HTTP/1.1\r\nHost: h\r\n");

        if (fields)
            for (int i = 0; i < 200; i++)
                n += (size_t)sprintf(text + n, "a: b\r\n");
        else
            n += (size_t)sprintf(text + n, "a: %020000d\r\n", 0);
        n += (size_t)sprintf(text + n, "\r\n");
        say(&c, text, n);
        CHECK(take(&c, false, NULL, NULL) == 431, "fields=%d", fields);
        CHECK(is_closed(&c), "fields=%d", fields);
        free(text);
        hang_up(&c);
    }
}

static void byte_by_byte(void)
{
    static const char request[] = "POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    client c = dial();

    for (int times = 0; times < 2; times++) {
        for (size_t i = 0; i < sizeof request - 1; i++)
            say(&c, request + i, 1);
        CHECK(take(&c, false, NULL, NULL) == 200, "time %d", times);
    }
    hang_up(&c);
}

static void pipelined_in_order(void)
{
    enum { N = 500 };
    client c = dial();
    char request[128], *body;
    size_t len;

    for (int i = 0; i < N; i++)
        say(&c, request, (size_t)sprintf(request, "POST /echo/n%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", i));
    for (int i = 0; i < N; i++) {
        int status = take(&c, false, &body, &len);

        sprintf(request, "n%d||3|294||", i);
        CHECK(status == 200 && strcmp(body, request) == 0, "%d: %d", i, status);
        if (status == 0)
            break;
        free(body);
    }
    hang_up(&c);
}

static void expect_continue(void)
{
    static const char good[] = "POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    static const char bad[] = "POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    client c = dial();

    say(&c, good, sizeof good - 1);
    CHECK(take(&c, true, NULL, NULL) == 100, "asked to go on");
    say(&c, "abc", 3);
    CHECK(take(&c, false, NULL, NULL) == 200, "answered");
    say(&c, bad, sizeof bad - 1);
    CHECK(take(&c, false, NULL, NULL) == 404, "refused before the body");
    CHECK(is_closed(&c), "whether the body comes cannot be known");
    hang_up(&c);
}

static void large_bodies(void)
{
    static const size_t mib[] = {1, 31, 63};
    char *block = way_xmalloc(1u << 20), text[128], *body;

    memset(block, 1, 1u << 20);
    for (size_t i = 0; i < WAY_COUNT(mib); i++) {
        client c = dial();
        size_t len;

        say(&c, text, (size_t)sprintf(text, "POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", mib[i] << 20));
        for (size_t n = 0; n < mib[i]; n++)
            say(&c, block, 1u << 20);
        CHECK(take(&c, false, &body, &len) == 200, "%zu MiB", mib[i]);
        sprintf(text, "a||%zu|%zu||", mib[i] << 20, mib[i] << 20);
        CHECK(strcmp(body, text) == 0, "%s", body);
        free(body);
        hang_up(&c);
    }
    free(block);
}

/* 413 must reach a client that goes on sending for a while. */
static void refused_while_sending(void)
{
    client c = dial();
    char *block = way_xcalloc(1, 1u << 20);
    static const char head[] = "POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n";
    int n = 0;

    say(&c, head, sizeof head - 1);
    while (n < 40 && say(&c, block, 1u << 20))
        n++;
    CHECK(take(&c, false, NULL, NULL) == 413, "after %d MiB", n);
    free(block);
    hang_up(&c);
}

static void large_answers_to_slow_readers(void)
{
    static const char request[] = "GET /big?n=20000000 HTTP/1.1\r\nHost: h\r\n\r\nGET /echo/next HTTP/1.1\r\nHost: h\r\n\r\n";
    client c = dial();
    char *body;
    size_t len;

    say(&c, request, sizeof request - 1);
    CHECK(take(&c, false, &body, &len) == 200 && len == 20000000, "%zu", len);
    CHECK(body[0] == 'x' && body[len - 1] == 'x', "whole");
    free(body);
    CHECK(take(&c, false, NULL, NULL) == 200, "the next one follows");
    say(&c, "HEAD /big?n=70000 HTTP/1.1\r\nHost: h\r\n\r\n", 39);
    CHECK(take(&c, true, NULL, NULL) == 200 && !more(&c, 50), "no body after HEAD");
    hang_up(&c);
}

static void uploads_are_paused_and_whole(void)
{
    client c = dial();
    char *block = way_xcalloc(1, 1u << 20), text[128], *body;
    size_t len;

    say(&c, text, (size_t)sprintf(text, "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", 8 << 20));
    for (int i = 0; i < 8; i++)
        say(&c, block, 1u << 20);
    CHECK(take(&c, false, &body, &len) == 200, "paused upload");
    CHECK(strcmp(body, "8388608") == 0, "%s", body);
    free(body);
    /* ended by the handler in the middle: a short rest is dropped, the connection stays */
    say(&c, text, (size_t)sprintf(text, "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n!"));
    CHECK(take(&c, false, NULL, NULL) == 400, "refused in the middle");
    say(&c, text, (size_t)sprintf(text, "123456789GET /echo/a HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(take(&c, false, NULL, NULL) == 200, "the rest was skipped");
    free(block);
    hang_up(&c);
}

static void slow_clients_are_told(void)
{
    client head = dial(), body = dial(), idle = dial();

    say(&head, "GET /echo/a HTTP/1.1\r\n", 22);
    say(&body, "POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc", 57);
    CHECK(take(&head, false, NULL, NULL) == 408, "a head that does not end");
    CHECK(take(&body, false, NULL, NULL) == 408, "a body that does not come");
    CHECK(is_closed(&head) && is_closed(&body), "and closed");
    CHECK(is_closed(&idle) && idle.len == 0, "idle: closed without a word");
    hang_up(&head);
    hang_up(&body);
    hang_up(&idle);
}

static bool all_exchanges_taken(void)
{
    way_island_totals t;

    for (int64_t until = way_mono_ms() + WAIT_MS; way_mono_ms() < until; sched_yield()) {
        way_island_totals_get(&t);
        if (t.exchanges == EXCHANGES)
            return true;
    }
    return false;
}

static void room_is_bounded(void)
{
    static const char never[] = "GET /never HTTP/1.1\r\nHost: h\r\n\r\n", echo[] = "GET /echo/a HTTP/1.1\r\nHost: h\r\n\r\n";
    client c[CONNECTIONS + 1];

    for (int i = 0; i < EXCHANGES; i++) { /* each takes an exchange and keeps it */
        c[i] = dial();
        say(&c[i], never, sizeof never - 1);
    }
    for (int i = EXCHANGES; i < CONNECTIONS + 1; i++)
        c[i] = dial();
    CHECK(all_exchanges_taken(), "by the first %d", EXCHANGES);
    CHECK(take(&c[CONNECTIONS], false, NULL, NULL) == 503, "one socket too many is told");
    CHECK(is_closed(&c[CONNECTIONS]), "and closed");
    say(&c[EXCHANGES], echo, sizeof echo - 1);
    CHECK(take(&c[EXCHANGES], false, NULL, NULL) == 503, "one request too many is told");
    for (int i = 0; i < CONNECTIONS + 1; i++)
        hang_up(&c[i]);
    /* what was taken is given back when its client goes */
    for (int64_t until = way_mono_ms() + WAIT_MS;;) {
        client again = dial();
        int status;

        say(&again, echo, sizeof echo - 1);
        status = take(&again, false, NULL, NULL);
        hang_up(&again);
        if (status == 200)
            break;
        if (way_mono_ms() > until) {
            CHECK(status == 200, "%d", status);
            break;
        }
    }
}

int main(void)
{
    way_config cfg;
    way_hub *hub = way_hub_new();
    way_island *isl;
    way_err e;

    alarm(110);
    signal(SIGPIPE, SIG_IGN);
    way_config_init(&cfg);
    cfg.connections_max = CONNECTIONS;
    cfg.requests_max = EXCHANGES;
    cfg.stop_timeout_ms = 500;
    isl = way_island_new(&cfg, NULL, hub, WAY_DOOR_API, 0);
    if (way_island_start(isl, &e) != WAY_OK) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    port = way_island_port(isl);
    one_request_each();
    heads_too_large();
    byte_by_byte();
    pipelined_in_order();
    expect_continue();
    large_bodies();
    refused_while_sending();
    large_answers_to_slow_readers();
    uploads_are_paused_and_whole();
    room_is_bounded();
    way_island_free(isl);

    cfg.idle_timeout_ms = IDLE_MS; /* another island, since the others must not be hurried */
    isl = way_island_new(&cfg, NULL, hub, WAY_DOOR_API, 0);
    if (way_island_start(isl, &e) != WAY_OK)
        return 1;
    port = way_island_port(isl);
    slow_clients_are_told();
    way_island_free(isl);
    way_hub_free(hub);
    way_config_fini(&cfg);
    printf("%d failures\n", failures);
    return failures != 0;
}
