/* Drift: what nats-server has against what the rows say. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/reconcile.h"
#include "core/control/steps.h"

enum { PROBLEMS_MAX = 100 }; /* of one station; more would only make the list longer */

struct problems {
    way_buf *out;
    int n;
};

static void add(struct problems *l, int32_t partition, const char *code, const char *text)
{
    if (l->n++ >= PROBLEMS_MAX)
        return;
    if (l->out->len == 0)
        way_json_open(l->out, '[');
    way_json_open(l->out, '{');
    way_json_kv_int(l->out, "partition", partition);
    way_json_kv_str(l->out, "code", code);
    way_json_kv_str(l->out, "text", text);
    way_json_close(l->out, '}');
}

static void streams(const way_parts *parts, const way_map *map, struct problems *l)
{
    for (int32_t i = 0; i < parts->n; i++) {
        char text[256];
        way_js_stream want;
        switch (parts->state[i]) {
        case WAY_PART_MISSING:
            add(l, i + 1, "stream_missing", "the stream is not there any more; its messages are lost");
            break;
        case WAY_PART_FOREIGN:
            add(l, i + 1, "stream_replaced", "the stream is not the one that this station made");
            break;
        case WAY_PART_OURS:
            way_map_stream_over(map, i + 1, &parts->info[i].config, &want);
            if (way_map_stream_differs(&want, &parts->info[i].config, text, sizeof text))
                add(l, i + 1, "stream_changed", text);
        }
    }
}

static way_code group(way_op *op, const way_parts *parts, const way_group_row *g, struct problems *l, way_err *e)
{
    char what[256], text[512];
    way_js_consumer_info *now = way_xcalloc((size_t)parts->n, sizeof *now);
    way_code rc = way_parts_consumers_info(op, parts, g->spec.internal, now, e);
    for (int32_t i = 0; rc == WAY_OK && i < parts->n; i++) {
        if (parts->state[i] != WAY_PART_OURS)
            continue;
        if (!now[i].exists) {
            snprintf(text, sizeof text, "the consumer of group '%s' is missing; seek the group to make it again",
                     g->spec.name);
            add(l, i + 1, "consumer_missing", text);
        } else if (way_map_group_differs(&g->spec, &now[i].config, what, sizeof what)) {
            snprintf(text, sizeof text, "group '%s': %s", g->spec.name, what);
            add(l, i + 1, "consumer_changed", text);
        }
    }
    free(now);
    return rc;
}

static way_code groups(way_op *op, const way_parts *parts, struct problems *l, size_t *active, way_err *e)
{
    way_group_row *rows = NULL;
    size_t n = 0;

    *active = 0;
    way_code rc = way_group_list(op->w->pg, parts->station_id, &rows, &n, e);
    if (rc != WAY_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        *active += rows[i].state == WAY_ACTIVE;
        if (rc == WAY_OK && rows[i].state == WAY_ACTIVE && !rows[i].seeking &&
            rows[i].spec_version == rows[i].applied_version)
            rc = group(op, parts, &rows[i], l, e);
        way_group_row_fini(&rows[i]);
    }
    free(rows);
    return rc;
}

way_code way_drift_look(way_op *op, const way_station_row *row, way_buf *out, bool *unheld, way_err *e)
{
    struct problems l = {.out = out};
    way_parts parts = {0};
    way_map map;
    size_t active = 0;
    int32_t missing = 0;

    *unheld = false;
    way_code rc = way_parts_look(op, &row->spec, row->id, &parts, e);
    if (rc != WAY_OK)
        return rc;
    way_map_init(&map, &row->spec, row->id, way_control_instance(op->w->ctl));
    streams(&parts, &map, &l);
    rc = groups(op, &parts, &l, &active, e);
    if (rc == WAY_OK && row->spec.ack_based && active == 0 && parts.ours > 0) {
        rc = way_parts_consumer_missing(op, &parts, WAY_DURABLE_HOLD, &missing, e);
        *unheld = missing > 0;
    }
    way_parts_fini(&parts);
    if (out->len > 0)
        way_json_close(out, ']');
    return rc;
}
