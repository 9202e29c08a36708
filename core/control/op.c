/* The lock, the lease and the deadline around an operation.  See op.h for why it is arranged like this. */
#include "core/control/op.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"

enum {
    SYNC_RETRY_MS = 50,
    SYNC_TRIES_MS = 3000,
    REPAIR_REQUEST_MS = 5000,
};

void way_op_init(way_op *op, way_work *w, way_fence *fence)
{
    op->w = w;
    op->fence = fence;
    op->begun_ms = way_mono_ms();
}

void way_op_extend(way_op *op, int64_t at_least_ms)
{
    int64_t until = way_mono_ms() + at_least_ms;
    if (until > op->begun_ms + WAY_OP_LONGEST_MS)
        until = op->begun_ms + WAY_OP_LONGEST_MS;
    if (until > op->w->deadline_ms)
        way_work_deadline(op->w, until);
    if (op->fence && op->w->js->deadline_ms > op->fence->until_ms)
        op->w->js->deadline_ms = op->fence->until_ms;
}

/* Whatever time was configured: the lock lasts no longer. */
static void bound(way_op *op)
{
    if (op->w->deadline_ms > op->begun_ms + WAY_OP_LONGEST_MS)
        way_work_deadline(op->w, op->begun_ms + WAY_OP_LONGEST_MS);
}

way_code way_op_lock(way_op *op, const char *internal, way_err *e)
{
    way_work *w = op->w;
    bound(op);
    int64_t left = w->deadline_ms - way_mono_ms();
    way_code rc = way_pg_begin(w->lock, e);
    if (rc == WAY_OK)
        rc = way_lock_name_within(w->lock, internal, left > 0 ? left : 0, e);
    if (rc != WAY_OK)
        way_pg_rollback(w->lock);
    return rc;
}

way_code way_op_try_lock(way_op *op, const char *internal, bool *got, way_err *e)
{
    way_work *w = op->w;
    way_code rc = way_pg_begin(w->lock, e);
    if (rc == WAY_OK)
        rc = way_lock_name_within(w->lock, internal, 0, e);
    *got = rc == WAY_OK;
    if (rc != WAY_OK)
        way_pg_rollback(w->lock);
    return rc == WAY_E_TIMEOUT ? WAY_OK : rc;
}

void way_op_unlock(way_op *op)
{
    way_pg_rollback(op->w->lock);
}

/* Not a conflict: that would read as a refusal of what was asked for, and be undone. */
static way_code lost(const way_op *op, way_err *e)
{
    return way_fail(e, WAY_E_UNAVAILABLE, "the lease '%s' is another process's now", op->fence->name);
}

way_code way_op_begin(way_op *op, way_err *e)
{
    if (!op->fence)
        return WAY_OK; /* one statement is its own transaction */
    way_code rc = way_pg_begin(op->w->pg, e);
    if (rc == WAY_OK)
        rc = way_lease_check(op->w->pg, op->fence->name, way_control_holder(op->w->ctl), op->fence->epoch, e);
    if (rc != WAY_OK)
        way_pg_rollback(op->w->pg);
    return rc == WAY_E_CONFLICT ? lost(op, e) : rc;
}

way_code way_op_end(way_op *op, way_code rc, way_err *e)
{
    if (!op->fence)
        return rc;
    if (rc == WAY_OK)
        return way_pg_commit(op->w->pg, e);
    way_pg_rollback(op->w->pg);
    return rc;
}

static way_code renew(way_op *op, int64_t now, way_err *e)
{
    way_work *w = op->w;
    way_fence *f = op->fence;
    bool held = false;
    int64_t epoch = 0, left = 0;

    way_code rc = way_lease_take(w->pg, f->name, way_control_holder(w->ctl), w->cfg->lease_ms, &held, &epoch, &left, e);
    if (rc != WAY_OK)
        return rc;
    if (!held || epoch != f->epoch)
        return lost(op, e);
    f->until_ms = now + left;
    return WAY_OK;
}

way_code way_op_keep(way_op *op, way_err *e)
{
    way_work *w = op->w;
    int64_t now = way_mono_ms();

    if (now >= w->deadline_ms)
        return way_fail(e, WAY_E_TIMEOUT, "not finished in time");
    if (!op->fence)
        return WAY_OK;
    if (op->fence->until_ms - now < w->cfg->lease_ms / 2) {
        way_code rc = renew(op, now, e);
        if (rc != WAY_OK)
            return rc;
    }
    /* nobody waits for reconcile's answer, and a stop waits for its request */
    int64_t until = now + REPAIR_REQUEST_MS;
    if (until > op->fence->until_ms)
        until = op->fence->until_ms;
    w->js->deadline_ms = until < w->deadline_ms ? until : w->deadline_ms;
    return WAY_OK;
}

way_code way_op_sync(way_op *op, way_err *e)
{
    int64_t until = way_mono_ms() + SYNC_TRIES_MS;
    for (;;) {
        way_code rc = way_sync_now(op->w, e);
        if (rc == WAY_OK || way_mono_ms() >= until || !way_control_pause(op->w->ctl, SYNC_RETRY_MS))
            return rc;
    }
}

void way_op_sync_soon(way_work *w)
{
    way_err e = {0};
    if (way_sync_now(w, &e) != WAY_OK)
        way_debug("sync", "later", "error=\"%s\"", e.text);
}

way_code way_op_open(way_op *op, const char *name, way_station_row *row, way_err *e)
{
    char lower[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1];

    way_station_row_init(row);
    way_code rc = way_name_parse("station", name, strlen(name), lower, e);
    if (rc != WAY_OK)
        return rc;
    way_name_internal(lower, internal);
    rc = way_op_lock(op, internal, e);
    if (rc == WAY_OK)
        rc = way_station_get_by_name(op->w->pg, internal, row, e);
    if (rc == WAY_E_NOT_FOUND)
        return way_fail(e, rc, "there is no station '%s'", lower);
    return rc;
}

way_code way_op_open_active(way_op *op, const char *name, way_station_row *row, way_err *e)
{
    way_code rc = way_op_open(op, name, row, e);
    if (rc != WAY_OK || row->state == WAY_ACTIVE)
        return rc;
    if (row->state == WAY_CREATING)
        return way_fail(e, WAY_E_CONFLICT, "the creation of station '%s' was interrupted; create it again",
                        row->spec.name);
    return way_fail(e, WAY_E_NOT_FOUND, "station '%s' is being deleted", row->spec.name);
}

way_code way_op_move_station(way_op *op, int64_t id, way_state from, way_state to, way_err *e)
{
    way_code rc = way_op_begin(op, e);
    return rc == WAY_OK ? way_op_end(op, way_station_move(op->w->pg, id, from, to, e), e) : rc;
}

way_code way_op_move_group(way_op *op, int64_t id, way_state from, way_state to, way_err *e)
{
    way_code rc = way_op_begin(op, e);
    return rc == WAY_OK ? way_op_end(op, way_group_move(op->w->pg, id, from, to, e), e) : rc;
}
