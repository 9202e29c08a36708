/* link: slots, deadlines and the queue in front of the connection.
 *
 * Why a queue of our own: cnats' buffer can only be emptied from the front by moving the rest (slow when it is large), and it
 * would send after a reconnect what nobody waits for any more.  So cnats never holds more than HANDED_MAX unwritten bytes
 * and nothing while it is down; the rest waits here as copies that know their deadline. */
#include "jetstream-adapter/link_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "jetstream-adapter/connect.h"
#include "jetstream-adapter/connector.h"

enum {
    HANDED_MAX = 8 * 1024 * 1024,
    FLUSH_EARLY = 256 * 1024, /* a long turn (one upload with many lines) keeps the server busy meanwhile */
    PROTOCOL_BYTES = 32,      /* about what PUB costs besides subject, reply and payload */
    DOWN_PATIENCE_MS = 2000,
    TICK_MS = 50,
    CLOSE_DRAIN_MS = 500,
    TOKEN_LEN = 16,
    NO_SLOT = -1
};

typedef struct slot {
    way_reply_fn fn; /* NULL: free */
    void *arg;
    way_token owner;
    int64_t deadline_ms;
    uint32_t tag;
    uint32_t gen;
    uint32_t next_free;
    bool waiting; /* its publish is still in the queue */
} slot;

typedef struct waiting { /* not handed to cnats yet */
    struct waiting *next;
    natsMsg *m;
    size_t bytes;
    int64_t deadline_ms;
    int64_t slot; /* NO_SLOT: no answer wanted */
    uint32_t gen;
} waiting;

struct way_link { /* all the loop's */
    const way_config *cfg;
    struct ev_loop *loop;
    way_connector *connector;
    way_connected c; /* c.nc NULL: down */
    way_server_info server; /* of the last connection */
    int64_t down_since_ms;
    bool closing;
    char inbox[WAY_INBOX_MAX], inbox_all[WAY_INBOX_MAX + 2];
    char pulls[WAY_INBOX_MAX + 2], pulls_all[WAY_INBOX_MAX + 4];
    size_t inbox_len;
    char api_prefix[256];

    slot *slots;
    uint32_t slot_count, fresh, free_head, used; /* fresh: slots from here on were never used */
    int64_t next_deadline_ms;                    /* not later than the first deadline there is */
    struct ev_timer tick;

    waiting *head, **tail;
    size_t waiting_bytes;
    size_t handed_bytes; /* appended to cnats' buffer, not yet written */
    size_t written_mark; /* handed_bytes after the last write */
    uint64_t losses;
    way_pull_fn on_pull;
    void *pull_arg;
    way_change_fn on_change;
    void *change_arg;
};

/* ---- slots ---- */

static bool slot_take(way_link *l, uint32_t *index)
{
    if (l->free_head != UINT32_MAX) {
        *index = l->free_head;
        l->free_head = l->slots[*index].next_free;
    } else if (l->fresh < l->slot_count) {
        *index = l->fresh++;
    } else {
        return false;
    }
    l->used++;
    return true;
}

static void slot_give(way_link *l, uint32_t index)
{
    slot *s = &l->slots[index];

    s->fn = NULL;
    s->gen++;
    s->waiting = false;
    s->next_free = l->free_head;
    l->free_head = index;
    l->used--;
}

/* The slot is free before fn runs, which may well make the next request. */
static void answer(way_link *l, uint32_t index, way_code code, way_msg *m)
{
    slot s = l->slots[index];

    slot_give(l, index);
    s.fn(s.arg, s.owner, s.tag, code, m);
}

static void token_write(char *to, uint32_t index, uint32_t gen)
{
    static const char hex[] = "0123456789abcdef";
    uint64_t v = (uint64_t)index << 32 | gen;

    for (int i = TOKEN_LEN - 1; i >= 0; i--, v >>= 4)
        to[i] = hex[v & 15];
    to[TOKEN_LEN] = '\0';
}

static bool token_read(const char *text, uint32_t *index, uint32_t *gen)
{
    uint64_t v = 0;

    for (int i = 0; i < TOKEN_LEN; i++) {
        char c = text[i];

        if (c >= '0' && c <= '9')
            v = v << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *index = (uint32_t)(v >> 32);
    *gen = (uint32_t)v;
    return text[TOKEN_LEN] == '\0';
}

/* ---- what comes in ---- */

static void on_answer(way_link *l, const char *token, way_msg *m)
{
    uint32_t index, gen;
    slot *s;

    if (!token_read(token, &index, &gen) || index >= l->fresh)
        return;
    s = &l->slots[index];
    if (!s->fn || s->gen != gen)
        return; /* late: timed out meanwhile */
    if (way_msg_status(m) == 503)
        answer(l, index, WAY_E_UNAVAILABLE, NULL);
    else
        answer(l, index, WAY_OK, m);
}

static void on_message(way_link *l, natsMsg *nm)
{
    const char *subject = natsMsg_GetSubject(nm);
    way_msg m;

    way_msg_init(&m, nm);
    if (strncmp(subject, l->inbox, l->inbox_len) == 0 && subject[l->inbox_len] == '.')
        on_answer(l, subject + l->inbox_len + 1, &m);
    else if (l->on_pull)
        l->on_pull(l->pull_arg, &m);
    way_msg_fini(&m);
}

/* Runs inside natsConnection_ProcessReadEvent, with no lock of cnats held. */
static void filter(natsConnection *nc, natsMsg **msg, void *arg)
{
    natsMsg *m = *msg;

    (void)nc;
    *msg = NULL;
    on_message(arg, m);
}

/* Only when there is no filter: connector.c says what is lost then. */
static void on_readable(void *arg)
{
    way_link *l = arg;

    for (int i = 0; !l->c.filtered && l->c.nc && i < WAY_LINK_SUBS; i++) {
        natsStatus s;

        do {
            natsMsg *m = NULL;

            s = natsSubscription_NextMsg(&m, l->c.subs[i], 0);
            if (s == NATS_OK)
                on_message(l, m);
        } while (s == NATS_OK || s == NATS_NO_RESPONDERS);
    }
}

/* ---- what goes out ---- */

static void tick_start(way_link *l)
{
    if (!ev_is_active(&l->tick)) {
        ev_timer_set(&l->tick, TICK_MS / 1000., TICK_MS / 1000.);
        ev_timer_start(l->loop, &l->tick);
    }
}

static void note_deadline(way_link *l, int64_t deadline_ms)
{
    if (deadline_ms < l->next_deadline_ms)
        l->next_deadline_ms = deadline_ms;
    tick_start(l);
}

static natsStatus build(const char *subject, const char *reply, const way_header *headers, size_t header_count,
                        const void *data, size_t len, natsMsg **out)
{
    natsMsg *m = NULL;
    natsStatus s = natsMsg_Create(&m, subject, reply, data, (int)len);

    for (size_t i = 0; s == NATS_OK && i < header_count; i++)
        s = natsMsgHeader_Add(m, headers[i].key, headers[i].value);
    if (s == NATS_OK)
        *out = m;
    else
        way_natsmsg_free(m);
    return s;
}

static bool can_hand_over(const way_link *l)
{
    return l->c.nc && !l->head && l->handed_bytes < HANDED_MAX;
}

static void handed(way_link *l, size_t bytes)
{
    l->handed_bytes += bytes;
    if (l->handed_bytes - l->written_mark >= FLUSH_EARLY) {
        l->written_mark = l->handed_bytes; /* not again before as much more, should the socket be full */
        way_evloop_flush(l->c.el);
    }
}

static natsStatus hand_over(way_link *l, const char *subject, const char *reply, const way_header *headers,
                            size_t header_count, const void *data, size_t len, size_t bytes)
{
    natsMsg *m = NULL;
    natsStatus s;

    if (header_count == 0) {
        s = reply ? natsConnection_PublishRequest(l->c.nc, subject, reply, data, (int)len)
                  : natsConnection_Publish(l->c.nc, subject, data, (int)len);
    } else {
        s = build(subject, reply, headers, header_count, data, len, &m);
        if (s == NATS_OK)
            s = natsConnection_PublishMsg(l->c.nc, m);
        way_natsmsg_free(m);
    }
    if (s == NATS_OK)
        handed(l, bytes);
    return s;
}

static void queue(way_link *l, natsMsg *m, size_t bytes, int64_t deadline_ms, int64_t index)
{
    waiting *w = way_xmalloc(sizeof *w);

    *w = (waiting){.m = m, .bytes = bytes, .deadline_ms = deadline_ms, .slot = index};
    if (index != NO_SLOT) {
        w->gen = l->slots[index].gen;
        l->slots[index].waiting = true;
    }
    *l->tail = w;
    l->tail = &w->next;
    l->waiting_bytes += bytes;
    note_deadline(l, deadline_ms);
}

static void unqueue(way_link *l)
{
    waiting *w = l->head;

    l->head = w->next;
    if (!l->head)
        l->tail = &l->head;
    l->waiting_bytes -= w->bytes;
    way_natsmsg_free(w->m);
    free(w);
}

static bool is_wanted(const way_link *l, const waiting *w, int64_t now)
{
    if (w->slot == NO_SLOT)
        return w->deadline_ms > now;
    return l->slots[w->slot].fn && l->slots[w->slot].gen == w->gen;
}

static void pump(way_link *l)
{
    int64_t now = way_mono_ms();

    while (l->head && l->c.nc && l->handed_bytes < HANDED_MAX) {
        waiting *w = l->head;

        if (is_wanted(l, w, now)) {
            natsStatus s = natsConnection_PublishMsg(l->c.nc, w->m);

            if (s == NATS_CONNECTION_CLOSED)
                return; /* lost, and about to be told so: it stays for the next connection */
            if (s == NATS_OK) {
                l->handed_bytes += w->bytes;
            } else {
                l->losses++;
                way_warn("link", "not_sent", "status=\"%s\"", natsStatus_GetText(s)); /* its deadline answers */
            }
            if (w->slot != NO_SLOT)
                l->slots[w->slot].waiting = false;
        } else {
            l->losses++;
        }
        unqueue(l);
    }
}

static size_t cost(const char *subject, const way_header *headers, size_t header_count, size_t len)
{
    size_t sum = len + strlen(subject) + PROTOCOL_BYTES;

    for (size_t i = 0; i < header_count; i++)
        sum += strlen(headers[i].key) + strlen(headers[i].value) + 4;
    return sum;
}

/* Sends or queues.  index: slot or NO_SLOT. */
static way_code send_out(way_link *l, const char *subject, const char *reply, const way_header *headers,
                         size_t header_count, const void *data, size_t len, int64_t deadline_ms, int64_t index,
                         way_err *e)
{
    size_t bytes = cost(subject, headers, header_count, len);
    natsMsg *m = NULL;
    natsStatus s = NATS_CONNECTION_CLOSED;

    if (len > INT32_MAX)
        return way_fail(e, WAY_E_TOO_LARGE, "%zu bytes are more than any nats-server takes", len);
    if (can_hand_over(l))
        s = hand_over(l, subject, reply, headers, header_count, data, len, bytes);
    else if (l->c.nc && l->server.max_payload > 0 && (int64_t)len > l->server.max_payload)
        s = NATS_MAX_PAYLOAD; /* cnats would say it only when the copy is sent */
    if (s == NATS_OK)
        return WAY_OK;
    if (s != NATS_CONNECTION_CLOSED)
        return way_connect_fail(e, s, "publish");
    if (way_link_down_ms(l) > DOWN_PATIENCE_MS)
        return way_fail(e, WAY_E_UNAVAILABLE, "nats-server has been away for %lld ms", (long long)way_link_down_ms(l));
    if (way_link_buffered(l) + bytes > (size_t)l->cfg->publish_buffer_bytes)
        return way_fail(e, WAY_E_FULL, "%zu bytes wait for nats-server (publish_buffer_bytes)", way_link_buffered(l));
    s = build(subject, reply, headers, header_count, data, len, &m);
    if (s != NATS_OK)
        return way_connect_fail(e, s, "publish");
    queue(l, m, bytes, deadline_ms, index);
    return WAY_OK;
}

way_code way_link_request(way_link *l, const way_request *rq, way_err *e)
{
    char reply[WAY_INBOX_MAX + 1 + TOKEN_LEN + 1];
    int64_t deadline_ms = way_mono_ms() + rq->timeout_ms;
    uint32_t index;
    slot *s;
    way_code rc;

    if (l->closing)
        return way_fail(e, WAY_E_UNAVAILABLE, "shutting down");
    if (!slot_take(l, &index))
        return way_fail(e, WAY_E_FULL, "%u requests are unanswered (publishes_max)", l->used);
    s = &l->slots[index];
    memcpy(reply, l->inbox, l->inbox_len);
    reply[l->inbox_len] = '.';
    token_write(reply + l->inbox_len + 1, index, s->gen);
    rc = send_out(l, rq->subject, reply, rq->headers, rq->header_count, rq->data, rq->len, deadline_ms, index, e);
    if (rc != WAY_OK) {
        slot_give(l, index);
        return rc;
    }
    s->fn = rq->fn;
    s->arg = rq->arg;
    s->owner = rq->owner;
    s->tag = rq->tag;
    s->deadline_ms = deadline_ms;
    note_deadline(l, deadline_ms);
    return WAY_OK;
}

way_code way_link_publish(way_link *l, const char *subject, const char *reply, const void *data, size_t len, way_err *e)
{
    return send_out(l, subject, reply, NULL, 0, data, len, way_mono_ms() + l->cfg->request_timeout_ms, NO_SLOT, e);
}

/* ---- time ---- */

/* Answers all used slots that `which` picks; callbacks may add slots, which are looked at too. */
static void sweep(way_link *l, way_code code, int64_t now, bool (*which)(const slot *s, int64_t now))
{
    for (uint32_t i = 0; i < l->fresh; i++)
        if (l->slots[i].fn && which(&l->slots[i], now))
            answer(l, i, code, NULL);
}

static bool is_due(const slot *s, int64_t now)
{
    return s->deadline_ms <= now;
}

static bool is_sent(const slot *s, int64_t now)
{
    (void)now;
    return !s->waiting;
}

static bool is_any(const slot *s, int64_t now)
{
    (void)s;
    (void)now;
    return true;
}

static void on_tick(struct ev_loop *loop, struct ev_timer *w, int events)
{
    way_link *l = w->data;
    int64_t now = way_mono_ms();

    (void)events;
    if (l->used == 0 && !l->head) {
        ev_timer_stop(loop, w);
        l->fresh = 0; /* generations stay, so an old answer still finds another one */
        l->free_head = UINT32_MAX;
        l->next_deadline_ms = INT64_MAX;
        return;
    }
    if (now < l->next_deadline_ms)
        return;
    sweep(l, WAY_E_TIMEOUT, now, is_due);
    while (l->head && !is_wanted(l, l->head, now)) {
        l->losses++;
        unqueue(l);
    }
    l->next_deadline_ms = l->head ? now + TICK_MS : INT64_MAX;
    for (uint32_t i = 0; i < l->fresh; i++)
        if (l->slots[i].fn && l->slots[i].deadline_ms < l->next_deadline_ms)
            l->next_deadline_ms = l->slots[i].deadline_ms;
}

/* ---- the connection ---- */

static void on_written(void *arg, size_t left)
{
    way_link *l = arg;

    l->handed_bytes = l->written_mark = left;
    pump(l);
}

static void on_lost(void *arg)
{
    way_link *l = arg;

    way_warn("link", "lost", "unanswered=%u", l->used);
    l->losses++;
    l->down_since_ms = way_mono_ms();
    way_connector_again(l->connector, l->c.nc);
    way_connected_fini(&l->c);
    l->handed_bytes = l->written_mark = 0;
    sweep(l, WAY_E_UNAVAILABLE, 0, is_sent);
    if (l->on_change)
        l->on_change(l->change_arg, false);
}

static void on_up(void *arg, const way_connected *c)
{
    static const way_evloop_fns fns = {on_readable, on_written, on_lost};
    way_link *l = arg;

    l->c = *c;
    l->server = c->server;
    l->handed_bytes = l->written_mark = 0;
    way_evloop_start(l->c.el, l->c.nc, &fns, l);
    way_info("link", "up", "version=%s after_ms=%lld", l->server.version, (long long)(way_mono_ms() - l->down_since_ms));
    pump(l);
    if (l->on_change)
        l->on_change(l->change_arg, true);
}

way_code way_link_open(const way_config *cfg, struct ev_loop *loop, const char *client_name, way_link **out, way_err *e)
{
    way_link *l = way_xcalloc(1, sizeof *l);
    way_connector_fns fns = {.filter = filter, .up = on_up, .arg = l};
    way_code rc;

    l->cfg = cfg;
    l->loop = loop;
    way_connect_inbox(cfg, l->inbox);
    l->inbox_len = strlen(l->inbox);
    snprintf(l->inbox_all, sizeof l->inbox_all, "%s.*", l->inbox);
    snprintf(l->pulls, sizeof l->pulls, "%sp", l->inbox);
    snprintf(l->pulls_all, sizeof l->pulls_all, "%s.*", l->pulls);
    way_connect_api_prefix(cfg, l->api_prefix, sizeof l->api_prefix);
    l->slot_count = (uint32_t)cfg->publishes_max;
    l->slots = way_xcalloc(l->slot_count, sizeof *l->slots);
    l->free_head = UINT32_MAX;
    l->next_deadline_ms = INT64_MAX;
    l->tail = &l->head;
    l->down_since_ms = way_mono_ms();
    ev_init(&l->tick, on_tick);
    l->tick.data = l;
    fns.subjects[0] = l->inbox_all;
    fns.subjects[1] = l->pulls_all;
    rc = way_connector_new(cfg, loop, client_name, &fns, &l->connector, e);
    if (rc != WAY_OK) {
        free(l->slots);
        free(l);
        return rc;
    }
    *out = l;
    return WAY_OK;
}

void way_link_close(way_link *l)
{
    if (!l)
        return;
    l->closing = true;
    l->on_change = NULL;
    l->on_pull = NULL;
    if (l->c.nc) {
        pump(l);
        way_evloop_drain(l->c.el, CLOSE_DRAIN_MS);
    }
    sweep(l, WAY_E_UNAVAILABLE, 0, is_any);
    way_connector_free(l->connector);
    way_connected_fini(&l->c);
    while (l->head)
        unqueue(l);
    ev_timer_stop(l->loop, &l->tick);
    free(l->slots);
    free(l);
}

/* ---- what it knows ---- */

void way_link_on_pull(way_link *l, way_pull_fn fn, void *arg)
{
    l->on_pull = fn;
    l->pull_arg = arg;
}

void way_link_on_change(way_link *l, way_change_fn fn, void *arg)
{
    l->on_change = fn;
    l->change_arg = arg;
}

const char *way_link_pull_inbox(const way_link *l)
{
    return l->pulls;
}

bool way_link_up(const way_link *l)
{
    return l->c.nc != NULL;
}

int64_t way_link_down_ms(const way_link *l)
{
    return l->c.nc ? 0 : way_mono_ms() - l->down_since_ms;
}

uint32_t way_link_in_flight(const way_link *l)
{
    return l->used;
}

uint64_t way_link_losses(const way_link *l)
{
    return l->losses;
}

size_t way_link_buffered(const way_link *l)
{
    return l->handed_bytes + l->waiting_bytes;
}

int64_t way_link_max_payload(const way_link *l)
{
    return l->server.max_payload;
}

const char *way_link_api_prefix(const way_link *l)
{
    return l->api_prefix;
}

bool way_link_server_at_least(const way_link *l, int major, int minor, int patch)
{
    return way_server_at_least(&l->server, major, minor, patch);
}
