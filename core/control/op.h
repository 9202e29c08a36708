/* Private to core/control: what every operation on a station does around its own steps.
 *
 * How operations keep out of each other's way
 *   Whoever changes a station (create, edit, delete, purge, its groups, seek, reconcile's repairs) first takes the lock on its name: a
 *   transaction-level advisory lock, held by an open transaction on the worker's second connection (way_work.lock), so that
 *   the rows themselves are committed step by step on the first.  It works over all daemons and behind PgBouncer,
 *   costs three short round trips, and is gone as soon as the process is: whoever gets it and finds a row in the
 *   middle of something knows that its owner is dead, and finishes that first.  Different stations never wait for
 *   each other.
 *   A process that was paused may wake up without the lock (Postgres ends idle transactions after two minutes, and a connection may
 *   break).  It does no harm: an operation's deadline is shorter than that and every JetStream request checks it, and every row is
 *   written only if state and version are still what was read.
 *   reconcile holds its lease besides: each of its writes checks the epoch in the same transaction (way_op_begin/end), and its
 *   requests end with the lease (way_op_keep). */
#ifndef WAY_CONTROL_OP_H
#define WAY_CONTROL_OP_H

#include "core/control/ops.h"
#include "core/control/work.h"
#include "core/store/rows.h"

#define WAY_OP_LONGEST_MS 100000 /* below the time after which Postgres ends the lock's transaction */

typedef struct way_fence {
    const char *name;
    int64_t epoch;
    int64_t until_ms; /* monotonic */
} way_fence;

typedef struct way_op {
    way_work *w;
    way_fence *fence; /* reconcile's lease; NULL: a door's request */
    int64_t begun_ms;
} way_op;

void way_op_init(way_op *op, way_work *w, way_fence *fence);
/* More time for many partitions, or to undo something; never beyond WAY_OP_LONGEST_MS after init. */
void way_op_extend(way_op *op, int64_t at_least_ms);

/* WAY_E_TIMEOUT: somebody else is changing this station. */
WAY_MUST_CHECK way_code way_op_lock(way_op *op, const char *internal, way_err *e);
WAY_MUST_CHECK way_code way_op_try_lock(way_op *op, const char *internal, bool *got, way_err *e);
void way_op_unlock(way_op *op); /* safe without a lock */

/* Around one write of a row:  rc = way_op_begin(op, e);  if (rc == WAY_OK) rc = way_op_end(op, write(…, e), e); */
WAY_MUST_CHECK way_code way_op_begin(way_op *op, way_err *e);
WAY_MUST_CHECK way_code way_op_end(way_op *op, way_code rc, way_err *e);

/* Before each request that destroys something, and between chunks: time is left, on the job and on the lease
 * (which is renewed when half of it is over). */
WAY_MUST_CHECK way_code way_op_keep(way_op *op, way_err *e);

/* This process's catalog shows what was committed.  Tries again for a while when Postgres is away. */
WAY_MUST_CHECK way_code way_op_sync(way_op *op, way_err *e);
void way_op_sync_soon(way_work *w); /* once; if it does not work now, the next poll does it */

/* Parses the name, locks it and reads the row, which is init'ed by this call.  WAY_E_NOT_FOUND. */
WAY_MUST_CHECK way_code way_op_open(way_op *op, const char *name, way_station_row *row, way_err *e);
/* The same, and the station is active (else WAY_E_NOT_FOUND or WAY_E_CONFLICT). */
WAY_MUST_CHECK way_code way_op_open_active(way_op *op, const char *name, way_station_row *row, way_err *e);

WAY_MUST_CHECK way_code way_op_move_station(way_op *op, int64_t id, way_state from, way_state to, way_err *e);
WAY_MUST_CHECK way_code way_op_move_group(way_op *op, int64_t id, way_state from, way_state to, way_err *e);

#endif
