/* Fetch: takes part in the group's dispatcher until there is enough, nothing more, or no time left.
 *
 * Messages are rendered as they arrive and kept beside it until the answer is handed over, so that what a client that went away
 * has not got goes back to the group at once.  From then on they are leased: only a receipt settles them.
 * Memory of one fetch: at most max_bytes of messages and their rendered form, and one message more. */
#include "gateway/data.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "gateway/data_group.h"
#include "gateway/data_message.h"

#define FETCH_MAX 10000
#define FETCH_DEFAULT 100
#define FETCH_WAIT_MAX_MS 60000
#define FETCH_WAIT_DEFAULT_MS 5000
#define FETCH_BYTES_MAX (32 * 1024 * 1024)
/* A pull that waits as long as the client does ends a moment before the fetch: its last message still finds it. */
#define FETCH_SLACK_MS 150

typedef struct kept {
    way_receipt receipt;
    way_msg *msg;
} kept;

typedef struct fetch {
    way_exchange *x;
    way_island *isl;
    way_station *st; /* held */
    way_group *g;    /* held */
    way_taker *taker; /* NULL: not joined, or out already */
    struct ev_timer timer;
    int64_t max, wait_ms, max_bytes;
    bool as_text;
    kept *kept;
    size_t count, cap;
    size_t bytes; /* rendered or as it came, whichever is more */
    way_buf out;
} fetch;

static void finish(fetch *f)
{
    way_exchange *x = f->x;
    way_buf out = f->out;

    way_json_close(&out, ']');
    way_json_close(&out, '}');
    way_buf_init(&f->out, 0);
    if (out.failed) { /* what is kept goes back when the exchange ends */
        way_err e;
        way_buf_fini(&out);
        (void)way_fail(&e, WAY_E_FULL, "no memory for the answer; ask for fewer messages");
        way_x_fail(x, &e);
        return;
    }
    for (size_t i = 0; i < f->count; i++)
        way_msg_free(f->kept[i].msg);
    f->count = 0;
    way_x_json(x, 200, &out); /* f is gone */
}

/* Runs the timer's callback soon: never inside the dispatcher's call, which still has the taker in its hands. */
static void finish_soon(fetch *f)
{
    ev_feed_event(way_island_get(f->isl)->loop, &f->timer, EV_TIMER);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    finish(w->data);
}

static void msg_headers(const void *from, bool (*fn)(void *arg, const char *key, const char *value), void *arg)
{
    way_msg_headers(from, fn, arg);
}

static void render(fetch *f, const way_delivery *d)
{
    const unsigned char *key = way_control_receipt_key(way_island_get(f->isl)->ctl);
    way_message m = {.partition = d->partition,
                     .seq = d->seq,
                     .time_ns = d->time_ns,
                     .key = way_msg_header(d->msg, WAY_HEADER_KEY),
                     .headers = msg_headers,
                     .headers_from = d->msg};

    m.data = way_msg_data(d->msg, &m.len);
    way_json_open(&f->out, '{');
    way_json_key(&f->out, "receipt");
    way_buf_char(&f->out, '"');
    way_receipt_add(key, &d->receipt, &f->out);
    way_buf_char(&f->out, '"');
    way_json_kv_uint(&f->out, "deliveries", d->deliveries);
    way_message_write(&m, f->as_text, &f->out);
    way_json_close(&f->out, '}');
}

static void deliver(void *arg, const way_delivery *d)
{
    fetch *f = arg;
    size_t before = f->out.len, got = way_msg_bytes(d->msg);

    if (f->count == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 64;
        f->kept = way_xrealloc(f->kept, f->cap * sizeof *f->kept);
    }
    render(f, d);
    f->kept[f->count++] = (kept){d->receipt, way_msg_keep(d->msg)};
    f->bytes += f->out.len - before > got ? f->out.len - before : got;
    if ((int64_t)f->count >= f->max || f->bytes >= (size_t)f->max_bytes || f->out.failed)
        finish_soon(f);
}

static void quiet(void *arg)
{
    fetch *f = arg;

    if (f->count)
        finish_soon(f);
}

static void failed(void *arg, const way_err *e)
{
    fetch *f = arg;

    f->taker = NULL;
    if (f->count)
        finish(f);
    else
        way_x_fail(f->x, e);
}

static void ended(void *state)
{
    fetch *f = state;
    const way_island_parts *parts = way_island_get(f->isl);

    ev_timer_stop(parts->loop, &f->timer);
    if (f->taker)
        way_taker_leave(f->taker);
    for (size_t i = 0; i < f->count; i++)
        way_dispatch_return(parts->dispatch, f->st, f->g, &f->kept[i].receipt, &f->kept[i].msg);
    free(f->kept);
    way_buf_fini(&f->out);
    way_group_unref(f->g);
    way_station_unref(f->st);
    free(f);
}

static way_code read_body(way_exchange *x, fetch *f, way_err *e)
{
    static const char *const keys[] = {"max", "wait_ms", "payload", "max_bytes", NULL};
    const char *payload = "text";
    cJSON *body = NULL;
    size_t len;
    const char *text = way_x_body(x, &len);
    way_code rc = WAY_OK;

    f->max = FETCH_DEFAULT;
    f->wait_ms = FETCH_WAIT_DEFAULT_MS;
    f->max_bytes = FETCH_BYTES_MAX;
    f->as_text = true;
    if (len == 0)
        return WAY_OK;
    rc = way_json_parse(text, len, 4096, &body, e);
    if (rc == WAY_OK)
        rc = way_json_only(body, keys, e);
    if (rc == WAY_OK)
        rc = way_json_get_int(body, "max", 1, FETCH_MAX, &f->max, e);
    if (rc == WAY_OK)
        rc = way_json_get_int(body, "wait_ms", 0, FETCH_WAIT_MAX_MS, &f->wait_ms, e);
    if (rc == WAY_OK)
        rc = way_json_get_int(body, "max_bytes", 1, FETCH_BYTES_MAX, &f->max_bytes, e);
    if (rc == WAY_OK)
        rc = way_json_get_str(body, "payload", 16, &payload, e);
    if (rc == WAY_OK)
        rc = way_message_form(payload, &f->as_text, e);
    cJSON_Delete(body);
    return rc;
}

static way_code join(fetch *f, way_err *e)
{
    static const way_taker_fns fns = {deliver, quiet, failed};
    const way_island_parts *parts = way_island_get(f->isl);
    way_code rc;

    rc = way_dispatch_join(parts->dispatch, f->st, f->g, true, f->wait_ms, (uint32_t)f->max, (size_t)f->max_bytes, &fns,
                           f, &f->taker, e);
    if (rc != WAY_OK)
        return rc;
    ev_timer_set(&f->timer, (double)(f->wait_ms + FETCH_SLACK_MS) / 1000., 0.);
    ev_timer_start(parts->loop, &f->timer);
    return WAY_OK;
}

static void begin(way_exchange *x, const way_station *st, const way_group *g)
{
    fetch *f = way_xcalloc(1, sizeof *f);
    way_err e;

    f->x = x;
    f->isl = way_x_island(x);
    f->st = way_station_ref((way_station *)st);
    f->g = way_group_ref((way_group *)g);
    ev_timer_init(&f->timer, on_timer, 0., 0.);
    f->timer.data = f;
    way_buf_init(&f->out, 0);
    way_json_open(&f->out, '{');
    way_json_key(&f->out, "messages");
    way_json_open(&f->out, '[');
    way_x_set_state(x, f, ended);
    if (read_body(x, f, &e) != WAY_OK || join(f, &e) != WAY_OK)
        way_x_fail(x, &e);
}

static void found(way_exchange *x, const way_station *st)
{
    way_data_group(x, st, 0, begin);
}

void way_data_fetch_run(way_exchange *x)
{
    way_x_station(x, way_x_param(x, 0), found);
}
