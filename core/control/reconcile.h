/* Private to core/control: finishes what crashes left and reports what was changed behind our back.
 *
 * One process at a time, under the lease `reconcile`; each station that needs work under its own lock as well.  Never makes a stream
 * that disappeared: an empty one in its place would hide the loss. */
#ifndef WAY_CONTROL_RECONCILE_H
#define WAY_CONTROL_RECONCILE_H

#include "core/control/op.h"

/* all: look at every station and its streams; else only at those whose rows are in the middle of something (one query).
 * *held false: another process does it. */
WAY_MUST_CHECK way_code way_reconcile_round(way_work *w, bool all, bool *held, int *repaired, way_err *e);
/* Removes rows that have been gone for an hour, under the same lease. */
WAY_MUST_CHECK way_code way_reconcile_sweep(way_work *w, int64_t *removed, way_err *e);
void way_reconcile_release(way_work *w); /* at stop: the next process need not wait */

/* What is wrong with a station, as JSON: out is empty when nothing is.  *unheld: ack_based, without group and hold. */
WAY_MUST_CHECK way_code way_drift_look(way_op *op, const way_station_row *row, way_buf *out, bool *unheld, way_err *e);

#endif
