/* Batch: many messages in one request, as a JSON list or as NDJSON of any length.
 *
 * NDJSON is read as it comes.  A line is parsed where it lies in the chunk when it lies there whole; only what is cut by the end of a
 * chunk, or comes while sending has to wait, is copied into `carry`.  Sending waits (and the body with it: flow control) while
 * ndjson_unanswered_max publishes, or UNANSWERED_BYTES, have no answer yet, or the link is full.  So memory is bounded by one line,
 * one chunk and the link's own buffer, whatever the upload's size.  A stream that is slow to answer gets fewer at a time: what
 * waits in nats-server longer than request_timeout_ms would count as failed though nothing is wrong.
 * A JSON list is collected first, checked whole, and then sent by the same steps. */
#include "gateway/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/data_line.h"
#include "gateway/data_scan.h"
#include "gateway/data_tally.h"

#define RETRY_S 0.005 /* how often a full link is tried again when none of our own answers is awaited */

#define UNANSWERED_BYTES (16 * 1024 * 1024)
#define WINDOW_MIN 64 /* a slow stream's share is not cut below this */

/* What all uploads of an island hold in lines begun and bodies collected; an island is one thread. */
#define HELD_BYTES_MAX ((size_t)1 << 30)
#define HELD_BYTES_FREE ((size_t)1 << 20) /* an upload with less is never turned away */
static _Thread_local size_t held_bytes;

typedef struct flight { /* one publish without an answer yet; its index is the request's tag */
    uint64_t line;
    double sent_s; /* the loop's clock */
    int32_t partition;
    uint32_t bytes;
    uint32_t next_free;
} flight;

typedef struct upload {
    way_exchange *x;
    way_island *isl;
    way_station *st; /* held; NULL until it is known */
    struct ev_timer retry;
    /* what was asked for */
    bool batch;      /* a JSON list; else NDJSON */
    bool data_lines; /* each line is a payload; else an object */
    bool has_key_from;
    way_pointer key_from;
    char key[WAY_KEY_BYTES_MAX + 1], prefix[WAY_MSG_ID_BYTES_MAX + 1];
    way_outgoing defaults; /* key and partition of the request */
    /* reading */
    uint64_t line;    /* number of the next line */
    way_buf carry;    /* NDJSON: a line begun, or all that came while sending waits; batch: the body */
    size_t carried;   /* of it, done */
    const char *next; /* batch: the element to send next */
    size_t left;      /* batch: elements not sent yet */
    bool skipping;    /* inside a line that is too long */
    bool ended;       /* the body is complete */
    bool held;        /* sending waits */
    bool paused;      /* the body was told to wait */
    size_t line_max;
    way_buf scratch;
    size_t counted; /* of held_bytes */
    /* sending */
    flight *flights;
    uint32_t window_max, window, unanswered, flights_made, free_flight;
    size_t unanswered_bytes;
    double cut_s; /* when the window was last made smaller */
    int64_t full_since_ms; /* the link has been full for the line under way; 0: not */
    way_tally *tally;
} upload;

#define NO_FLIGHT UINT32_MAX

static void advance(upload *u);

/* ---- one message ---- */

/* Answers tell how long a message waits.  Only those sent after the last cut can ask for another. */
static void adapt(upload *u, const flight *f)
{
    const way_island_parts *parts = way_island_get(u->isl);
    double now_s = ev_now(parts->loop), took_s = now_s - f->sent_s, most_s = (double)parts->cfg->request_timeout_ms / 1000.;

    if (took_s > most_s / 5 && f->sent_s >= u->cut_s && u->window > WINDOW_MIN) {
        u->window = u->window / 2 < WINDOW_MIN ? WINDOW_MIN : u->window / 2;
        u->cut_s = now_s;
    } else if (took_s < most_s / 20 && u->window < u->window_max) {
        u->window++;
    }
}

static bool has_room(const upload *u)
{
    return u->unanswered < u->window && (u->unanswered_bytes < UNANSWERED_BYTES || u->unanswered == 0);
}

/* Room for a quarter more before going on: the body is not stopped and started for every line. */
static bool has_much_room(const upload *u)
{
    return u->unanswered == 0 || (u->unanswered <= u->window - u->window / 4 &&
                                  u->unanswered_bytes <= UNANSWERED_BYTES - UNANSWERED_BYTES / 4);
}

static void answered(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    way_exchange *x = way_x_find(arg, owner);
    upload *u = x ? way_x_state(x) : NULL;
    way_puback ack;
    way_err e;

    if (!u)
        return;
    flight *f = &u->flights[tag];
    if (way_outgoing_answer(code, msg, &ack, &e) == WAY_OK)
        way_tally_stored(u->tally, f->line, f->partition, ack.seq, ack.duplicate);
    else
        way_tally_failed(u->tally, f->line, f->partition, &e);
    adapt(u, f);
    f->next_free = u->free_flight;
    u->free_flight = tag;
    u->unanswered--;
    u->unanswered_bytes -= f->bytes;
    if (u->unanswered == 0 || (u->held && has_much_room(u)))
        advance(u);
}

static uint32_t take_flight(upload *u)
{
    uint32_t i = u->free_flight;

    if (i == NO_FLIGHT)
        return u->flights_made++; /* below window_max, since unanswered is */
    u->free_flight = u->flights[i].next_free;
    return i;
}

/* True: done with this message, whatever became of it.  False: the link is full, the same message again later. */
static bool send_message(upload *u, way_outgoing *m, way_code rc, bool whole, way_err *e)
{
    int32_t partition = 0;
    uint64_t line = u->line;

    if (rc == WAY_OK)
        rc = way_outgoing_check(m, u->st, e);
    if (whole && m->partition >= 0 && m->partition <= u->st->spec.partitions)
        partition = way_outgoing_fixed(m, u->st);
    else if (u->st->spec.partitions == 1)
        partition = 1; /* wherever it should have gone, it was there */
    if (partition && way_tally_stopped(u->tally, partition)) {
        way_tally_not_sent(u->tally, line, partition);
        return true;
    }
    if (rc == WAY_OK)
        rc = way_outgoing_fits(m, u->st, 0, e);
    if (rc == WAY_OK && !partition) {
        partition = way_outgoing_next(u->st);
        if (way_tally_stopped(u->tally, partition)) {
            way_tally_not_sent(u->tally, line, partition);
            return true;
        }
    }
    if (rc == WAY_OK) {
        uint32_t i = take_flight(u);
        u->flights[i].line = line;
        u->flights[i].partition = partition;
        u->flights[i].bytes = (uint32_t)m->len; /* below the largest message there is */
        u->flights[i].sent_s = ev_now(way_island_get(u->isl)->loop);
        rc = way_outgoing_send(u->isl, u->st, m, partition, answered, way_x_token(u->x), i, e);
        if (rc == WAY_OK) {
            u->unanswered++;
            u->unanswered_bytes += m->len;
            u->full_since_ms = 0;
            return true;
        }
        u->flights[i].next_free = u->free_flight;
        u->free_flight = i;
        if (rc == WAY_E_FULL) {
            int64_t now = way_mono_ms();
            if (!u->full_since_ms)
                u->full_since_ms = now;
            if (now - u->full_since_ms < way_island_get(u->isl)->cfg->request_timeout_ms)
                return false;
        }
        u->full_since_ms = 0;
    }
    way_tally_failed(u->tally, line, partition, e);
    return true;
}

/* A key or message id that is computed from the line goes to the end of the scratch buffer, which the caller has reserved. */
static way_code data_line(upload *u, const char *text, size_t len, way_outgoing *m, way_err *e)
{
    way_code rc;

    m->data = text;
    m->len = len;
    way_buf_reset(&u->scratch);
    if (!u->has_key_from)
        return WAY_OK;
    if (!way_buf_reserve(&u->scratch, WAY_KEY_BYTES_MAX + 1))
        return way_fail(e, WAY_E_FULL, "no memory for a key");
    rc = way_pointer_find(&u->key_from, text, len, u->scratch.data, WAY_KEY_BYTES_MAX, &m->key_len, e);
    if (rc == WAY_OK) {
        u->scratch.data[m->key_len] = '\0';
        m->key = u->scratch.data;
    }
    return rc;
}

static bool send_line(upload *u, const char *text, size_t len)
{
    char id[WAY_MSG_ID_BYTES_MAX + 24];
    bool whole = true;
    way_outgoing m;
    way_err e = {.code = WAY_OK};
    way_code rc;

    way_outgoing_init(&m);
    m.key = u->defaults.key;
    m.key_len = u->defaults.key_len;
    m.partition = u->defaults.partition;
    if (u->prefix[0]) {
        m.msg_id = id;
        m.msg_id_len = (size_t)snprintf(id, sizeof id, "%s-%llu", u->prefix, (unsigned long long)u->line);
    }
    if (u->data_lines) {
        rc = data_line(u, text, len, &m, &e);
        whole = rc == WAY_OK;
    } else {
        rc = way_line_parse(text, len, &u->scratch, &m, &whole, &e);
    }
    return send_message(u, &m, rc, whole || u->defaults.partition, &e);
}

/* ---- lines ---- */

static bool is_empty(const upload *u, const char *p, size_t len)
{
    if (len > 16)
        return false;
    for (size_t i = 0; i < len; i++)
        if (p[i] != '\r' && (u->data_lines || (p[i] != ' ' && p[i] != '\t')))
            return false;
    return true;
}

/* False: has to be tried again. */
static bool take_line(upload *u, const char *p, size_t len)
{
    if (!is_empty(u, p, len) && !send_line(u, p, len))
        return false;
    u->line++;
    return true;
}

static void too_long(upload *u)
{
    way_err e;

    (void)way_fail(&e, WAY_E_TOO_LARGE,
                   "the line has more than %zu bytes: the station '%s' takes messages of %lld (max_message_bytes)",
                   u->line_max, u->st->spec.name, (long long)u->st->spec.max_message_bytes);
    (void)send_message(u, &(way_outgoing){.partition = u->defaults.partition, .key = u->defaults.key,
                                          .key_len = u->defaults.key_len},
                       e.code, u->defaults.partition != 0, &e);
}

/* Takes whole lines from p as long as there is room.  Returns how many bytes are done; *held: stopped for want of room. */
static size_t take_lines(upload *u, const char *p, size_t len, bool *held)
{
    size_t at = 0;

    *held = false;
    while (at < len) {
        const char *nl = memchr(p + at, '\n', len - at);
        if (!nl)
            break;
        size_t n = (size_t)(nl - (p + at));
        if (u->skipping) {
            u->skipping = false;
            u->line++;
        } else if (!has_room(u) || (n <= u->line_max && !take_line(u, p + at, n))) {
            *held = true;
            break;
        } else if (n > u->line_max) {
            too_long(u);
            u->line++;
        }
        at += n + 1;
    }
    return at;
}

/* What is left is the beginning of a line: it waits for its end, unless it is too long already. */
static void keep_tail(upload *u, const char *p, size_t len)
{
    if (u->skipping)
        return;
    if (u->carry.len + len > u->line_max) {
        way_buf_fini(&u->carry);
        too_long(u);
        u->skipping = true;
        return;
    }
    way_buf_add(&u->carry, p, len);
}

/* Ends the line begun in carry with the first line end in the chunk.  Returns how much of the chunk is done. */
static size_t finish_carried(upload *u, const char *p, size_t len)
{
    const char *nl = memchr(p, '\n', len);
    size_t n = nl ? (size_t)(nl - p) : len;

    if (!nl) {
        keep_tail(u, p, len);
        return len;
    }
    keep_tail(u, p, n);
    if (u->skipping)
        return n; /* the line end is taken by take_lines */
    way_buf_char(&u->carry, '\n');
    size_t done = take_lines(u, u->carry.data, u->carry.len, &u->held);
    if (!u->held && done == u->carry.len)
        way_buf_reset(&u->carry);
    return n + 1;
}

static void feed(upload *u, const char *p, size_t len)
{
    size_t at = 0;

    if (!u->held && u->carry.len)
        at = finish_carried(u, p, len);
    if (!u->held && at < len)
        at += take_lines(u, p + at, len - at, &u->held);
    if (at == len)
        return;
    if (u->held)
        way_buf_add(&u->carry, p + at, len - at);
    else
        keep_tail(u, p + at, len - at);
}

/* Sending may go on: first what waited in carry. */
static void feed_carried(upload *u)
{
    u->held = false;
    if (u->carry.len > 0) /* a buffer that was never written to has no data */
        u->carried += take_lines(u, u->carry.data + u->carried, u->carry.len - u->carried, &u->held);
    if (u->held)
        return;
    way_buf_drop_front(&u->carry, u->carried);
    u->carried = 0;
    if (u->ended && u->carry.len && has_room(u)) { /* a last line without a line end */
        if (!take_line(u, u->carry.data, u->carry.len)) {
            u->held = true;
            return;
        }
        way_buf_reset(&u->carry);
    } else if (u->ended && u->carry.len) {
        u->held = true;
    }
}

static void send_elements(upload *u)
{
    u->held = false;
    while (u->left) {
        const char *at = u->next;
        if (!has_room(u)) {
            u->held = true;
            return;
        }
        way_slice raw = way_batch_next(&at, u->carry.data + u->carry.len);
        if (!send_line(u, raw.p, raw.len)) {
            u->held = true;
            return;
        }
        u->next = at;
        u->left--;
        u->line++;
    }
}

/* ---- the request ---- */

static void finish(upload *u)
{
    way_exchange *x = u->x;
    way_buf out;

    way_buf_init(&out, 0);
    int status = way_tally_write(u->tally, &out);
    way_x_json(x, status, &out); /* u is gone */
}

static void fail(upload *u, const way_err *e)
{
    way_x_fail(u->x, e); /* u is gone */
}

/* False: u is gone, for want of memory. */
static bool count_memory(upload *u)
{
    size_t now = u->carry.cap + u->scratch.cap;
    way_err e;

    held_bytes += now - u->counted;
    u->counted = now;
    if (!u->carry.failed && !u->scratch.failed && (held_bytes <= HELD_BYTES_MAX || now <= HELD_BYTES_FREE))
        return true;
    (void)way_fail(&e, WAY_E_FULL, "no memory for this upload: too many large ones at once");
    fail(u, &e);
    return false;
}

/* Takes the next step, whatever woke us: an answer, the timer, more body, its end. */
static void advance(upload *u)
{
    const way_island_parts *parts = way_island_get(u->isl);

    if (!u->tally || (u->batch && !u->ended))
        return;
    if (u->batch)
        send_elements(u);
    else if (u->held || u->ended)
        feed_carried(u);
    if (!count_memory(u))
        return;
    if (u->held && u->unanswered == 0 && !ev_is_active(&u->retry)) {
        ev_timer_set(&u->retry, RETRY_S, 0.);
        ev_timer_start(parts->loop, &u->retry);
    }
    if (u->ended && !u->held && u->unanswered == 0) {
        finish(u);
        return;
    }
    if (u->held != u->paused && !u->ended) {
        u->paused = u->held;
        way_x_pause_body(u->x, u->paused); /* may come back here with more body: nothing after it */
    }
}

static void on_retry(struct ev_loop *loop, struct ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    advance(w->data);
}

static void ended(void *state)
{
    upload *u = state;

    ev_timer_stop(way_island_get(u->isl)->loop, &u->retry);
    if (u->st)
        way_station_unref(u->st);
    way_tally_free(u->tally);
    held_bytes -= u->counted;
    way_buf_fini(&u->carry);
    way_buf_fini(&u->scratch);
    free(u->flights);
    free(u);
}

static way_code start_sending(upload *u, size_t count, way_err *e)
{
    const way_config *cfg = way_island_get(u->isl)->cfg;

    u->window_max = (uint32_t)cfg->ndjson_unanswered_max;
    if (u->batch && count < u->window_max)
        u->window_max = count ? (uint32_t)count : 1;
    u->window = u->window_max;
    u->flights = malloc(u->window_max * sizeof *u->flights);
    u->tally = way_tally_new(u->st->spec.partitions, u->batch, count);
    if (!u->flights || !u->tally)
        return way_fail(e, WAY_E_FULL, "no memory for this upload");
    u->left = count;
    return WAY_OK;
}

static void open_batch(upload *u)
{
    size_t count = 0;
    way_err e;
    way_code rc;

    if (u->carry.failed)
        rc = way_fail(&e, WAY_E_FULL, "no memory for this batch");
    else
        rc = way_batch_open(u->carry.data ? u->carry.data : "", u->carry.len, WAY_BATCH_MESSAGES_MAX, &u->next, &count,
                            &e);
    if (rc == WAY_OK)
        rc = start_sending(u, count, &e);
    if (rc != WAY_OK)
        fail(u, &e);
    else
        advance(u);
}

/* What the request says for every line is refused once, not line by line. */
static way_code check_defaults(const upload *u, const way_station *st, way_err *e)
{
    way_outgoing m = {.key = u->defaults.key, .key_len = u->defaults.key_len, .partition = u->defaults.partition};

    if (u->prefix[0]) {
        m.msg_id = u->prefix;
        m.msg_id_len = strlen(u->prefix);
    }
    return way_outgoing_check(&m, st, e);
}

static void found(way_exchange *x, const way_station *st)
{
    upload *u = way_x_state(x);
    way_err e;

    u->st = way_station_ref((way_station *)st);
    u->line_max = u->data_lines && st->spec.max_message_bytes > 0 ? (size_t)st->spec.max_message_bytes
                                                                  : way_line_bytes_max(st->spec.max_message_bytes);
    if (check_defaults(u, st, &e) != WAY_OK) {
        fail(u, &e);
    } else if (!u->batch) {
        if (start_sending(u, 0, &e) != WAY_OK) {
            fail(u, &e);
            return;
        }
        u->held = true; /* what came meanwhile waits in carry */
        advance(u);
    } else if (u->ended) {
        open_batch(u);
    }
}

static way_code read_query(upload *u, way_err *e)
{
    way_exchange *x = u->x;
    char text[WAY_POINTER_MAX + 1];
    way_outgoing *d = &u->defaults;

    if (way_x_query(x, "partition", text, sizeof text, e) &&
        (!way_i64_parse(text, strlen(text), &d->partition) || d->partition < 1))
        return way_fail(e, WAY_E_INVAL, "partition is a whole number from 1");
    if (e->code == WAY_OK && way_x_query(x, "key", u->key, sizeof u->key, e)) {
        d->key = u->key;
        d->key_len = strlen(u->key);
    }
    if (e->code == WAY_OK && way_x_query(x, "msg_id_prefix", u->prefix, sizeof u->prefix, e)) {
        /* a number of 20 digits and a dash come behind it */
        if (!u->prefix[0] || strlen(u->prefix) > WAY_MSG_ID_BYTES_MAX - 21)
            return way_fail(e, WAY_E_INVAL, "msg_id_prefix has 1 to %d bytes", WAY_MSG_ID_BYTES_MAX - 21);
    }
    if (e->code == WAY_OK && way_x_query(x, "first_line", text, sizeof text, e) &&
        (!way_u64_parse(text, strlen(text), &u->line) || u->line < 1 || u->line > INT64_MAX / 2))
        return way_fail(e, WAY_E_INVAL, "first_line is a whole number from 1");
    if (e->code == WAY_OK && way_x_query(x, "lines", text, sizeof text, e)) {
        u->data_lines = strcmp(text, "data") == 0;
        if (!u->data_lines && strcmp(text, "object") != 0)
            return way_fail(e, WAY_E_INVAL, "lines is 'object' (the default) or 'data'");
    }
    if (e->code == WAY_OK && way_x_query(x, "key_from", text, sizeof text, e)) {
        if (!u->data_lines || d->key)
            return way_fail(e, WAY_E_INVAL, "key_from goes with lines=data, and not with key");
        u->has_key_from = true;
        return way_pointer_parse(text, &u->key_from, e);
    }
    return e->code;
}

static way_code read_head(upload *u, way_err *e)
{
    const way_config *cfg = way_island_get(u->isl)->cfg;
    const char *type = way_x_content_type(u->x);
    int64_t length = way_x_content_length(u->x);

    if (strcmp(type, "application/x-ndjson") == 0 || strcmp(type, "application/ndjson") == 0)
        return read_query(u, e);
    u->batch = true;
    if (*type && strcmp(type, "application/json") != 0)
        return way_fail(e, WAY_E_UNSUPPORTED, "a batch is application/json or application/x-ndjson");
    if (length > cfg->json_body_bytes_max)
        return way_fail(e, WAY_E_TOO_LARGE,
                        "a JSON batch has at most %lld bytes, this one %lld; send more as NDJSON (application/x-ndjson)",
                        (long long)cfg->json_body_bytes_max, (long long)length);
    return WAY_OK;
}

void way_data_batch_run(way_exchange *x)
{
    upload *u = calloc(1, sizeof *u);
    way_err e = {.code = WAY_OK};

    if (!u) {
        (void)way_fail(&e, WAY_E_FULL, "no memory for this upload");
        way_x_fail(x, &e);
        return;
    }
    u->x = x;
    u->isl = way_x_island(x);
    u->line = 1;
    u->free_flight = NO_FLIGHT;
    way_outgoing_init(&u->defaults);
    ev_timer_init(&u->retry, on_retry, RETRY_S, 0.);
    u->retry.data = u;
    way_buf_init(&u->carry, 0);
    way_buf_init(&u->scratch, 0);
    way_x_set_state(x, u, ended);
    if (read_head(u, &e) != WAY_OK) {
        fail(u, &e);
        return;
    }
    if (!u->batch) { /* until the station is known there is nowhere to send to */
        u->paused = true;
        way_x_pause_body(x, true);
    }
    way_x_station(x, way_x_param(x, 0), found);
}

void way_data_batch_chunk(way_exchange *x, const char *data, size_t len)
{
    upload *u = way_x_state(x);
    way_err e;

    if (!u->batch && u->tally) {
        feed(u, data, len);
        advance(u);
        return;
    }
    way_buf_add(&u->carry, data, len);
    if (u->batch && u->carry.len > (size_t)way_island_get(u->isl)->cfg->json_body_bytes_max) {
        (void)way_fail(&e, WAY_E_TOO_LARGE, "a JSON batch has at most %lld bytes; send more as NDJSON",
                       (long long)way_island_get(u->isl)->cfg->json_body_bytes_max);
        fail(u, &e);
        return;
    }
    (void)count_memory(u);
}

void way_data_batch_end(way_exchange *x)
{
    upload *u = way_x_state(x);

    u->ended = true;
    if (!u->st)
        return;
    if (u->batch)
        open_batch(u);
    else
        advance(u);
}
