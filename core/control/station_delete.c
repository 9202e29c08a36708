/* Deleting and emptying a station. */
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/control/steps.h"

enum { PER_STREAM_MS = 20 };

way_code way_op_station_delete(way_work *w, const way_actor *by, const char *name, way_err *e)
{
    way_op op;
    way_station_row row;
    way_err left = {0};

    way_op_init(&op, w, NULL);
    way_code rc = way_op_open(&op, name, &row, e);
    if (rc == WAY_OK && row.state == WAY_ACTIVE) {
        rc = way_op_move_station(&op, row.id, WAY_ACTIVE, WAY_DELETING, e);
        row.state = WAY_DELETING;
        WAY_FAULT("station.delete.row");
        if (rc == WAY_OK) {
            way_op_audit(&op, by, "station.delete", row.spec.name);
            rc = way_op_sync(&op, e);
        }
    }
    if (rc != WAY_OK)
        goto out;

    /* from here on it is deleted for everybody; the streams follow, now or by reconcile */
    way_info("station", "deleting", "name=%s id=%lld by=%s", row.spec.name, (long long)row.id, by->user);
    way_op_extend(&op, w->cfg->control_timeout_ms + (int64_t)row.spec.partitions * PER_STREAM_MS);
    if (way_station_finish_delete(&op, &row, &left) != WAY_OK)
        way_warn("station", "delete_left_to_reconcile", "name=%s id=%lld error=\"%s\"", row.spec.name,
                 (long long)row.id, left.text);
    else if (way_op_sync(&op, &left) != WAY_OK)
        way_warn("station", "delete_not_in_catalog", "name=%s error=\"%s\"", row.spec.name, left.text);
    WAY_FAULT("station.delete.gone");
out:
    way_op_unlock(&op);
    way_station_row_fini(&row);
    return rc;
}

way_code way_op_station_purge(way_work *w, const way_actor *by, const char *name, uint64_t *removed, way_err *e)
{
    way_op op;
    way_station_row row;
    way_parts parts = {0};

    way_op_init(&op, w, NULL);
    way_code rc = way_op_open_active(&op, name, &row, e);
    if (rc == WAY_OK)
        rc = way_parts_look(&op, &row.spec, row.id, &parts, e);
    if (rc == WAY_OK)
        rc = way_parts_whole(&parts, e);
    if (rc == WAY_OK)
        rc = way_parts_purge_streams(&op, &parts, removed, e);
    if (rc == WAY_OK) {
        way_info("station", "purged", "name=%s messages=%llu by=%s", row.spec.name, (unsigned long long)*removed,
                 by->user);
        way_op_audit(&op, by, "station.purge", row.spec.name);
    }
    way_op_unlock(&op);
    way_parts_fini(&parts);
    way_station_row_fini(&row);
    return rc;
}
