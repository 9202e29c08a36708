/* Private to core/control: the hold of an ack_based station.
 *
 * An interest stream without a consumer acks and stores nothing, and the removal of its last consumer removes its messages.  So a
 * durable of our own ($way_hold, from the first message on, never pulled from) is on every partition
 * whenever there is no group: put before the streams are opened to producers, before a group's consumers are made anew
 * and before the last group goes; removed only when a group's durable is confirmed on every partition. */
#ifndef WAY_CONTROL_HOLD_H
#define WAY_CONTROL_HOLD_H

#include "core/control/parts.h"

/* Puts it where it is missing.  Afterwards every partition of p that is ours has it. */
WAY_MUST_CHECK way_code way_hold_put(way_op *op, const way_parts *p, way_err *e);
/* Removes it if `keeper` (a group's internal name) is there on every partition of p; else *removed false. */
WAY_MUST_CHECK way_code way_hold_remove(way_op *op, const way_parts *p, const char *keeper, bool *removed, way_err *e);
/* Removes it from streams that are not interest streams any more. */
WAY_MUST_CHECK way_code way_hold_drop(way_op *op, const way_parts *p, way_err *e);

#endif
