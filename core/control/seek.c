/* Seek: a group starts again somewhere else.  Its durables are made anew, since no server before 2.14 can move one.
 *
 * The order is the point.  The new generation is in the row and in every daemon's catalog before the first durable goes: a receipt from
 * before the seek would silently ack a new delivery.  The hold is on every partition before that as well.  Where to go
 * is resolved once and written down, so that a crash ends at the same place. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/group_ops.h"
#include "core/control/seeking.h"
#include "core/control/start.h"

/* How far the group is, and what the move means for it. */
static void compare(const way_js_stream_info *s, const way_js_consumer_info *c, uint64_t to, way_seek_part *out)
{
    uint64_t end = s->last_seq + 1;
    uint64_t first = s->first_seq < end ? s->first_seq : end;
    if (first == 0) /* a stream that never had a message */
        first = end;
    uint64_t from = c->exists ? c->delivered_seq + 1 : first;

    if (from < first)
        from = first;
    if (from > end)
        from = end;
    out->from = from;
    out->to = to < first ? first : to;
    uint64_t seen = out->to < end ? out->to : end; /* everything below is not delivered again */
    uint64_t below = seen > c->ack_floor_seq + 1 ? seen - 1 - c->ack_floor_seq : 0;
    /* delivered and not acked would come again anyway: below the new start it does not, above it is no repeat */
    uint64_t dropped = c->ack_pending < below ? c->ack_pending : below;
    uint64_t kept = c->ack_pending - dropped;
    out->skips = dropped + (seen > from ? seen - from : 0);
    out->repeats = from > seen + kept ? from - seen - kept : 0;
}

static way_code plan(way_op *op, const way_parts *parts, const char *group, const uint64_t *seqs, way_seek *out,
                     way_err *e)
{
    way_js_consumer_info *now = way_xcalloc((size_t)parts->n, sizeof *now);
    way_code rc = way_parts_consumers_info(op, parts, group, now, e);
    if (rc == WAY_OK) {
        out->n = parts->n;
        out->parts = way_xcalloc((size_t)parts->n, sizeof *out->parts);
        out->skips = out->repeats = 0;
    }
    for (int32_t i = 0; rc == WAY_OK && i < parts->n; i++) {
        compare(&parts->info[i], &now[i], seqs[i], &out->parts[i]);
        out->skips += out->parts[i].skips;
        out->repeats += out->parts[i].repeats;
    }
    free(now);
    return rc;
}

/* The generation is everywhere before a durable goes: here by loading, on other daemons by their poll. */
static way_code announce(way_op *op, way_err *e)
{
    way_code rc = way_op_sync(op, e);
    if (rc == WAY_OK && !way_control_pause(op->w->ctl, op->w->cfg->catalog_poll_ms * 2))
        rc = way_fail(e, WAY_E_UNAVAILABLE, "the daemon is stopping; the seek is finished by the next one");
    return rc;
}

static way_code move(way_op *op, const way_station_row *st, way_group_row *g, const way_start *start,
                     const uint64_t *seqs, int64_t *generation, way_err *e)
{
    way_buf json;
    way_buf_init(&json, 0);
    way_seeking_save(start, seqs, st->spec.partitions, &json);
    way_code rc = json.failed ? way_fail(e, WAY_E_FULL, "no memory for a seek")
                              : way_group_seek_begin(op->w->pg, g->id, json.data, generation, e);
    way_buf_fini(&json);
    WAY_FAULT("group.seek.row");
    if (rc == WAY_OK)
        rc = announce(op, e);
    if (rc == WAY_OK)
        rc = way_group_get(op->w->pg, st->id, g->spec.internal, g, e);
    if (rc == WAY_OK)
        rc = way_group_finish_seek(op, &st->spec, g, e);
    WAY_FAULT("group.seek.end");
    return rc;
}

static way_code seek(way_op *op, const way_station_row *st, way_group_row *g, const cJSON *where, bool dry_run,
                     way_seek *out, way_err *e)
{
    way_start start = {0};
    way_parts parts = {0};
    way_seek result = {.generation = g->generation + 1};
    uint64_t *seqs = way_xcalloc((size_t)st->spec.partitions, sizeof *seqs);

    way_code rc = way_start_parse(where, st->spec.partitions, &start, e);
    if (rc == WAY_OK)
        rc = way_op_look_whole(op, st, &parts, e);
    if (rc == WAY_OK)
        rc = way_start_resolve(op, &start, &parts, seqs, e);
    if (rc == WAY_OK)
        rc = plan(op, &parts, g->spec.internal, seqs, &result, e);
    if (rc == WAY_OK && !dry_run)
        rc = move(op, st, g, &start, seqs, &result.generation, e);
    if (rc == WAY_OK)
        *out = result;
    else
        free(result.parts);
    way_parts_fini(&parts);
    way_start_fini(&start);
    free(seqs);
    return rc;
}

way_code way_op_group_seek(way_work *w, const way_actor *by, const char *station, const char *group, const cJSON *start,
                           bool dry_run, way_seek *out, way_err *e)
{
    way_op op;
    way_station_row st;
    way_group_row g;

    way_op_init(&op, w, NULL);
    way_code rc = way_op_open_group(&op, station, group, true, &st, &g, e);
    if (rc == WAY_OK)
        rc = seek(&op, &st, &g, start, dry_run, out, e);
    if (rc == WAY_OK && !dry_run) {
        way_info("group", "sought", "station=%s group=%s generation=%" PRId64 " by=%s", st.spec.name, g.spec.name,
                 out->generation, by->user);
        way_op_audit_group(&op, by, "group.seek", &st, g.spec.name);
    }
    way_op_unlock(&op);
    if (rc == WAY_OK && !dry_run) {
        rc = way_op_sync(&op, e);
        if (rc != WAY_OK) {
            free(out->parts);
            out->parts = NULL;
        }
    }
    way_group_row_fini(&g);
    way_station_row_fini(&st);
    return rc;
}
