/* Settle: acks, naks, terms and progress for receipts, each confirmed by nats-server.
 *
 * A receipt is checked in full before anything is sent: a +ACK for a sequence that was never delivered is answered too, and on an
 * interest stream deletes that message; an ack from before a seek would silently ack the new delivery.  A step of a term that is not
 * confirmed ends it there: the message stays with its group.
 *
 * One confirmation stands for a run: nats-server works off what one connection sends to one consumer in its order, so when the
 * last of a partition is answered, those before it were received.  That spares it an answer for each, and us a slot.
 * Unless something was lost on the way (way_link_losses): then only the one that was answered is confirmed.  A replicated station
 * has no runs: its consumer's leader may change between two acks, and the new one answers without the acks that the old one
 * had not yet replicated. */
#include "gateway/data_settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "gateway/data.h"
#include "gateway/data_group.h"
#include "gateway/data_term.h"

#define WINDOW 2048      /* requests without an answer, per settle */
#define RETRY_S 0.005    /* how often a full link is tried again */
#define RUN_MAX 1024     /* settled by one confirmation */

enum { OK = 1, INVALID, UNCONFIRMED }; /* way_settle_item.result; 0: not known yet */
enum { FIRST, COPY, RECORD, LAST };    /* way_settle_item.step: what is awaited */

/* The messages of one partition that wait for one confirmation.  The newest is held until another one, or the end of the request,
 * says whether it is the last. */
typedef struct run {
    bool holds;
    uint32_t held; /* item */
    way_receipt receipt; /* its */
    uint32_t sent;   /* the newest item that was sent, + 1; 0 none */
    uint32_t length; /* sent, so far */
    uint64_t losses; /* of the link, before the first was sent */
} run;

typedef struct settle {
    way_exchange *x;
    way_island *isl;
    way_station *st; /* held */
    way_group *g;    /* held; NULL until it is known */
    struct ev_timer retry;
    way_settle req;
    size_t next;     /* first item that was not begun */
    size_t awaited;  /* requests without an answer */
    run *runs;       /* as many as partitions were seen; NULL none */
    uint32_t run_count, run_cap;
    uint32_t *run_at;    /* by partition: index of its run, + 1; 0 none yet */
    uint64_t *losses_at; /* by item that confirms a run: losses when the run began; NULL none */
    int64_t full_since_ms;
    char nak[64];
} settle;

static void advance(settle *s);

static void end_item(way_settle_item *it, int result, way_code code, const char *why)
{
    it->result = (uint8_t)result;
    it->code = (uint8_t)code;
    it->why = why;
}

/* ---- one receipt ---- */

static const char *check(const settle *s, const way_settle_item *it, way_receipt *r)
{
    const unsigned char *key = way_control_receipt_key(way_island_get(s->isl)->ctl);

    if (way_receipt_parse(key, it->receipt.p, it->receipt.len, r, NULL) != WAY_OK)
        return "not a receipt of this system";
    if (r->station_id != s->st->id)
        return "a receipt of another station";
    if (r->group_id != s->g->id)
        return "a receipt of another group";
    if (r->generation != s->g->generation)
        return "the group was moved (seek) after this message was fetched: it comes again";
    if (r->partition < 1 || r->partition > s->st->spec.partitions)
        return "a receipt of a partition that is not there";
    return NULL;
}

static way_settle_item *item_of(void *arg, way_token owner, uint32_t tag, settle **s)
{
    way_exchange *x = way_x_find(arg, owner);

    *s = x ? way_x_state(x) : NULL;
    return *s ? &(*s)->req.items[tag] : NULL;
}

static const char *no_answer(way_code code)
{
    return code == WAY_E_TIMEOUT ? "nats-server did not answer in time" : "nats-server or the group is not reachable";
}

/* Everything from item i back to the beginning of its run. */
static void end_run(settle *s, uint32_t i, int result, way_code code, const char *why)
{
    for (uint32_t at = i + 1; at != 0; at = s->req.items[at - 1].before)
        end_item(&s->req.items[at - 1], result, code, why);
}

static void on_settled(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    settle *s;
    way_settle_item *it = item_of(arg, owner, tag, &s);

    (void)msg; /* that there is an answer is all it says */
    if (!it)
        return;
    if (code != WAY_OK) {
        end_run(s, tag, UNCONFIRMED, code, no_answer(code));
    } else {
        bool whole = it->before == 0 || s->losses_at[tag] == way_link_losses(way_island_get(s->isl)->pub);
        if (!whole)
            end_run(s, tag, UNCONFIRMED, WAY_E_UNAVAILABLE, no_answer(WAY_E_UNAVAILABLE));
        end_item(it, OK, WAY_OK, NULL);
        for (uint32_t at = whole ? it->before : 0; at != 0; at = s->req.items[at - 1].before)
            end_item(&s->req.items[at - 1], OK, WAY_OK, NULL);
    }
    s->awaited--;
    advance(s);
}

/* The item's word on its ack subject; as a request when it is to be confirmed. */
static way_code send_ack(settle *s, uint32_t i, const way_receipt *r, bool confirm, way_err *e)
{
    static const char *const words[] = {"+ACK", NULL, "+TERM", "+WPI"}; /* by way_settle_op */
    const way_island_parts *parts = way_island_get(s->isl);
    way_settle_item *it = &s->req.items[i];
    char subject[WAY_ACK_SUBJECT_MAX];
    const char *word = words[it->op] ? words[it->op] : s->nak;

    it->step = LAST;
    way_receipt_subject(r, s->st->spec.internal, s->g->spec.internal, subject);
    if (!confirm)
        return way_link_publish(parts->pub, subject, NULL, word, strlen(word), e);
    return way_link_request(parts->pub,
                            &(way_request){.subject = subject,
                                           .data = word,
                                           .len = strlen(word),
                                           .timeout_ms = parts->cfg->request_timeout_ms,
                                           .fn = on_settled,
                                           .arg = s->isl,
                                           .owner = way_x_token(s->x),
                                           .tag = i},
                            e);
}

/* ---- runs ---- */

static run *run_of(settle *s, const way_receipt *r)
{
    uint32_t *at;

    if (!s->run_at) {
        s->run_at = way_xcalloc((size_t)s->st->spec.partitions + 1, sizeof *s->run_at);
        s->losses_at = way_xcalloc(s->req.count, sizeof *s->losses_at);
    }
    at = &s->run_at[r->source == WAY_FROM_PARTITION ? r->partition : 0]; /* redrives are one more consumer */
    if (*at == 0) {
        if (s->run_count == s->run_cap) {
            s->run_cap = s->run_cap ? 2 * s->run_cap : 8;
            s->runs = way_xrealloc(s->runs, s->run_cap * sizeof *s->runs);
        }
        memset(&s->runs[s->run_count], 0, sizeof *s->runs);
        *at = ++s->run_count;
    }
    return &s->runs[*at - 1];
}

static const char *not_sent(way_code code)
{
    return code == WAY_E_FULL ? "overloaded: it was not sent" : no_answer(code);
}

/* Is a full link worth another try? */
static bool again_later(settle *s, way_code rc)
{
    int64_t now = way_mono_ms();

    if (rc != WAY_E_FULL) {
        s->full_since_ms = 0;
        return false;
    }
    if (!s->full_since_ms)
        s->full_since_ms = now;
    return now - s->full_since_ms < way_island_get(s->isl)->cfg->request_timeout_ms;
}

/* Sends what the run holds.  false: the link is full, again later. */
static bool send_held(settle *s, run *r, bool last)
{
    bool confirm = last || r->length + 1 == RUN_MAX || s->st->spec.replicas > 1;
    way_settle_item *it = &s->req.items[r->held];
    way_err e;

    if (r->sent == 0)
        r->losses = way_link_losses(way_island_get(s->isl)->pub);
    way_code rc = send_ack(s, r->held, &r->receipt, confirm, &e);
    if (rc != WAY_OK && again_later(s, rc))
        return false;
    r->holds = false;
    it->before = r->sent;
    if (rc != WAY_OK && !confirm) {
        it->before = 0;
        end_item(it, UNCONFIRMED, rc, not_sent(rc));
        return true;
    }
    r->sent = r->held + 1;
    r->length++;
    if (!confirm)
        return true;
    if (rc == WAY_OK) {
        s->losses_at[r->held] = r->losses;
        s->awaited++;
    } else {
        end_run(s, r->held, UNCONFIRMED, rc, not_sent(rc));
    }
    r->sent = r->length = 0;
    return true;
}

/* The last of every run.  false: the link is full, again later. */
static bool close_runs(settle *s)
{
    for (uint32_t i = 0; i < s->run_count; i++)
        if (s->runs[i].holds && !send_held(s, &s->runs[i], true))
            return false;
    return true;
}

/* ---- terms ---- */

static void on_stored(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg);

static way_term term_of(settle *s, const way_receipt *r)
{
    return (way_term){s->st, s->g, r, s->req.reason, way_x_who(s->x)->user};
}

static way_code send_record(settle *s, uint32_t i, const way_receipt *r, way_err *e)
{
    const way_island_parts *parts = way_island_get(s->isl);
    way_term t = term_of(s, r);

    s->req.items[i].step = RECORD;
    return way_term_record(parts->pub, &t, parts->cfg->request_timeout_ms, on_stored, s->isl, way_x_token(s->x), i, e);
}

/* A step after the first could not be sent, or was not stored: the term ends here and the message stays. */
static void give_up(settle *s, way_settle_item *it, way_code code, const char *why)
{
    end_item(it, UNCONFIRMED, code, why);
    s->awaited--;
    advance(s);
}

/* The copy or the record has its ack (or not). */
static void on_stored(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    settle *s;
    way_settle_item *it = item_of(arg, owner, tag, &s);
    way_puback ack;
    way_receipt r;
    size_t len;

    if (!it)
        return;
    if (code == WAY_OK) {
        const char *data = way_msg_data(msg, &len);
        code = way_puback_parse(data, len, &ack, NULL);
    }
    if (code == WAY_OK && check(s, it, &r)) /* it was good when the term began */
        code = WAY_E_INTERNAL;
    if (code == WAY_OK)
        code = it->step == COPY ? send_record(s, tag, &r, NULL) : send_ack(s, tag, &r, true, NULL);
    if (code != WAY_OK)
        give_up(s, it, code,
                "what has to be kept of the message could not be stored, so it was not terminated");
}

static void on_read(void *arg, way_token owner, uint32_t tag, way_code code, way_read *msg)
{
    const way_island_parts *parts;
    settle *s;
    way_settle_item *it = item_of(arg, owner, tag, &s);
    way_receipt r;

    if (!it)
        return;
    parts = way_island_get(s->isl);
    if (code == WAY_OK && check(s, it, &r))
        code = WAY_E_INTERNAL;
    if (code == WAY_OK && way_read_found(msg)) {
        way_term t = term_of(s, &r);
        it->step = COPY;
        code = way_term_copy(parts->pub, &t, msg, parts->cfg->request_timeout_ms, on_stored, s->isl, owner, tag, NULL);
    } else if (code == WAY_OK) { /* aged out or deleted meanwhile: nothing is left to copy */
        code = send_record(s, tag, &r, NULL);
    }
    if (code != WAY_OK)
        give_up(s, it, code, "the message could not be copied, so it was not terminated");
}

static way_code begin_term(settle *s, uint32_t i, const way_receipt *r, way_err *e)
{
    const way_island_parts *parts = way_island_get(s->isl);
    char stream[WAY_STREAM_MAX + 1];

    if (!s->st->spec.ack_based || r->source != WAY_FROM_PARTITION)
        return send_record(s, i, r, e);
    way_stream_name(s->st->spec.internal, r->partition, stream);
    return way_reader_get(parts->pub,
                          &(way_read_request){.stream = stream,
                                              .seq = r->seq,
                                              .mode = WAY_READ_CONFIRMED,
                                              .timeout_ms = parts->cfg->request_timeout_ms,
                                              .fn = on_read,
                                              .arg = s->isl,
                                              .owner = way_x_token(s->x),
                                              .tag = i},
                          e);
}

/* ---- the request ---- */

/* False: the link is full, the same receipt again later. */
static bool begin(settle *s, uint32_t i)
{
    way_settle_item *it = &s->req.items[i];
    way_receipt r;
    way_err e;
    const char *why = check(s, it, &r);

    if (why) {
        end_item(it, INVALID, WAY_E_INVAL, why);
        return true;
    }
    if (it->op != WAY_SETTLE_TERM) {
        run *one = run_of(s, &r);
        if (one->holds && !send_held(s, one, false))
            return false;
        one->holds = true;
        one->held = i;
        one->receipt = r;
        return true;
    }
    way_code rc = begin_term(s, i, &r, &e);
    if (rc == WAY_OK)
        s->awaited++;
    else if (again_later(s, rc))
        return false;
    else
        end_item(it, UNCONFIRMED, rc, not_sent(rc));
    return true;
}

static void write_item(const way_settle_item *it, way_buf *out)
{
    static const char *const words[] = {[OK] = "ok", [INVALID] = "invalid", [UNCONFIRMED] = "unconfirmed"};

    way_json_open(out, '{');
    way_json_kv_str(out, "op", way_settle_op_name(it->op));
    way_json_key(out, "receipt");
    way_buf_char(out, '"');
    way_buf_add(out, it->receipt.p, it->receipt.len);
    way_buf_char(out, '"');
    way_json_kv_str(out, "result", words[it->result]);
    if (it->why)
        way_json_kv_str(out, "reason", it->why);
    way_json_close(out, '}');
}

/* 200 with a result each; only when nothing at all could be confirmed the status says so too. */
static void finish(settle *s)
{
    way_exchange *x = s->x;
    size_t ok = 0, unconfirmed = 0;
    way_code code = WAY_OK;
    const char *why = NULL;
    way_buf out;

    way_buf_init(&out, 0);
    way_json_open(&out, '{');
    way_json_key(&out, "results");
    way_json_open(&out, '[');
    for (size_t i = 0; i < s->req.count; i++) {
        const way_settle_item *it = &s->req.items[i];
        ok += it->result == OK;
        unconfirmed += it->result == UNCONFIRMED;
        if (it->result == UNCONFIRMED && code == WAY_OK) {
            code = (way_code)it->code;
            why = it->why;
        }
        write_item(it, &out);
    }
    way_json_close(&out, ']');
    way_json_kv_uint(&out, "ok", ok);
    way_json_kv_uint(&out, "failed", s->req.count - ok);
    if (unconfirmed < s->req.count)
        code = WAY_OK;
    if (code != WAY_OK) {
        way_json_kv_str(&out, "code", way_code_name(code));
        way_json_kv_str(&out, "message", why);
        way_json_kv_bool(&out, "retry", way_code_retry(code));
    }
    way_json_close(&out, '}');
    way_x_json(x, way_code_http(code), &out); /* s is gone */
}

static void try_later(settle *s)
{
    if (s->awaited > 0 || ev_is_active(&s->retry)) /* an answer comes back here */
        return;
    ev_timer_set(&s->retry, RETRY_S, 0.);
    ev_timer_start(way_island_get(s->isl)->loop, &s->retry);
}

static void advance(settle *s)
{
    for (; s->next < s->req.count && s->awaited < WINDOW; s->next++) {
        if (!begin(s, (uint32_t)s->next)) {
            try_later(s);
            return;
        }
    }
    if (s->next < s->req.count)
        return;
    if (!close_runs(s))
        try_later(s);
    else if (s->awaited == 0)
        finish(s);
}

static void on_retry(struct ev_loop *loop, struct ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    advance(w->data);
}

static void ended(void *state)
{
    settle *s = state;

    ev_timer_stop(way_island_get(s->isl)->loop, &s->retry);
    free(s->req.items);
    free(s->runs);
    free(s->run_at);
    free(s->losses_at);
    if (s->g)
        way_group_unref(s->g);
    way_station_unref(s->st);
    free(s);
}

static void with_group(way_exchange *x, const way_station *st, const way_group *g)
{
    settle *s = way_x_state(x);

    (void)st;
    s->g = way_group_ref((way_group *)g);
    advance(s);
}

/* The generation that the first receipt speaks of, if it is one for this station: perhaps newer than our catalog.  One tells for all:
 * receipts that are settled together were fetched together. */
static int64_t generation_of(const settle *s)
{
    const unsigned char *key = way_control_receipt_key(way_island_get(s->isl)->ctl);
    const way_settle_item *it = s->req.items;
    way_receipt r;

    if (!s->req.count || way_receipt_parse(key, it->receipt.p, it->receipt.len, &r, NULL) != WAY_OK ||
        r.station_id != s->st->id)
        return 0;
    return r.generation;
}

static void found(way_exchange *x, const way_station *st)
{
    way_settle req;
    settle *s;
    way_err e;
    size_t len;
    const char *body = way_x_body(x, &len);

    if (way_settle_parse(body, len, &req, &e) != WAY_OK) {
        way_x_fail(x, &e);
        return;
    }
    s = way_xcalloc(1, sizeof *s);
    s->x = x;
    s->isl = way_x_island(x);
    s->st = way_station_ref((way_station *)st);
    s->req = req;
    if (req.delay_ms)
        (void)snprintf(s->nak, sizeof s->nak, "-NAK {\"delay\":%lld}", (long long)req.delay_ms * 1000000);
    else
        strcpy(s->nak, "-NAK");
    ev_timer_init(&s->retry, on_retry, RETRY_S, 0.);
    s->retry.data = s;
    way_x_set_state(x, s, ended);
    way_data_group(x, st, generation_of(s), with_group);
}

void way_data_settle_run(way_exchange *x)
{
    way_x_station(x, way_x_param(x, 0), found);
}
