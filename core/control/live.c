/* Live figures: asked from nats-server when somebody looks, never kept.  Reads only: a message's age is found by reading it by
 * sequence, since a consumer would count as interest and, on old servers, delete what has run out of deliveries. */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/control/mapping.h"
#include "core/control/ops.h"

enum { SUMS_CHUNK = 1024 }; /* streams asked for at a time */

typedef char stream_name[WAY_STREAM_MAX + 1];

static stream_name *names_of(const way_station_spec *s)
{
    stream_name *names = way_xcalloc((size_t)s->partitions, sizeof *names);
    for (int32_t i = 0; i < s->partitions; i++)
        way_stream_name(s->internal, i + 1, names[i]);
    return names;
}

/* The hold is on every partition whose stream is there. */
static way_code is_held(way_js_port *js, const way_station *st, way_station_live *live, way_err *e)
{
    size_t n = (size_t)live->n;
    way_js_consumer *who = way_xcalloc(n, sizeof *who);
    way_js_consumer_info *info = way_xcalloc(n, sizeof *info);

    for (int32_t i = 0; i < live->n; i++)
        way_map_hold(st->spec.internal, i + 1, &who[i]);
    way_code rc = js->consumers_info(js, who, live->n, info, e);
    live->held = rc == WAY_OK;
    for (size_t i = 0; rc == WAY_OK && i < n; i++) {
        if (live->parts[i].exists && !info[i].exists)
            live->held = false;
        /* times of one server, all in UTC: text order is time order as far as the second */
        if (info[i].exists && (!live->held_since[0] || strcmp(info[i].created, live->held_since) < 0))
            memcpy(live->held_since, info[i].created, sizeof live->held_since);
    }
    if (live->held)
        live->held_messages = live->messages;
    else
        live->held_since[0] = '\0';
    free(info);
    free(who);
    return rc;
}

way_code way_op_station_live(way_work *w, const way_station *st, way_station_live *out, way_err *e)
{
    way_js_port *js = w->js;
    way_station_live live = {.n = st->spec.partitions};
    stream_name *names = names_of(&st->spec);

    live.parts = way_xcalloc((size_t)live.n, sizeof *live.parts);
    way_code rc = js->streams_info(js, (const stream_name *)names, live.n, live.parts, e);
    free(names);
    uint64_t most = 0;
    live.fullest = 1;
    for (int32_t i = 0; rc == WAY_OK && i < live.n; i++) {
        live.messages += live.parts[i].messages;
        live.bytes += live.parts[i].bytes;
        if (live.parts[i].messages > most) {
            most = live.parts[i].messages;
            live.fullest = i + 1;
        }
    }
    if (rc == WAY_OK && st->spec.ack_based && st->group_count == 0)
        rc = is_held(js, st, &live, e);
    if (rc == WAY_OK)
        *out = live;
    else
        free(live.parts);
    return rc;
}

way_code way_op_stations_sums(way_work *w, const way_station *const *st, size_t n, uint64_t *messages, uint64_t *bytes,
                              way_err *e)
{
    way_js_port *js = w->js;
    stream_name *names = way_xcalloc(SUMS_CHUNK, sizeof *names);
    size_t *whose = way_xcalloc(SUMS_CHUNK, sizeof *whose);
    way_js_stream_info *info = way_xcalloc(SUMS_CHUNK, sizeof *info);
    way_code rc = WAY_OK;
    size_t s = 0;
    int32_t p = 0;

    for (size_t i = 0; i < n; i++)
        messages[i] = bytes[i] = 0;
    while (rc == WAY_OK && s < n) {
        int32_t count = 0;
        while (s < n && count < SUMS_CHUNK) {
            whose[count] = s;
            way_stream_name(st[s]->spec.internal, ++p, names[count++]);
            if (p == st[s]->spec.partitions) {
                s++;
                p = 0;
            }
        }
        rc = js->streams_info(js, (const stream_name *)names, count, info, e);
        for (int32_t i = 0; rc == WAY_OK && i < count; i++) {
            messages[whose[i]] += info[i].messages;
            bytes[whose[i]] += info[i].bytes;
        }
    }
    free(info);
    free(whose);
    free(names);
    return rc;
}

/* The oldest message that is not acked is the first one after the ack floor: its age, per partition that has any. */
static way_code ages(way_js_port *js, const way_station *st, way_group_live *live, way_err *e)
{
    size_t n = (size_t)live->n;
    stream_name *names = way_xcalloc(n, sizeof *names);
    uint64_t *seqs = way_xcalloc(n, sizeof *seqs);
    int32_t *who = way_xcalloc(n, sizeof *who), count = 0;
    way_js_msg *msgs = way_xcalloc(n, sizeof *msgs);
    way_code rc = WAY_OK;

    for (int32_t i = 0; i < live->n; i++) {
        if (live->parts[i].lag == 0 && live->parts[i].unacked == 0)
            continue;
        way_stream_name(st->spec.internal, i + 1, names[count]);
        seqs[count] = live->parts[i].ack_floor + 1;
        who[count++] = i;
    }
    if (count > 0)
        rc = js->messages_find(js, (const stream_name *)names, seqs, count, msgs, e);
    int64_t now = way_wall_ms();
    for (int32_t k = 0; rc == WAY_OK && k < count; k++) {
        way_group_part *p = &live->parts[who[k]];
        if (!msgs[k].exists)
            continue;
        int64_t age = now - msgs[k].time_ns / 1000000;
        p->oldest_pending_ms = age > 0 ? age : 0; /* nats-server's clock may be ahead of ours */
        if (p->oldest_pending_ms > live->oldest_pending_ms)
            live->oldest_pending_ms = p->oldest_pending_ms;
    }
    free(msgs);
    free(who);
    free(seqs);
    free(names);
    return rc;
}

way_code way_op_group_live(way_work *w, const way_station *st, const way_group *g, way_group_live *out, way_err *e)
{
    way_js_port *js = w->js;
    size_t n = (size_t)st->spec.partitions;
    way_group_live live = {.n = st->spec.partitions, .oldest_pending_ms = -1};
    way_js_consumer *who = way_xcalloc(n, sizeof *who);
    way_js_consumer_info *info = way_xcalloc(n, sizeof *info);

    live.parts = way_xcalloc(n, sizeof *live.parts);
    for (size_t i = 0; i < n; i++)
        way_map_group(st->spec.internal, (int32_t)i + 1, &g->spec, 0, &who[i]);
    way_code rc = js->consumers_info(js, who, live.n, info, e);
    for (size_t i = 0; rc == WAY_OK && i < n; i++) {
        way_group_part *p = &live.parts[i];
        p->oldest_pending_ms = -1;
        p->exists = info[i].exists;
        p->lag = info[i].pending;
        p->unacked = info[i].ack_pending;
        p->ack_floor = info[i].ack_floor_seq;
        p->delivered = info[i].delivered_seq;
        live.lag += p->lag;
        live.unacked += p->unacked;
    }
    if (rc == WAY_OK)
        rc = ages(js, st, &live, e);
    free(info);
    free(who);
    if (rc == WAY_OK)
        *out = live;
    else
        free(live.parts);
    return rc;
}
