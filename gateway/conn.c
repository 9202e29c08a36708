/* Connection: bytes in, bytes out.
 *
 * The raw role of lws is used, not its HTTP role: 4.1 cannot list the header fields it does not know, hangs on
 * chunked bodies and drops what it dislikes without an answer.  It does what sockets need: reading,
 * the rest of a partial write, closing, and TLS if a door ever wants it. */
#include "gateway/conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "gateway/island_priv.h"

enum {
    LINGER_MS = 2000,
    SKIP_MAX = 256 * 1024,         /* a rest of a body that is dropped rather than closed over */
    PROGRESS_BYTES = 16 * 1024,    /* a slow body is given another idle_timeout_ms for so much */
    WRITE_BYTES = 1024 * 1024      /* one write; lws copies what the socket does not take of it */
};

static int64_t patience(const way_conn *c)
{
    return way_mono_ms() + c->isl->parts.cfg->idle_timeout_ms;
}

static void free_input(way_conn *c)
{
    free(c->in);
    c->in = NULL;
    c->in_len = c->in_cap = 0;
}

static bool keep_input(way_conn *c, const char *data, size_t len)
{
    if (c->in_len + len > c->in_cap) {
        size_t cap = c->in_len + len + 512;
        char *in = realloc(c->in, cap);

        if (in == NULL)
            return false;
        c->in = in;
        c->in_cap = cap;
    }
    memcpy(c->in + c->in_len, data, len);
    c->in_len += len;
    return true;
}

static void drop_input(way_conn *c, size_t used)
{
    if (used >= c->in_len) {
        free_input(c); /* an idle connection costs no buffer */
        return;
    }
    memmove(c->in, c->in + used, c->in_len - used);
    c->in_len -= used;
}

/* ---- output ---- */

static void write_now(way_conn *c, const char *data, size_t len)
{
    /* the raw role neither changes the bytes nor uses the room before them */
    if (!c->dead && lws_write(c->wsi, (unsigned char *)(uintptr_t)data, len, LWS_WRITE_RAW) < 0)
        c->dead = true;
}

static void pump(way_conn *c)
{
    while (c->out != NULL && !c->dead && !lws_partial_buffered(c->wsi)) {
        size_t len = c->out_len - c->out_off;

        if (len > WRITE_BYTES)
            len = WRITE_BYTES;
        write_now(c, c->out + c->out_off, len);
        c->out_off += len;
        if (c->out_off == c->out_len) {
            free(c->out);
            c->out = NULL;
        }
    }
    c->out_busy = !c->dead && (c->out != NULL || lws_partial_buffered(c->wsi));
    if (c->out_busy) {
        c->deadline_ms = patience(c);
        lws_callback_on_writable(c->wsi);
    }
}

void way_conn_send(way_conn *c, const void *data, size_t len)
{
    WAY_ASSERT(c->out == NULL); /* one answer at a time */
    write_now(c, data, len);
    pump(c);
}

void way_conn_send_owned(way_conn *c, char *data, size_t len)
{
    WAY_ASSERT(c->out == NULL);
    c->out = data;
    c->out_len = len;
    c->out_off = 0;
    pump(c);
}

bool way_conn_is_last(const way_conn *c)
{
    return c->close_after || c->isl->stopping || c->continue_due || c->remain > SKIP_MAX;
}

static void linger(way_conn *c)
{
    c->state = WAY_CONN_LINGER;
    c->deadline_ms = way_mono_ms() + LINGER_MS;
    if (!c->processing) /* else it is being looked at, and feed drops it */
        free_input(c);
    shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
}

/* ---- input ---- */

static void refuse_code(way_conn *c, way_code code, const char *text)
{
    way_err e;

    way_fail(&e, code, "%s", text);
    way_conn_refuse(c, &e);
}

/* false: the head is not complete.  *used: bytes taken. */
static bool process_head(way_conn *c, const char *at, size_t len, size_t *used)
{
    size_t head;

    if (*at == '\r' || *at == '\n') { /* some clients end a body with an extra line */
        *used = 1;
        c->in_seen = 0;
        return true;
    }
    head = way_head_end(at, len, c->in_seen);
    if (head > WAY_HEAD_BYTES_MAX || (head == 0 && len >= WAY_HEAD_BYTES_MAX)) {
        *used = len;
        refuse_code(c, WAY_E_HEADERS, "the request head is larger than 16384 bytes");
        return true;
    }
    if (head == 0) {
        if (c->in_seen == 0)
            c->deadline_ms = patience(c); /* for the whole head: not moved by what trickles in */
        c->in_seen = len;
        return false;
    }
    c->in_seen = 0;
    *used = head;
    way_exchange_begin(c, at, head, len - head);
    return true;
}

static size_t process_body(way_conn *c, const char *at, size_t len)
{
    size_t take = len;

    if ((int64_t)take > c->remain)
        take = (size_t)c->remain;
    c->remain -= (int64_t)take;
    c->progress += (int64_t)take;
    if (c->progress >= PROGRESS_BYTES) {
        c->progress = 0;
        c->deadline_ms = patience(c);
    }
    if (c->state == WAY_CONN_BODY)
        way_exchange_body(c->x, at, take);
    return take;
}

/* Works off [p, p+n) as far as the state allows; returns what was used up. */
static size_t process(way_conn *c, const char *p, size_t n)
{
    size_t used = 0, took;

    while (!c->dead) {
        switch (c->state) {
        case WAY_CONN_HEAD:
            if (c->out_busy || used == n)
                return used;
            if (!process_head(c, p + used, n - used, &took))
                return used;
            used += took;
            break;
        case WAY_CONN_BODY:
            if (c->remain == 0) {
                c->state = WAY_CONN_BUSY;
                c->deadline_ms = 0; /* whoever answers has a deadline of its own */
                way_exchange_body_done(c->x);
                break;
            }
            if (c->x->paused || used == n)
                return used;
            c->continue_due = false; /* it did not wait */
            used += process_body(c, p + used, n - used);
            break;
        case WAY_CONN_BUSY:
            return used;
        case WAY_CONN_SKIP:
            if (c->remain == 0) {
                c->state = WAY_CONN_HEAD;
                c->deadline_ms = patience(c);
                break;
            }
            if (used == n)
                return used;
            used += process_body(c, p + used, n - used);
            break;
        case WAY_CONN_LINGER:
            return n;
        }
    }
    return used;
}

/* Reading stops while what has come cannot be worked off. */
static void settle_reading(way_conn *c)
{
    bool off = c->in_len > 0 && (c->state == WAY_CONN_BUSY || c->out_busy ||
                                 (c->state == WAY_CONN_BODY && c->x->paused));

    if (c->dead || off == c->rx_off)
        return;
    c->rx_off = off;
    if (lws_rx_flow_control(c->wsi, !off) < 0)
        c->dead = true;
}

static void feed(way_conn *c, const char *data, size_t len)
{
    size_t used;

    c->processing = true;
    if (c->in_len > 0) {
        if (len > 0 && !keep_input(c, data, len)) {
            c->dead = true;
        } else {
            used = process(c, c->in, c->in_len);
            if (c->in != NULL)
                drop_input(c, used);
        }
    } else {
        used = process(c, data, len);
        if (used < len && !c->dead && !keep_input(c, data + used, len - used))
            c->dead = true;
    }
    c->processing = false;
    settle_reading(c);
}

void way_conn_kill(way_conn *c)
{
    c->dead = true;
    if (!c->in_callback && !c->processing && !c->isl->walking)
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC);
}

void way_conn_resume(way_conn *c)
{
    if (c->processing)
        return; /* the loop above us goes on by itself */
    if (!c->dead)
        feed(c, "", 0);
    if (c->dead)
        way_conn_kill(c);
}

void way_conn_answered(way_conn *c)
{
    c->x = NULL;
    c->close_after = way_conn_is_last(c);
    c->continue_due = false;
    if (c->close_after) {
        c->state = WAY_CONN_BUSY; /* nothing is read any more; lingers when it is written */
        if (!c->out_busy && !c->dead)
            linger(c);
    } else {
        c->state = c->remain > 0 ? WAY_CONN_SKIP : WAY_CONN_HEAD;
        if (!c->out_busy)
            c->deadline_ms = patience(c);
    }
    way_conn_resume(c);
}

static void written(way_conn *c)
{
    if (!c->out_busy) /* lws calls unasked, too */
        return;
    pump(c);
    if (c->out_busy || c->dead)
        return;
    if (c->x == NULL) { /* else it was an interim answer, or the exchange still has its own deadline */
        c->deadline_ms = patience(c);
        if (c->close_after)
            linger(c);
    }
    if (!c->processing)
        feed(c, "", 0);
}

/* ---- life ---- */

static void adopted(way_conn *c, struct lws *wsi)
{
    way_island *isl = lws_context_user(lws_get_context(wsi));

    c->wsi = wsi;
    c->isl = isl;
    memcpy(c->from, isl->adopt_from, sizeof c->from);
    c->next = isl->conns;
    if (c->next != NULL)
        c->next->prev = c;
    isl->conns = c;
    isl->conn_count++;
    atomic_store_explicit(&isl->connections, isl->conn_count, memory_order_relaxed);
    c->deadline_ms = patience(c);
    if (isl->adopt_refused) {
        atomic_fetch_add_explicit(&isl->refused, 1, memory_order_relaxed);
        refuse_code(c, WAY_E_FULL, "too many connections");
    }
}

static void closed(way_conn *c)
{
    way_island *isl = c->isl;

    if (c->wsi == NULL)
        return;
    if (c->x != NULL)
        way_exchange_abandon(c->x);
    c->x = NULL;
    free_input(c);
    free(c->out);
    c->out = NULL;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        isl->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->wsi = NULL;
    isl->conn_count--;
    atomic_store_explicit(&isl->connections, isl->conn_count, memory_order_relaxed);
}

int way_conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    way_conn *c = user;

    switch (reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        c->in_callback = true;
        adopted(c, wsi);
        break;
    case LWS_CALLBACK_RAW_RX:
        c->in_callback = true;
        if (!c->dead)
            feed(c, in, len);
        break;
    case LWS_CALLBACK_RAW_WRITEABLE:
        c->in_callback = true;
        if (!c->dead)
            written(c);
        break;
    case LWS_CALLBACK_RAW_CLOSE:
        closed(c);
        return 0;
    default:
        return 0;
    }
    c->in_callback = false;
    return c->dead ? -1 : 0;
}

/* ---- all of an island ---- */

static void expired(way_conn *c)
{
    way_err e;

    c->deadline_ms = 0;
    if (c->out_busy || c->state == WAY_CONN_LINGER || c->state == WAY_CONN_SKIP) {
        way_conn_kill(c);
    } else if (c->state == WAY_CONN_BODY) {
        way_fail(&e, WAY_E_SLOW, "%lld bytes of the body did not come within %lld ms", (long long)c->remain,
                 (long long)c->isl->parts.cfg->idle_timeout_ms);
        c->close_after = true;
        way_x_fail(c->x, &e);
    } else if (c->in_len > 0) {
        refuse_code(c, WAY_E_SLOW, "the request head did not come in time");
    } else {
        way_conn_kill(c);
    }
}

/* While the list is walked nothing is taken off it: ending one exchange may end others.  They are marked, then swept. */
static void sweep(way_island *isl)
{
    way_conn *c = isl->conns;

    while (c != NULL) {
        if (c->dead) {
            way_conn_kill(c);
            c = isl->conns;
        } else {
            c = c->next;
        }
    }
}

void way_conn_tick(way_island *isl, int64_t now_ms)
{
    bool any = false;

    isl->walking = true;
    for (way_conn *c = isl->conns; c != NULL; c = c->next) {
        if (c->deadline_ms != 0 && c->deadline_ms <= now_ms && !(c->state == WAY_CONN_BODY && c->x->paused)) {
            expired(c);
            any = true;
        }
    }
    isl->walking = false;
    if (any)
        sweep(isl);
}

void way_conn_stop_idle(way_island *isl)
{
    isl->walking = true;
    for (way_conn *c = isl->conns; c != NULL; c = c->next) {
        c->close_after = true;
        if (c->state == WAY_CONN_HEAD && c->in_len == 0 && !c->out_busy)
            c->dead = true;
    }
    isl->walking = false;
    sweep(isl);
}

void way_conn_kill_all(way_island *isl)
{
    while (isl->conns != NULL)
        way_conn_kill(isl->conns);
}
