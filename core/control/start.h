/* Private to core/control: where a group starts, as one sequence per partition.
 *
 * Times and "the newest n" are resolved by reading messages by sequence, never through a consumer.  Bounded by the
 * operation's deadline. */
#ifndef WAY_CONTROL_START_H
#define WAY_CONTROL_START_H

#include "core/control/parts.h"

/* out[p-1]: the first sequence to deliver; 0: from the beginning.  All partitions must be ours. */
WAY_MUST_CHECK way_code way_start_resolve(way_op *op, const way_start *s, const way_parts *parts, uint64_t *out,
                                          way_err *e);
/* The newest n messages of the station (start_last.c). */
WAY_MUST_CHECK way_code way_start_last(way_op *op, int64_t n, const way_parts *parts, uint64_t *out, way_err *e);

#endif
