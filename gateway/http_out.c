/* Answers: head and body in one write.
 *
 * One write is one system call and one packet, which is what small answers cost; a large body follows its head from
 * the handler's own block, in pieces, without a copy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gateway/island_priv.h"

#define COPY_MAX (64 * 1024) /* up to here copying costs less than a second write */

static const struct {
    int status;
    const char *line;
} status_lines[] = {
    {200, "HTTP/1.1 200 OK\r\n"},
    {201, "HTTP/1.1 201 Created\r\n"},
    {202, "HTTP/1.1 202 Accepted\r\n"},
    {204, "HTTP/1.1 204 No Content\r\n"},
    {400, "HTTP/1.1 400 Bad Request\r\n"},
    {401, "HTTP/1.1 401 Unauthorized\r\n"},
    {403, "HTTP/1.1 403 Forbidden\r\n"},
    {404, "HTTP/1.1 404 Not Found\r\n"},
    {405, "HTTP/1.1 405 Method Not Allowed\r\n"},
    {408, "HTTP/1.1 408 Request Timeout\r\n"},
    {409, "HTTP/1.1 409 Conflict\r\n"},
    {410, "HTTP/1.1 410 Gone\r\n"},
    {411, "HTTP/1.1 411 Length Required\r\n"},
    {413, "HTTP/1.1 413 Content Too Large\r\n"},
    {415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
    {422, "HTTP/1.1 422 Unprocessable Content\r\n"},
    {429, "HTTP/1.1 429 Too Many Requests\r\n"},
    {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    {500, "HTTP/1.1 500 Internal Server Error\r\n"},
    {501, "HTTP/1.1 501 Not Implemented\r\n"},
    {503, "HTTP/1.1 503 Service Unavailable\r\n"},
    {504, "HTTP/1.1 504 Gateway Timeout\r\n"},
};

typedef struct answer {
    int status;
    const char *content_type;
    const char *fields; /* further header lines, "" none */
    size_t body_len;
    bool last;       /* the connection closes after it */
    bool keep_named; /* HTTP/1.0: staying open must be said */
} answer;

static void add_line(way_buf *b, const char *name, const char *value)
{
    way_buf_str(b, name);
    way_buf_str(b, value);
    way_buf_add(b, "\r\n", 2);
}

static void render_head(way_island *isl, const answer *a, way_buf *b)
{
    const char *line = NULL;

    for (size_t i = 0; i < WAY_COUNT(status_lines) && line == NULL; i++)
        if (status_lines[i].status == a->status)
            line = status_lines[i].line;
    if (line != NULL)
        way_buf_str(b, line);
    else
        way_buf_printf(b, "HTTP/1.1 %d Status\r\n", a->status);
    way_buf_add(b, isl->date, isl->date_len);
    if (a->status != 204) {
        add_line(b, "Content-Type: ", a->content_type);
        way_buf_str(b, "Content-Length: ");
        way_buf_u64(b, a->body_len);
        way_buf_add(b, "\r\n", 2);
    }
    if (a->last)
        way_buf_str(b, "Connection: close\r\n");
    else if (a->keep_named)
        way_buf_str(b, "Connection: keep-alive\r\n");
    way_buf_str(b, a->fields);
    way_buf_add(b, "\r\n", 2);
}

/* What a client needs beside the body to act on an error. */
static void error_fields(const way_err *e, const char *allow, way_buf *b)
{
    if (way_code_retry(e->code))
        way_buf_str(b, "Retry-After: 1\r\n");
    if (e->code == WAY_E_UNAUTH)
        way_buf_str(b, "WWW-Authenticate: Bearer\r\n");
    if (allow[0] != '\0')
        add_line(b, "Allow: ", allow);
}

void way_problem_write(const way_err *e, way_buf *out)
{
    way_json_open(out, '{');
    way_json_key(out, "type");
    way_buf_printf(out, "\"urn:waystation:error:%s\"", way_code_name(e->code));
    way_json_kv_str(out, "title", way_code_title(e->code));
    way_json_kv_int(out, "status", way_code_http(e->code));
    way_json_kv_str(out, "detail", e->text);
    way_json_kv_str(out, "code", way_code_name(e->code));
    way_json_kv_bool(out, "retry", way_code_retry(e->code));
    way_json_close(out, '}');
}

/* Ends x, writes, and lets the connection go on.  owned: malloc'ed body, taken; else data is copied. */
static void send_answer(way_exchange *x, answer *a, const void *data, char *owned)
{
    way_island *isl = x->isl;
    way_conn *c = x->conn;
    way_buf *b = &isl->scratch;
    bool no_body = x->head.no_body_back || a->status == 204;

    way_debug("http", "answer", "status=%d route=%s from=%s", a->status, x->route != NULL ? x->route->pattern : "none",
              c->from);
    a->last = way_conn_is_last(c);
    a->keep_named = x->head.named_keep_alive;
    way_buf_reset(b);
    render_head(isl, a, b);
    if (!no_body && a->body_len <= COPY_MAX)
        way_buf_add(b, owned != NULL ? owned : data, a->body_len);
    WAY_ASSERT(!b->failed); /* a few hundred bytes and COPY_MAX: it never grows beyond */
    c->x = NULL;
    atomic_fetch_add_explicit(&isl->served, 1, memory_order_relaxed);

    way_conn_send(c, b->data, b->len);
    if (!no_body && a->body_len > COPY_MAX) {
        if (owned == NULL) {
            owned = malloc(a->body_len);
            if (owned != NULL)
                memcpy(owned, data, a->body_len);
        }
        if (owned != NULL)
            way_conn_send_owned(c, owned, a->body_len);
        else
            c->dead = true; /* the length is said already: a short answer must not look whole */
        owned = NULL;
    }
    free(owned);
    way_exchange_end(x); /* after the bytes were rendered: they may lie in its state */
    way_conn_answered(c);
}

void way_x_reply_bytes(way_exchange *x, int status, const char *content_type, const void *body, size_t len)
{
    answer a = {.status = status, .content_type = content_type, .fields = "", .body_len = len};

    send_answer(x, &a, body, NULL);
}

void way_x_reply(way_exchange *x, int status, const char *content_type, way_buf *body)
{
    answer a = {.status = status, .content_type = content_type, .fields = ""};
    way_err e;
    char *data;

    if (body->failed) {
        way_buf_fini(body);
        way_fail(&e, WAY_E_FULL, "the answer is larger than there is room for");
        way_x_fail(x, &e);
        return;
    }
    data = way_buf_take(body, &a.body_len);
    send_answer(x, &a, data, data);
}

void way_x_json(way_exchange *x, int status, way_buf *body)
{
    way_x_reply(x, status, "application/json", body);
}

void way_x_fail(way_exchange *x, const way_err *e)
{
    answer a = {.status = way_code_http(e->code), .content_type = "application/problem+json"};
    way_buf body, fields;
    char allow[WAY_ALLOW_MAX] = "";

    WAY_ASSERT(e->code != WAY_OK);
    if (e->code == WAY_E_INTERNAL)
        way_warn("http", "internal", "route=%s error=%s", x->route != NULL ? x->route->pattern : "none", e->text);
    way_buf_init(&body, 0);
    way_buf_init(&fields, 0);
    if (e->code == WAY_E_METHOD)
        way_route_allow(x->isl->parts.door, x->head.path, x->head.path_len, allow);
    error_fields(e, allow, &fields);
    way_problem_write(e, &body);
    a.fields = fields.data != NULL ? fields.data : "";
    a.body_len = body.len;
    send_answer(x, &a, body.data, NULL);
    way_buf_fini(&body);
    way_buf_fini(&fields);
}

void way_conn_refuse(way_conn *c, const way_err *e)
{
    way_island *isl = c->isl;
    answer a = {.status = way_code_http(e->code), .content_type = "application/problem+json", .last = true};
    way_buf body, fields;

    c->close_after = true;
    way_buf_init(&body, 0);
    way_buf_init(&fields, 0);
    error_fields(e, "", &fields);
    way_problem_write(e, &body);
    a.fields = fields.data != NULL ? fields.data : "";
    a.body_len = body.len;
    way_buf_reset(&isl->scratch);
    render_head(isl, &a, &isl->scratch);
    way_buf_add(&isl->scratch, body.data, body.len);
    way_buf_fini(&body);
    way_buf_fini(&fields);
    way_conn_send(c, isl->scratch.data, isl->scratch.len);
    way_conn_answered(c);
}
