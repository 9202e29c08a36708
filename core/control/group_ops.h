/* Private to core/control: what group operations share. */
#ifndef WAY_CONTROL_GROUP_OPS_H
#define WAY_CONTROL_GROUP_OPS_H

#include "core/control/steps.h"

/* Station open and active, and its group by name: init'ed by this call.  settle: first finish what a crash left of it. */
WAY_MUST_CHECK way_code way_op_open_group(way_op *op, const char *station, const char *group, bool settle,
                                          way_station_row *st, way_group_row *g, way_err *e);
/* "orders/billing" */
void way_op_audit_group(way_op *op, const way_actor *by, const char *action, const way_station_row *st, const char *group);
/* All partitions are there and ours, looked at just now. */
WAY_MUST_CHECK way_code way_op_look_whole(way_op *op, const way_station_row *st, way_parts *parts, way_err *e);

#endif
