/* Reconcile: a round over all stations.  Most need nothing: one look at the rows, one at the streams.  Whatever has to be done is
 * done by the same second halves that the operations use (steps.h). */
#include "core/control/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/control/steps.h"
#include "core/control/sync.h"

enum {
    BATCH = 100,
    GONE_KEEP_MS = 60 * 60 * 1000, /* as long as a daemon may be away and still get by with a delta */
};

static way_code take(way_work *w, way_fence *f, bool *held, way_err *e)
{
    int64_t now = way_mono_ms(), left = 0;
    f->name = WAY_LEASE_RECONCILE;
    way_code rc = way_lease_take(w->pg, f->name, way_control_holder(w->ctl), w->cfg->lease_ms, held, &f->epoch, &left, e);
    f->until_ms = now + left;
    return rc;
}

/* ---- what a crash left ---- */

static way_code groups_settle(way_op *op, const way_station_row *row, int *repaired, bool look_only, bool *unsettled,
                              way_err *e)
{
    way_group_row *rows = NULL;
    size_t n = 0;
    bool changed, gone;

    way_code rc = way_group_list(op->w->pg, row->id, &rows, &n, e);
    if (rc != WAY_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        way_group_row *g = &rows[i];
        if (look_only) {
            *unsettled |= g->state != WAY_ACTIVE || g->seeking || g->spec_version != g->applied_version;
        } else if (rc == WAY_OK) {
            rc = way_group_settle(op, &row->spec, g, &changed, &gone, e);
            *repaired += rc == WAY_OK && changed;
        }
        way_group_row_fini(g);
    }
    free(rows);
    return rc;
}

/* Under the station's lock: whoever began is not there any more. */
static way_code settle(way_op *op, int64_t id, way_station_row *row, int *repaired, bool *gone, way_err *e)
{
    bool changed = false;
    way_code rc = way_station_get(op->w->pg, id, row, e);
    if (rc != WAY_OK)
        return rc;
    if (row->state == WAY_CREATING || row->state == WAY_DELETING) {
        rc = way_station_finish_delete(op, row, e);
        *repaired += rc == WAY_OK;
        *gone = true;
        return rc;
    }
    if (row->state != WAY_ACTIVE) {
        *gone = true;
        return WAY_OK;
    }
    rc = way_station_settle(op, row, &changed, e);
    *repaired += rc == WAY_OK && changed;
    return rc == WAY_OK ? groups_settle(op, row, repaired, false, NULL, e) : rc;
}

/* ---- what was changed behind our back ---- */

static bool same_text(const way_buf *now, const char *was)
{
    return now->len == 0 ? was == NULL : was && strcmp(now->data, was) == 0;
}

static way_code write_problems(way_op *op, const way_station_row *row, const way_buf *problems, way_err *e)
{
    way_code rc = way_op_begin(op, e);
    if (rc == WAY_OK)
        rc = way_op_end(op, way_station_set_problems(op->w->pg, row->id, problems->len ? problems->data : NULL, e), e);
    if (rc == WAY_OK && problems->len)
        way_warn("station", "problems", "name=%s problems=%s", row->spec.name, problems->data);
    else if (rc == WAY_OK)
        way_info("station", "problems_over", "name=%s", row->spec.name);
    return rc;
}

static way_code put_hold(way_op *op, const way_station_row *row, way_err *e)
{
    way_parts parts = {0};
    way_code rc = way_parts_look(op, &row->spec, row->id, &parts, e);
    if (rc == WAY_OK)
        rc = way_hold_put(op, &parts, e);
    if (rc == WAY_OK)
        way_warn("station", "hold_put_back", "name=%s", row->spec.name);
    way_parts_fini(&parts);
    return rc;
}

/* A first look without the lock; only a difference is worth taking it and looking again, since an edit may be under way. */
static way_code drift(way_op *op, way_station_row *row, bool locked, int *repaired, way_err *e)
{
    way_buf problems;
    bool unheld = false, got = locked;

    way_buf_init(&problems, 0);
    way_code rc = way_drift_look(op, row, &problems, &unheld, e);
    bool differs = rc == WAY_OK && (unheld || !same_text(&problems, row->problems));
    if (differs && !locked) {
        rc = way_op_try_lock(op, row->spec.internal, &got, e);
        if (rc == WAY_OK && got) {
            rc = way_station_get(op->w->pg, row->id, row, e);
            if (rc == WAY_OK && row->state == WAY_ACTIVE && row->spec_version == row->applied_version)
                rc = drift(op, row, true, repaired, e);
            way_op_unlock(op);
        }
    } else if (differs) {
        if (unheld) {
            rc = put_hold(op, row, e);
            *repaired += rc == WAY_OK;
        }
        if (rc == WAY_OK && !same_text(&problems, row->problems))
            rc = write_problems(op, row, &problems, e);
    }
    way_buf_fini(&problems);
    return rc;
}

/* ---- the round ---- */

static way_code one(way_op *op, int64_t id, int *repaired, way_err *e)
{
    way_station_row row;
    bool unsettled = false, got = true, gone = false;

    way_station_row_init(&row);
    way_code rc = way_station_get(op->w->pg, id, &row, e);
    if (rc == WAY_OK)
        rc = groups_settle(op, &row, repaired, true, &unsettled, e);
    if (rc == WAY_OK && (unsettled || row.state != WAY_ACTIVE || row.spec_version != row.applied_version)) {
        rc = way_op_try_lock(op, row.spec.internal, &got, e);
        if (rc == WAY_OK && got)
            rc = settle(op, id, &row, repaired, &gone, e);
        way_op_unlock(op);
    }
    if (rc == WAY_OK && got && !gone && row.state == WAY_ACTIVE) /* without the lock somebody is at work: next time */
        rc = drift(op, &row, false, repaired, e);
    way_station_row_fini(&row);
    return rc == WAY_E_NOT_FOUND ? WAY_OK : rc;
}

static way_code walk(way_work *w, way_fence *f, bool everything, int *repaired, way_err *e)
{
    int64_t ids[BATCH], after = 0;
    int n = BATCH;
    way_code rc = WAY_OK;

    while (rc == WAY_OK && n == BATCH) {
        rc = everything ? way_station_ids(w->pg, after, BATCH, ids, &n, e)
                        : way_station_unsettled_ids(w->pg, after, BATCH, ids, &n, e);
        for (int i = 0; rc == WAY_OK && i < n; i++) {
            way_op op;
            way_err why = {0};
            after = ids[i];
            way_work_deadline(w, way_mono_ms() + w->cfg->control_timeout_ms);
            way_op_init(&op, w, f);
            rc = way_op_keep(&op, e); /* the lease is still ours */
            if (rc != WAY_OK)
                break;
            if (!way_control_pause(w->ctl, 0))
                return WAY_OK;
            way_code station = one(&op, ids[i], repaired, &why);
            if (station == WAY_OK)
                continue;
            way_warn("reconcile", "station_skipped", "id=%lld error=\"%s\"", (long long)ids[i], why.text);
            if (station == WAY_E_UNAVAILABLE) /* a server is away: the others would fare no better */
                rc = way_fail(e, station, "%s", why.text);
        }
    }
    return rc;
}

way_code way_reconcile_round(way_work *w, bool all, bool *held, int *repaired, way_err *e)
{
    way_fence f = {0};
    way_server_info srv;

    *repaired = 0;
    way_work_deadline(w, way_mono_ms() + w->cfg->control_timeout_ms);
    way_code rc = take(w, &f, held, e);
    if (rc != WAY_OK || !*held)
        return rc;
    rc = w->js->server(w->js, &srv, e);
    if (rc == WAY_OK)
        rc = walk(w, &f, all, repaired, e);
    if (*repaired > 0) {
        way_info("reconcile", "repaired", "count=%d", *repaired);
        way_op_sync_soon(w); /* else the next poll shows it */
    }
    return rc;
}

way_code way_reconcile_run(way_work *w, int *repaired, way_err *e)
{
    bool held = false;
    return way_reconcile_round(w, true, &held, repaired, e);
}

way_code way_reconcile_sweep(way_work *w, int64_t *removed, way_err *e)
{
    way_fence f = {0};
    way_op op;
    bool held = false;

    *removed = 0;
    way_work_deadline(w, way_mono_ms() + w->cfg->control_timeout_ms);
    way_code rc = take(w, &f, &held, e);
    if (rc != WAY_OK || !held)
        return rc;
    way_op_init(&op, w, &f);
    rc = way_op_begin(&op, e);
    return rc == WAY_OK ? way_op_end(&op, way_rows_purge_gone(w->pg, GONE_KEEP_MS, removed, e), e) : rc;
}

void way_reconcile_release(way_work *w)
{
    way_fence f = {0};
    bool held = false;
    way_err e = {0};
    if (take(w, &f, &held, &e) != WAY_OK || !held)
        return;
    if (way_lease_drop(w->pg, f.name, way_control_holder(w->ctl), f.epoch, &e) != WAY_OK)
        way_debug("reconcile", "lease_not_dropped", "error=\"%s\"", e.text);
}
