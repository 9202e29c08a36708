/* Editing and deleting a group. */
#include "core/control/group_ops.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/mem.h"

enum {
    PER_CONSUMER_MS = 10,
    UNDO_MS = 5000,
};

way_code way_op_open_group(way_op *op, const char *station, const char *group, bool settle, way_station_row *st,
                           way_group_row *g, way_err *e)
{
    char lower[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1];
    bool changed, gone = false;

    way_station_row_init(st);
    way_group_row_init(g);
    way_code rc = way_name_parse("group", group, strlen(group), lower, e);
    if (rc != WAY_OK)
        return rc;
    way_name_internal(lower, internal);
    rc = way_op_open_active(op, station, st, e);
    if (rc == WAY_OK)
        way_op_extend(op, op->w->cfg->control_timeout_ms + (int64_t)st->spec.partitions * PER_CONSUMER_MS);
    if (rc == WAY_OK)
        rc = way_group_get(op->w->pg, st->id, internal, g, e);
    if (rc == WAY_OK && settle)
        rc = way_group_settle(op, &st->spec, g, &changed, &gone, e);
    if (rc == WAY_OK && gone)
        rc = way_fail(e, WAY_E_NOT_FOUND, "station '%s' has no group '%s'", st->spec.name, lower);
    return rc;
}

void way_op_audit_group(way_op *op, const way_actor *by, const char *action, const way_station_row *st, const char *group)
{
    char object[2 * WAY_NAME_MAX + 2];
    snprintf(object, sizeof object, "%s/%s", st->spec.name, group);
    way_op_audit(op, by, action, object);
}

way_code way_op_look_whole(way_op *op, const way_station_row *st, way_parts *parts, way_err *e)
{
    way_code rc = way_parts_look(op, &st->spec, st->id, parts, e);
    return rc == WAY_OK ? way_parts_whole(parts, e) : rc;
}

/* ---- edit ---- */

static way_code redelivered(way_op *op, const way_station_row *st, const char *group, uint64_t *sum, way_err *e)
{
    way_parts parts = {0};
    way_code rc = way_op_look_whole(op, st, &parts, e);
    *sum = 0;
    if (rc == WAY_OK) {
        way_js_consumer_info *now = way_xcalloc((size_t)parts.n, sizeof *now);
        rc = way_parts_consumers_info(op, &parts, group, now, e);
        for (int32_t i = 0; rc == WAY_OK && i < parts.n; i++) {
            *sum += now[i].redelivered;
            if (!now[i].exists)
                rc = way_fail(e, WAY_E_CONFLICT,
                              "the consumer of group '%s' on partition %" PRId32 " is missing: seek the group to make it "
                              "again", group, i + 1);
        }
        free(now);
    }
    way_parts_fini(&parts);
    return rc;
}

/* Lowering max_deliver makes messages that were delivered as often leave the group without a dead letter. */
static way_code check_lowering(const way_group_row *g, const way_group_spec *to, uint64_t at_risk, bool force, char *note,
                               size_t note_size, way_err *e)
{
    if (to->max_deliver >= g->spec.max_deliver || at_risk == 0)
        return WAY_OK;
    if (!force)
        return way_fail(e, WAY_E_CONFLICT,
                        "max_deliver cannot be lowered from %" PRId64 " to %" PRId64 " while %" PRIu64
                        " messages are being redelivered: those delivered as often would leave the group without a "
                        "dead letter; wait until they are settled, or force it",
                        g->spec.max_deliver, to->max_deliver, at_risk);
    if (note && note_size)
        snprintf(note, note_size,
                 "up to %" PRIu64 " messages that are being redelivered may have left the group without a dead letter",
                 at_risk);
    return WAY_OK;
}

static bool same_settings(const way_group_spec *a, const way_group_spec *b)
{
    return a->ack_wait_ms == b->ack_wait_ms && a->max_deliver == b->max_deliver && a->ordered == b->ordered &&
           a->max_ack_pending == b->max_ack_pending && a->backoff_count == b->backoff_count &&
           memcmp(a->backoff_ms, b->backoff_ms, (size_t)a->backoff_count * sizeof *a->backoff_ms) == 0;
}

static way_code carry_out(way_op *op, const way_station_row *st, const way_group_row *g, way_err *e)
{
    way_err undo = {0};
    way_group_row now;
    way_code rc = way_group_finish_edit(op, &st->spec, g, e);
    if (rc == WAY_OK)
        return rc;

    way_group_row_init(&now); /* only the last answer may have been lost */
    way_code read = way_group_get(op->w->pg, st->id, g->spec.internal, &now, &undo);
    bool done = read == WAY_OK && now.applied_version == g->spec_version;
    way_group_row_fini(&now);
    if (done)
        return WAY_OK;
    way_op_extend(op, UNDO_MS + (int64_t)st->spec.partitions * PER_CONSUMER_MS);
    if (read != WAY_OK || way_group_undo_edit(op, &st->spec, g, &undo) != WAY_OK)
        way_warn("group", "edit_left_to_reconcile", "station=%s group=%s error=\"%s\"", st->spec.name, g->spec.name,
                 undo.text);
    return rc;
}

static way_code edit(way_op *op, const way_station_row *st, way_group_row *g, const cJSON *patch, bool force, char *note,
                     size_t note_size, way_err *e)
{
    way_group_spec to;
    uint64_t at_risk = 0;

    way_group_spec_init(&to);
    way_code rc = way_group_patch(&g->spec, patch, &to, e);
    if (rc != WAY_OK || same_settings(&to, &g->spec))
        goto out;
    rc = redelivered(op, st, g->spec.internal, &at_risk, e);
    if (rc == WAY_OK)
        rc = check_lowering(g, &to, at_risk, force, note, note_size, e);
    if (rc == WAY_OK)
        rc = way_group_set_spec(op->w->pg, g->id, g->spec_version, &to, e);
    WAY_FAULT("group.edit.row");
    if (rc == WAY_OK)
        rc = way_group_get(op->w->pg, st->id, to.internal, g, e);
    if (rc == WAY_OK)
        rc = carry_out(op, st, g, e);
    WAY_FAULT("group.edit.applied");
out:
    way_group_spec_fini(&to);
    return rc;
}

way_code way_op_group_edit(way_work *w, const way_actor *by, const char *station, const char *group, const cJSON *patch,
                           bool force, char *note, size_t note_size, way_err *e)
{
    way_op op;
    way_station_row st;
    way_group_row g;

    if (note && note_size)
        note[0] = '\0';
    way_op_init(&op, w, NULL);
    way_code rc = way_op_open_group(&op, station, group, true, &st, &g, e);
    if (rc == WAY_OK)
        rc = edit(&op, &st, &g, patch, force, note, note_size, e);
    if (rc == WAY_OK) {
        way_info("group", "edited", "station=%s group=%s by=%s", st.spec.name, g.spec.name, by->user);
        way_op_audit_group(&op, by, "group.edit", &st, g.spec.name);
    }
    way_op_unlock(&op);
    if (rc == WAY_OK)
        rc = way_op_sync(&op, e);
    else
        way_op_sync_soon(w); /* the row may have gone forth and back */
    way_group_row_fini(&g);
    way_station_row_fini(&st);
    return rc;
}

/* ---- delete ---- */

way_code way_op_group_delete(way_work *w, const way_actor *by, const char *station, const char *group, way_err *e)
{
    way_op op;
    way_station_row st;
    way_group_row g;
    way_err left = {0};

    way_op_init(&op, w, NULL);
    way_code rc = way_op_open_group(&op, station, group, false, &st, &g, e);
    if (rc == WAY_OK && g.state == WAY_ACTIVE) {
        rc = way_op_move_group(&op, g.id, WAY_ACTIVE, WAY_DELETING, e);
        g.state = WAY_DELETING;
        WAY_FAULT("group.delete.row");
        if (rc == WAY_OK) {
            way_op_audit_group(&op, by, "group.delete", &st, g.spec.name);
            rc = way_op_sync(&op, e); /* nobody pulls from it here any more */
        }
    }
    if (rc != WAY_OK)
        goto out;

    way_info("group", "deleting", "station=%s group=%s by=%s", st.spec.name, g.spec.name, by->user);
    if (way_group_finish_delete(&op, &st.spec, &g, &left) != WAY_OK)
        way_warn("group", "delete_left_to_reconcile", "station=%s group=%s error=\"%s\"", st.spec.name, g.spec.name,
                 left.text);
    else if (way_op_sync(&op, &left) != WAY_OK)
        way_warn("group", "delete_not_in_catalog", "station=%s group=%s error=\"%s\"", st.spec.name, g.spec.name,
                 left.text);
    WAY_FAULT("group.delete.gone");
out:
    way_op_unlock(&op);
    way_group_row_fini(&g);
    way_station_row_fini(&st);
    return rc;
}
