/* The group that a data route names.  Owner: an island's loop thread. */
#ifndef WAY_GATEWAY_DATA_GROUP_H
#define WAY_GATEWAY_DATA_GROUP_H

#include "gateway/http.h"

/* Gives `then` the active group of the path's second part, before or after this returns; st and g are borrowed for the call.
 * A group that the catalog lacks, or has in a generation below `generation` (another daemon's seek, told by a receipt), is
 * asked for once: the catalog is brought up to date on a worker.  What is not there then is remembered for a second.
 * When there is no group, x has been failed (404 says how to make it) and `then` does not run, nor when x ends. */
typedef void (*way_group_fn)(way_exchange *x, const way_station *st, const way_group *g);
void way_data_group(way_exchange *x, const way_station *st, int64_t generation, way_group_fn then);

#endif
