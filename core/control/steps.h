/* Private to core/control: the second halves of operations.
 *
 * Each continues from what the rows say and is safe to run again: the operation that began runs it, and after a crash
 * whoever comes next under the station's lock does (reconcile, or the next operation on it). */
#ifndef WAY_CONTROL_STEPS_H
#define WAY_CONTROL_STEPS_H

#include "core/control/hold.h"
#include "core/control/op.h"

/* ---- stations ---- */
/* A row in state creating whose creator is gone, or in state deleting: removes the streams that are ours, then gone. */
WAY_MUST_CHECK way_code way_station_finish_delete(way_op *op, const way_station_row *row, way_err *e);
/* spec_version above applied_version: brings the streams to row->spec, from whatever mixture of it and previous_spec they are in.
 * Missing partitions are passed over.  WAY_OK: applied. */
WAY_MUST_CHECK way_code way_station_finish_edit(way_op *op, const way_station_row *row, way_err *e);
/* Brings the streams back to previous_spec and restores it. */
WAY_MUST_CHECK way_code way_station_undo_edit(way_op *op, const way_station_row *row, way_err *e);
/* What the last edit left: forward, or back when nats-server refuses it.  row is read again. */
WAY_MUST_CHECK way_code way_station_settle(way_op *op, way_station_row *row, bool *changed, way_err *e);

/* ---- groups ---- */
/* Groups of the station that are active, but `except` (an id; 0: none): what keeps messages on an interest stream. */
WAY_MUST_CHECK way_code way_groups_active(way_op *op, int64_t station_id, int64_t except, size_t *n, char *first,
                                          size_t first_size, way_err *e);
WAY_MUST_CHECK way_code way_group_finish_delete(way_op *op, const way_station_spec *st, const way_group_row *g,
                                                way_err *e);
WAY_MUST_CHECK way_code way_group_finish_edit(way_op *op, const way_station_spec *st, const way_group_row *g, way_err *e);
WAY_MUST_CHECK way_code way_group_undo_edit(way_op *op, const way_station_spec *st, const way_group_row *g, way_err *e);
WAY_MUST_CHECK way_code way_group_finish_seek(way_op *op, const way_station_spec *st, const way_group_row *g, way_err *e);
/* What a crash left of this group, whatever it is.  g is read again; *gone: it does not exist any more. */
WAY_MUST_CHECK way_code way_group_settle(way_op *op, const way_station_spec *st, way_group_row *g, bool *changed,
                                         bool *gone, way_err *e);

/* nats-server said no, and will say it again: going forward makes no sense. */
bool way_is_refusal(way_code rc);

/* A row of the audit; a failure is logged, the change stands. */
void way_op_audit(way_op *op, const way_actor *by, const char *action, const char *object);

#endif
