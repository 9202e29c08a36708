/* Starts: all, new and sequences are arithmetic; a time is a binary search over all partitions at once, one pipelined
 * request per round. */
#include "core/control/start.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

typedef char stream_name[WAY_STREAM_MAX + 1];

typedef struct range { /* the answer is in [lo, hi]; messages before lo are too old, from hi on young enough */
    uint64_t lo, hi;
} range;

/* One round: asks for the middle of every range that is still open.  *open: how many were. */
static way_code halve(way_op *op, const way_parts *parts, int64_t time_ns, range *r, stream_name *names, uint64_t *mids,
                      int32_t *who, way_js_msg *msgs, int32_t *open, way_err *e)
{
    way_js_port *js = op->w->js;
    int32_t n = 0;

    for (int32_t i = 0; i < parts->n; i++) {
        if (r[i].lo >= r[i].hi)
            continue;
        way_stream_name(parts->spec->internal, i + 1, names[n]);
        mids[n] = r[i].lo + (r[i].hi - r[i].lo) / 2;
        who[n++] = i;
    }
    *open = n;
    if (n == 0)
        return WAY_OK;
    way_code rc = way_op_keep(op, e);
    if (rc == WAY_OK)
        rc = js->messages_find(js, (const stream_name *)names, mids, n, msgs, e);
    for (int32_t k = 0; rc == WAY_OK && k < n; k++) {
        range *one = &r[who[k]];
        if (msgs[k].exists && msgs[k].seq < one->hi && msgs[k].time_ns < time_ns)
            one->lo = msgs[k].seq + 1;
        else
            one->hi = mids[k]; /* nothing, or nothing too old, from here on */
    }
    return rc;
}

static way_code by_time(way_op *op, int64_t time_ns, const way_parts *parts, uint64_t *out, way_err *e)
{
    size_t n = (size_t)parts->n;
    range *r = way_xcalloc(n, sizeof *r);
    stream_name *names = way_xcalloc(n, sizeof *names);
    uint64_t *mids = way_xcalloc(n, sizeof *mids);
    int32_t *who = way_xcalloc(n, sizeof *who), open = 1;
    way_js_msg *msgs = way_xcalloc(n, sizeof *msgs);
    way_code rc = WAY_OK;

    for (size_t i = 0; i < n; i++) {
        const way_js_stream_info *s = &parts->info[i];
        r[i].lo = s->first_seq;
        r[i].hi = s->last_seq + 1;
        if (s->messages == 0 || s->last_ns < time_ns)
            r[i].lo = r[i].hi;
        else if (s->first_ns >= time_ns)
            r[i].hi = r[i].lo;
    }
    while (rc == WAY_OK && open > 0)
        rc = halve(op, parts, time_ns, r, names, mids, who, msgs, &open, e);
    for (size_t i = 0; rc == WAY_OK && i < n; i++)
        out[i] = r[i].lo;
    free(msgs);
    free(who);
    free(mids);
    free(names);
    free(r);
    return rc;
}

way_code way_start_resolve(way_op *op, const way_start *s, const way_parts *parts, uint64_t *out, way_err *e)
{
    switch (s->kind) {
    case WAY_START_TIME:
        return by_time(op, s->time_ns, parts, out, e);
    case WAY_START_LAST:
        return way_start_last(op, s->last, parts, out, e);
    case WAY_START_ALL:
    case WAY_START_NEW:
    case WAY_START_SEQ:
        break;
    }
    for (int32_t i = 0; i < parts->n; i++) {
        if (s->kind == WAY_START_ALL)
            out[i] = 0;
        else if (s->kind == WAY_START_NEW)
            out[i] = parts->info[i].last_seq + 1;
        else if (s->seqs)
            out[i] = i < s->nseqs ? s->seqs[i] : 0;
        else
            out[i] = s->seq;
    }
    return WAY_OK;
}
