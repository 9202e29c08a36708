/* The newest n messages of a station: the partitions' tails, read backwards in windows and merged by time.
 *
 * A partition's window is asked for sequence by sequence; a sequence that answers with a later message is a hole.  When a whole
 * window was holes, the next message below is found by halving, so that a million removed messages cost forty
 * questions and not a million. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/control/start.h"

enum {
    WINDOW_MAX = 512,
    REFILL = 32,
    BATCH = 2048, /* questions in one request to the port */
};

typedef char stream_name[WAY_STREAM_MAX + 1];

typedef struct found {
    uint64_t seq;
    int64_t time_ns;
} found;

typedef struct tail { /* one partition */
    uint64_t first;   /* lowest sequence that the stream has */
    uint64_t below;   /* what is below this has not been read yet */
    uint64_t start;   /* the answer so far */
    found *window;    /* newest first */
    int32_t count, at;
    int32_t asked;    /* of the window under way */
} tail;

typedef struct asks { /* questions of several partitions in one go */
    stream_name *names;
    uint64_t *seqs;
    way_js_msg *msgs;
    int32_t n;
} asks;

static void asks_init(asks *a)
{
    a->names = way_xcalloc(BATCH, sizeof *a->names);
    a->seqs = way_xcalloc(BATCH, sizeof *a->seqs);
    a->msgs = way_xcalloc(BATCH, sizeof *a->msgs);
    a->n = 0;
}

static void asks_fini(asks *a)
{
    free(a->names);
    free(a->seqs);
    free(a->msgs);
}

static way_code asks_send(way_op *op, asks *a, way_err *e)
{
    way_code rc = way_op_keep(op, e);
    if (rc == WAY_OK)
        rc = op->w->js->messages_find(op->w->js, (const stream_name *)a->names, a->seqs, a->n, a->msgs, e);
    return rc;
}

/* The first message at or after seq on this partition, if it is below `below`. */
static way_code probe(way_op *op, const way_parts *parts, int32_t p, uint64_t seq, uint64_t below, bool *there,
                      uint64_t *at, way_err *e)
{
    stream_name name[1];
    way_js_msg msg = {0};
    way_stream_name(parts->spec->internal, p, name[0]);
    way_code rc = way_op_keep(op, e);
    if (rc == WAY_OK)
        rc = op->w->js->messages_find(op->w->js, (const stream_name *)name, &seq, 1, &msg, e);
    *there = rc == WAY_OK && msg.exists && msg.seq < below;
    *at = msg.seq;
    return rc;
}

/* Nothing in a whole window: moves `below` to just above the next message under it, or to first. */
static way_code skip_holes(way_op *op, const way_parts *parts, int32_t p, tail *t, way_err *e)
{
    bool there;
    uint64_t at, lo = t->first, hi = t->below; /* a message is at or after lo, none at or after hi (and below) */
    way_code rc = probe(op, parts, p, lo, t->below, &there, &at, e);
    if (rc != WAY_OK || !there) {
        t->below = rc == WAY_OK ? t->first : t->below;
        return rc;
    }
    while (rc == WAY_OK && hi - lo > 1) {
        uint64_t mid = lo + (hi - lo) / 2;
        rc = probe(op, parts, p, mid, t->below, &there, &at, e);
        if (there)
            lo = mid;
        else
            hi = mid;
    }
    t->below = lo + 1;
    return rc;
}

/* Asks for the `size` sequences below what was read; may be several requests. */
static way_code read_window(way_op *op, const way_parts *parts, tail *tails, const int32_t *who, int32_t count,
                            int32_t size, way_err *e)
{
    asks a;
    int32_t k = 0, first_in_batch = 0;
    way_code rc = WAY_OK;

    asks_init(&a);
    while (rc == WAY_OK && first_in_batch < count) {
        a.n = 0;
        for (k = first_in_batch; k < count; k++) {
            tail *t = &tails[who[k]];
            uint64_t left = t->below - t->first;
            t->asked = left < (uint64_t)size ? (int32_t)left : size;
            if (a.n + t->asked > BATCH)
                break;
            for (int32_t i = 0; i < t->asked; i++, a.n++) {
                way_stream_name(parts->spec->internal, who[k] + 1, a.names[a.n]);
                a.seqs[a.n] = t->below - 1 - (uint64_t)i;
            }
        }
        rc = asks_send(op, &a, e);
        int32_t at = 0;
        for (int32_t j = first_in_batch; rc == WAY_OK && j < k; j++) {
            tail *t = &tails[who[j]];
            t->count = t->at = 0;
            for (int32_t i = 0; i < t->asked; i++, at++)
                if (a.msgs[at].exists && a.msgs[at].seq == a.seqs[at])
                    t->window[t->count++] = (found){a.msgs[at].seq, a.msgs[at].time_ns};
            t->below -= (uint64_t)t->asked;
        }
        first_in_batch = k;
    }
    asks_fini(&a);
    return rc;
}

/* Every tail in `who` has something in its window, or is read to its end. */
static way_code refill(way_op *op, const way_parts *parts, tail *tails, int32_t *who, int32_t count, int32_t size,
                       way_err *e)
{
    way_code rc = WAY_OK;
    while (rc == WAY_OK && count > 0) {
        rc = read_window(op, parts, tails, who, count, size, e);
        int32_t still = 0;
        for (int32_t k = 0; rc == WAY_OK && k < count; k++) {
            tail *t = &tails[who[k]];
            if (t->count > 0 || t->below <= t->first)
                continue;
            rc = skip_holes(op, parts, who[k] + 1, t, e);
            if (t->below > t->first)
                who[still++] = who[k];
        }
        count = still;
    }
    return rc;
}

static way_code merge(way_op *op, int64_t n, const way_parts *parts, tail *tails, int32_t *who, way_err *e)
{
    way_code rc = WAY_OK;
    while (rc == WAY_OK && n > 0) {
        tail *newest = NULL;
        int32_t newest_at = 0;
        for (int32_t i = 0; i < parts->n; i++) {
            tail *t = &tails[i];
            if (t->at >= t->count)
                continue;
            if (!newest || t->window[t->at].time_ns > newest->window[newest->at].time_ns) {
                newest = t;
                newest_at = i;
            }
        }
        if (!newest)
            return WAY_OK; /* fewer than n messages in all */
        newest->start = newest->window[newest->at++].seq;
        n--;
        if (newest->at == newest->count && newest->below > newest->first) {
            who[0] = newest_at;
            rc = refill(op, parts, tails, who, 1, REFILL, e);
        }
    }
    return rc;
}

way_code way_start_last(way_op *op, int64_t n, const way_parts *parts, uint64_t *out, way_err *e)
{
    int32_t size = (int32_t)((n + parts->n - 1) / parts->n) + 1, count = 0;
    tail *tails = way_xcalloc((size_t)parts->n, sizeof *tails);
    int32_t *who = way_xcalloc((size_t)parts->n, sizeof *who);

    if (size > WINDOW_MAX)
        size = WINDOW_MAX;
    for (int32_t i = 0; i < parts->n; i++) {
        const way_js_stream_info *s = &parts->info[i];
        tails[i].window = way_xcalloc((size_t)(size > REFILL ? size : REFILL), sizeof(found));
        tails[i].start = tails[i].below = s->last_seq + 1;
        tails[i].first = s->messages ? s->first_seq : tails[i].below;
        if (tails[i].below > tails[i].first)
            who[count++] = i;
    }
    way_code rc = refill(op, parts, tails, who, count, size, e);
    if (rc == WAY_OK)
        rc = merge(op, n, parts, tails, who, e);
    for (int32_t i = 0; i < parts->n; i++) {
        if (rc == WAY_OK)
            out[i] = tails[i].start;
        free(tails[i].window);
    }
    free(who);
    free(tails);
    return rc;
}
