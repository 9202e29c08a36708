/* Exchange: from a parsed head to the handler, and the end.
 *
 * Checks run from cheap to dear and before any byte of the body is kept: route, control plane, token, length. */
#include "gateway/exchange.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "gateway/island_priv.h"
#include "gateway/job.h"

static const char CONTINUE[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* ---- pool ---- */

static way_exchange *take_exchange(way_conn *c)
{
    way_island *isl = c->isl;
    way_exchange *x = isl->free_exchanges;
    way_token token;

    if (x == NULL)
        x = way_xcalloc(1, sizeof *x);
    if (!way_slots_take(isl->slots, x, &token)) {
        x->next_free = NULL;
        if (isl->free_exchanges == NULL)
            isl->free_exchanges = x;
        return NULL;
    }
    if (x == isl->free_exchanges)
        isl->free_exchanges = x->next_free;
    memset(x, 0, offsetof(way_exchange, text));
    x->isl = isl;
    x->conn = c;
    x->token = token;
    atomic_store_explicit(&isl->exchanges, way_slots_used(isl->slots), memory_order_relaxed);
    return x;
}

void way_exchange_end(way_exchange *x)
{
    way_island *isl = x->isl;
    void *state = x->state;
    void (*ended)(void *) = x->ended;

    way_slots_give(isl->slots, x->token);
    if (x->body != NULL && !x->body_inline) {
        isl->body_bytes -= (int64_t)x->body_cap;
        free(x->body);
    }
    free(x->long_text);
    x->conn = NULL;
    x->next_free = isl->free_exchanges;
    isl->free_exchanges = x;
    atomic_store_explicit(&isl->exchanges, way_slots_used(isl->slots), memory_order_relaxed);
    if (ended != NULL)
        ended(state);
}

void way_exchange_abandon(way_exchange *x)
{
    way_exchange_end(x);
}

void way_exchange_pool_free(way_island *isl)
{
    while (isl->free_exchanges != NULL) {
        way_exchange *x = isl->free_exchanges;

        isl->free_exchanges = x->next_free;
        free(x);
    }
}

/* ---- the head ---- */

static bool keep_head(way_exchange *x, const char *head, size_t len, char **text)
{
    *text = x->text;
    if (len > sizeof x->text) {
        x->long_text = malloc(len);
        if (x->long_text == NULL)
            return false;
        *text = x->long_text;
    }
    memcpy(*text, head, len);
    return true;
}

/* "Application/JSON; charset=utf-8" -> "application/json" */
static void set_content_type(way_exchange *x)
{
    const char *s = x->head.content_type;
    size_t n = 0;

    if (s == NULL)
        return;
    while (*s != '\0' && *s != ';' && *s != ' ' && *s != '\t' && n + 1 < sizeof x->content_type)
        x->content_type[n++] = (char)tolower((unsigned char)*s++);
    x->content_type[n] = '\0';
}

static way_code find_route(way_exchange *x, way_err *e)
{
    const char *part[2] = {NULL, NULL};
    size_t part_len[2] = {0, 0};
    way_code rc = way_route_find(x->isl->parts.door, x->head.method, x->head.path, x->head.path_len, &x->route, part,
                                 part_len, e);

    if (rc != WAY_OK)
        return rc;
    for (int i = 0; i < 2; i++) {
        char *text = (char *)(uintptr_t)part[i]; /* it points into our own copy of the head */

        x->param[i] = "";
        if (text == NULL)
            continue;
        /* ends it where the next '/' or ':' was: the path is not looked at any more */
        if (!way_percent_decode(text, &part_len[i], false))
            return way_fail(e, WAY_E_INVAL, "the path has a broken percent escape");
        x->param[i] = text;
    }
    return WAY_OK;
}

static bool control_started(way_island *isl)
{
    way_control_health h;

    if (!isl->control_started && isl->parts.ctl != NULL) {
        way_control_health_get(isl->parts.ctl, &h);
        isl->control_started = h.started;
    }
    return isl->control_started;
}

static way_code check_caller(way_exchange *x, way_err *e)
{
    way_island *isl = x->isl;
    way_code rc;

    if ((x->route->flags & WAY_ROUTE_ALWAYS) == 0 && !control_started(isl))
        return way_fail(e, WAY_E_UNAVAILABLE, "starting: Postgres or nats-server has not been reached yet");
    if ((x->route->flags & WAY_ROUTE_OPEN) != 0)
        return WAY_OK;
    rc = way_bearer_check(&isl->bearers, way_control_jwt_key(isl->parts.ctl), x->head.authorization,
                          way_island_catalog(isl), &x->who, e);
    if (rc == WAY_OK && strcmp(x->who.role, "root") != 0)
        rc = way_fail(e, WAY_E_FORBIDDEN, "user %s has role %s; only root may do this", x->who.user, x->who.role);
    return rc;
}

static way_code check_length(way_exchange *x, way_err *e)
{
    int64_t len = x->head.content_length;

    if (x->head.transfer_encoding)
        return way_fail(e, WAY_E_LENGTH, "send the body with Content-Length: chunked bodies are not taken");
    if (len < 0) /* RFC 9112: no length, no body */
        len = 0;
    if ((x->route->flags & WAY_ROUTE_NO_BODY) != 0 && len > 0)
        return way_fail(e, WAY_E_INVAL, "this request takes no body");
    x->body_max = x->isl->parts.cfg->json_body_bytes_max;
    if ((x->route->flags & WAY_ROUTE_STREAM) != 0)
        return WAY_OK; /* any length: read in bounded memory */
    if (x->route->max_body != NULL) {
        if (e != NULL)
            e->code = WAY_OK;
        x->body_max = (int64_t)x->route->max_body(x, e);
        if (x->body_max == 0 && e->code != WAY_OK)
            return e->code;
    }
    if (len > x->body_max)
        return way_fail(e, WAY_E_TOO_LARGE, "the body has %lld bytes, at most %lld are taken", (long long)len,
                        (long long)x->body_max);
    return WAY_OK;
}

void way_exchange_begin(way_conn *c, const char *head, size_t len, size_t more)
{
    way_exchange *x = take_exchange(c);
    char *text = NULL;
    way_err e = {.code = WAY_OK};
    way_code rc;

    c->remain = 0;
    c->progress = 0;
    c->continue_due = false;
    if (x == NULL || !keep_head(x, head, len, &text)) {
        if (x != NULL)
            way_exchange_end(x);
        atomic_fetch_add_explicit(&c->isl->refused, 1, memory_order_relaxed);
        way_fail(&e, WAY_E_FULL, "all %lld exchanges are in use", (long long)c->isl->parts.cfg->requests_max);
        way_conn_refuse(c, &e);
        return;
    }
    rc = way_head_parse(text, len, &x->head, &e);
    if (rc != WAY_OK) {
        way_exchange_end(x);
        way_conn_refuse(c, &e); /* what follows cannot be told from a body */
        return;
    }
    c->x = x;
    c->state = WAY_CONN_BODY;
    c->remain = x->head.content_length > 0 ? x->head.content_length : 0;
    c->continue_due = x->head.expect_continue && (int64_t)more < c->remain;
    if (!x->head.keep_alive || x->head.transfer_encoding)
        c->close_after = true;
    set_content_type(x);

    rc = find_route(x, &e);
    if (rc == WAY_OK)
        rc = check_caller(x, &e);
    if (rc == WAY_OK)
        rc = check_length(x, &e);
    if (rc != WAY_OK) {
        way_x_fail(x, &e);
        return;
    }
    if (c->remain > 0)
        c->deadline_ms = way_mono_ms() + c->isl->parts.cfg->idle_timeout_ms;
    if (c->continue_due) {
        c->continue_due = false;
        way_conn_send(c, CONTINUE, sizeof CONTINUE - 1);
    }
    if ((x->route->flags & WAY_ROUTE_STREAM) != 0)
        x->route->run(x);
}

/* ---- the body ---- */

/* Memory grows with what has come, never by what was announced. */
static way_code grow_body(way_exchange *x, size_t more, way_err *e)
{
    size_t need = x->body_len + more + 1, cap = x->body_cap < 4096 ? 4096 : x->body_cap;
    size_t whole = (size_t)x->head.content_length + 1;
    char *body;

    if (need <= x->body_cap)
        return WAY_OK;
    while (cap < need)
        cap *= 2;
    if (cap > whole)
        cap = whole;
    if (x->isl->body_bytes + (int64_t)(cap - x->body_cap) > WAY_ISLAND_BODY_BYTES_MAX) {
        atomic_fetch_add_explicit(&x->isl->refused, 1, memory_order_relaxed);
        return way_fail(e, WAY_E_FULL, "too many large bodies at once");
    }
    body = realloc(x->body, cap);
    if (body == NULL)
        return way_fail(e, WAY_E_FULL, "no memory for a body of %zu bytes", whole - 1);
    x->isl->body_bytes += (int64_t)(cap - x->body_cap);
    x->body = body;
    x->body_cap = cap;
    return WAY_OK;
}

static void collect(way_exchange *x, const char *data, size_t len)
{
    size_t head_len = x->long_text != NULL ? sizeof x->text : (size_t)(x->head.end - x->text);
    way_err e;

    /* the usual small message: all of it is here and fits behind the head */
    if (x->body_len == 0 && (int64_t)len == x->head.content_length && head_len + len < sizeof x->text) {
        x->body = x->text + head_len;
        x->body_inline = true;
    } else if (grow_body(x, len, &e) != WAY_OK) {
        x->conn->close_after = true;
        way_x_fail(x, &e);
        return;
    }
    memcpy(x->body + x->body_len, data, len);
    x->body_len += len;
    x->body[x->body_len] = '\0';
}

void way_exchange_body(way_exchange *x, const char *data, size_t len)
{
    if ((x->route->flags & WAY_ROUTE_STREAM) != 0)
        x->route->chunk(x, data, len);
    else
        collect(x, data, len);
}

void way_exchange_body_done(way_exchange *x)
{
    if ((x->route->flags & WAY_ROUTE_JOB) != 0)
        way_job_post(x);
    else if ((x->route->flags & WAY_ROUTE_STREAM) != 0)
        x->route->end(x);
    else
        x->route->run(x);
}

/* ---- what handlers see ---- */

way_island *way_x_island(way_exchange *x)
{
    return x->isl;
}

way_token way_x_token(const way_exchange *x)
{
    return x->token;
}

way_exchange *way_x_find(way_island *isl, way_token t)
{
    return way_slots_find(isl->slots, t);
}

const way_identity *way_x_who(const way_exchange *x)
{
    return &x->who;
}

const char *way_x_from(const way_exchange *x)
{
    return x->conn->from;
}

const char *way_x_param(const way_exchange *x, int i)
{
    return x->param[i];
}

bool way_x_query(const way_exchange *x, const char *name, char *out, size_t cap, way_err *e)
{
    return way_query_get(x->head.query, name, out, cap, e);
}

const char *way_x_query_text(const way_exchange *x)
{
    return x->head.query;
}

const char *way_x_body(const way_exchange *x, size_t *len)
{
    *len = x->body_len;
    return x->body != NULL ? x->body : "";
}

char *way_x_body_take(way_exchange *x, size_t *len)
{
    char *body = x->body;

    *len = x->body_len;
    if (body == NULL)
        return NULL;
    if (x->body_inline) {
        body = way_xmalloc(x->body_len + 1); /* at most 4 KiB */
        memcpy(body, x->body, x->body_len + 1);
    } else {
        x->isl->body_bytes -= (int64_t)x->body_cap;
    }
    x->body = NULL;
    x->body_len = x->body_cap = 0;
    x->body_inline = false;
    return body;
}

int64_t way_x_content_length(const way_exchange *x)
{
    return x->head.content_length;
}

const char *way_x_content_type(const way_exchange *x)
{
    return x->content_type;
}

void way_x_message_headers(way_exchange *x, bool (*fn)(void *arg, const char *name, const char *value), void *arg)
{
    static const char prefix[] = "Way-Header-";

    for (int i = 0; i < x->head.field_count; i++) {
        const way_field *f = &x->head.fields[i];
        const char *name = x->head.text + f->name;

        if (f->name_len >= sizeof prefix && strncasecmp(name, prefix, sizeof prefix - 1) == 0 &&
            !fn(arg, name + sizeof prefix - 1, x->head.text + f->value))
            return;
    }
}

void way_x_set_state(way_exchange *x, void *state, void (*ended)(void *state))
{
    x->state = state;
    x->ended = ended;
}

void *way_x_state(const way_exchange *x)
{
    return x->state;
}

void way_x_pause_body(way_exchange *x, bool paused)
{
    way_conn *c = x->conn;

    if (x->paused == paused)
        return;
    x->paused = paused;
    if (!paused) {
        if (c->state == WAY_CONN_BODY)
            c->deadline_ms = way_mono_ms() + c->isl->parts.cfg->idle_timeout_ms;
        way_conn_resume(c);
    }
}
