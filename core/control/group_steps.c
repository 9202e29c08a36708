/* Second halves of group operations.  Every one of them that takes consumers away puts the hold in place first. */
#include <stdlib.h>
#include <string.h>

#include "core/base/fault.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/seeking.h"
#include "core/control/steps.h"

static void fill_name(void *arg, const way_parts *parts, int32_t p, way_js_consumer *c)
{
    way_map_group(parts->spec->internal, p, arg, 0, c);
}

/* ---- delete ---- */

way_code way_group_finish_delete(way_op *op, const way_station_spec *st, const way_group_row *g, way_err *e)
{
    way_parts parts = {0};
    way_group_spec spec = g->spec; /* borrowed: fill takes no const */
    size_t others = 0;
    way_code rc = WAY_OK;

    if (g->state != WAY_DELETING) {
        rc = way_op_move_group(op, g->id, g->state, WAY_DELETING, e);
        if (rc != WAY_OK)
            return rc;
    }
    rc = way_parts_look(op, st, g->station_id, &parts, e);
    if (rc == WAY_OK)
        rc = way_groups_active(op, g->station_id, g->id, &others, NULL, 0, e);
    if (rc == WAY_OK && st->ack_based && others == 0) {
        rc = way_hold_put(op, &parts, e);
        WAY_FAULT("group.delete.hold");
    }
    if (rc == WAY_OK)
        rc = way_parts_consumers(op, &parts, WAY_CONSUMERS_DELETE, fill_name, &spec, e);
    way_parts_fini(&parts);
    WAY_FAULT("group.delete.consumers");
    if (rc == WAY_OK)
        rc = way_op_move_group(op, g->id, WAY_DELETING, WAY_GONE, e);
    if (rc == WAY_OK)
        way_info("group", "gone", "station=%s group=%s id=%lld", st->name, g->spec.name, (long long)g->id);
    return rc;
}

/* ---- edit ---- */

struct live { /* what the server has now, and what shall be */
    const way_group_spec *to;
    const way_js_consumer_info *now;
};

static void fill_live(void *arg, const way_parts *parts, int32_t p, way_js_consumer *c)
{
    const struct live *l = arg;
    if (l->now[p - 1].exists)
        *c = l->now[p - 1].config; /* where it starts and what it filters stay */
    else
        way_map_group(parts->spec->internal, p, l->to, 0, c);
    way_map_group_live(l->to, c);
}

/* Every consumer that is there gets the settings of `to`. */
static way_code apply(way_op *op, const way_station_spec *st, const way_group_row *g, const way_group_spec *to,
                      way_err *e)
{
    way_parts parts = {0};
    way_code rc = way_parts_look(op, st, g->station_id, &parts, e);
    if (rc != WAY_OK)
        return rc;

    way_js_consumer_info *now = way_xcalloc((size_t)parts.n, sizeof *now);
    struct live l = {.to = to, .now = now};
    rc = way_parts_consumers_info(op, &parts, g->spec.internal, now, e);
    for (int32_t i = 0; rc == WAY_OK && i < parts.n; i++) {
        if (parts.state[i] == WAY_PART_OURS && !now[i].exists)
            parts.state[i] = WAY_PART_MISSING; /* an update would make it, at a start that nobody chose */
    }
    if (rc == WAY_OK)
        rc = way_parts_consumers(op, &parts, WAY_CONSUMERS_UPDATE, fill_live, &l, e);
    free(now);
    way_parts_fini(&parts);
    WAY_FAULT("group.edit.consumers");
    return rc;
}

way_code way_group_finish_edit(way_op *op, const way_station_spec *st, const way_group_row *g, way_err *e)
{
    way_code rc = apply(op, st, g, &g->spec, e);
    if (rc == WAY_OK)
        rc = way_op_begin(op, e);
    return rc == WAY_OK ? way_op_end(op, way_group_applied(op->w->pg, g->id, g->spec_version, e), e) : rc;
}

way_code way_group_undo_edit(way_op *op, const way_station_spec *st, const way_group_row *g, way_err *e)
{
    way_group_spec before;
    way_code rc = WAY_OK;

    way_group_spec_init(&before);
    if (g->previous_spec)
        rc = way_group_load(g->previous_spec, &before, e);
    else
        way_group_spec_copy(&before, &g->spec);
    if (rc == WAY_OK)
        rc = apply(op, st, g, &before, e);
    way_group_spec_fini(&before);
    if (rc == WAY_OK)
        rc = way_op_begin(op, e);
    return rc == WAY_OK ? way_op_end(op, way_group_restore(op->w->pg, g->id, g->spec_version, e), e) : rc;
}

/* ---- seek ---- */

struct start {
    const way_group_spec *spec;
    const uint64_t *seqs; /* index p-1 */
};

static void fill_start(void *arg, const way_parts *parts, int32_t p, way_js_consumer *c)
{
    const struct start *s = arg;
    way_map_group(parts->spec->internal, p, s->spec, s->seqs[p - 1], c);
}

/* The consumers are where the seek wants them: a last look before anything that protects messages goes. */
static way_code confirm(way_op *op, const way_parts *parts, const char *group, const uint64_t *seqs, way_err *e)
{
    way_js_consumer_info *now = way_xcalloc((size_t)parts->n, sizeof *now);
    way_code rc = way_parts_consumers_info(op, parts, group, now, e);
    for (int32_t i = 0; rc == WAY_OK && i < parts->n; i++) {
        if (parts->state[i] != WAY_PART_OURS)
            continue;
        uint64_t at = now[i].config.deliver == WAY_JS_SEQ ? now[i].config.start_seq : 0;
        if (!now[i].exists || at != seqs[i])
            rc = way_fail(e, WAY_E_CONFLICT, "the consumer of group '%s' on partition %d is not where it was put", group,
                          (int)i + 1);
    }
    free(now);
    return rc;
}

way_code way_group_finish_seek(way_op *op, const way_station_spec *st, const way_group_row *g, way_err *e)
{
    way_seeking to = {0};
    way_parts parts = {0};
    way_group_spec spec;
    bool removed = false;

    way_group_spec_init(&spec);
    way_group_spec_copy(&spec, &g->spec);
    way_code rc = way_seeking_load(g->seeking, st->partitions, &to, e);
    if (rc == WAY_OK)
        rc = way_parts_look(op, st, g->station_id, &parts, e);
    if (rc == WAY_OK && st->ack_based) {
        rc = way_hold_put(op, &parts, e);
        WAY_FAULT("group.seek.hold");
    }
    struct start s = {.spec = &spec, .seqs = to.seqs};
    if (rc == WAY_OK)
        rc = way_parts_consumers(op, &parts, WAY_CONSUMERS_DELETE, fill_name, &spec, e);
    WAY_FAULT("group.seek.deleted");
    if (rc == WAY_OK)
        rc = way_parts_consumers(op, &parts, WAY_CONSUMERS_CREATE, fill_start, &s, e);
    WAY_FAULT("group.seek.created");
    if (rc == WAY_OK)
        rc = confirm(op, &parts, g->spec.internal, to.seqs, e);
    if (rc == WAY_OK && st->ack_based)
        rc = way_hold_remove(op, &parts, g->spec.internal, &removed, e);
    WAY_FAULT("group.seek.unhold");
    if (rc == WAY_OK) {
        way_start_fini(&spec.start);
        spec.start = to.start;
        to.start = (way_start){0};
        rc = way_op_begin(op, e);
        if (rc == WAY_OK)
            rc = way_op_end(op, way_group_seek_end(op->w->pg, g->id, &spec, e), e);
    }
    way_parts_fini(&parts);
    way_seeking_fini(&to);
    way_group_spec_fini(&spec);
    return rc;
}

/* ---- after a crash ---- */

way_code way_group_settle(way_op *op, const way_station_spec *st, way_group_row *g, bool *changed, bool *gone, way_err *e)
{
    way_code rc = WAY_OK;

    *changed = *gone = false;
    if (g->state == WAY_CREATING || g->state == WAY_DELETING) {
        rc = way_group_finish_delete(op, st, g, e);
        *changed = *gone = rc == WAY_OK;
        return rc;
    }
    if (g->seeking) {
        rc = way_group_finish_seek(op, st, g, e);
    } else if (g->spec_version != g->applied_version) {
        rc = way_group_finish_edit(op, st, g, e);
        if (way_is_refusal(rc))
            rc = way_group_undo_edit(op, st, g, e);
    } else {
        return WAY_OK;
    }
    if (rc != WAY_OK)
        return rc;
    *changed = true;
    way_info("group", "finished", "station=%s group=%s what=%s", st->name, g->spec.name, g->seeking ? "seek" : "edit");
    return way_group_get(op->w->pg, g->station_id, g->spec.internal, g, e);
}
