/* Creating a group: row, one durable per partition, then (ack_based, first group) the hold goes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/group_ops.h"
#include "core/control/start.h"

enum {
    PER_CONSUMER_MS = 10,
    UNDO_MS = 5000,
};

/* A row of that name which is not active was left by a crash: it is finished first. */
static way_code make_room(way_op *op, const way_station_row *st, const char *name, const char *internal, way_err *e)
{
    way_group_row old;
    bool changed, gone = false;

    way_group_row_init(&old);
    way_code rc = way_group_get(op->w->pg, st->id, internal, &old, e);
    if (rc == WAY_E_NOT_FOUND) {
        rc = WAY_OK;
    } else if (rc == WAY_OK) {
        if (old.state == WAY_CREATING || old.state == WAY_DELETING)
            rc = way_group_settle(op, &st->spec, &old, &changed, &gone, e);
        else
            rc = way_fail(e, WAY_E_EXISTS, "station '%s' has a group '%s' already", st->spec.name, name);
    }
    way_group_row_fini(&old);
    return rc;
}

/* A durable that somebody made by hand under this name is not ours to take over (or to drop, when this call fails). */
static way_code nobody_there(way_op *op, const way_parts *parts, const char *internal, way_err *e)
{
    way_js_consumer_info *now = way_xcalloc((size_t)parts->n, sizeof *now);
    way_code rc = way_parts_consumers_info(op, parts, internal, now, e);
    for (int32_t i = 0; rc == WAY_OK && i < parts->n; i++)
        if (now[i].exists)
            rc = way_fail(e, WAY_E_CONFLICT,
                          "partition %" PRId32 " has a consumer '%s' already, which no group of this station made: "
                          "remove it in nats-server or choose another name",
                          i + 1, internal);
    free(now);
    return rc;
}

struct starts {
    const way_group_spec *spec;
    const uint64_t *seqs;
    bool as_new; /* deliver what comes after the durable is made */
};

static void fill(void *arg, const way_parts *parts, int32_t p, way_js_consumer *c)
{
    const struct starts *s = arg;
    way_map_group(parts->spec->internal, p, s->spec, s->seqs[p - 1], c);
    if (s->as_new)
        c->deliver = WAY_JS_NEW;
}

/* Held messages below the start, by what the streams said before the hold went. */
static uint64_t count_dropped(const way_parts *parts, const uint64_t *seqs)
{
    uint64_t sum = 0;
    for (int32_t i = 0; i < parts->n; i++) {
        const way_js_stream_info *s = &parts->info[i];
        uint64_t skipped = seqs[i] > s->first_seq ? seqs[i] - s->first_seq : 0;
        sum += skipped < s->messages ? skipped : s->messages;
    }
    return sum;
}

static void undo(way_op *op, const way_station_row *st, const way_group_spec *spec)
{
    way_err e = {0};
    way_group_row g;

    way_op_extend(op, UNDO_MS + (int64_t)st->spec.partitions * PER_CONSUMER_MS);
    way_group_row_init(&g);
    way_code rc = way_group_get(op->w->pg, st->id, spec->internal, &g, &e);
    if (rc == WAY_OK && g.state != WAY_ACTIVE)
        rc = way_group_finish_delete(op, &st->spec, &g, &e);
    way_group_row_fini(&g);
    if (rc != WAY_OK && rc != WAY_E_NOT_FOUND)
        way_warn("group", "undo_left_to_reconcile", "station=%s group=%s error=\"%s\"", st->spec.name, spec->name, e.text);
}

static way_code activate(way_op *op, const way_station_row *st, const way_group_spec *spec, int64_t id, way_err *e)
{
    way_group_row g;
    way_code rc = way_op_move_group(op, id, WAY_CREATING, WAY_ACTIVE, e);
    if (rc != WAY_E_UNAVAILABLE)
        return rc;
    way_group_row_init(&g); /* only the answer may have been lost */
    if (way_group_get(op->w->pg, st->id, spec->internal, &g, NULL) == WAY_OK && g.state == WAY_ACTIVE)
        rc = WAY_OK;
    way_group_row_fini(&g);
    return rc;
}

static way_code make(way_op *op, const way_station_row *st, way_group_spec *spec, const way_parts *parts, int64_t id,
                     bool first, const uint64_t *seqs, bool as_new, way_err *e)
{
    struct starts s = {.spec = spec, .seqs = seqs, .as_new = as_new};
    bool removed = false;

    way_code rc = way_parts_consumers(op, parts, WAY_CONSUMERS_CREATE, fill, &s, e);
    WAY_FAULT("group.create.consumers");
    if (rc == WAY_OK && first) {
        rc = way_hold_remove(op, parts, spec->internal, &removed, e);
        if (rc == WAY_OK && !removed)
            rc = way_fail(e, WAY_E_CONFLICT, "a consumer of group '%s' disappeared while it was being made", spec->name);
        WAY_FAULT("group.create.unhold");
    }
    if (rc == WAY_OK)
        rc = activate(op, st, spec, id, e);
    return rc;
}

static way_code create(way_op *op, const way_station_row *st, way_group_spec *spec, uint64_t *dropped, way_err *e)
{
    way_parts parts = {0};
    uint64_t *seqs = way_xcalloc((size_t)st->spec.partitions, sizeof *seqs);
    size_t others = 0;
    int64_t id = 0;

    way_code rc = make_room(op, st, spec->name, spec->internal, e);
    if (rc == WAY_OK)
        rc = way_op_look_whole(op, st, &parts, e);
    if (rc == WAY_OK)
        rc = nobody_there(op, &parts, spec->internal, e);
    if (rc == WAY_OK)
        rc = way_start_resolve(op, &spec->start, &parts, seqs, e);
    if (rc == WAY_OK)
        rc = way_groups_active(op, st->id, 0, &others, NULL, 0, e);
    if (rc != WAY_OK)
        goto out;

    /* "new" on a held station is a sequence: what comes between our look and the removal of the hold must not be lost */
    bool first = st->spec.ack_based && others == 0;
    bool as_new = spec->start.kind == WAY_START_NEW && !first;
    if (as_new)
        memset(seqs, 0, (size_t)parts.n * sizeof *seqs);
    rc = way_group_insert(op->w->pg, st->id, spec, &id, e);
    WAY_FAULT("group.create.row");
    if (rc != WAY_OK)
        goto out;
    rc = make(op, st, spec, &parts, id, first, seqs, as_new, e);
    WAY_FAULT("group.create.active");
    if (rc != WAY_OK)
        undo(op, st, spec);
    else if (dropped)
        *dropped = first ? count_dropped(&parts, seqs) : 0;
out:
    way_parts_fini(&parts);
    free(seqs);
    return rc;
}

way_code way_op_group_create(way_work *w, const way_actor *by, const char *station, way_group_spec *spec,
                             uint64_t *dropped, way_err *e)
{
    way_op op;
    way_station_row st;

    way_op_init(&op, w, NULL);
    way_code rc = way_op_open_active(&op, station, &st, e);
    if (rc == WAY_OK) {
        way_op_extend(&op, w->cfg->control_timeout_ms + (int64_t)st.spec.partitions * PER_CONSUMER_MS);
        rc = create(&op, &st, spec, dropped, e);
    }
    if (rc == WAY_OK) {
        way_info("group", "created", "station=%s group=%s by=%s", st.spec.name, spec->name, by->user);
        way_op_audit_group(&op, by, "group.create", &st, spec->name);
    }
    way_op_unlock(&op);
    if (rc == WAY_OK)
        rc = way_op_sync(&op, e);
    way_station_row_fini(&st);
    return rc;
}
