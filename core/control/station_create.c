/* Creating a station: row, streams, hold, active, catalog.
 *
 * Few round trips, because they are what a create costs: the row is one statement, the streams one pipelined request, and their
 * `created` times come back with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/activate.h"
#include "core/control/steps.h"

enum {
    PER_STREAM_MS = 20, /* more time for large stations */
    UNDO_MS = 5000,
};

/* Row in state creating.  We hold the lock on the name: a row that is not active has lost its owner, and is finished first. */
static way_code insert(way_op *op, const way_station_spec *spec, int64_t *id, way_err *e)
{
    way_station_row row;
    way_code rc = WAY_E_EXISTS;

    for (int tries = 0; tries < 3 && rc == WAY_E_EXISTS; tries++) {
        rc = way_station_insert(op->w->pg, spec, id, e);
        if (rc != WAY_E_EXISTS)
            break;
        way_station_row_init(&row);
        way_code found = way_station_get_by_name(op->w->pg, spec->internal, &row, e);
        if (found == WAY_OK && row.state == WAY_ACTIVE)
            found = way_fail(e, WAY_E_EXISTS, "station '%s' exists already", spec->name);
        else if (found == WAY_OK)
            found = way_station_finish_delete(op, &row, e);
        way_station_row_fini(&row);
        if (found != WAY_OK && found != WAY_E_NOT_FOUND)
            return found;
    }
    return rc;
}

/* All streams, and the hold.  created: texts of info. */
static way_code make(way_op *op, const way_station_spec *spec, int64_t id, way_js_stream_info *info, way_err *e)
{
    way_js_port *js = op->w->js;
    size_t n = (size_t)spec->partitions;
    way_js_stream *cfg = way_xcalloc(n, sizeof *cfg);
    way_server_info srv;
    way_map map;

    way_code rc = js->server(js, &srv, e);
    way_map_init(&map, spec, id, way_control_instance(op->w->ctl));
    for (size_t i = 0; rc == WAY_OK && i < n; i++)
        way_map_stream_new(&map, (int32_t)i + 1, &srv, &cfg[i]);
    if (rc == WAY_OK)
        rc = js->streams_create(js, cfg, spec->partitions, info, NULL, e);
    free(cfg);
    WAY_FAULT("station.create.streams");
    if (rc != WAY_OK || !spec->ack_based)
        return rc;

    way_parts parts = {.spec = spec, .station_id = id, .n = spec->partitions, .ours = spec->partitions};
    parts.state = way_xcalloc(n, sizeof *parts.state); /* all WAY_PART_OURS: they were just made */
    parts.info = info;
    rc = way_hold_put(op, &parts, e);
    free(parts.state);
    WAY_FAULT("station.create.hold");
    return rc;
}

static way_code activate(way_op *op, const way_actor *by, const way_station_spec *spec, int64_t id,
                         const way_js_stream_info *info, way_err *e)
{
    const char **created = way_xcalloc((size_t)spec->partitions, sizeof *created);
    for (int32_t i = 0; i < spec->partitions; i++)
        created[i] = info[i].created;
    way_activation one = {.row = {.id = id, .streams_created = created, .n = spec->partitions, .actor = by->user,
                                  .address = by->from, .object = spec->name}};
    way_code rc = way_activate(way_control_activator(op->w->ctl), op->w->pg, &one, e);
    free(created);
    if (rc != WAY_E_UNAVAILABLE)
        return rc;

    /* the answer was lost: the row knows whether the statement was not */
    way_station_row row;
    way_station_row_init(&row);
    if (way_station_get(op->w->pg, id, &row, NULL) == WAY_OK && row.state == WAY_ACTIVE)
        rc = WAY_OK;
    way_station_row_fini(&row);
    return rc;
}

/* Names the stream that was in the way, if that is why. */
static way_code explain(way_op *op, const way_station_spec *spec, int64_t id, way_code rc, way_err *e)
{
    way_parts parts = {0};
    if (rc != WAY_E_EXISTS || way_parts_look(op, spec, id, &parts, NULL) != WAY_OK)
        return rc;
    for (int32_t i = 0; i < parts.n; i++) {
        char name[WAY_STREAM_MAX + 1];
        if (parts.state[i] != WAY_PART_FOREIGN)
            continue;
        way_stream_name(spec->internal, i + 1, name);
        const char *says = parts.info[i].description;
        rc = way_fail(e, WAY_E_CONFLICT,
                      "nats-server has a stream '%s' already, which this station did not make%s%.100s%s: choose "
                      "another name, or remove that stream if nobody needs it",
                      name, says[0] ? " (it says: \"" : "", says, says[0] ? "\")" : "");
        break;
    }
    way_parts_fini(&parts);
    return rc;
}

/* Only what this call made: streams with this row's mark.  What cannot be done now, reconcile does. */
static void undo(way_op *op, const way_station_spec *spec, int64_t id)
{
    way_err e = {0};
    way_station_row row;

    way_op_extend(op, UNDO_MS + (int64_t)spec->partitions * PER_STREAM_MS / 2);
    way_station_row_init(&row);
    way_code rc = way_station_get(op->w->pg, id, &row, &e);
    if (rc == WAY_OK && row.state != WAY_ACTIVE)
        rc = way_station_finish_delete(op, &row, &e);
    way_station_row_fini(&row);
    if (rc != WAY_OK)
        way_warn("station", "undo_left_to_reconcile", "name=%s id=%lld error=\"%s\"", spec->name, (long long)id, e.text);
}

way_code way_op_station_create(way_work *w, const way_actor *by, way_station_spec *spec, way_err *e)
{
    way_op op;
    way_server_info srv;
    int64_t id = 0;

    way_op_init(&op, w, NULL);
    way_op_extend(&op, w->cfg->control_timeout_ms + (int64_t)spec->partitions * PER_STREAM_MS);
    way_code rc = w->js->server(w->js, &srv, e);
    if (rc == WAY_OK)
        rc = way_station_check(spec, NULL, &srv, e);
    if (rc == WAY_OK)
        rc = way_op_lock(&op, spec->internal, e);
    if (rc != WAY_OK)
        return rc;

    way_js_stream_info *info = way_xcalloc((size_t)spec->partitions, sizeof *info);
    rc = insert(&op, spec, &id, e);
    WAY_FAULT("station.create.row");
    if (rc != WAY_OK)
        goto out;
    rc = make(&op, spec, id, info, e);
    if (rc == WAY_OK)
        rc = activate(&op, by, spec, id, info, e);
    WAY_FAULT("station.create.active");
    if (rc != WAY_OK) {
        rc = explain(&op, spec, id, rc, e);
        undo(&op, spec, id);
        goto out;
    }
    way_info("station", "created", "name=%s id=%lld partitions=%d replicas=%d by=%s", spec->name, (long long)id,
             (int)spec->partitions, (int)spec->replicas, by->user);
    way_op_unlock(&op);
    rc = way_op_sync(&op, e);
out:
    way_op_unlock(&op);
    free(info);
    return rc;
}
