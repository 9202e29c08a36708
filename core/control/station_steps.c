/* Second halves of station operations. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/control/steps.h"

bool way_is_refusal(way_code rc)
{
    return rc == WAY_E_INVAL || rc == WAY_E_CONFLICT || rc == WAY_E_EXISTS || rc == WAY_E_NEWER_SERVER ||
           rc == WAY_E_FORBIDDEN || rc == WAY_E_TOO_LARGE ||
           rc == WAY_E_FULL; /* no storage left: waiting for some would leave half of the partitions changed for ever */
}

void way_op_audit(way_op *op, const way_actor *by, const char *action, const char *object)
{
    way_err e = {0};
    const way_audit_row row = {.actor = by->user, .address = by->from, .action = action, .object = object};
    if (way_audit_add(op->w->pg, &row, &e) != WAY_OK)
        way_warn("audit", "not_written", "action=%s object=%s by=%s error=\"%s\"", action, object, by->user, e.text);
}

way_code way_groups_active(way_op *op, int64_t station_id, int64_t except, size_t *n, char *first, size_t first_size,
                           way_err *e)
{
    way_group_row *rows = NULL;
    size_t count = 0;

    way_code rc = way_group_list(op->w->pg, station_id, &rows, &count, e);
    if (rc != WAY_OK)
        return rc;
    *n = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].state == WAY_ACTIVE && rows[i].id != except) {
            if (*n == 0 && first)
                snprintf(first, first_size, "%s", rows[i].spec.internal);
            (*n)++;
        }
        way_group_row_fini(&rows[i]);
    }
    free(rows);
    return WAY_OK;
}

/* ---- delete ---- */

way_code way_station_finish_delete(way_op *op, const way_station_row *row, way_err *e)
{
    way_parts parts = {0};
    way_code rc = WAY_OK;

    if (row->state == WAY_CREATING) {
        rc = way_op_move_station(op, row->id, WAY_CREATING, WAY_DELETING, e);
        if (rc != WAY_OK)
            return rc;
    }
    rc = way_parts_look(op, &row->spec, row->id, &parts, e);
    if (rc != WAY_OK)
        return rc;
    for (int32_t i = 0; i < parts.n; i++)
        if (parts.state[i] == WAY_PART_FOREIGN)
            way_warn("station", "stream_left_alone", "station=%s partition=%d reason=\"not made by this station\"",
                     row->spec.name, (int)i + 1);
    rc = way_parts_delete_streams(op, &parts, e);
    way_parts_fini(&parts);
    WAY_FAULT("station.delete.streams");
    if (rc == WAY_OK)
        rc = way_op_move_station(op, row->id, WAY_DELETING, WAY_GONE, e);
    if (rc == WAY_OK)
        way_info("station", "gone", "name=%s id=%lld", row->spec.name, (long long)row->id);
    return rc;
}

/* ---- edit ---- */

/* Brings every stream to `to`; `from` is what some of them may still have.  The hold is in place before a stream becomes an
 * interest stream, and goes only when no stream is one any more or a group is on all of them. */
static way_code apply(way_op *op, const way_station_row *row, const way_station_spec *from, const way_station_spec *to,
                      way_err *e)
{
    way_parts parts = {0};
    way_map map;
    char keeper[WAY_NAME_MAX + 1] = "";
    size_t groups = 0;
    bool removed;

    way_code rc = way_parts_look(op, to, row->id, &parts, e);
    if (rc != WAY_OK)
        return rc;
    way_map_init(&map, to, row->id, way_control_instance(op->w->ctl));
    if (to->ack_based && !from->ack_based)
        rc = way_hold_put(op, &parts, e);
    WAY_FAULT("station.edit.hold");
    if (rc == WAY_OK)
        rc = way_parts_update_streams(op, &parts, &map, e);
    WAY_FAULT("station.edit.streams");
    if (rc == WAY_OK && to->ack_based != from->ack_based) {
        if (!to->ack_based) {
            rc = way_hold_drop(op, &parts, e);
        } else {
            rc = way_groups_active(op, row->id, 0, &groups, keeper, sizeof keeper, e);
            if (rc == WAY_OK && groups > 0)
                rc = way_hold_remove(op, &parts, keeper, &removed, e);
        }
    }
    way_parts_fini(&parts);
    return rc;
}

static way_code previous(const way_station_row *row, way_station_spec *out, way_err *e)
{
    way_station_spec_init(out);
    if (row->previous_spec)
        return way_station_load(row->previous_spec, out, e);
    way_station_spec_copy(out, &row->spec);
    return WAY_OK;
}

way_code way_station_finish_edit(way_op *op, const way_station_row *row, way_err *e)
{
    way_station_spec before;
    way_code rc = previous(row, &before, e);
    if (rc == WAY_OK)
        rc = apply(op, row, &before, &row->spec, e);
    way_station_spec_fini(&before);
    if (rc != WAY_OK)
        return rc;
    rc = way_op_begin(op, e);
    return rc == WAY_OK ? way_op_end(op, way_station_applied(op->w->pg, row->id, row->spec_version, e), e) : rc;
}

way_code way_station_undo_edit(way_op *op, const way_station_row *row, way_err *e)
{
    way_station_spec before;
    way_code rc = previous(row, &before, e);
    if (rc == WAY_OK)
        rc = apply(op, row, &row->spec, &before, e);
    way_station_spec_fini(&before);
    WAY_FAULT("station.edit.undone");
    if (rc != WAY_OK)
        return rc;
    rc = way_op_begin(op, e);
    return rc == WAY_OK ? way_op_end(op, way_station_restore(op->w->pg, row->id, row->spec_version, e), e) : rc;
}

way_code way_station_settle(way_op *op, way_station_row *row, bool *changed, way_err *e)
{
    way_code rc;

    *changed = false;
    if (row->spec_version == row->applied_version)
        return WAY_OK;
    rc = way_station_finish_edit(op, row, e);
    if (way_is_refusal(rc)) {
        way_warn("station", "edit_refused", "name=%s error=\"%s\"", row->spec.name, e ? e->text : "");
        rc = way_station_undo_edit(op, row, e);
    }
    if (rc != WAY_OK)
        return rc;
    *changed = true;
    way_info("station", "edit_finished", "name=%s version=%lld", row->spec.name, (long long)row->spec_version);
    return way_station_get(op->w->pg, row->id, row, e);
}
