/* Editing a station: the new spec in one statement, then partition by partition; refused means back to what it was. */
#include <string.h>

#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/control/steps.h"

enum {
    UNDO_MS = 5000,
    PER_STREAM_MS = 20,
};

/* The row carries the new spec; the streams follow, or all goes back. */
static way_code carry_out(way_op *op, const way_station_row *row, way_err *e)
{
    way_err undo = {0};
    way_station_row now;
    way_code rc = way_station_finish_edit(op, row, e);
    if (rc == WAY_OK)
        return rc;

    /* the last statement's answer may be what got lost: then it is done, and must not be taken back */
    way_station_row_init(&now);
    way_code read = way_station_get(op->w->pg, row->id, &now, &undo);
    bool done = read == WAY_OK && now.applied_version == row->spec_version;
    way_station_row_fini(&now);
    if (done)
        return WAY_OK;
    if (read != WAY_OK) {
        way_warn("station", "edit_left_to_reconcile", "name=%s error=\"%s\"", row->spec.name, undo.text);
        return rc;
    }

    way_op_extend(op, UNDO_MS + (int64_t)row->spec.partitions * PER_STREAM_MS);
    if (way_station_undo_edit(op, row, &undo) != WAY_OK)
        way_warn("station", "edit_left_to_reconcile", "name=%s version=%lld error=\"%s\"", row->spec.name,
                 (long long)row->spec_version, undo.text);
    return rc;
}

static way_code edit(way_op *op, way_station_row *row, const cJSON *patch, way_err *e)
{
    way_work *w = op->w;
    way_server_info srv;
    way_station_spec to;
    way_parts parts = {0};
    bool changed;

    way_station_spec_init(&to);
    way_code rc = way_station_settle(op, row, &changed, e); /* what an earlier edit left */
    if (rc == WAY_OK)
        rc = w->js->server(w->js, &srv, e);
    if (rc == WAY_OK)
        rc = way_station_patch(&row->spec, patch, &to, e);
    if (rc == WAY_OK)
        rc = way_station_check(&to, &row->spec, &srv, e);
    if (rc != WAY_OK || way_station_spec_equal(&to, &row->spec))
        goto out;

    rc = way_parts_look(op, &row->spec, row->id, &parts, e);
    if (rc == WAY_OK)
        rc = way_parts_whole(&parts, e); /* an edit of a part of a station would only hide what is wrong */
    way_parts_fini(&parts);
    if (rc == WAY_OK)
        rc = way_station_set_spec(w->pg, row->id, row->spec_version, &to, e);
    WAY_FAULT("station.edit.row");
    if (rc == WAY_OK)
        rc = way_station_get(w->pg, row->id, row, e);
    if (rc == WAY_OK)
        rc = carry_out(op, row, e);
    WAY_FAULT("station.edit.applied");
out:
    way_station_spec_fini(&to);
    return rc;
}

way_code way_op_station_edit(way_work *w, const way_actor *by, const char *name, const cJSON *patch, way_err *e)
{
    way_op op;
    way_station_row row;

    way_op_init(&op, w, NULL);
    way_code rc = way_op_open_active(&op, name, &row, e);
    if (rc == WAY_OK) {
        way_op_extend(&op, w->cfg->control_timeout_ms + (int64_t)row.spec.partitions * PER_STREAM_MS);
        rc = edit(&op, &row, patch, e);
        if (rc == WAY_OK) {
            way_info("station", "edited", "name=%s version=%lld by=%s", row.spec.name, (long long)row.spec_version,
                     by->user);
            way_op_audit(&op, by, "station.edit", row.spec.name);
        }
    }
    way_op_unlock(&op);
    if (rc == WAY_OK)
        rc = way_op_sync(&op, e);
    else
        way_op_sync_soon(w); /* the row may have gone forth and back */
    way_station_row_fini(&row);
    return rc;
}
